"""Pictures and maps to another size, with what they show staying exactly where it is."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

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
