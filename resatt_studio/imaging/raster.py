"""Samples as a file stores them, and their way to upright 8-bit RGB."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.depth import NEUTRAL, Window, neutral_sample, to_8bit, window_of
from resatt_studio.imaging.exif import upright
from resatt_studio.records.arrays import BoolArray, UInt8Array, UInt16Array

MAX_PIXELS = 500_000_000
"""Larger photos are refused before any memory is asked for, unless they can be read by parts."""

MAX_PIXELS_BY_PARTS = 8_000_000_000
"""Larger photos are refused even when only parts of them are read at a time."""

_BAND_ROWS = 512

_Samples = TypeVar("_Samples", bound=npt.NDArray[Any])


@dataclass(frozen=True, eq=False)
class Raster:
    """One decoded picture, not yet turned upright.

    Attributes:
        samples: H x W x C; C is 1 (grey) or 3 (RGB); dtype as stored.
        alpha: H x W uint8 opacity, or None when every pixel is opaque.
        orientation: EXIF orientation still to be applied.
        white_is_zero: The file stored white as 0; ``samples`` are turned over already, so bright is bright.
    """

    samples: npt.NDArray[Any] = field(repr=False)
    alpha: UInt8Array | None = field(repr=False, default=None)
    orientation: int = 1
    white_is_zero: bool = False


def to_rgb(raster: Raster, name: str, window: Window | None = None) -> UInt8Array:
    """Upright H x W x 3 uint8 RGB: windowed to 8 bits, transparency shown as neutral grey.

    Args:
        raster: A photo, or a part of one.
        name: For messages.
        window: As for :func:`~resatt_studio.imaging.depth.to_8bit`.

    Raises:
        PhotoError: No pixel carries a value.
    """
    alpha = raster.alpha
    valid: BoolArray | None = None if alpha is None else np.asarray(alpha > 0)
    pixels = to_8bit(raster.samples, valid, name, window)
    if pixels.shape[2] == 1:
        pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_GRAY2RGB), np.uint8)
    if alpha is not None:
        pixels = _over_neutral(pixels, alpha, NEUTRAL)
    return upright(np.ascontiguousarray(pixels), raster.orientation)


def deep_window(raster: Raster, name: str) -> Window | None:
    """The window that :func:`to_rgb` takes for 16-bit samples; None for samples of another depth.

    Raises:
        PhotoError: No pixel carries a value.
    """
    if raster.samples.dtype != np.uint16:
        return None
    return window_of(raster.samples, None if raster.alpha is None else raster.alpha > 0, name)


def to_deep(raster: Raster, window: Window) -> UInt16Array:
    """Upright 16-bit samples as the file has them: h x w (grey) or h x w x 3 (RGB) uint16.

    Args:
        raster: Of uint16 samples, a photo or a part of one.
        window: Of the whole photo; transparent pixels become the sample that it shows as neutral grey.
    """
    samples = raster.samples
    if raster.alpha is not None:
        samples = _over_neutral(samples, raster.alpha, round(neutral_sample(window)))
    samples = samples[:, :, 0] if samples.shape[2] == 1 else samples
    return upright(np.ascontiguousarray(samples), raster.orientation)


def _over_neutral(pixels: _Samples, alpha: UInt8Array, neutral: int) -> _Samples:
    result = np.empty_like(pixels)
    for top in range(0, pixels.shape[0], _BAND_ROWS):  # in bands: the products need wider integers
        rows = slice(top, top + _BAND_ROWS)
        opacity = alpha[rows, :, None].astype(np.int32)
        mixed = pixels[rows].astype(np.int32) * opacity + neutral * (255 - opacity)
        result[rows] = (mixed + 127) // 255
    return cast(_Samples, result)


def opacity_8bit(alpha: npt.NDArray[Any]) -> UInt8Array | None:
    """H x W opacity of any dtype to uint8, or None when all opaque; floats are taken to be in [0, 1]."""
    if np.issubdtype(alpha.dtype, np.floating):
        scaled = np.rint(np.clip(np.nan_to_num(alpha.astype(np.float32)), 0, 1) * 255).astype(np.uint8)
    elif alpha.dtype == np.bool_:
        scaled = alpha.astype(np.uint8) * np.uint8(255)
    elif alpha.dtype == np.uint8:
        scaled = alpha
    else:
        scaled = np.rint(alpha.astype(np.float64) * (255 / np.iinfo(alpha.dtype).max)).astype(np.uint8)
    return None if scaled.min(initial=255) == 255 else np.ascontiguousarray(scaled)


def check_size(height: int, width: int, name: str, most_px: int = MAX_PIXELS) -> None:
    """Refuse a picture with no pixels, or with more than memory should be asked for.

    Raises:
        PhotoError: Outside 1 to ``most_px`` pixels.
    """
    if height < 1 or width < 1:
        raise PhotoError(
            f"“{name}” says it is {width} x {height} pixels.",
            "Export it again from the program that made it.",
        )
    if height * width > most_px:
        how = "as a whole" if most_px <= MAX_PIXELS else "by parts"
        raise PhotoError(
            f"“{name}” says it is {width} x {height} pixels ({height * width / 1e6:.0f} megapixels); "
            f"the most that is read {how} is {most_px // 1_000_000}.",
            "Cut it into smaller photos first, or check that the file is what it claims to be.",
        )
