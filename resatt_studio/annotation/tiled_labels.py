"""Labels of one photo in sparse square tiles, so that a few strokes on a huge photo cost a few tiles.

A tile that says the same everywhere is one byte, seen through strides of zero; a tile that was handed out is
never written again, what changes is a copy. So an area as large as the photo costs its tiles, not its pixels,
and undo, the journal and the labels share what none of them changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import TILE_PX, Label
from resatt_studio.records.geometry import Box

TileIndex = tuple[int, int]
Slices = tuple[slice, slice]


def uniform(label: int, height: int, width: int) -> UInt8Array:
    """h x w labels that are all the same, read-only, in one byte."""
    return np.broadcast_to(np.uint8(label), (height, width))


def is_uniform(labels: UInt8Array) -> bool:
    """Whether these labels are a part of :func:`uniform` ones."""
    return labels.strides == (0, 0)


def held_bytes(labels: UInt8Array) -> int:
    """Memory that labels take."""
    return 1 if is_uniform(labels) else labels.nbytes


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
        return sum(held_bytes(tile) for tile in self._tiles.values())

    def tile_box(self, row: int, column: int) -> Box:
        """Pixels of the photo that a tile holds."""
        top, left = row * TILE_PX, column * TILE_PX
        return Box(top, left, top + TILE_PX, left + TILE_PX).clipped(self.height, self.width)

    def tile(self, row: int, column: int) -> UInt8Array:
        """One tile's labels as they are now, h x w uint8, read-only; what is said later leaves them alone."""
        stored = self._tiles.get((row, column))
        if stored is None:
            box = self.tile_box(row, column)
            return uniform(Label.UNSAID, box.height, box.width)
        stored.flags.writeable = False
        return stored

    def fill_tile(self, row: int, column: int, label: int) -> None:
        """Say the same on all of one tile."""
        if label == Label.UNSAID:
            self._tiles.pop((row, column), None)
        else:
            box = self.tile_box(row, column)
            self._tiles[(row, column)] = uniform(label, box.height, box.width)

    def same(self, box: Box) -> int | None:
        """What all of a box says, as far as that is known without looking at pixels; else None."""
        said: int | None = None
        for index in box.cells(TILE_PX):
            stored = self._tiles.get(index)
            if stored is not None and not is_uniform(stored):
                return None
            label = int(Label.UNSAID) if stored is None else int(stored[0, 0])
            if said not in (None, label):
                return None
            said = label
        return said

    def put_tile(self, row: int, column: int, labels: UInt8Array) -> None:
        """Replace one tile by a copy of ``labels``, or by uniform ones as they are.

        Raises:
            BugError: ``labels`` has not the tile's size.
        """
        box = self.tile_box(row, column)
        if box.empty or labels.shape != (box.height, box.width):
            raise BugError(f"tile ({row}, {column}) does not take labels of shape {labels.shape}")
        self._tiles[(row, column)] = labels if is_uniform(labels) else np.array(labels, np.uint8, order="C")

    def read(self, box: Box) -> UInt8Array:
        """Labels of ``box``, which must lie inside the photo; a new h x w uint8 array."""
        self._check_inside(box)
        labels = np.zeros((box.height, box.width), np.uint8)
        for index, inside, of_tile in _parts(box):
            stored = self._tiles.get(index)
            if stored is not None:
                labels[inside] = stored[of_tile]
        return labels

    def write(self, box: Box, labels: UInt8Array, mask: BoolArray | None = None) -> None:
        """Set the labels of ``box`` to ``labels`` (h x w uint8), only where ``mask`` if one is given."""
        self._check_inside(box)
        for index, inside, of_tile in _parts(box):
            said = labels[inside]
            if mask is None and is_uniform(labels) and self._fills(index, said):
                self.fill_tile(*index, int(labels[0, 0]))
                continue
            chosen: BoolArray | bool = True if mask is None else mask[inside]
            if index in self._tiles or (np.any(chosen) and np.any(said)):
                np.copyto(self._writable(index)[of_tile], said, where=chosen)

    def paint(self, box: Box, mask: BoolArray, label: Label) -> None:
        """Set the masked pixels of ``box`` to one label; ``mask`` is h x w bool."""
        self._check_inside(box)
        for index, inside, of_tile in _parts(box):
            stored = self._tiles.get(index)
            if stored is None and label is Label.UNSAID:
                continue
            if stored is not None and is_uniform(stored) and stored[0, 0] == label:
                continue
            chosen = mask[inside]
            if not chosen.any():
                continue
            if self._fills(index, chosen) and chosen.all():
                self.fill_tile(*index, label)
            else:
                np.copyto(self._writable(index)[of_tile], np.uint8(label), where=chosen)

    def tiles(self) -> Iterator[tuple[TileIndex, UInt8Array]]:
        """Every tile that says something, in reading order, as :meth:`tile` gives it."""
        for index in sorted(self._tiles):
            if self._tiles[index].any():
                yield index, self.tile(*index)

    def to_array(self) -> UInt8Array:
        """All labels as one H x W uint8 array."""
        return self.read(self.box)

    def counts(self) -> dict[Label, int]:
        """Number of pixels of each label over the whole photo."""
        found = np.zeros(len(Label), np.int64)
        for stored in self._tiles.values():
            if is_uniform(stored):
                found[stored[0, 0]] += stored.size
            else:
                found += np.bincount(stored.ravel(), minlength=len(Label))
        crack, not_crack = int(found[Label.CRACK]), int(found[Label.NOT_CRACK])
        unsaid = self.height * self.width - crack - not_crack
        return {Label.UNSAID: unsaid, Label.CRACK: crack, Label.NOT_CRACK: not_crack}

    def _fills(self, index: TileIndex, part: BoolArray | UInt8Array) -> bool:
        """Whether a part of a tile is as large as all of it."""
        row, column = index
        height, width = min(TILE_PX, self.height - row * TILE_PX), min(TILE_PX, self.width - column * TILE_PX)
        return part.shape == (height, width)

    def _writable(self, index: TileIndex) -> UInt8Array:
        stored = self._tiles.get(index)
        if stored is None:
            box = self.tile_box(*index)
            stored = self._tiles[index] = np.zeros((box.height, box.width), np.uint8)
        elif not stored.flags.writeable:  # it was handed out, or is one byte
            stored = self._tiles[index] = stored.copy()
        return stored

    def _check_inside(self, box: Box) -> None:
        inside = box.top >= 0 and box.left >= 0 and box.bottom <= self.height and box.right <= self.width
        if not inside and not box.empty:
            raise BugError(f"{box} reaches outside a photo of {self.height} x {self.width} pixels")


def _parts(box: Box) -> Iterator[tuple[TileIndex, Slices, Slices]]:
    """Tiles that a box touches, and the part that lies in both: in pixels of the box, in pixels of the tile.

    Every move of a brush asks for them several times, so they are told in plain numbers.
    """
    if box.empty:
        return
    top, left, bottom, right = box.top, box.left, box.bottom, box.right
    columns = []
    for column in range(left // TILE_PX, (right - 1) // TILE_PX + 1):
        first, origin = max(left, column * TILE_PX), column * TILE_PX
        last = min(right, origin + TILE_PX)
        columns.append((column, slice(first - left, last - left), slice(first - origin, last - origin)))
    for row in range(top // TILE_PX, (bottom - 1) // TILE_PX + 1):
        first, origin = max(top, row * TILE_PX), row * TILE_PX
        last = min(bottom, origin + TILE_PX)
        inside, of_tile = slice(first - top, last - top), slice(first - origin, last - origin)
        for column, across_inside, across_tile in columns:
            yield (row, column), (inside, across_inside), (of_tile, across_tile)
