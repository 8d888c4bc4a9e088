"""Dehazing without learning, to compare networks with, and an estimate of how hazy a photo is.

Dark channel prior (He, Sun and Tang, "Single Image Haze Removal Using Dark Channel Prior", TPAMI 2011): in a
clear photo nearly every patch holds something dark, so what is bright about the darkest of a patch is haze.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from resatt_studio.errors import PhotoError
from resatt_studio.records.arrays import Float32Array, UInt8Array

HAZY_FROM = 0.25
"""Estimate from which a photo is called hazy. Of clear photos of asphalt, concrete and brick 1 in 100 reaches
it, in the brightest of nine sets 7 in 100; of those that lost more than 30 % (50 %) of their light to drawn
haze, 2 in 3 (9 in 10)."""

_ESTIMATE_SIDE_PX = 256
_ESTIMATE_SLOPE, _ESTIMATE_OFFSET = 8.1, -4.55  # least cross-entropy against the share of light lost to haze
_AIRLIGHT_SHARE = 0.001
_CLAHE_TILES = 8


@dataclass(frozen=True, eq=False)
class DarkChannelAnswer:
    """What the dark channel prior says about a photo; float32.

    Attributes:
        clear: H x W x 3 in [0, 1].
        transmission: H x W in [t_min, 1].
        airlight: 3 numbers in [0, 1].
    """

    clear: Float32Array
    transmission: Float32Array
    airlight: Float32Array


def dark_channel_prior(
    pixels: UInt8Array | Float32Array,
    patch_px: int = 15,
    omega: float = 0.95,
    t_min: float = 0.1,
    radius_px: int = 60,
    epsilon: float = 1e-3,
) -> DarkChannelAnswer:
    """Dehaze with the dark channel prior and a guided filter in place of matting.

    t = 1 - omega * dark(I / A), refined along the edges of grey I; J = (I - A) / max(t, t_min) + A. A is the
    mean colour where the dark channel is among its greatest 0.1 % (He et al., section 4, take the brightest
    pixel there, which is noise as often as light).

    Args:
        pixels: H x W x 3 RGB, uint8 or floats in [0, 1].
        patch_px: Side of a patch.
        omega: Share of the haze to take away.
        t_min: Least transmission, in (0, 1).
        radius_px, epsilon: Window and flatness of the guided filter (He, Sun and Tang, TPAMI 2013).

    Raises:
        PhotoError: The photo is not H x W x 3.
    """
    photo = _unit(pixels)
    airlight = _airlight(photo, dark_channel(photo, patch_px))
    rough = np.float32(1.0) - np.float32(omega) * dark_channel(photo / airlight, patch_px)
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.float32)
    fine = guided_filter(grey, rough, radius_px, epsilon)
    transmission = np.clip(fine, np.float32(t_min), np.float32(1.0))
    clear = np.clip((photo - airlight) / transmission[..., None] + airlight, 0.0, 1.0)
    return DarkChannelAnswer(clear=clear, transmission=transmission, airlight=airlight)


def equalise(pixels: UInt8Array | Float32Array, clip: float = 2.0, tiles: int = _CLAHE_TILES) -> Float32Array:
    """Raise local contrast by CLAHE on the lightness of CIE Lab (Zuiderveld, Graphics Gems IV, 1994).

    Args:
        pixels: H x W x 3 RGB, uint8 or floats in [0, 1].
        clip: Limit of the histogram, in multiples of its mean.
        tiles: Tiles a side.

    Returns:
        H x W x 3 float32 in [0, 1], of 8-bit steps.

    Raises:
        PhotoError: The photo is not H x W x 3.
    """
    stored = np.rint(_unit(pixels) * np.float32(255.0)).astype(np.uint8)
    lab = cv2.cvtColor(stored, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clip, (tiles, tiles)).apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32) / np.float32(255.0)


def haze_estimate(pixels: UInt8Array | Float32Array) -> float:
    """Estimate the share of a photo's light that haze took, without a clear photo to compare with.

    The dark channel again, with patches of a quarter of the shorter side: that much of a surface always shows
    a crack, a gap between stones or a shadow. Its mean over a photo reduced to 256 pixels, through a logistic
    curve fitted to photos of asphalt, concrete and brick under drawn haze of known 1 - t. Contrast and
    saturation were tried beside it and added nothing: they tell surfaces apart before they tell haze.

    A white wall without anything dark on it looks hazy to this, and so it would to a person shown nothing
    else. Outdoor fog with dark things near the camera is underestimated.

    Args:
        pixels: H x W x 3 RGB, uint8 or floats in [0, 1].

    Returns:
        In [0, 1]; :data:`HAZY_FROM` and more is called hazy.

    Raises:
        PhotoError: The photo is not H x W x 3.
    """
    photo = _unit(_reduced(_checked(pixels)))
    patch_px = min(photo.shape[:2]) // 4 | 1
    veil = float(dark_channel(photo, patch_px).mean())
    return 1.0 / (1.0 + math.exp(-(_ESTIMATE_SLOPE * veil + _ESTIMATE_OFFSET)))


def dark_channel(photo: Float32Array, patch_px: int = 15) -> Float32Array:
    """Return the least of all channels within a square patch around each pixel.

    Args:
        photo: H x W x 3 float32.
        patch_px: Side of the patch, odd.

    Returns:
        H x W float32.
    """
    patch = cv2.getStructuringElement(cv2.MORPH_RECT, (patch_px, patch_px))
    return np.asarray(cv2.erode(photo.min(axis=2), patch), np.float32)


def guided_filter(guide: Float32Array, values: Float32Array, radius_px: int, epsilon: float) -> Float32Array:
    """Smooth ``values`` everywhere but at the edges of ``guide`` (He, Sun and Tang, TPAMI 2013, equation 8).

    Args:
        guide: H x W float32, such as grey levels in [0, 1].
        values: H x W float32.
        radius_px: Windows are ``2 * radius_px + 1`` pixels a side, mirrored at the photo's edge.
        epsilon: Variance of the guide below which a window counts as flat.

    Returns:
        H x W float32.
    """
    side = (2 * radius_px + 1, 2 * radius_px + 1)
    # Double precision: a variance of 1e-6 is the difference of two means near 1.
    guide64, values64 = guide.astype(np.float64), values.astype(np.float64)
    mean_guide, mean_values = cv2.boxFilter(guide64, -1, side), cv2.boxFilter(values64, -1, side)
    variance = cv2.boxFilter(guide64 * guide64, -1, side) - mean_guide * mean_guide
    covariance = cv2.boxFilter(guide64 * values64, -1, side) - mean_guide * mean_values
    slope = covariance / (variance + epsilon)
    offset = mean_values - slope * mean_guide
    filtered = cv2.boxFilter(slope, -1, side) * guide64 + cv2.boxFilter(offset, -1, side)
    return np.asarray(filtered, np.float32)


def _airlight(photo: Float32Array, dark: Float32Array) -> Float32Array:
    """3 numbers in (0, 1]."""
    count = max(1, round(_AIRLIGHT_SHARE * dark.size))
    haziest = np.argpartition(dark.ravel(), dark.size - count)[-count:]
    colour = photo.reshape(-1, 3)[haziest].mean(axis=0)
    return np.asarray(np.maximum(colour, np.float32(0.05)), np.float32)  # a black photo has no airlight


def _reduced(pixels: UInt8Array | Float32Array) -> UInt8Array | Float32Array:
    """The photo with its shorter side at most the estimate's; noise and grain are averaged away with it."""
    height, width = pixels.shape[:2]
    factor = _ESTIMATE_SIDE_PX / min(height, width)
    if factor >= 1.0:
        return pixels
    size = (round(width * factor), round(height * factor))
    reduced: UInt8Array | Float32Array = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return reduced


def _unit(pixels: UInt8Array | Float32Array) -> Float32Array:
    """H x W x 3 float32 in [0, 1]."""
    if pixels.dtype == np.uint8:
        return _checked(pixels).astype(np.float32) / np.float32(255.0)
    return np.clip(_checked(pixels).astype(np.float32, copy=False), 0.0, 1.0)


def _checked(pixels: UInt8Array | Float32Array) -> UInt8Array | Float32Array:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise PhotoError(f"a photo of shape {pixels.shape} is not H x W x 3.", "Give it as RGB.")
    return pixels
