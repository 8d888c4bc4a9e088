"""How the photo is shown: brightness, contrast, the window of a 16-bit photo; for the eye alone, without Qt.

Networks and tools read the photo's own 8-bit pixels, whatever is set here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.errors import BugError
from resatt_studio.imaging.depth import DEEP_LEVELS, NEUTRAL, Window, scaled_to_255, window_table
from resatt_studio.records.arrays import UInt8Array, read_only

STEEPEST = 8.0
"""Slope at the highest contrast; at the lowest it is one over this."""

SEEN_PERCENTILES = 1.0, 99.0
"""Of what is seen, what becomes black and white when the tone is fitted to it."""

_MIDDLE = 127.5
_NARROWEST = 1.0
_HIGHEST = float(DEEP_LEVELS - 1)
_DOUBLINGS = 3.0
"""By so many powers of two a drag over the whole view widens or narrows a window."""
_FITTED_FROM_PX = 250_000


@dataclass(frozen=True, slots=True)
class Tone:
    """What the photo's values become on the screen: windowed, then turned about mid-grey, then shifted.

    Attributes:
        brightness: In [-1, 1]; 1 makes black white.
        contrast: In [-1, 1]; the slope is 8 to this power.
        window: Samples of a 16-bit photo that become black and white, or None for those that the networks'
            8-bit pixels were made with. Photos of 8 bits have none.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    window: Window | None = None

    @property
    def plain(self) -> bool:
        """Whether the photo is shown as it is."""
        return self == Tone()


PLAIN = Tone()


def valid_tone(brightness: float, contrast: float, window: Window | None) -> Tone:
    """The tone nearest to these values: brightness and contrast in [-1, 1], a window in [0, 65535] of a
    sample or more."""
    if window is not None:
        low = min(max(window[0], 0.0), _HIGHEST - _NARROWEST)
        window = (low, min(max(window[1], low + _NARROWEST), _HIGHEST))
    return Tone(min(1.0, max(-1.0, brightness)), min(1.0, max(-1.0, contrast)), window)


def pixel_table(tone: Tone, usual: Window | None = None) -> UInt8Array | None:
    """What 8-bit pixels are shown as: 256 uint8; None where that is themselves.

    Args:
        tone: The wish.
        usual: The window that made the pixels of 16-bit samples, or None. With it the pixels stand in for
            samples, in as many steps as 8 bits have.
    """
    levels = np.arange(256, dtype=np.float64)
    if tone.window is not None and usual is not None and usual[1] > usual[0]:
        levels = scaled_to_255(usual[0] + levels / 255 * (usual[1] - usual[0]), tone.window)
    elif tone.brightness == tone.contrast == 0:
        return None
    return _turned(levels, tone)


def sample_table(tone: Tone, usual: Window) -> UInt8Array:
    """What 16-bit samples are shown as: 65,536 uint8; without a wish exactly what the networks are given.

    Args:
        tone: The wish.
        usual: The window of the photo's 8-bit pixels.
    """
    window = tone.window or usual
    if tone.brightness == tone.contrast == 0:
        return read_only(window_table(window))
    values = np.arange(DEEP_LEVELS, dtype=np.float64)
    even = window[1] <= window[0]
    return _turned(np.full(DEEP_LEVELS, float(NEUTRAL)) if even else scaled_to_255(values, window), tone)


def shown(samples: npt.NDArray[Any], pixels: UInt8Array | None, deep: UInt8Array | None) -> UInt8Array:
    """Samples of a view as h x w x 3 uint8 RGB.

    Args:
        samples: h x w x 3 uint8, or h x w (x 3) uint16.
        pixels: Table for uint8, as of :func:`pixel_table`.
        deep: Table for uint16, as of :func:`sample_table`.

    Raises:
        BugError: Samples of 16 bits without a table.
    """
    if samples.dtype == np.uint8:
        return np.asarray(samples if pixels is None else cv2.LUT(samples, pixels), np.uint8)
    if deep is None:
        raise BugError("16-bit samples without a table")
    levels = np.take(deep, samples)
    return levels if levels.ndim == 3 else np.asarray(cv2.cvtColor(levels, cv2.COLOR_GRAY2RGB), np.uint8)


def dragged(tone: Tone, usual: Window | None, right: float, up: float) -> Tone:
    """The tone after a drag: to the right for more contrast, upwards for more light.

    Of a 16-bit photo the window is narrowed or widened, and moved; of any other one contrast and brightness.

    Args:
        tone: Where the drag began.
        usual: Window of the photo's 8-bit pixels, None for a photo of 8 bits.
        right, up: In shares of the view's longer side.
    """
    if usual is None:
        return valid_tone(tone.brightness + up, tone.contrast + right, None)
    low, high = tone.window or usual
    width = max(_NARROWEST, high - low)
    middle = (low + high) / 2 - up * width
    half = width * 2 ** (-_DOUBLINGS * right) / 2
    return valid_tone(tone.brightness, tone.contrast, (middle - half, middle + half))


def fitted(tone: Tone, usual: Window | None, samples: npt.NDArray[Any]) -> Tone:
    """The tone that spreads what is seen from black to white, but for a hundredth at either end.

    Args:
        tone: Of now; what is not needed of it is kept.
        usual: Window of the photo's 8-bit pixels, None for a photo of 8 bits.
        samples: h x w (x 3) of what is seen, uint8 or uint16.
    """
    step = max(1, math.isqrt(samples.shape[0] * samples.shape[1] // _FITTED_FROM_PX))
    low, high = (float(value) for value in np.percentile(samples[::step, ::step], SEEN_PERCENTILES))
    if usual is not None:
        if samples.dtype == np.uint8:  # the samples themselves are not there yet
            low, high = (usual[0] + value / 255 * (usual[1] - usual[0]) for value in (low, high))
        return valid_tone(0.0, 0.0, (low, high))
    slope = min(STEEPEST, max(1 / STEEPEST, 255.0 / max(high - low, 1.0)))
    shift = slope * (_MIDDLE - (low + high) / 2) / 255.0
    return replace(valid_tone(shift, math.log(slope, STEEPEST), None), window=tone.window)


def _turned(levels: npt.NDArray[np.float64], tone: Tone) -> UInt8Array:
    """Levels in [0, 255] with contrast and brightness, as a table."""
    turned = (levels - _MIDDLE) * STEEPEST**tone.contrast + _MIDDLE + 255.0 * tone.brightness
    return read_only(np.rint(turned.clip(0, 255)).astype(np.uint8))
