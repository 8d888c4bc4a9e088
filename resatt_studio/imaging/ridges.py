"""Dark ridges of a photo: where it looks like a crack, one to about twenty pixels wide."""

from __future__ import annotations

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array, UInt8Array

SCALES_PX = (0.9, 1.5, 2.5, 4.2, 7.0)
"""Standard deviations of the Gaussians; a line of width w answers most at about w / 3."""

REACH_PX = 72
"""How far around a pixel the photo has a say in its ridge strength, practically; margin for cut windows."""

_LOCAL_PX = 61  # side of the square in which strengths are compared
_FLOOR = 1.0  # grey levels of 255; what a perfectly smooth wall's own noise answers stays far below one half
_RARITY = 4.0  # how often the usual strength counts as one half
_ALONG_PX = (1.5, 3.0, 4.5, 6.0)  # where along a line others are asked
_TURN_PX = 1.5  # directions are taken together from about so far around


def grey(pixels: UInt8Array) -> Float32Array:
    """Lightness as eyes weigh it, h x w float32 in 0 to 255, of h x w x 3 uint8 RGB."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def dark_ridges(lightness: Float32Array) -> Float32Array:
    """How much each pixel looks like the middle of a dark line.

    The larger curvature of the lightness, less that along the line (which a dark spot has too), at several
    scales after Lindeberg (Edge detection and ridge detection with automatic scale selection, IJCV 30(2),
    1998); the strongest scale counts. Then every pixel asks those before and behind it on its line: grains
    of asphalt are dark as cracks are, but go nowhere. What is left is set against what is usual around the
    pixel, so that a faint crack on a smooth wall counts as much as a black one on rough asphalt.

    Args:
        lightness: h x w float32, 0 to 255; see :func:`grey`. At most 32,767 pixels a side.

    Returns:
        h x w float32 in [0, 1); one half where a line is four times as strong as is usual around it.
    """
    height, width = lightness.shape
    # Halving twice needs sides that can be halved twice, or the answers would not lie where they belong.
    sides = 0, -height % 4, 0, -width % 4
    padded = np.asarray(cv2.copyMakeBorder(lightness, *sides, cv2.BORDER_REPLICATE), np.float32)
    strength = _coherent(*_strongest(padded))[:height, :width]
    # The mean of roots: a wide crack must not be what is usual where it fills a part of the square.
    roots = cv2.blur(np.sqrt(strength), (_LOCAL_PX, _LOCAL_PX), borderType=cv2.BORDER_REFLECT)
    usual = np.square(np.asarray(roots, np.float32))
    level = np.float32(_RARITY) * usual + np.float32(_FLOOR)
    strength *= strength
    return np.asarray(strength / (strength + level * level), np.float32)


def _strongest(lightness: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Line strength at the scale where it is largest, as cosine and sine of twice its direction times it."""
    strength, cosine, sine = (np.zeros(lightness.shape, np.float32) for _ in range(3))
    level, shrunk = lightness, 1
    for sigma_px in SCALES_PX:
        # Wide lines are as well seen on a smaller photo, at a fraction of the price.
        while sigma_px / shrunk > 3.0 and min(level.shape) >= 16:
            level, shrunk = _resized(level, (level.shape[1] // 2, level.shape[0] // 2)), shrunk * 2
        answers = _lines(level, sigma_px / shrunk)
        if shrunk > 1:
            size = (lightness.shape[1], lightness.shape[0])
            answers = tuple(_resized(part, size) for part in answers)
        better = answers[0] > strength
        for best, part in zip((strength, cosine, sine), answers, strict=True):
            np.copyto(best, part, where=better)
    return cosine, sine


def _resized(values: Float32Array, size: tuple[int, int]) -> Float32Array:
    smaller = size[0] < values.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size, interpolation=how), np.float32)


def _lines(lightness: Float32Array, sigma_px: float) -> tuple[Float32Array, ...]:
    """Curvature across a dark line in grey levels, sigma^2 times the larger eigenvalue of the Hessian; and
    the same as a vector at twice the angle of the direction across."""
    smooth = cv2.GaussianBlur(lightness, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)

    def second(across: int, down: int) -> Float32Array:
        answer = cv2.Sobel(
            smooth, cv2.CV_32F, across, down, ksize=3, scale=0.25, borderType=cv2.BORDER_REPLICATE
        )
        return np.asarray(answer, np.float32)

    down, across, mixed = second(0, 2), second(2, 0), second(1, 1)
    middle, unlike = 0.5 * (down + across), 0.5 * (across - down)
    half_gap = cv2.magnitude(unlike, mixed)
    least = np.maximum(middle - half_gap, 0.0)
    strength = np.float32(sigma_px**2) * np.maximum(middle + half_gap - least, 0.0)
    share = strength / np.maximum(half_gap, 1e-6)
    return strength, unlike * share, mixed * share


def _coherent(cosine: Float32Array, sine: Float32Array) -> Float32Array:
    """Mean strength along each pixel's own line; who points elsewhere counts less, or against it."""
    smooth_cosine = cv2.GaussianBlur(cosine, (0, 0), _TURN_PX)
    smooth_sine = cv2.GaussianBlur(sine, (0, 0), _TURN_PX)
    across = 0.5 * cv2.phase(smooth_cosine, smooth_sine)
    # A quarter of a turn from across to along; x to the right, y down.
    step_x, step_y = -np.sin(across), np.cos(across)
    own_cosine, own_sine = np.cos(2 * across), np.sin(2 * across)
    height, width = cosine.shape
    x = np.arange(width, dtype=np.float32)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None]
    total = cosine * own_cosine + sine * own_sine
    both = cv2.merge([cosine, sine])
    for distance in _ALONG_PX:
        for away in (np.float32(distance), np.float32(-distance)):
            there = cv2.remap(
                both, x + step_x * away, y + step_y * away, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            total += there[..., 0] * own_cosine + there[..., 1] * own_sine
    return np.asarray(np.maximum(total, 0.0) / np.float32(1 + 2 * len(_ALONG_PX)), np.float32)
