"""The losses are what their formulas say, and unknown pixels have no say."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from resatt_studio.errors import BugError
from resatt_studio.learning.losses import crack_loss, soft_dice_loss, weighted_cross_entropy


def example(seed: int, n: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, 1, 8, 9, generator=chance) * 3
    target = (torch.rand(n, 1, 8, 9, generator=chance) > 0.7).float()
    weight = (torch.rand(n, 1, 8, 9, generator=chance) > 0.3).float()
    return logits, target, weight


def test_with_equal_weights_it_is_plain_cross_entropy() -> None:
    logits, target, _ = example(0)
    wanted = functional.binary_cross_entropy_with_logits(logits, target)
    assert torch.allclose(weighted_cross_entropy(logits, target, torch.ones_like(target)), wanted)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_pixels_of_weight_zero_change_neither_loss_nor_gradient(seed: int) -> None:
    logits, target, weight = example(seed)
    losses, gradients = [], []
    for noise in (0.0, 50.0):
        changed = (logits + noise * (1 - weight) * torch.sign(logits)).requires_grad_()
        flipped = torch.where(weight > 0, target, target if noise == 0 else 1 - target)
        loss = crack_loss(changed, flipped, weight)
        loss.backward()
        assert changed.grad is not None
        losses.append(loss.detach())
        gradients.append(changed.grad)
    assert torch.allclose(losses[0], losses[1])
    assert torch.allclose(gradients[0] * weight, gradients[1] * weight, atol=1e-7)
    assert bool((gradients[1][weight == 0] == 0).all())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 10))
def test_cross_entropy_does_not_depend_on_the_scale_of_the_weights(seed: int, factor: float) -> None:
    logits, target, weight = example(seed)
    first = weighted_cross_entropy(logits, target, weight)
    assert torch.allclose(first, weighted_cross_entropy(logits, target, weight * factor), atol=1e-5)


def test_a_perfect_answer_costs_almost_nothing_and_a_wrong_one_much() -> None:
    _, target, weight = example(1)
    right = (target * 2 - 1) * 20
    assert float(crack_loss(right, target, weight)) < 0.01
    assert float(crack_loss(-right, target, weight)) > 5


def test_soft_dice_is_its_formula() -> None:
    logits, target, weight = example(2, n=1)
    p = torch.sigmoid(logits)
    wanted = 1 - (2 * (weight * p * target).sum() + 1) / ((weight * p).sum() + (weight * target).sum() + 1)
    assert torch.allclose(soft_dice_loss(logits, target, weight), wanted)


def test_an_image_without_crack_pays_for_its_false_crack() -> None:
    _, target, weight = example(3)
    target[:] = 0
    quiet, loud = torch.full_like(target, -20.0), torch.full_like(target, 20.0)
    assert float(soft_dice_loss(quiet, target, weight)) < 1e-3
    assert float(soft_dice_loss(loud, target, weight)) > 0.99
    half = torch.logit(torch.full_like(target, 0.002))
    assert float(soft_dice_loss(half, target, weight)) == pytest.approx(0.5, abs=1e-3)


def test_images_of_which_nothing_is_known_have_no_say_in_dice() -> None:
    logits, target, weight = example(3)
    weight[1] = 0
    alone = soft_dice_loss(logits[:1], target[:1], weight[:1])
    assert torch.allclose(soft_dice_loss(logits, target, weight), alone)


def test_nothing_known_costs_nothing() -> None:
    logits, target, _ = example(4)
    logits.requires_grad_()
    loss = crack_loss(logits, target, torch.zeros_like(target))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert logits.grad is not None
    assert bool((logits.grad == 0).all())


def test_half_precision_logits_are_widened() -> None:
    logits, target, weight = example(5)
    loss = crack_loss(logits.bfloat16(), target, weight)
    assert loss.dtype == torch.float32
    assert torch.allclose(loss, crack_loss(logits, target, weight), atol=0.02)


def test_shapes_that_do_not_match_are_a_bug() -> None:
    logits, target, weight = example(6)
    with pytest.raises(BugError):
        crack_loss(logits, target[..., :-1], weight)
    with pytest.raises(BugError):
        crack_loss(logits[:, 0], target[:, 0], weight[:, 0])
