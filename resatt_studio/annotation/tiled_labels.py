"""Labels of one photo in sparse square tiles, so that a few strokes on a huge photo cost a few tiles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import TILE_PX, Label
from resatt_studio.records.geometry import Box

TileIndex = tuple[int, int]


class TiledLabels:
    """H x W uint8 of :class:`Label` values; a tile nobody painted takes no memory and reads as unsaid.

    Tiles are ``TILE_PX`` squares; the last row and column of tiles are as small as the photo leaves them.

    Args:
        height, width: Size of the photo in pixels, at least 1 x 1.
    """

    def __init__(self, height: int, width: int) -> None:
        if height < 1 or width < 1:
            raise BugError(f"labels of a photo of {height} x {width} pixels")
        self.height = height
        self.width = width
        self._tiles: dict[TileIndex, UInt8Array] = {}

    @property
    def box(self) -> Box:
        """The whole photo."""
        return Box(0, 0, self.height, self.width)

    @property
    def nbytes(self) -> int:
        """Memory that the tiles hold."""
        return sum(tile.nbytes for tile in self._tiles.values())

    def tile_box(self, row: int, column: int) -> Box:
        """Pixels of the photo that a tile holds."""
        top, left = row * TILE_PX, column * TILE_PX
        return Box(top, left, top + TILE_PX, left + TILE_PX).clipped(self.height, self.width)

    def tile(self, row: int, column: int) -> UInt8Array:
        """A copy of one tile's labels, h x w uint8."""
        box = self.tile_box(row, column)
        stored = self._tiles.get((row, column))
        return np.zeros((box.height, box.width), np.uint8) if stored is None else stored.copy()

    def put_tile(self, row: int, column: int, labels: UInt8Array) -> None:
        """Replace one tile by a copy of ``labels``.

        Raises:
            BugError: ``labels`` has not the tile's size.
        """
        box = self.tile_box(row, column)
        if box.empty or labels.shape != (box.height, box.width):
            raise BugError(f"tile ({row}, {column}) does not take labels of shape {labels.shape}")
        self._tiles[(row, column)] = np.array(labels, np.uint8, order="C")

    def read(self, box: Box) -> UInt8Array:
        """Labels of ``box``, which must lie inside the photo; a new h x w uint8 array."""
        self._check_inside(box)
        labels = np.zeros((box.height, box.width), np.uint8)
        for index in box.cells(TILE_PX):
            stored = self._tiles.get(index)
            if stored is not None:
                tile_box = self.tile_box(*index)
                part = tile_box.intersection(box)
                labels[part.shifted(-box.top, -box.left).slices] = stored[
                    part.shifted(-tile_box.top, -tile_box.left).slices
                ]
        return labels

    def write(self, box: Box, labels: UInt8Array, mask: BoolArray | None = None) -> None:
        """Set the labels of ``box`` to ``labels`` (h x w uint8), only where ``mask`` if one is given."""
        self._check_inside(box)
        for index in box.cells(TILE_PX):
            tile_box = self.tile_box(*index)
            part = tile_box.intersection(box)
            inside = part.shifted(-box.top, -box.left).slices
            chosen: BoolArray | bool = True if mask is None else mask[inside]
            if index in self._tiles or (np.any(chosen) and np.any(labels[inside])):
                view = self._writable(index)[part.shifted(-tile_box.top, -tile_box.left).slices]
                np.copyto(view, labels[inside], where=chosen)

    def paint(self, box: Box, mask: BoolArray, label: Label) -> None:
        """Set the masked pixels of ``box`` to one label; ``mask`` is h x w bool."""
        self._check_inside(box)
        for index in box.cells(TILE_PX):
            if label is Label.UNSAID and index not in self._tiles:
                continue
            tile_box = self.tile_box(*index)
            part = tile_box.intersection(box)
            chosen = mask[part.shifted(-box.top, -box.left).slices]
            if chosen.any():
                view = self._writable(index)[part.shifted(-tile_box.top, -tile_box.left).slices]
                np.copyto(view, np.uint8(label), where=chosen)

    def tiles(self) -> Iterator[tuple[TileIndex, UInt8Array]]:
        """Every tile that says something, in reading order, as a copy."""
        for index in sorted(self._tiles):
            if self._tiles[index].any():
                yield index, self._tiles[index].copy()

    def to_array(self) -> UInt8Array:
        """All labels as one H x W uint8 array."""
        return self.read(self.box)

    def counts(self) -> dict[Label, int]:
        """Number of pixels of each label over the whole photo."""
        found = np.zeros(len(Label), np.int64)
        for stored in self._tiles.values():
            found += np.bincount(stored.ravel(), minlength=len(Label))
        crack, not_crack = int(found[Label.CRACK]), int(found[Label.NOT_CRACK])
        unsaid = self.height * self.width - crack - not_crack
        return {Label.UNSAID: unsaid, Label.CRACK: crack, Label.NOT_CRACK: not_crack}

    def _writable(self, index: TileIndex) -> UInt8Array:
        stored = self._tiles.get(index)
        if stored is None:
            box = self.tile_box(*index)
            stored = self._tiles[index] = np.zeros((box.height, box.width), np.uint8)
        return stored

    def _check_inside(self, box: Box) -> None:
        if box.clipped(self.height, self.width) != box and not box.empty:
            raise BugError(f"{box} reaches outside a photo of {self.height} x {self.width} pixels")
