"""Dark ridges of a photo: where it looks like a crack, one to about twenty pixels wide."""

from __future__ import annotations

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array, UInt8Array

SCALES_PX = (0.9, 1.5, 2.5, 4.2, 7.0)
"""Standard deviations of the Gaussians; a line of width w answers most at about w / 3."""

REACH_PX = 40
"""How far around a pixel the photo has a say in its ridge strength, practically; margin for cut windows."""

_LOCAL_PX = 61  # side of the square in which strengths are compared
_FLOOR = 1.5  # grey levels (of 255); what a perfectly smooth wall's own noise answers stays far below one half
_RARITY = 2.0


def grey(pixels: UInt8Array) -> Float32Array:
    """Lightness as eyes weigh it, h x w float32 in 0 to 255, of h x w x 3 uint8 RGB."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def dark_ridges(lightness: Float32Array) -> Float32Array:
    """How much each pixel looks like the middle of a dark line.

    The larger curvature of the lightness, less that along the line (which a dark spot has too), at several
    scales after Lindeberg (Edge detection and ridge detection with automatic scale selection, IJCV 30(2),
    1998) and Frangi et al. (MICCAI 1998); the strongest scale counts. It is set against what is usual around
    the pixel, so that a faint crack on a smooth wall counts as much as a black one on rough asphalt.

    Args:
        lightness: h x w float32, 0 to 255; see :func:`grey`.

    Returns:
        h x w float32 in [0, 1); about one half where a line is twice as strong as is usual around it.
    """
    strength = np.zeros(lightness.shape, np.float32)
    level, shrunk = lightness, 1
    for sigma_px in SCALES_PX:
        # Wide lines are as well seen on a smaller photo, at a fraction of the price.
        while sigma_px / shrunk > 3.0 and min(level.shape) >= 16:
            level, shrunk = cv2.pyrDown(level), shrunk * 2
        answer = _line_strength(level, sigma_px / shrunk)
        if shrunk > 1:
            answer = cv2.resize(answer, lightness.shape[::-1], interpolation=cv2.INTER_LINEAR)
        np.maximum(strength, answer, out=strength)
    usual = cv2.blur(strength, (_LOCAL_PX, _LOCAL_PX), borderType=cv2.BORDER_REFLECT)
    return np.asarray(strength / (strength + _RARITY * usual + _FLOOR), np.float32)


def _line_strength(lightness: Float32Array, sigma_px: float) -> Float32Array:
    """Curvature across a dark line in grey levels: sigma^2 times the larger eigenvalue of the Hessian."""
    smooth = cv2.GaussianBlur(lightness, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 2, ksize=3, scale=0.25, borderType=cv2.BORDER_REPLICATE)
    across = cv2.Sobel(smooth, cv2.CV_32F, 2, 0, ksize=3, scale=0.25, borderType=cv2.BORDER_REPLICATE)
    mixed = cv2.Sobel(smooth, cv2.CV_32F, 1, 1, ksize=3, scale=0.25, borderType=cv2.BORDER_REPLICATE)
    middle = 0.5 * (down + across)
    half_gap = cv2.magnitude(0.5 * (down - across), mixed)
    least = np.maximum(middle - half_gap, 0.0)
    return np.asarray(sigma_px**2 * np.maximum(middle + half_gap - least, 0.0), np.float32)
