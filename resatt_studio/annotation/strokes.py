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
    starts = points[:-1] if len(points) > 1 else points
    ends = points[1:] if len(points) > 1 else points
    box = _reach(points, radius_px)
    if within is not None:
        box = box.intersection(within)
    mask = np.zeros((box.height, box.width), np.bool_)
    if not box.empty:
        for start, end in zip(starts, ends, strict=True):
            _fill_segment(mask, box, start, end, radius_px)
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


def _fill_segment(mask: BoolArray, box: Box, start: Point, end: Point, radius_px: float) -> None:
    """Fill the capsule around one segment: it is convex, so each row of pixels is one run."""
    part = _reach((start, end), radius_px).intersection(box)
    if part.empty:
        return
    rows = np.arange(part.top, part.bottom)
    first, last = _runs(rows, start, end, radius_px)
    first = np.maximum(first, part.left) - box.left
    stop = np.minimum(last + 1, part.right) - box.left
    offset = part.top - box.top
    for index, (begin, finish) in enumerate(zip(first.tolist(), stop.tolist(), strict=True)):
        if begin < finish:
            mask[offset + index, begin:finish] = True


def _runs(rows: _Int, start: Point, end: Point, radius_px: float) -> tuple[_Int, _Int]:
    """First and last covered column of each row; ``last < first`` where the capsule misses the row."""
    y: _Float = rows.astype(np.float64) + 0.5
    low, high = _spans(y, start, end, radius_px)
    missed = ~(low <= high)
    low, high = np.where(missed, 0.0, low), np.where(missed, 0.0, high)
    first, last = np.ceil(low - 0.5).astype(np.int64), np.floor(high - 0.5).astype(np.int64)
    # Divisions and roots round; asking the exact question next to each end settles ties.
    first = np.where(_covers(y, first - 1, start, end, radius_px), first - 1, first)
    first = np.where(_covers(y, first, start, end, radius_px), first, first + 1)
    last = np.where(_covers(y, last + 1, start, end, radius_px), last + 1, last)
    last = np.where(_covers(y, last, start, end, radius_px), last, last - 1)
    return first, np.where(missed, first - 1, last)


def _spans(y: _Float, start: Point, end: Point, radius_px: float) -> tuple[_Float, _Float]:
    """Ends of the capsule's cut with each horizontal line ``y``: two discs and the rectangle between them."""
    low, high = np.full(y.shape, np.inf), np.full(y.shape, -np.inf)
    for row, column in (start, end):
        square = radius_px**2 - (y - row) ** 2
        half = np.sqrt(np.maximum(square, 0.0))
        low = np.where(square >= 0, np.minimum(low, column - half), low)
        high = np.where(square >= 0, np.maximum(high, column + half), high)
    if start == end:
        return low, high
    (row, column), (dy, dx) = start, (end[0] - start[0], end[1] - start[1])
    square_length = dy * dy + dx * dx
    reach = radius_px * np.sqrt(square_length)
    along = _solve((y - row) * dy, dx, 0.0, square_length)
    across = _solve(-(y - row) * dx, dy, -reach, reach)
    left, right = np.maximum(along[0], across[0]) + column, np.minimum(along[1], across[1]) + column
    inside = left <= right
    return np.where(inside, np.minimum(low, left), low), np.where(inside, np.maximum(high, right), high)


def _solve(offset: _Float, slope: float, lowest: float, highest: float) -> tuple[_Float, _Float]:
    """All u with lowest <= offset + slope * u <= highest, as intervals; an empty one is (inf, -inf)."""
    if slope == 0.0:
        holds = (offset >= lowest) & (offset <= highest)
        return np.where(holds, -np.inf, np.inf), np.where(holds, np.inf, -np.inf)
    with np.errstate(over="ignore"):  # a slope next to nothing: the bound is as good as infinite
        one, other = (lowest - offset) / slope, (highest - offset) / slope
    return np.minimum(one, other), np.maximum(one, other)


def _covers(y: _Float, columns: _Int, start: Point, end: Point, radius_px: float) -> npt.NDArray[np.bool_]:
    """Whether pixel centres (y, column + 0.5) lie within the radius of the segment; no division, no root."""
    py, px = y - start[0], columns + 0.5 - start[1]
    dy, dx = end[0] - start[0], end[1] - start[1]
    square_length = dy * dy + dx * dx
    along = py * dy + px * dx
    square_radius = radius_px * radius_px
    near_start = py * py + px * px <= square_radius
    near_end = (py - dy) ** 2 + (px - dx) ** 2 <= square_radius
    beside = (px * dy - py * dx) ** 2 <= square_radius * square_length
    return np.asarray(
        np.where(along <= 0, near_start, np.where(along >= square_length, near_end, beside)), np.bool_
    )
