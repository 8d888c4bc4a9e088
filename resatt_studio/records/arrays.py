"""Array types of the records, and the one way to make an array read-only."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

UInt8Array: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
UInt16Array: TypeAlias = npt.NDArray[np.uint16]
Float32Array: TypeAlias = npt.NDArray[np.float32]

_Array = TypeVar("_Array", bound=npt.NDArray[Any])


def read_only(array: _Array) -> _Array:
    """Return a view of ``array`` that cannot be written through; the data is not copied."""
    view = array.view()
    view.flags.writeable = False
    return view
