"""Cut a large photo into overlapping tiles and blend the answers back, a band of rows at a time."""

from __future__ import annotations

import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.geometry import Box

Band = tuple[Box, Float32Array]
"""Finished rows of a blend: their box (full width) and h x W float32 values."""


def plan_tiles(height: int, width: int, tile_px: int, overlap_px: int) -> list[Box]:
    """Cover a photo with as few equal square tiles as possible, spread evenly.

    Neighbours share at least ``overlap_px`` pixels. Every tile has ``tile_px`` on a side, except that a photo
    smaller than a tile gets tiles of its own size on that axis; so a batch of tiles always has one shape.

    Args:
        height, width: Size of the photo in pixels, at least 1.
        tile_px: Side of a tile.
        overlap_px: Least overlap of neighbours, in [0, tile_px).

    Returns:
        Boxes in reading order (top to bottom, then left to right), the order :class:`Blend` needs.

    Raises:
        BugError: The sizes have no meaning.
    """
    if height < 1 or width < 1 or not 0 <= overlap_px < tile_px:
        raise BugError(f"no tiles of {tile_px} px with overlap {overlap_px} px cover {height} x {width}")
    tops = _starts(height, tile_px, overlap_px)
    lefts = _starts(width, tile_px, overlap_px)
    tile_height, tile_width = min(tile_px, height), min(tile_px, width)
    return [Box(top, left, top + tile_height, left + tile_width) for top in tops for left in lefts]


def _starts(length_px: int, tile_px: int, overlap_px: int) -> list[int]:
    if length_px <= tile_px:
        return [0]
    tiles = -(-(length_px - overlap_px) // (tile_px - overlap_px))
    last = length_px - tile_px
    return [round(index * last / (tiles - 1)) for index in range(tiles)]


class Blend:
    """Weighted mean of overlapping tiles, with memory for one row of tiles only.

    A tile's weight falls linearly to its border over ``overlap_px`` pixels, except where the border is the
    photo's own. Weights are positive, so tiles cut from an array and blended give the array back. Rows above
    the newest tile's top are finished: :meth:`bands` hands them over, or :meth:`result` collects them all.

    Args:
        height, width: Size of the photo in pixels.
        overlap_px: Length of the ramp.
    """

    def __init__(self, height: int, width: int, overlap_px: int) -> None:
        self.height = height
        self.width = width
        self._overlap_px = overlap_px
        self._top = 0
        self._sum: Float32Array = np.zeros((0, width), np.float32)
        self._weight: Float32Array = np.zeros((0, width), np.float32)
        self._finished: list[Band] = []
        self._handed_over = False

    def add(self, box: Box, values: Float32Array) -> None:
        """Blend one tile in.

        Args:
            box: Where it lies; tops must not decrease from call to call.
            values: h x w float32 of that box.

        Raises:
            BugError: The tile leaves the photo, has another shape than its box, or comes out of order.
        """
        if values.shape != (box.height, box.width) or box.clipped(self.height, self.width) != box:
            raise BugError(f"values of shape {values.shape} do not fit {box} of {self.height} x {self.width}")
        if box.top < self._top:
            raise BugError(f"{box} comes after row {self._top} was finished; add tiles in reading order")
        self._finish_rows(box.top)
        self._grow_to(box.bottom)
        rows = self._ramp(box.top, box.bottom, self.height)
        columns = self._ramp(box.left, box.right, self.width)
        weight = rows[:, None] * columns[None, :]
        inside = box.shifted(-self._top, 0).slices
        self._sum[inside] += weight * values
        self._weight[inside] += weight

    def bands(self) -> list[Band]:
        """Hand over the rows finished since the last call, top to bottom; they are forgotten here."""
        self._handed_over = True
        finished, self._finished = self._finished, []
        return finished

    def finish(self) -> None:
        """Say that no tile follows, so the remaining rows are finished.

        Raises:
            BugError: The tiles left pixels uncovered.
        """
        self._finish_rows(self.height)

    def result(self) -> Float32Array:
        """Finish, and return the whole blend, H x W float32.

        Raises:
            BugError: The tiles left pixels uncovered, or bands were handed over before.
        """
        if self._handed_over:
            raise BugError("bands of this blend were handed over; there is no whole result")
        self.finish()
        return np.concatenate([values for _, values in self._finished], axis=0)

    def _ramp(self, start: int, stop: int, length_px: int) -> Float32Array:
        """Weights in (0, 1] along one axis of a tile."""
        weight = np.ones(stop - start, np.float32)
        position = np.arange(1, stop - start + 1, dtype=np.float32) / (self._overlap_px + 1)
        if start > 0:
            weight = np.minimum(weight, position)
        if stop < length_px:
            weight = np.minimum(weight, position[::-1])
        return weight

    def _grow_to(self, bottom: int) -> None:
        missing = bottom - self._top - self._sum.shape[0]
        if missing > 0:
            empty = np.zeros((missing, self.width), np.float32)
            self._sum = np.concatenate([self._sum, empty], axis=0)
            self._weight = np.concatenate([self._weight, empty], axis=0)

    def _finish_rows(self, until: int) -> None:
        rows = until - self._top
        if rows <= 0:
            return
        weight = self._weight[:rows]
        if weight.shape[0] < rows or not np.all(weight > 0):
            raise BugError(f"tiles leave pixels of rows {self._top} to {until - 1} uncovered")
        self._finished.append((Box(self._top, 0, until, self.width), self._sum[:rows] / weight))
        self._sum = self._sum[rows:].copy()
        self._weight = self._weight[rows:].copy()
        self._top = until
