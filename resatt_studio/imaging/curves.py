"""Curves of sub-pixel points: smoothed, evenly spaced, with their normals and what lies across them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import Float32Array

Curve = npt.NDArray[np.float64]
"""N x 2 (row, column) in photo pixels; pixel (r, c) covers [r, r + 1) x [c, c + 1)."""


def smoothed(values: Curve, sigma: float) -> Curve:
    """Gaussian along the first axis, whose first and last values stay.

    What lies beyond an end is its point reflection, so that a straight line stays as it is up to its ends.

    Args:
        values: N or N x K numbers, one row a point.
        sigma: In rows; 0 changes nothing.
    """
    count = len(values)
    reach = min(int(np.ceil(3 * sigma)), count - 1)
    if reach < 1:
        return values
    before = 2 * values[0] - values[reach:0:-1]
    after = 2 * values[-1] - values[-2 : -reach - 2 : -1]
    # one column a number: OpenCV's border never takes part
    padded = np.concatenate([before, values, after]).reshape(count + 2 * reach, -1)
    weights = cv2.getGaussianKernel(2 * reach + 1, sigma, cv2.CV_64F)
    soft = cv2.filter2D(padded, cv2.CV_64F, weights)[reach : reach + count]
    return np.asarray(soft.reshape(values.shape), np.float64)


def lengths(curve: Curve) -> Curve:
    """Way from the first point to each point, in pixels; N values, never falling."""
    steps = np.hypot(*np.diff(curve, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def evenly_spaced(curve: Curve, spacing_px: float = 1.0) -> Curve:
    """The same way with points at equal distances of about ``spacing_px``; both ends stay."""
    along = lengths(curve)
    if along[-1] == 0.0:
        return curve[:1]
    places = np.linspace(0.0, along[-1], max(2, round(along[-1] / spacing_px) + 1))
    return np.stack([np.interp(places, along, curve[:, axis]) for axis in (0, 1)], axis=1)


def normals(curve: Curve) -> Curve:
    """Unit vectors across the curve, N x 2, to the right of who walks it; (0, 1) where it stands still."""
    if len(curve) < 2:
        return np.tile([0.0, 1.0], (len(curve), 1))
    ahead = np.gradient(curve, axis=0)
    length = np.hypot(ahead[:, 0], ahead[:, 1])
    still = length < 1e-9
    ahead[still], length[still] = (-1.0, 0.0), 1.0
    ahead /= length[:, None]
    return np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)


def profiles(values: Float32Array, curve: Curve, across: Curve, offsets_px: Curve) -> Float32Array:
    """Read values across a curve, between pixel centres linearly.

    Args:
        values: h x w float32, at most 32,767 pixels a side; beyond its border its last pixels go on.
        curve: N x 2, N at most 32,767, in pixels of ``values``.
        across: N x 2 unit normals.
        offsets_px: M distances along the normals.

    Returns:
        N x M float32.
    """
    rows = curve[:, :1] + across[:, :1] * offsets_px - 0.5
    columns = curve[:, 1:] + across[:, 1:] * offsets_px - 0.5
    return np.asarray(
        cv2.remap(
            values,
            columns.astype(np.float32),
            rows.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )
