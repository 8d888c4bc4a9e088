"""Pictures and maps to another size, with what they show staying exactly where it is."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import UInt8Array

_Array = TypeVar("_Array", bound=npt.NDArray[Any])


def resized(array: _Array, height: int, width: int) -> _Array:
    """Resize so that both sides cover the same picture: value i of n lies at (i + 0.5) / n of the side.

    Each side by itself is averaged over what a new value covers where it shrinks (nothing is skipped), and
    interpolated linearly where it grows (half a value at either edge repeats the last one).

    Args:
        array: H x W or H x W x C, uint8 or float32, no side 0.
        height, width: New sides, from 1.

    Returns:
        The same type; ``array`` itself where nothing changes.
    """
    answer: Any = array
    for axis, side in enumerate((height, width)):
        old = answer.shape[axis]
        if side != old:
            size = (answer.shape[1], side) if axis == 0 else (side, answer.shape[0])
            method = cv2.INTER_AREA if side < old else cv2.INTER_LINEAR
            answer = np.asarray(cv2.resize(answer, size, interpolation=method), array.dtype)
    return answer  # type: ignore[no-any-return]


def shrunk(pixels: UInt8Array, max_side_px: int) -> UInt8Array:
    """Shrink a picture so that its longer side is at most ``max_side_px``, from 1; sides keep their ratio.

    Returns:
        ``pixels`` itself where it is small enough.
    """
    height, width = pixels.shape[:2]
    scale = max_side_px / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
