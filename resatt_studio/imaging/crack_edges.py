"""Where a crack begins and ends across its path, at every point of the path."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from resatt_studio.imaging.curves import Curve, gaussian, normals, places_across, read_at, smoothed
from resatt_studio.records.arrays import Float32Array

REACH_PX = 16.0
"""Farthest that an edge is looked for from the path; cracks to about 25 px wide fit."""

_STEP_PX = 0.5
_SURROUNDINGS_PX = 6.0  # of the profile's outer ends, where the surface is read
_ALONG_PX = 2.0  # evidence is averaged along the path: an edge runs on, noise does not
_LEVELS_PX = 31  # lengths over which the surface's and the crack's own lightness are told
_DOUBT = 0.05  # of the evidence for crack, which has to be more than none to carry an edge outwards
_LEVEL = 0.5  # where between the surface's lightness (0) and the crack's (1) an edge lies
_LEAST_DEPTH = 4.0  # grey levels; a shallower line has no edges of its own
_SMOOTH_PX = 2.0
LEAST_HALF_WIDTH_PX = 0.5


@dataclass(frozen=True, eq=False, slots=True)
class Edges:
    """The two edges along a path.

    Attributes:
        left_px, right_px: N distances from the path to either side, positive; right is that of who walks it.
    """

    left_px: Curve
    right_px: Curve


def find_edges(
    curve: Curve,
    lightness: Float32Array,
    probability: Float32Array | None = None,
    trust: float = 0.5,
) -> Edges:
    """Find both edges at every point of a path.

    Each place across the path speaks for crack or for surface: by how far its lightness is below or above the
    level between the crack's own and the surface's, and by how far its probability is above or below a half.
    An edge stands where what is inside speaks for crack and what is outside for surface most clearly, summed
    over the whole profile, so that one bright grain in a crack or one dark one beside it moves nothing.

    Args:
        curve: N x 2, about 1 px apart, in pixels of ``lightness``, on the crack.
        lightness: h x w float32, 0 to 255.
        probability: h x w float32 crack probability in [0, 1], or None.
        trust: Weight of the probability against the photo, in [0, 1].
    """
    reach = np.arange(0.0, REACH_PX + _STEP_PX / 2, _STEP_PX)
    offsets = np.concatenate([-reach[:0:-1], reach])
    places = places_across(curve, normals(curve), offsets)
    evidence = _darkness(read_at(lightness, places))
    if probability is not None:
        likely = read_at(probability, places) - np.float32(0.5)
        evidence = (1.0 - trust) * evidence + trust * likely
    evidence = _along(evidence, _ALONG_PX)
    middle = len(reach) - 1
    return Edges(_steadied(_edge(evidence[:, middle::-1])), _steadied(_edge(evidence[:, middle:])))


def _darkness(rows: Float32Array) -> Float32Array:
    """Evidence of the photo, -0.5 (surface) to 0.5 (crack), of N x M profiles of lightness.

    Either side has a surface of its own: beside a step, or where a shadow falls, one is darker.
    """
    outer, middle = round(_SURROUNDINGS_PX / _STEP_PX), rows.shape[1] // 2
    inside = _steady_level(rows[:, middle - 2 : middle + 3].min(axis=1))
    evidence = np.empty_like(rows)
    for part, ends in ((slice(0, middle), slice(0, outer)), (slice(middle, None), slice(-outer, None))):
        surface = _steady_level(_median(rows[:, ends]))
        depth = np.maximum(surface - inside, np.float32(_LEAST_DEPTH))
        evidence[:, part] = (surface - rows[:, part]) / depth - np.float32(_LEVEL)
    return np.clip(evidence, -0.5, 0.5)


def _median(rows: Float32Array) -> Float32Array:
    """As NumPy's along the second axis, of which there is an even number; it looks for no NaN."""
    half = rows.shape[1] // 2
    ordered = np.partition(rows, (half - 1, half), axis=1)
    return np.asarray((ordered[:, half - 1] + ordered[:, half]) / 2, np.float32)


def _steady_level(values: Float32Array) -> Float32Array:
    """A lightness along the path, N values to N x 1, averaged as far as light and dirt stay the same."""
    return _along(values[:, None].astype(np.float32), _LEVELS_PX / 4)


def _along(rows: Float32Array, sigma: float) -> Float32Array:
    """Average along the path; beyond its ends its last rows go on."""
    weights = gaussian(int(np.ceil(3 * sigma)), sigma, cv2.CV_32F)
    return np.asarray(cv2.filter2D(rows, cv2.CV_32F, weights, borderType=cv2.BORDER_REPLICATE), np.float32)


def _edge(evidence: Float32Array) -> Curve:
    """Distance to the edge on one side, N values, of N x K evidence from the path outwards."""
    # The path's own place counts half: the other side has the other half.
    total = np.cumsum(evidence - np.float32(_DOUBT), axis=1) - 0.5 * evidence[:, :1]
    last = np.minimum(np.argmax(total, axis=1), evidence.shape[1] - 2)
    rows = np.arange(len(evidence))
    here, there = evidence[rows, last], evidence[rows, last + 1]
    # Between the last place that speaks for crack and the first that does not, where the evidence is nought.
    share = np.where(here > 0, here / np.maximum(here - there, 1e-6), 0.0)
    return np.asarray((last + np.clip(share, 0.0, 1.0)) * _STEP_PX, np.float64)


def _steadied(distances: Curve) -> Curve:
    """Without lonely jumps, then smooth."""
    if len(distances) < 2:
        return distances
    row = distances.astype(np.float32)[None]
    row = cv2.medianBlur(row, 5)[0] if row.shape[1] >= 5 else row[0]
    return smoothed(row.astype(np.float64), _SMOOTH_PX)
