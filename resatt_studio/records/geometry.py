"""Boxes of pixels in array order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Half-open box of pixels: rows ``top`` to ``bottom - 1``, columns ``left`` to ``right - 1``.

    A box with ``bottom <= top`` or ``right <= left`` is empty.
    """

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def pixel(cls, row: float, column: float) -> Box:
        """The pixel in which a place lies; pixel (r, c) covers [r, r + 1) x [c, c + 1)."""
        top, left = math.floor(row), math.floor(column)
        return cls(top, left, top + 1, left + 1)

    @property
    def height(self) -> int:
        return max(0, self.bottom - self.top)

    @property
    def width(self) -> int:
        return max(0, self.right - self.left)

    @property
    def empty(self) -> bool:
        return self.height == 0 or self.width == 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices: ``array[box.slices]``."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def union(self, other: Box) -> Box:
        """Smallest box that holds both; an empty box adds nothing."""
        if self.empty:
            return other
        if other.empty:
            return self
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def intersection(self, other: Box) -> Box:
        """Pixels in both; may be empty."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        return Box(
            top, left, max(top, min(self.bottom, other.bottom)), max(left, min(self.right, other.right))
        )

    def holds(self, other: Box) -> bool:
        """Whether all of another box, which is not empty, lies in this one."""
        return self.intersection(other) == other

    def clipped(self, height: int, width: int) -> Box:
        """The part inside an image of ``height`` x ``width`` pixels."""
        return self.intersection(Box(0, 0, height, width))

    def shifted(self, rows: int, columns: int) -> Box:
        return Box(self.top + rows, self.left + columns, self.bottom + rows, self.right + columns)

    def expanded(self, margin_px: int) -> Box:
        return Box(
            self.top - margin_px, self.left - margin_px, self.bottom + margin_px, self.right + margin_px
        )

    def halved(self, levels: int = 1) -> Box:
        """The cells that this box touches in a grid whose cells are 2^levels x 2^levels pixels."""
        return Box(
            self.top >> levels, self.left >> levels, -(-self.bottom >> levels), -(-self.right >> levels)
        )

    def doubled(self, levels: int = 1) -> Box:
        """The pixels of this box of cells, where each cell is 2^levels x 2^levels pixels; may reach beyond an
        image whose last cells are cut off."""
        return Box(self.top << levels, self.left << levels, self.bottom << levels, self.right << levels)

    def cells(self, side_px: int) -> Iterator[tuple[int, int]]:
        """(row, column) of every cell of a grid of ``side_px`` squares that this box touches."""
        if self.empty:
            return
        for row in range(self.top // side_px, (self.bottom - 1) // side_px + 1):
            for column in range(self.left // side_px, (self.right - 1) // side_px + 1):
                yield row, column
