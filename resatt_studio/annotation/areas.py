"""Outlines to exactly the pixels whose centres they enclose."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from resatt_studio.annotation.strokes import Point
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box

_ROWS_AT_ONCE = 512
"""Bounds the memory of a lasso around a whole large photo."""


def outline_box(points: Sequence[Point], within: Box) -> Box:
    """The smallest practical box inside ``within`` around points of a photo, perhaps empty."""
    if not len(points):
        return Box(0, 0, 0, 0)
    outline = np.asarray(points, np.float64)
    low, high = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))
    return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1])).intersection(within)


def polygon_pixels(points: Sequence[Point], within: Box) -> tuple[Box, BoolArray]:
    """Pixels whose centre lies inside a closed outline; what it goes around twice is inside too.

    A pixel is inside when the outline winds around its centre a number of times other than zero. An edge
    through a centre counts for one of its two sides, so that polygons that share an edge share no pixel.

    Args:
        points: (row, column) in photo pixels, sub-pixel; the last is joined to the first. Fewer than three
            enclose nothing.
        within: Where pixels may be, such as the photo's box.

    Returns:
        The :func:`outline_box`, and an h x w bool mask of it.
    """
    if len(points) < 3:
        return Box(0, 0, 0, 0), np.zeros((0, 0), np.bool_)
    outline, box = np.asarray(points, np.float64), outline_box(points, within)
    mask = np.zeros((box.height, box.width), np.bool_)
    edges = np.concatenate([outline, np.roll(outline, -1, axis=0)], axis=1)
    for top in range(box.top, box.bottom, _ROWS_AT_ONCE):
        band = Box(top, box.left, min(top + _ROWS_AT_ONCE, box.bottom), box.right)
        mask[top - box.top : band.bottom - box.top] = _wound_around(edges, band)
    return box, mask


def _wound_around(edges: np.ndarray, band: Box) -> BoolArray:
    """Pixels of a band of rows around whose centres the edges (row, column, row, column) wind."""
    # Each crossing of a row's centre line turns the winding number of everything to its right by one.
    turns = np.zeros((band.height, band.width + 1), np.int16)
    for start_row, start_column, end_row, end_column in edges.tolist():
        upper, lower = min(start_row, end_row), max(start_row, end_row)
        first = max(band.top, math.ceil(upper - 0.5))
        stop = min(band.bottom, math.ceil(lower - 0.5))
        if first >= stop:
            continue
        rows = np.arange(first, stop)
        slope = (end_column - start_column) / (end_row - start_row)
        crossings = start_column + (rows + 0.5 - start_row) * slope
        columns = np.clip(np.ceil(crossings - 0.5).astype(np.int64), band.left, band.right) - band.left
        turns[rows - band.top, columns] += 1 if end_row > start_row else -1
    return np.asarray(np.cumsum(turns[:, :-1], axis=1, dtype=np.int16) != 0)


def rectangle_pixels(corner: Point, opposite: Point, within: Box) -> Box:
    """Pixels whose centre lies in an upright rectangle between two corners, cut to ``within``."""
    top, bottom = sorted((corner[0], opposite[0]))
    left, right = sorted((corner[1], opposite[1]))
    box = Box(math.ceil(top - 0.5), math.ceil(left - 0.5), math.ceil(bottom - 0.5), math.ceil(right - 0.5))
    return box.intersection(within)
