"""Maps of a photo that are read by boxes, because all of one may not fit in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.geometry import Box


class TiledMap(Protocol):
    """H x W uint8 in square tiles of ``correction.TILE_PX``; what no tile says is zero."""

    height: int
    width: int

    def read(self, box: Box) -> UInt8Array:
        """Values of a box inside the map; h x w uint8, not to be written to.

        Raises:
            StoreError: It is kept on the disk, and is missing or damaged there.
        """
        ...

    def tiles(self) -> Iterator[tuple[tuple[int, int], UInt8Array]]:
        """(row, column) and values of every tile that has any but zeros, in reading order."""
        ...


class SeenMap(TiledMap, Protocol):
    """A probability * 255 that can be looked at from any distance; may be asked from any thread."""

    @property
    def nbytes(self) -> int:
        """Memory that it holds now."""
        ...

    def block(self, level: int, cells: Box) -> UInt8Array:
        """The highest value of each of these cells, of 2^level pixels a side; as :meth:`read`."""
        ...

    def doubt_block(self, level: int, cells: Box) -> UInt8Array:
        """How near to one half the most doubtful pixel of each cell is: min(value, 255 - value), 0 to 127."""
        ...

    def knows(self, box: Box) -> bool:
        """Whether anything was predicted in a box."""
        ...

    def missing(self, box: Box) -> BoolArray:
        """Pixels of a box inside the map that were not predicted yet, h x w bool."""
        ...


def uncovered(box: Box, parts: Iterable[Box]) -> BoolArray:
    """Pixels of a box that lie in none of the parts, h x w bool."""
    missing = np.ones((box.height, box.width), np.bool_)
    for part in parts:
        inside = part.intersection(box)
        if not inside.empty:
            missing[inside.shifted(-box.top, -box.left).slices] = False
    return missing
