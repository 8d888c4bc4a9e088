"""Pixels become numbers as the model table says."""

from __future__ import annotations

import numpy as np
import torch

from resatt_studio.inference.normalise import IMAGENET_MEAN, IMAGENET_STD, imagenet_input, unit_input


def test_imagenet_input_is_mean_and_deviation_by_channel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), np.uint8)
    wanted = (pixels / 255.0 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD)
    numbers = imagenet_input(pixels)
    assert numbers.dtype == torch.float32
    assert numbers.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(numbers.permute(0, 2, 3, 1).numpy(), wanted, atol=1e-6)


def test_unit_input_is_in_zero_to_one() -> None:
    pixels = np.array([[[[0, 51, 255]]]], np.uint8)
    np.testing.assert_allclose(unit_input(pixels).flatten().numpy(), [0.0, 0.2, 1.0], atol=1e-7)


def test_pixels_handed_in_stay_as_they_are() -> None:
    pixels = np.full((1, 2, 2, 3), 9, np.uint8)
    imagenet_input(pixels)
    unit_input(pixels)
    assert (pixels == 9).all()
