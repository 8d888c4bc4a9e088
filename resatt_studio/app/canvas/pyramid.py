"""Photo, prediction and labels at halved sizes, so that a zoomed-out view costs what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.annotation.tiled_labels import TiledLabels, TileIndex
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.errors import StudioError
from resatt_studio.imaging.halving import halve_max
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import TILE_PX
from resatt_studio.records.geometry import Box
from resatt_studio.records.maps import SeenMap, uncovered

Lines: TypeAlias = npt.NDArray[np.intp]
"""A number for each row or column of the view."""

Samples: TypeAlias = npt.NDArray[Any]
"""Pixels as a photo is kept: 8-bit, or samples of 16 bits, grey or RGB."""

ReadBox: TypeAlias = Callable[[Box], Samples]

_Value = TypeVar("_Value", bound=np.generic)

SMALLEST_SIDE_PX = 64
"""Halving ends when a side is this short."""

_MOST_STALE = 64  # boxes that wait to be taken over into smaller sizes

NEAREST_SCALE = 2.0
"""From here on photo pixels are shown as squares."""


def halve_mean(pixels: Samples) -> Samples:
    """Mean of each 2 x 2 block; an odd last row or column is averaged along itself."""
    height, width = pixels.shape[:2]
    padded = pixels
    if height % 2 or width % 2:
        padded = cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    size = (padded.shape[1] // 2, padded.shape[0] // 2)
    return cv2.resize(padded, size, interpolation=cv2.INTER_AREA)


def halved_levels(array: Samples, halve: Callable[[Samples], Samples] = halve_mean) -> list[Samples]:
    """Level 1, 2, 3 ... of ``array``; slow enough on large photos to be called in the background."""
    levels = []
    while min(array.shape[:2]) > SMALLEST_SIDE_PX:
        array = halve(array)
        levels.append(array)
    return levels


def empty_levels(height: int, width: int) -> list[UInt8Array]:
    """As :func:`halved_levels` of a map of zeros, without reading it."""
    levels = []
    while min(height, width) > SMALLEST_SIDE_PX:
        height, width = -(-height // 2), -(-width // 2)
        levels.append(np.zeros((height, width), np.uint8))
    return levels


def halve_again(levels: list[UInt8Array], values: UInt8Array, box: Box) -> None:
    """Take over into levels of highest values what changed in a box of the map.

    Args:
        levels: Level 1, 2, 3 ... of ``values``.
        values: H x W uint8.
        box: Inside the map.
    """
    below = values
    for level in levels:
        box = box.halved()
        level[box.slices] = halve_max(below[box.doubled().slices])
        below = level


def mask_level(scale: float) -> int:
    """Level whose cells are at least one view pixel wide, so that none is skipped."""
    return max(0, math.ceil(math.log2(1.0 / scale) - 1e-9))


def expand(cells: npt.NDArray[_Value], rows: Lines, columns: Lines) -> npt.NDArray[_Value]:
    """``cells`` at every pair of ``rows`` and ``columns`` (indices that may repeat)."""
    if not _are_all(columns, cells.shape[1]):
        cells = np.take(cells, columns, axis=1)
    return cells if _are_all(rows, cells.shape[0]) else np.take(cells, rows, axis=0)


def _are_all(lines: Lines, count: int) -> bool:
    """Whether lines are 0, 1, 2 ... of so many, as at 100 %: looking at them is quicker than taking them."""
    return len(lines) == count and bool((lines == np.arange(count)).all())


def cells_under(view: Viewport, level: int, inside: Box) -> tuple[Box, Lines, Lines]:
    """Cells of a level under a box of view pixels; the cell row and column of each view row and column."""
    rows = view.photo_rows(inside.top, inside.bottom) >> level
    columns = view.photo_columns(inside.left, inside.right) >> level
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1), rows, columns


class PhotoPyramid:
    """Pixels of one photo at halved sizes.

    Args:
        pixels: H x W x 3 uint8 RGB, or samples of 16 bits, H x W (x 3) uint16; None while they are loading.
        preview: The same photo, smaller, or None.
        height, width: Size of the photo.
    """

    def __init__(self, pixels: Samples | None, preview: UInt8Array | None, height: int, width: int) -> None:
        self.pixels = pixels
        self.height = height
        self.width = width
        self.levels: list[Samples] = []
        self._preview = preview

    def sample(self, viewport: Viewport, box: Box) -> Samples | None:
        """The photo in a box of view pixels on it, as its pixels are; None if nothing is known."""
        if self.pixels is not None and viewport.scale >= NEAREST_SCALE:
            rows = viewport.photo_rows(box.top, box.bottom)
            columns = viewport.photo_columns(box.left, box.right)
            part = self.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            return expand(part, rows - rows[0], columns - columns[0])
        source = self._source(viewport.scale)
        if source is None:
            return None
        array, *cell = source
        return smooth(lambda part: array[part.slices], array.shape[:2], (cell[0], cell[1]), viewport, box)

    @property
    def nbytes(self) -> int:
        """Memory that it holds."""
        known = [self._preview, self.pixels, *self.levels]
        return sum(array.nbytes for array in known if array is not None)

    def _source(self, scale: float) -> tuple[Samples, float, float] | None:
        """The smallest array with at least as many pixels as the view shows, and its cells' photo pixels."""
        wanted = max(0, math.floor(math.log2(1.0 / scale) + 1e-9))
        level = min(wanted, len(self.levels))
        preview = self._preview
        if preview is not None and (self.pixels is None or (level < wanted and self._enough(preview, scale))):
            return preview, self.height / preview.shape[0], self.width / preview.shape[1]
        if self.pixels is None:
            return None
        return (self.levels[level - 1] if level else self.pixels), float(1 << level), float(1 << level)

    def _enough(self, preview: UInt8Array, scale: float) -> bool:
        return bool(preview.shape[0] >= scale * self.height)


def smooth(
    read: ReadBox, size: tuple[int, int], cell: tuple[float, float], view: Viewport, box: Box
) -> Samples:
    """Bilinear samples of a picture of the photo at the centres of the view pixels of ``box``.

    Args:
        read: Gives a part of the picture.
        size: (h, w) of the picture.
        cell: (rows, columns) of photo pixels per pixel of the picture.
        view: Where the photo lies.
        box: View pixels, on the photo.
    """
    cell_rows, cell_columns = cell
    step_row, step_column = 1 / (view.scale * cell_rows), 1 / (view.scale * cell_columns)
    first_row = (box.top - view.top + 0.5) * step_row - 0.5
    first_column = (box.left - view.left + 0.5) * step_column - 0.5
    # Only the part that is seen goes in: the warp refuses sides above 32767 pixels.
    top = min(max(0, math.floor(first_row) - 1), size[0] - 1)
    left = min(max(0, math.floor(first_column) - 1), size[1] - 1)
    bottom = math.ceil(first_row + box.height * step_row) + 2
    right = math.ceil(first_column + box.width * step_column) + 2
    part = read(Box(top, left, bottom, right).clipped(*size))
    first = (first_row - top, first_column - left)
    return warped(part, (step_row, step_column), first, (box.height, box.width))


def warped(
    part: Samples, step: tuple[float, float], first: tuple[float, float], size: tuple[int, int]
) -> Samples:
    """Bilinear samples of a picture on an even grid; beyond its border its last pixels go on.

    Args:
        part: At most 32,767 pixels a side.
        step: (rows, columns) of ``part`` from one sample to the next.
        first: (row, column) of the first sample in ``part``, where pixel 0 has its centre at 0.
        size: (h, w) samples.
    """
    matrix = np.array([[step[1], 0, first[1]], [0, step[0], first[0]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(part, matrix, size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)


class MaxPyramid:
    """A map of one photo, uint8, of which the highest value of a cell is shown.

    Args:
        values: H x W uint8.
    """

    def __init__(self, values: UInt8Array) -> None:
        self.values = values
        self.levels: list[UInt8Array] = []
        self._known: KnownBoxes | None = None  # all of it

    @property
    def nbytes(self) -> int:
        """Memory that it holds."""
        return self.values.nbytes + sum(level.nbytes for level in self.levels)

    @classmethod
    def growing(cls, height: int, width: int) -> MaxPyramid:
        """A map of zeros, to be filled with :meth:`put`; its levels are there at once."""
        pyramid = cls(np.zeros((height, width), np.uint8))
        pyramid.levels = empty_levels(height, width)
        pyramid._known = KnownBoxes()
        return pyramid

    def put(self, box: Box, values: UInt8Array) -> None:
        """Write h x w values into a box of a growing map."""
        if self._known is not None:
            self._known.add(box)
        self.values[box.slices] = values
        halve_again(self.levels, self.values, box)

    def knows(self, box: Box) -> bool:
        """Whether anything was ever written into a box of the map, be it zeros."""
        return self._known is None or self._known.any_in(box)

    def missing(self, box: Box) -> BoolArray:
        """What of a box inside the map was not written yet, h x w bool."""
        if self._known is None:
            return np.zeros((box.height, box.width), np.bool_)
        return self._known.missing(box)

    def block(self, level: int, cells: Box) -> UInt8Array:
        """Cells of a level; before the levels are there, one value of each cell stands for all."""
        if level == 0:
            return self.values[cells.slices]
        if level <= len(self.levels):
            return self.levels[level - 1][cells.slices]
        known = self.levels[-1] if self.levels else self.values
        step = 1 << (level - len(self.levels))
        part = known[cells.top * step : cells.bottom * step, cells.left * step : cells.right * step]
        if min(known.shape) > SMALLEST_SIDE_PX:  # the levels are not there yet
            return np.ascontiguousarray(part[::step, ::step])
        for _ in range(level - len(self.levels)):  # of a long narrow photo that is seen from far away
            part = halve_max(part)
        return part


class SparsePyramid:
    """A sparse map of which the highest value of a cell is shown.

    Levels are as sparse as the map: a few strokes on a gigapixel cost a few tiles at every level. What
    changed in the map is taken over when a level is looked at: at 100 % none is, and a stroke costs none.

    Args:
        labels: The map; read again wherever :meth:`refresh` says so.
        ranks: What is shown for each of its values.
    """

    def __init__(self, labels: TiledLabels, ranks: UInt8Array) -> None:
        self._labels = labels
        # None where each value is its own rank; OpenCV wants a table of all 256.
        self._ranks = None if (ranks == np.arange(len(ranks))).all() else np.resize(ranks, 256)
        self._levels: list[TiledLabels] = []
        self._stale: list[Box] = []

    @property
    def nbytes(self) -> int:
        """Memory that the levels hold; the map itself is somebody else's."""
        return sum(level.nbytes for level in self._levels)

    def block(self, level: int, cells: Box) -> UInt8Array:
        """h x w uint8 ranks of the cells of a level."""
        if level == 0:
            return self._ranked(self._labels.read(cells))
        self.catch_up()
        while len(self._levels) < level:
            self._levels.append(self._halve_whole())
        return self._levels[level - 1].read(cells)

    def refresh(self, box: Box) -> None:
        """Something changed in a box of photo pixels."""
        box = box.clipped(self._labels.height, self._labels.width)
        if box.empty or not self._levels:
            return
        # The boxes of a stroke overlap; one around two of them is kept where it is no more work than both.
        if self._stale:
            both = self._stale[-1].union(box)
            if _area(both) <= _area(self._stale[-1]) + _area(box):
                self._stale[-1] = both
                return
        self._stale.append(box)
        if len(self._stale) > _MOST_STALE:
            whole = {index for stale in self._stale for index in stale.cells(TILE_PX)}
            self._stale = [self._labels.tile_box(*index) for index in sorted(whole)]
            if len(self._stale) > _MOST_STALE // 2:
                self.catch_up()

    def catch_up(self) -> None:
        """Take over into all levels what changed since the last time."""
        stale, self._stale = self._stale, []
        for box in stale:
            for depth, level in enumerate(self._levels):
                box = box.halved()
                self._take_over(depth, level, box)

    def _ranked(self, values: UInt8Array) -> UInt8Array:
        return values if self._ranks is None else np.asarray(cv2.LUT(values, self._ranks), np.uint8)

    def _take_over(self, depth: int, level: TiledLabels, box: Box) -> None:
        """Bring a box of cells of a level up to date; where whole tiles of the one below are the same all
        over, their pixels are not looked at."""
        if min(box.height, box.width) < TILE_PX:
            level.write(box, halve_max(self._below(depth, box)))
            return
        for index in box.cells(TILE_PX):
            cells = level.tile_box(*index)
            same = self._same_below(depth, cells)
            if same is not None:
                level.fill_tile(*index, same)
            else:
                part = cells.intersection(box)
                level.write(part, halve_max(self._below(depth, part)))

    def _same_below(self, depth: int, cells: Box) -> int | None:
        """The rank of everything under cells of a level, as far as it is known to be one."""
        below = self._levels[depth - 1] if depth else self._labels
        same = below.same(cells.doubled().clipped(below.height, below.width))
        return same if same is None or depth or self._ranks is None else int(self._ranks[same])

    def _below(self, depth: int, cells: Box) -> UInt8Array:
        """Ranks of the level below, under cells of the level of this depth (0 for level 1)."""
        finer = cells.doubled()
        if depth == 0:
            return self._ranked(self._labels.read(finer.clipped(self._labels.height, self._labels.width)))
        below = self._levels[depth - 1]
        return below.read(finer.clipped(below.height, below.width))

    def _halve_whole(self) -> TiledLabels:
        depth = len(self._levels)
        below = self._levels[-1] if self._levels else self._labels
        level = TiledLabels(-(-below.height // 2), -(-below.width // 2))
        for row, column in {(row // 2, column // 2) for (row, column), _ in below.tiles()}:
            self._take_over(depth, level, level.tile_box(row, column))
        return level


def _area(box: Box) -> int:
    return box.height * box.width


class KeptMap:
    """A prediction of a huge photo that is kept on the disk, or grows there: read where it is seen.

    A part that is damaged is shown as zeros and told once.

    Args:
        seen: The map.
        failed: Told of the error.
        doubt: Show how near to one half the most doubtful pixel of a cell is, 0 to 127, and not the highest
            probability.
    """

    def __init__(self, seen: SeenMap, failed: Callable[[StudioError], None], doubt: bool = False) -> None:
        self.seen = seen
        self._failed = failed
        self._told = False
        self._read = seen.doubt_block if doubt else seen.block

    @property
    def nbytes(self) -> int:
        """Memory of the tiles that are in it now."""
        return self.seen.nbytes

    def block(self, level: int, cells: Box) -> UInt8Array:
        """h x w uint8 values of the cells of a level."""
        try:
            return self._read(level, cells)
        except StudioError as error:
            if not self._told:
                self._told = True
                self._failed(error)
            return np.zeros((cells.height, cells.width), np.uint8)

    def knows(self, box: Box) -> bool:
        """Whether anything was predicted in a box of the photo."""
        return self.seen.knows(box)

    def missing(self, box: Box) -> BoolArray:
        """What of a box inside the photo is not predicted yet, h x w bool."""
        return self.seen.missing(box)


class UncertaintyOf:
    """Uncertainty of a :class:`KeptMap`, made where it is seen.

    Args:
        seen, failed: As of a :class:`KeptMap`.
        table: Uncertainty by probability * 255; it rises to the middle and falls evenly.
    """

    def __init__(self, seen: SeenMap, failed: Callable[[StudioError], None], table: UInt8Array) -> None:
        self._doubt = KeptMap(seen, failed, doubt=True)
        self._table = table
        self.nbytes = 0  # its tiles count with the probability's

    def block(self, level: int, cells: Box) -> UInt8Array:
        """h x w uint8 values of the cells of a level."""
        return np.take(self._table, self._doubt.block(level, cells))


class LabelPyramid(SparsePyramid):
    """Labels by rank: 0 unsaid, 1 not crack, 2 crack; a cell shows the highest rank in it.

    Args:
        labels: Of the document.
    """

    RANKS = np.array([0, 2, 1], np.uint8)

    def __init__(self, labels: TiledLabels) -> None:
        super().__init__(labels, self.RANKS)


class KnownBoxes:
    """The parts of a growing map that are there already, found by the tiles that they touch."""

    def __init__(self) -> None:
        self._boxes: dict[TileIndex, set[Box]] = {}

    def add(self, box: Box) -> None:
        """This part is there now."""
        for tile in box.cells(TILE_PX):
            self._boxes.setdefault(tile, set()).add(box)

    def any_in(self, box: Box) -> bool:
        """Whether anything of a box is there."""
        return any(not box.intersection(known).empty for known in self._near(box))

    def missing(self, box: Box) -> BoolArray:
        """What of a box is not there yet, h x w bool."""
        return uncovered(box, self._near(box))

    def _near(self, box: Box) -> set[Box]:
        return {known for tile in box.cells(TILE_PX) for known in self._boxes.get(tile, ())}


class SparseMap(SparsePyramid):
    """A map of a huge photo that grows where somebody looked, uint8; 0 elsewhere.

    Args:
        height, width: Size of the photo.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__(TiledLabels(height, width), np.arange(256, dtype=np.uint8))
        self._known = KnownBoxes()

    def knows(self, box: Box) -> bool:
        """Whether anything was ever written into a box of the map, be it zeros."""
        return self._known.any_in(box)

    def missing(self, box: Box) -> BoolArray:
        """What of a box inside the map was not written yet, h x w bool."""
        return self._known.missing(box)

    @property
    def nbytes(self) -> int:
        """Memory that it holds."""
        return super().nbytes + self._labels.nbytes

    def put(self, box: Box, values: UInt8Array) -> None:
        """Write h x w values into a box of the map."""
        self._known.add(box)
        self._labels.write(box, values)
        self.refresh(box)
