"""What a photo's surface looks like, as twenty-one numbers: its light, its colour and its grain at five
scales.

No network is asked, so the numbers are the same whatever weights are in use, and a photo is described once.
Photos of one surface, taken by one camera from one distance, lie close together (:mod:`..records.surface`).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.geometry import Box

DESCRIPTOR_LENGTH = 21
_CROP_PX = 256
_PLACES = ((0.15, 0.2), (0.5, 0.5), (0.85, 0.8))
"""Where crops are taken of photos that are larger than one, as shares of the room that is left."""
_SMALL_PX = 300
_SCALES = (1, 2, 4, 8, 16)
_LEAST_GRAIN = 0.3
"""Grey levels below which grain is the camera's rounding."""


def describe_surface(pixels: UInt8Array) -> Float32Array:
    """Describe a photo by its mean over up to three crops of 256 px at full resolution.

    For each band of a difference-of-Gaussians pyramid (sigma about 0.7 to 22 px): logarithm of the standard
    deviation, skewness, and logarithm of mean magnitude over standard deviation (how peaked it is). Then the
    mean grey level / 60, logarithm of its standard deviation, and of CIELAB's a and b the mean / 6 and the
    logarithm of the standard deviation.

    Args:
        pixels: H x W x 3 uint8 RGB.

    Returns:
        Float32 of length 21.
    """
    height, width = pixels.shape[:2]
    return describe_parts(height, width, lambda box: pixels[box.slices])


def describe_parts(height: int, width: int, read: Callable[[Box], UInt8Array]) -> Float32Array:
    """As :func:`describe_surface`, of a photo that is read by boxes.

    Args:
        height, width: Of the photo.
        read: Gives a box of it, h x w x 3 uint8 RGB.
    """
    described = [_describe(read(crop)) for crop in _crops(height, width)]
    return np.asarray(np.mean(described, axis=0), np.float32)


def _crops(height: int, width: int) -> list[Box]:
    side = min(_CROP_PX, height, width)
    places = ((0.5, 0.5),) if min(height, width) < _SMALL_PX else _PLACES
    corners = [(int((height - side) * down), int((width - side) * along)) for down, along in places]
    return [Box(top, left, top + side, left + side) for top, left in corners]


def _describe(crop: UInt8Array) -> Float32Array:
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    numbers: list[float] = []
    for scale in _SCALES:
        fine = cv2.GaussianBlur(grey, (0, 0), scale * 0.7) if scale > 1 else grey
        band = fine - cv2.GaussianBlur(grey, (0, 0), scale * 1.4)
        spread = float(band.std()) + _LEAST_GRAIN
        numbers.append(float(np.log(spread)))
        numbers.append(float(np.mean(band**3)) / spread**3)
        numbers.append(float(np.log(np.abs(band).mean() + _LEAST_GRAIN)) - numbers[-2])
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float32)
    reds, yellows = lab[..., 1], lab[..., 2]
    numbers += [float(grey.mean()) / 60, float(np.log(grey.std() + 1))]
    numbers += [(float(reds.mean()) - 128) / 6, (float(yellows.mean()) - 128) / 6]
    numbers += [float(np.log(reds.std() + 0.5)), float(np.log(yellows.std() + 0.5))]
    return np.asarray(numbers, np.float32)
