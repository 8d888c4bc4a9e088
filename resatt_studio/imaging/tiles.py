"""Cut a large photo into overlapping tiles and blend the answers back, in whatever order they come."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.geometry import Box

Piece = tuple[Box, Float32Array]
"""A finished part of a blend: its box and h x w float32 values, which no later tile changes."""

Cell = tuple[int, int]


def plan_tiles(height: int, width: int, tile_px: int, overlap_px: int) -> list[Box]:
    """Cover a photo with as few equal square tiles as possible, spread evenly.

    Neighbours share at least ``overlap_px`` pixels. Every tile has ``tile_px`` on a side, except that a photo
    smaller than a tile gets tiles of its own size on that axis; so a batch of tiles always has one shape.

    Args:
        height, width: Size of the photo in pixels, at least 1.
        tile_px: Side of a tile.
        overlap_px: Least overlap of neighbours, in [0, tile_px).

    Returns:
        Boxes in reading order (top to bottom, then left to right).

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


def nearness(box: Box, seen: Box) -> tuple[bool, float]:
    """Sort key of tiles for somebody who looks at ``seen``: first those of which anything is seen, and among
    those, as among the rest, the one whose middle is nearest to the middle of what is seen."""
    down = (box.top + box.bottom - seen.top - seen.bottom) / 2
    across = (box.left + box.right - seen.left - seen.right) / 2
    return box.intersection(seen).empty, down * down + across * across


class Blend:
    """Weighted mean of overlapping tiles, which may come in any order; the order changes no bit.

    A tile's weight falls linearly to its border over ``overlap_px`` pixels, except where the border is the
    photo's own. Weights are positive, so tiles cut from an array and blended give the array back.

    The tiles' edges cut the photo into cells, each covered by the same tiles throughout. A cell is finished
    once the last of its tiles came; its tiles are then summed in the order of ``boxes``. What is kept until
    then are the overlaps with tiles still to come: a seam around what is finished, never the photo.

    Args:
        height, width: Size of the photo in pixels.
        boxes: All tiles, in the order in which they are summed.
        overlap_px: Length of the ramp.

    Raises:
        BugError: A tile leaves the photo, or the tiles leave pixels uncovered.
    """

    def __init__(self, height: int, width: int, boxes: Sequence[Box], overlap_px: int) -> None:
        self.height = height
        self.width = width
        self._overlap_px = overlap_px
        self._boxes = frozenset(boxes)
        self._rows = sorted({0, height, *(box.top for box in boxes), *(box.bottom for box in boxes)})
        self._columns = sorted({0, width, *(box.left for box in boxes), *(box.right for box in boxes)})
        self._tiles: dict[Cell, list[Box]] = {}
        for box in boxes:
            if box.clipped(height, width) != box:
                raise BugError(f"{box} leaves the photo of {height} x {width}")
            for cell in self._cells(box):
                self._tiles.setdefault(cell, []).append(box)
        if len(self._tiles) < (len(self._rows) - 1) * (len(self._columns) - 1):
            raise BugError(f"tiles leave pixels of {height} x {width} uncovered")
        self._waiting: dict[Cell, dict[Box, Float32Array]] = {}

    @property
    def kept_px(self) -> int:
        """Values, of four bytes each, that wait for other tiles."""
        return sum(part.size for parts in self._waiting.values() for part in parts.values())

    def places(self, box: Box) -> Iterator[Box]:
        """Where the pieces lie that a tile has a part in."""
        return (self._box(cell) for cell in self._cells(box))

    def add(self, box: Box, values: Float32Array) -> list[Piece]:
        """Blend one tile in.

        Args:
            box: One of the tiles, each of which comes once.
            values: h x w float32 of that box.

        Returns:
            What this tile finished; after the last tile the pieces of all calls cover every pixel once. They
            are the same pieces in any order.

        Raises:
            BugError: The tile is none of the blend's, came before, or has another shape than its box.
        """
        if box not in self._boxes or values.shape != (box.height, box.width):
            raise BugError(f"values of shape {values.shape} at {box} do not fit this blend")
        finished = []
        for cell in self._cells(box):
            if cell not in self._tiles or box in self._waiting.get(cell, {}):
                raise BugError(f"{box} came before")
            place = self._box(cell)
            inside = place.shifted(-box.top, -box.left).slices
            parts = self._waiting.setdefault(cell, {})
            parts[box] = self._weight(box, place) * values[inside]
            if len(parts) == len(self._tiles[cell]):
                finished.append((place, self._mean(cell, place)))
        return finished

    def _mean(self, cell: Cell, place: Box) -> Float32Array:
        """The finished values of a cell, which is forgotten."""
        tiles, parts = self._tiles.pop(cell), self._waiting.pop(cell)
        total: Float32Array = np.zeros((place.height, place.width), np.float32)
        weight: Float32Array = np.zeros_like(total)
        for box in tiles:
            total += parts[box]
            weight += self._weight(box, place)
        return total / weight

    def _cells(self, box: Box) -> Iterator[Cell]:
        rows = range(bisect_left(self._rows, box.top), bisect_left(self._rows, box.bottom))
        columns = range(bisect_left(self._columns, box.left), bisect_left(self._columns, box.right))
        return ((row, column) for row in rows for column in columns)

    def _box(self, cell: Cell) -> Box:
        row, column = cell
        rows, columns = self._rows, self._columns
        return Box(rows[row], columns[column], rows[row + 1], columns[column + 1])

    def _weight(self, box: Box, place: Box) -> Float32Array:
        """Weights of a tile at a part of it."""
        rows, columns = place.shifted(-box.top, -box.left).slices
        down = self._ramp(box.top, box.bottom, self.height)[rows]
        return down[:, None] * self._ramp(box.left, box.right, self.width)[None, columns]

    def _ramp(self, start: int, stop: int, length_px: int) -> Float32Array:
        """Weights in (0, 1] along one axis of a tile."""
        weight = np.ones(stop - start, np.float32)
        position = np.arange(1, stop - start + 1, dtype=np.float32) / (self._overlap_px + 1)
        if start > 0:
            weight = np.minimum(weight, position)
        if stop < length_px:
            weight = np.minimum(weight, position[::-1])
        return weight
