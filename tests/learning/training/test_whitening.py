"""Whitened patches are equally loud and independent, on the photos that they were measured on."""

from __future__ import annotations

import torch
from torch import nn

from resatt_studio.learning.training.whitening import whiten_patches


def photos(seed: int = 0) -> torch.Tensor:
    """Bright and dark photos with a faint texture: most of the variance is brightness."""
    torch.manual_seed(seed)
    return torch.randn(64, 1, 1, 1) * 3 + 0.5 + 0.2 * torch.randn(64, 3, 16, 16)


def test_answers_have_unit_variance_and_no_correlation() -> None:
    patch = nn.Conv2d(3, 12, kernel_size=4, stride=4)
    whiten_patches(patch, [photos()])
    answers = patch(photos()).detach().permute(1, 0, 2, 3).flatten(1).double()
    torch.testing.assert_close(answers.mean(dim=1), torch.zeros(12, dtype=torch.float64), atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.cov(answers), torch.eye(12, dtype=torch.float64), atol=1e-3, rtol=0)


def test_noise_far_below_brightness_is_not_made_loud() -> None:
    quiet = torch.randn(64, 1, 1, 1) + 1e-4 * torch.randn(64, 3, 16, 16)
    patch = nn.Conv2d(3, 12, kernel_size=4, stride=4)
    whiten_patches(patch, [quiet])
    spread = patch(quiet).detach().permute(1, 0, 2, 3).flatten(1).std(dim=1)
    assert float(spread[0]) > 0.9
    assert float(spread[1:].max()) < 0.1


def test_channels_beyond_the_components_keep_their_weights() -> None:
    patch = nn.Conv2d(3, 20, kernel_size=2, stride=2)
    before = patch.weight.detach().clone()
    whiten_patches(patch, [photos()])
    torch.testing.assert_close(patch.weight[12:], before[12:])
    assert not torch.allclose(patch.weight[:12], before[:12])
