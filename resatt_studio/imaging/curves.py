"""Curves of sub-pixel points: smoothed, evenly spaced, with their normals and what lies across them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import Float32Array

Curve = npt.NDArray[np.float64]
"""N x 2 (row, column) in photo pixels; pixel (r, c) covers [r, r + 1) x [c, c + 1)."""


@lru_cache(maxsize=64)
def gaussian(reach: int, sigma: float, depth: int = cv2.CV_64F) -> npt.NDArray[Any]:
    """Weights of a Gaussian from ``-reach`` to ``reach`` as a column; each is made once."""
    weights = cv2.getGaussianKernel(2 * reach + 1, sigma, depth)
    weights.flags.writeable = False
    return weights


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
    soft = cv2.filter2D(padded, cv2.CV_64F, gaussian(reach, sigma))[reach : reach + count]
    return np.asarray(soft.reshape(values.shape), np.float64)


def lengths(curve: Curve) -> Curve:
    """Way from the first point to each point, in pixels; N values, never falling."""
    steps = np.hypot(*np.diff(curve, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def points_at(curve: Curve, along: Curve, places: Curve) -> Curve:
    """Points of a curve, K x 2, straight between its own.

    Args:
        along: N increasing numbers, one a point: :func:`lengths`, or the times of a hand.
        places: K of these numbers; beyond an end lies the end.
    """
    return np.stack([np.interp(places, along, curve[:, axis]) for axis in (0, 1)], axis=1)


def evenly_spaced(curve: Curve, spacing_px: float = 1.0) -> Curve:
    """The same way with points at equal distances of about ``spacing_px``; both ends stay."""
    along = lengths(curve)
    if along[-1] == 0.0:
        return curve[:1]
    places = np.linspace(0.0, along[-1], max(2, round(along[-1] / spacing_px) + 1))
    return points_at(curve, along, places)


def stepped(curve: Curve, spacing_px: float = 1.0) -> Curve:
    """The same way with points ``spacing_px`` apart, counted from its start; both ends stay.

    Only the last step differs, half to one and a half times as long. So two ways that begin alike have the
    same points as far as they go together, wherever they end.
    """
    along = lengths(curve)
    if along[-1] == 0.0:
        return curve[:1]
    places = spacing_px * np.arange(max(2, round(along[-1] / spacing_px) + 1), dtype=np.float64)
    places[-1] = along[-1]
    return points_at(curve, along, places)


def points_together(one: Curve, other: Curve, within_px: float = 0.0) -> int:
    """How many points from their start two curves have in common.

    Args:
        within_px: How far apart points may lie and still be the same.
    """
    count = min(len(one), len(other))
    apart = (np.abs(one[:count] - other[:count]) > within_px).any(axis=1)
    return int(np.argmax(apart)) if apart.any() else count


def normals(curve: Curve) -> Curve:
    """Unit vectors across the curve, N x 2, to the right of who walks it; (0, 1) where it stands still."""
    if len(curve) < 2:
        return np.tile([0.0, 1.0], (len(curve), 1))
    ahead = np.empty((len(curve), 2))
    ahead[1:-1] = (curve[2:] - curve[:-2]) / 2
    ahead[0], ahead[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    length = np.hypot(ahead[:, 0], ahead[:, 1])
    still = length < 1e-9
    if still.any():
        ahead[still], length[still] = (-1.0, 0.0), 1.0
    across = ahead[:, ::-1] / length[:, None]
    across[:, 1] *= -1.0
    return across


Places = tuple[Float32Array, Float32Array]
"""Columns and rows to read at, N x M each, where pixel 0 has its centre at 0."""


def places_across(curve: Curve, across: Curve, offsets_px: Curve) -> Places:
    """Where a curve is crossed.

    Args:
        curve: N x 2, N at most 32,767.
        across: N x 2 unit normals.
        offsets_px: M distances along the normals.
    """
    rows = curve[:, :1] + across[:, :1] * offsets_px - 0.5
    columns = curve[:, 1:] + across[:, 1:] * offsets_px - 0.5
    return columns.astype(np.float32), rows.astype(np.float32)


def read_at(values: Float32Array, places: Places) -> Float32Array:
    """Values at places, between pixel centres linearly.

    Args:
        values: h x w float32, at most 32,767 pixels a side; beyond its border its last pixels go on.
        places: In pixels of ``values``.

    Returns:
        N x M float32.
    """
    read = cv2.remap(values, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float32)


def profiles(values: Float32Array, curve: Curve, across: Curve, offsets_px: Curve) -> Float32Array:
    """As :func:`read_at` the places of :func:`places_across`."""
    return read_at(values, places_across(curve, across, offsets_px))
