"""Crack masks from files: two clear values or a refusal."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from resatt_studio.errors import MaskError
from resatt_studio.imaging.exif import upright
from resatt_studio.imaging.raster import Raster
from resatt_studio.records.arrays import BoolArray, UInt8Array

_HINT = "Save the mask as PNG with two values, 0 and 255, where 255 is crack."


def to_mask(raster: Raster, shape: tuple[int, int], name: str) -> BoolArray:
    """Read a raster as crack mask.

    Accepted values are 0 with 255, 0 with 1, or 0 with 65535 at 16 bits; a file of one value is all crack
    or none. Colour channels must be equal; an alpha channel must be opaque or equal to them.

    Args:
        raster: As decoded.
        shape: (height, width) of the upright photo.
        name: File name, for messages.

    Returns:
        H x W bool, True where crack; upright.

    Raises:
        MaskError: Other values, unequal channels, a TIFF in which white is 0, or another size than the photo.
    """
    if raster.white_is_zero:
        # Half of the programs that write such files mean the stored value, the other half the colour seen.
        raise MaskError(f"“{name}” is not a clear mask: it is a TIFF that stores white as 0.", _HINT)
    samples = raster.samples
    if samples.shape[2] > 1 and not np.all(samples == samples[:, :, :1]):
        raise MaskError(f"“{name}” is not a clear mask: its colour channels differ.", _HINT)
    plane = samples[:, :, 0]
    mask = _two_valued(plane, name)
    if raster.alpha is not None and not np.array_equal(raster.alpha > 127, mask):
        raise MaskError(
            f"“{name}” is not a clear mask: its transparency says something else than its colour.", _HINT
        )
    mask = upright(mask.view(np.uint8), raster.orientation).view(np.bool_)
    if mask.shape != shape:
        raise MaskError(_size_message(name, mask.shape, shape), "A mask must have the size of its photo.")
    return mask


def read_indices(data: bytes) -> UInt8Array | None:
    """H x W uint8 palette indices of an indexed PNG, or None when the bytes are none."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            return np.asarray(image, np.uint8) if image.mode == "P" else None
    except (OSError, SyntaxError, ValueError):
        return None


def _two_valued(plane: npt.NDArray[Any], name: str) -> BoolArray:
    if plane.dtype == np.bool_:
        return plane
    mask = plane != 0
    values = {0.0, *(float(value) for value in _extremes(plane[mask]))}
    one_value = len(values) <= 2
    if not one_value or not values <= {0.0, 1.0, 255.0, 65535.0}:
        found = ", ".join(f"{value:g}" for value in np.unique(plane.reshape(-1)[:100_000])[:6])
        raise MaskError(f"“{name}” is not a clear mask: it holds values such as {found}.", _HINT)
    return np.asarray(mask, np.bool_)


def _extremes(values: npt.NDArray[Any]) -> tuple[float, ...]:
    return () if values.size == 0 else (float(values.min()), float(values.max()))


def _size_message(name: str, found: tuple[int, ...], wanted: tuple[int, int]) -> str:
    message = (
        f"“{name}” is {found[1]} x {found[0]} pixels, but its photo is {wanted[1]} x {wanted[0]} "
        "(width x height)."
    )
    if found == wanted[::-1] and found != wanted:
        message += " It seems to be drawn on the photo as stored, before the camera's rotation is applied."
    return message
