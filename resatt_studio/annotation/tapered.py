"""A line whose width changes along its way, to exactly the pixels it covers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from resatt_studio.annotation.strokes import LEAST_RADIUS_PX
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box

_CHUNK = 400_000  # candidate pixels looked at in one go; bounds the memory

_Points = npt.NDArray[np.float64]


def tapered(points: _Points, radii_px: _Points, within: Box | None = None) -> tuple[Box, BoolArray]:
    """Pixels of a line that is ``radii_px`` wide to either side at its points, and in between in between.

    A disc whose radius changes evenly from point to point is dragged along the line. A pixel is covered when
    its centre comes to lie in the disc, or when a point lies in the pixel: as for :func:`.strokes.stamp`,
    which this equals when all radii are the same.

    Args:
        points: N x 2 (row, column) in photo pixels, N at least 1, as for :func:`.strokes.stamp`.
        radii_px: N half widths; below half a pixel they count as half a pixel.
        within: Where pixels may be covered; None for everywhere.

    Returns:
        A box and an h x w bool mask of it. The box may be empty.
    """
    radii = np.maximum(radii_px, LEAST_RADIUS_PX)
    low = np.floor((points - radii[:, None]).min(axis=0)).astype(int)
    high = np.floor((points + radii[:, None]).max(axis=0)).astype(int) + 1
    box = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    if within is not None:
        box = box.intersection(within)
    mask = np.zeros((box.height, box.width), np.bool_)
    if box.empty:
        return box, mask
    _mark(mask, box, np.floor(points).astype(np.int64))
    starts = np.arange(max(1, len(points) - 1))
    ends = np.minimum(starts + 1, len(points) - 1)
    # Long pieces are cut so that the square around one stays small.
    steps = np.hypot(*(points[ends] - points[starts]).T)
    pieces = np.maximum(1, np.ceil(steps / np.maximum(radii[starts], 2.0))).astype(int)
    which = np.repeat(starts, pieces)
    first = np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (np.arange(len(which)) - first) / np.repeat(pieces, pieces)
    share_next = share + 1.0 / np.repeat(pieces, pieces)
    following = np.minimum(which + 1, len(points) - 1)
    way, growth = points[following] - points[which], radii[following] - radii[which]
    a, b = points[which] + share[:, None] * way, points[which] + share_next[:, None] * way
    ra, rb = radii[which] + share * growth, radii[which] + share_next * growth
    reach = np.maximum(ra, rb) + 0.5 * np.hypot(*(b - a).T)
    for widest in np.unique(np.ceil(reach)):
        chosen = np.flatnonzero(np.ceil(reach) == widest)
        size = (2 * int(widest) + 3) ** 2
        for begin in range(0, len(chosen), max(1, _CHUNK // size)):
            part = chosen[begin : begin + max(1, _CHUNK // size)]
            _mark(mask, box, _covered(a[part], b[part], ra[part], rb[part], int(widest) + 1))
    return box, mask


def _covered(a: _Points, b: _Points, ra: _Points, rb: _Points, half: int) -> npt.NDArray[np.int64]:
    """Pixels (K x 2) of pieces from ``a`` to ``b``, found in the square of ``half`` around each middle."""
    around = np.arange(-half, half + 1)
    middle = np.floor(0.5 * (a + b)).astype(np.int64)
    rows = (middle[:, :1] + around)[:, :, None]
    columns = (middle[:, 1:] + around)[:, None, :]
    y, x = rows + 0.5 - a[:, 0, None, None], columns + 0.5 - a[:, 1, None, None]
    length = np.hypot(*(b - a).T)
    ahead = np.where(length[:, None] > 0, b - a, (1.0, 0.0)) / np.where(length > 0, length, 1.0)[:, None]
    along = y * ahead[:, 0, None, None] + x * ahead[:, 1, None, None]
    beside = np.abs(x * ahead[:, 0, None, None] - y * ahead[:, 1, None, None])
    # Where the line widens, the disc that reaches a pixel best stands ahead of the pixel's foot.
    growth = (rb - ra) / np.where(length > 0, length, 1.0)
    slope = np.clip(growth, -1.0, 1.0)
    lean = slope / np.sqrt(np.maximum(1.0 - slope * slope, 1e-12))
    best = np.clip(along + beside * lean[:, None, None], 0.0, length[:, None, None])
    radius = ra[:, None, None] + best * growth[:, None, None]
    inside = (along - best) ** 2 + beside**2 <= radius * radius
    piece, row, column = np.nonzero(inside)
    return np.stack([middle[piece, 0] + around[row], middle[piece, 1] + around[column]], axis=1)


def _mark(mask: BoolArray, box: Box, pixels: npt.NDArray[np.int64]) -> None:
    rows, columns = pixels[:, 0] - box.top, pixels[:, 1] - box.left
    inside = (rows >= 0) & (rows < box.height) & (columns >= 0) & (columns < box.width)
    mask[rows[inside], columns[inside]] = True
