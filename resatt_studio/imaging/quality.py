"""How close a photo is to another: PSNR and SSIM, as dehazing is judged."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from resatt_studio.errors import PhotoError
from resatt_studio.records.arrays import Float32Array, UInt8Array

SSIM_WINDOW_PX = 11
SSIM_SIGMA_PX = 1.5
SSIM_K1, SSIM_K2 = 0.01, 0.03

_LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, as most dehazing papers take it
_Float64Array = NDArray[np.float64]


def psnr(answer: Float32Array | UInt8Array, truth: Float32Array | UInt8Array) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(1 / MSE) over all pixels and channels; inf when equal.

    Args:
        answer, truth: H x W x 3 or H x W, floats in [0, 1] (clamped to that) or uint8.

    Raises:
        PhotoError: The shapes differ.
    """
    ours, theirs = _pair(answer, truth)
    error = float(np.mean(np.square(ours - theirs)))
    return 10.0 * math.log10(1.0 / error) if error > 0.0 else math.inf


def ssim(answer: Float32Array | UInt8Array, truth: Float32Array | UInt8Array) -> float:
    """Structural similarity, at most 1, of each channel, then their mean (Wang et al., TIP 2004, sec. III).

    Gaussian window of 11 pixels and spread 1.5, K1 0.01, K2 0.03, population moments, mean over the pixels
    whose window lies within the photo.

    Args:
        answer, truth: H x W x 3 or H x W, floats in [0, 1] (clamped to that) or uint8; both sides at least
            11 pixels.

    Raises:
        PhotoError: The shapes differ, or the photos are smaller than the window.
    """
    return _similarity(*_pair(answer, truth))


def ssim_luminance(answer: Float32Array | UInt8Array, truth: Float32Array | UInt8Array) -> float:
    """:func:`ssim` of the Rec. 601 luminance alone; papers differ in which they print.

    Args:
        answer, truth: H x W x 3, as for :func:`ssim`.

    Raises:
        PhotoError: As :func:`ssim`.
    """
    ours, theirs = _pair(answer, truth)
    return _similarity(ours @ _LUMA, theirs @ _LUMA)


def _similarity(ours: _Float64Array, theirs: _Float64Array) -> float:
    height, width = theirs.shape[:2]
    if min(height, width) < SSIM_WINDOW_PX:
        raise PhotoError(
            f"SSIM cannot judge {height} x {width} pixels.",
            f"Compare photos of at least {SSIM_WINDOW_PX} pixels a side.",
        )
    mean_a, mean_b = _windowed(ours), _windowed(theirs)
    spread_a = _windowed(ours * ours) - mean_a * mean_a
    spread_b = _windowed(theirs * theirs) - mean_b * mean_b
    covariance = _windowed(ours * theirs) - mean_a * mean_b
    c1, c2 = SSIM_K1**2, SSIM_K2**2
    alike = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float(np.mean(alike / ((mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2))))


def _windowed(values: _Float64Array) -> _Float64Array:
    """Gaussian mean at every pixel whose window lies within the photo."""
    size = (SSIM_WINDOW_PX, SSIM_WINDOW_PX)
    edge = SSIM_WINDOW_PX // 2
    means = cv2.GaussianBlur(values, size, SSIM_SIGMA_PX)
    return np.asarray(means[edge : means.shape[0] - edge, edge : means.shape[1] - edge], np.float64)


def _pair(
    answer: Float32Array | UInt8Array, truth: Float32Array | UInt8Array
) -> tuple[_Float64Array, _Float64Array]:
    if answer.shape != truth.shape or answer.ndim not in (2, 3) or not answer.size:
        raise PhotoError(
            f"cannot compare photos of shapes {answer.shape} and {truth.shape}.",
            "Both must have the same size and channels.",
        )
    return _unit(answer), _unit(truth)


def _unit(pixels: Float32Array | UInt8Array) -> _Float64Array:
    """Numbers in [0, 1], double precision: a perfect copy must not score by rounding."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.float64) / 255.0
    return np.clip(pixels.astype(np.float64, copy=False), 0.0, 1.0)
