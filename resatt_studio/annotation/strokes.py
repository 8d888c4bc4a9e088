"""A path of a round brush to exactly the pixels it covers; the cost follows the stroke, not the photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box

Point = tuple[float, float]
"""(row, column) in photo pixels; pixel (r, c) covers [r, r + 1) x [c, c + 1), centred in it."""

LEAST_RADIUS_PX = 0.5
"""Half the width of the thinnest brush: a thinner path could slip between pixel centres and leave gaps."""

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


def stamp(points: Sequence[Point], radius_px: float, within: Box | None = None) -> tuple[Box, BoolArray]:
    """Pixels of a round brush that is dragged along ``points`` in straight lines.

    A pixel is covered when its centre lies at most ``radius_px`` from the path, or when a point of the path
    lies in it (so that the thinnest brush still marks the pixel under the pointer).

    Args:
        points: At least one point; one alone is a dab.
        radius_px: Half the brush's width, in photo pixels; below half a pixel it counts as half a pixel,
            since a thinner path could slip between pixel centres and leave gaps.
        within: Where pixels may be covered, such as the photo's box; None for everywhere.

    Returns:
        The smallest practical box, and an h x w bool mask of it. The box may be empty.
    """
    radius_px = max(radius_px, LEAST_RADIUS_PX)
    box = _reach(points, radius_px)
    if within is not None:
        box = box.intersection(within)
    mask = np.zeros((box.height, box.width), np.bool_)
    if not box.empty:
        path = np.array(points, np.float64)
        starts, ends = (path[:-1], path[1:]) if len(points) > 1 else (path, path)
        _fill_segments(mask, box, starts, ends, radius_px)
        for row, column in points:
            _fill_pixel(mask, box, int(np.floor(row)), int(np.floor(column)))
    return box, mask


def _reach(points: Sequence[Point], radius_px: float) -> Box:
    rows, columns = zip(*points, strict=True)
    return Box(
        int(np.floor(min(rows) - radius_px)),
        int(np.floor(min(columns) - radius_px)),
        int(np.floor(max(rows) + radius_px)) + 1,
        int(np.floor(max(columns) + radius_px)) + 1,
    )


def _fill_pixel(mask: BoolArray, box: Box, row: int, column: int) -> None:
    if box.holds(Box.pixel(row, column)):
        mask[row - box.top, column - box.left] = True


def _fill_segments(mask: BoolArray, box: Box, starts: _Float, ends: _Float, radius_px: float) -> None:
    """Fill the capsule around each of S segments: it is convex, so each of its rows of pixels is one run.

    The rows of all segments are found together, as a hand makes many short ones.

    Args:
        mask: Of the box; all False, and of its own memory.
        starts, ends: S x 2.
    """
    low, high = np.minimum(starts[:, 0], ends[:, 0]), np.maximum(starts[:, 0], ends[:, 0])
    top = np.maximum(np.floor(low - radius_px).astype(np.int64), box.top)
    bottom = np.minimum(np.floor(high + radius_px).astype(np.int64) + 1, box.bottom)
    counts = np.maximum(bottom - top, 0)
    rows = np.arange(counts.sum()) + np.repeat(top - (np.cumsum(counts) - counts), counts)
    start, end = starts.T, ends.T
    if len(starts) > 1:
        which = np.repeat(np.arange(len(starts)), counts)
        start, end = start[:, which], end[:, which]
    first, last = _runs(rows, start, end, radius_px)
    first, stop = np.maximum(first, box.left) - box.left, np.minimum(last + 1, box.right) - box.left
    before = (rows - box.top) * box.width
    pixels = mask.reshape(-1)
    for begin, finish in zip((before + first).tolist(), (before + stop).tolist(), strict=True):
        if begin < finish:
            pixels[begin:finish] = True


def _runs(rows: _Int, start: _Float, end: _Float, radius_px: float) -> tuple[_Int, _Int]:
    """First and last covered column of each of N rows of capsules; ``last < first`` where one misses its row.

    Args:
        rows: N rows.
        start, end: 2 x N, or 2 x 1, (row, column): the segment that each row is asked about.
    """
    y: _Float = rows.astype(np.float64) + 0.5
    low, high = _spans(y, start, end, radius_px)
    missed = ~(low <= high)
    low, high = np.where(missed, 0.0, low), np.where(missed, 0.0, high)
    first, last = np.ceil(low - 0.5).astype(np.int64), np.floor(high - 0.5).astype(np.int64)
    # Divisions and roots round; asking the exact question next to each end settles ties.
    asked = np.stack([first - 1, first, last, last + 1])
    wider_first, is_first, is_last, wider_last = _covers(y, asked, start, end, radius_px)
    first = np.where(wider_first, first - 1, np.where(is_first, first, first + 1))
    last = np.where(wider_last, last + 1, np.where(is_last, last, last - 1))
    return first, np.where(missed, first - 1, last)


def _spans(y: _Float, start: _Float, end: _Float, radius_px: float) -> tuple[_Float, _Float]:
    """Ends of each capsule's cut with its horizontal line ``y``: two discs and the rectangle between them."""
    low, high = np.full(y.shape, np.inf), np.full(y.shape, -np.inf)
    for row, column in (start, end):
        square = radius_px**2 - (y - row) ** 2
        half = np.sqrt(np.maximum(square, 0.0))
        low = np.where(square >= 0, np.minimum(low, column - half), low)
        high = np.where(square >= 0, np.maximum(high, column + half), high)
    (row, column), (dy, dx) = start, end - start
    square_length = dy * dy + dx * dx
    reach = radius_px * np.sqrt(square_length)
    along = _solve((y - row) * dy, dx, np.zeros_like(reach), square_length)
    across = _solve(-(y - row) * dx, dy, -reach, reach)
    left, right = np.maximum(along[0], across[0]) + column, np.minimum(along[1], across[1]) + column
    inside = (left <= right) & (square_length > 0)
    return np.where(inside, np.minimum(low, left), low), np.where(inside, np.maximum(high, right), high)


def _solve(offset: _Float, slope: _Float, lowest: _Float, highest: _Float) -> tuple[_Float, _Float]:
    """All u with lowest <= offset + slope * u <= highest, as intervals; an empty one is (inf, -inf)."""
    flat = slope == 0.0
    # A slope next to nothing: the bound is as good as infinite.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        one, other = (lowest - offset) / slope, (highest - offset) / slope
    if not flat.any():
        return np.minimum(one, other), np.maximum(one, other)
    holds = (offset >= lowest) & (offset <= highest)
    return (
        np.where(flat, np.where(holds, -np.inf, np.inf), np.minimum(one, other)),
        np.where(flat, np.where(holds, np.inf, -np.inf), np.maximum(one, other)),
    )


def _covers(y: _Float, columns: _Int, start: _Float, end: _Float, radius_px: float) -> npt.NDArray[np.bool_]:
    """Whether pixel centres (y, column + 0.5) lie within the radius of their segments; no division, no root.

    Args:
        y: N.
        columns: K x N, K questions about each row.
    """
    py, px = y - start[0], columns + 0.5 - start[1]
    dy, dx = end - start
    square_length = dy * dy + dx * dx
    along = py * dy + px * dx
    square_radius = radius_px * radius_px
    near_start = py * py + px * px <= square_radius
    near_end = (py - dy) ** 2 + (px - dx) ** 2 <= square_radius
    beside = (px * dy - py * dx) ** 2 <= square_radius * square_length
    return np.asarray(
        np.where(along <= 0, near_start, np.where(along >= square_length, near_end, beside)), np.bool_
    )
