"""Samples of any depth to eight bits, the same way for the eye and for the network."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from resatt_studio.errors import PhotoError
from resatt_studio.records.arrays import BoolArray, UInt8Array

NEUTRAL = 128
"""Grey of pixels with no value (NaN, transparent, no data): networks read it as about zero."""

LOW_PERCENTILE, HIGH_PERCENTILE = 0.1, 99.9
_SAMPLE_SIDE_PX = 1024
_BAND_ROWS = 256

DEEP_LEVELS = 65536
"""Values that a 16-bit sample can have."""

Window: TypeAlias = tuple[float, float]
"""Sample values that become 0 and 255."""


def to_8bit(
    samples: npt.NDArray[Any], valid: BoolArray | None, name: str, window: Window | None = None
) -> UInt8Array:
    """Map samples to [0, 255].

    Eight-bit samples pass unchanged and booleans become 0 and 255. All other types are windowed: the 0.1th
    and 99.9th percentile of all channels together become 0 and 255, linearly, clipped beyond. When these
    are equal, minimum and maximum take their place; a constant photo becomes neutral grey. Percentiles are
    taken on a regular grid of at most about 1024 x 1024 pixels, so the result does not depend on chance.

    Args:
        samples: H x W x C, any real dtype.
        valid: H x W bool of pixels that carry a value, or None for all. Others are kept out of the window.
        name: For messages.
        window: For a part of a photo, what :func:`window_of` said of the whole; None takes it from these
            samples.

    Returns:
        H x W x C uint8; NaN becomes neutral grey, infinities 0 and 255.

    Raises:
        PhotoError: No pixel carries a finite value, or the samples are not real numbers.
    """
    if samples.dtype == np.uint8:
        return np.asarray(samples, np.uint8)
    if samples.dtype == np.bool_:
        return np.where(samples, np.uint8(255), np.uint8(0))
    low, high = window_of(samples, valid, name) if window is None else window
    if samples.dtype == np.uint16:
        return np.asarray(window_table((low, high))[samples], np.uint8)
    result = np.empty(samples.shape, np.uint8)
    for top in range(0, samples.shape[0], _BAND_ROWS):
        band = samples[top : top + _BAND_ROWS].astype(np.float64)
        result[top : top + _BAND_ROWS] = _scaled(band, low, high)
    return result


def window_of(samples: npt.NDArray[Any], valid: BoolArray | None, name: str) -> Window:
    """The window of :func:`to_8bit`.

    Raises:
        PhotoError: As there.
    """
    if not (np.issubdtype(samples.dtype, np.integer) or np.issubdtype(samples.dtype, np.floating)):
        raise PhotoError(
            f"“{name}” holds {samples.dtype} samples, which are no brightness.",
            "Save it as an 8-bit or 16-bit file.",
        )
    step = max(1, -(-max(samples.shape[:2]) // _SAMPLE_SIDE_PX))
    values = _valued(samples[::step, ::step], None if valid is None else valid[::step, ::step])
    if step > 1 and values.size == 0:
        values = _valued(samples, valid)
    if values.size == 0:
        raise PhotoError(
            f"“{name}” has no pixel with a value: all are empty or not a number.",
            "Export it again from the program that made it.",
        )
    low, high = np.percentile(values, [LOW_PERCENTILE, HIGH_PERCENTILE])
    if high <= low:
        values = _valued(samples, valid)
        low, high = values.min(), values.max()
    return float(low), float(high)


def window_table(window: Window) -> UInt8Array:
    """What :func:`to_8bit` makes of every 16-bit sample: 65,536 uint8."""
    return _scaled(np.arange(DEEP_LEVELS, dtype=np.float64), *window)


def scaled_to_255(values: npt.NDArray[np.float64], window: Window) -> npt.NDArray[np.float64]:
    """Samples to [0, 255] by a window that is not empty; clipped beyond it, not rounded."""
    low, high = window
    return (np.clip(values, low, high) - low) * (255.0 / (high - low))


def neutral_sample(window: Window) -> float:
    """The sample that a window shows as neutral grey."""
    return window[0] + (window[1] - window[0]) * NEUTRAL / 255


def _valued(samples: npt.NDArray[Any], valid: BoolArray | None) -> npt.NDArray[np.float64]:
    values = samples.reshape(-1) if valid is None else samples[valid].reshape(-1)
    finite: npt.NDArray[np.float64] = values.astype(np.float64)
    return finite[np.isfinite(finite)]


def _scaled(values: npt.NDArray[np.float64], low: float, high: float) -> UInt8Array:
    if high <= low:
        return np.full(values.shape, NEUTRAL, np.uint8)
    scaled = scaled_to_255(values, (low, high))
    return np.rint(np.where(np.isnan(values), NEUTRAL, scaled)).astype(np.uint8)
