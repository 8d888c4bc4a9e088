"""Pixels to a network's numbers, as each network's ``input_range`` in the model table says."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from resatt_studio.records.arrays import UInt8Array

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def imagenet_input(pixels: UInt8Array) -> Tensor:
    """Normalise as label networks want it.

    Args:
        pixels: N x H x W x 3 uint8 RGB.

    Returns:
        (N, 3, H, W) float32, (x / 255 - mean) / std by channel, channels last in memory.
    """
    return imagenet_tensor(torch.from_numpy(np.array(pixels, order="C", copy=True)))


def imagenet_tensor(pixels: Tensor) -> Tensor:
    """The same for pixels that are a tensor already, computed where they are: bytes travel lightest.

    Args:
        pixels: (N, H, W, 3) uint8 RGB.

    Returns:
        As :func:`imagenet_input`, on the device of ``pixels``.
    """
    scale = torch.tensor([1.0 / (255.0 * std) for std in IMAGENET_STD])
    shift = torch.tensor([mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)])
    scale, shift = (values.view(1, 3, 1, 1).to(pixels.device) for values in (scale, shift))
    return pixels.permute(0, 3, 1, 2).float().mul_(scale).sub_(shift)


def unit_input(pixels: UInt8Array) -> Tensor:
    """N x H x W x 3 uint8 RGB to (N, 3, H, W) float32 in [0, 1], channels last in memory."""
    return torch.from_numpy(np.array(pixels, order="C", copy=True)).permute(0, 3, 1, 2).float().div_(255.0)
