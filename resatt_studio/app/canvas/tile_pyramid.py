"""A huge photo at halved sizes, tile by tile: what is seen is read, the rest is not; without Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from resatt_studio.app.canvas.pyramid import NEAREST_SCALE, Samples, expand, halve_mean, smooth, warped
from resatt_studio.app.canvas.tile_memory import TileMemory
from resatt_studio.app.canvas.tone import shown
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.imaging.depth import NEUTRAL, neutral_sample, window_table
from resatt_studio.imaging.pyramid_cache import PyramidCache, TileKey, visit_id
from resatt_studio.imaging.tiled_tiff import TiledTiff
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box

_Strip: TypeAlias = tuple[Samples, bool]
"""A row of tiles as one picture, and whether it may be kept beyond this visit."""

TILE_PX = 512
_READ_LEVELS = 2
"""So many levels above one that the file holds are made of it when they are looked at; the levels above those
are built once, row by row, and kept on the disk."""
_PIECE_PX = 2_000_000
_PIECE_ROWS = 256
_COARSE_PX = 16_000_000
"""Levels of at most so many pixels stay in memory as they are built."""
_OVERVIEW_SIDE_PX = 1600


class TilePyramid:
    """What is known of one photo that is shown by tiles.

    The window asks for samples and for what is missing; another thread loads tiles and builds levels. What it
    builds lasts beyond :meth:`close` from :meth:`trust` on, but for tiles that show damaged parts: these are
    read again at the next visit, so that a read that went wrong once is not shown for ever.

    Args:
        photo: The open file.
        photo_id: Under which the cache keeps tiles.
        memory: Where its tiles are kept until :meth:`close`.
        cache: Tiles on the disk.

    Attributes:
        window: Of a photo of 16-bit samples, which its tiles then keep: those that are 0 and 255 in the 8-bit
            pixels that networks and tools read. None for a photo of 8 bits.
    """

    pixels = None

    def __init__(self, photo: TiledTiff, photo_id: str, memory: TileMemory, cache: PyramidCache) -> None:
        self.photo = photo
        self.photo_id = photo_id
        self.memory = memory
        self.height, self.width = photo.height, photo.width
        self.window = photo.deep_window
        self._grey = photo.grey
        self._table = None if self.window is None else window_table(self.window)
        self._sketch: UInt8Array | None = None
        self._sketch_samples: Samples | None = None
        self.top = next(level for level in range(64) if max(photo.size(level)) <= TILE_PX)
        self._cache = cache
        self._trusted = False
        self._visit_id = visit_id(photo_id)
        cache.drop(self._visit_id)  # of a visit that was killed
        cache.touch(photo_id)
        self._kept = cache.keys(photo_id)
        self._passing: dict[TileKey, bool] = {}
        """Tiles that are kept for this visit, and whether they may last."""

    def trust(self) -> None:
        """The file is the photo it is said to be: keep what was built of it; on the thread that builds."""
        self._trusted = True
        lasting = [key for key, lasts in self._passing.items() if lasts]
        self._cache.move(self._visit_id, self.photo_id, lasting)
        for key in lasting:
            del self._passing[key]

    def close(self) -> None:
        """Let go of file and memory; on the thread that builds, or when it has ended."""
        self.photo.close()
        self.memory.forget(self.photo_id)
        self._cache.drop(self._visit_id)

    @property
    def sketch(self) -> UInt8Array | None:
        """The whole photo at a small size, shown where no tile is; h x w x 3 uint8, or None."""
        return self._sketch

    @sketch.setter
    def sketch(self, sketch: UInt8Array | None) -> None:
        self._sketch = self._sketch_samples = sketch
        if sketch is not None and self.window is not None:
            low, high = self.window
            levels = np.arange(256) / 255 * (high - low) + low
            self._sketch_samples = np.take(
                np.rint(levels).astype(np.uint16), sketch[:, :, 0] if self._grey else sketch
            )

    @property
    def nbytes(self) -> int:
        """Memory that it holds beside the tiles."""
        held = {
            id(array): array.nbytes for array in (self._sketch, self._sketch_samples) if array is not None
        }
        return sum(held.values())

    # -- what is seen --

    def sample(self, viewport: Viewport, box: Box) -> Samples:
        """The photo in a box of view pixels on it, as good as it is known now: h x w x 3 uint8 RGB, or
        samples of 16 bits, h x w (x 3) uint16."""
        if viewport.scale >= NEAREST_SCALE:
            rows = viewport.photo_rows(box.top, box.bottom)
            columns = viewport.photo_columns(box.left, box.right)
            cells = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
            return expand(self._assembled(0, cells), rows - rows[0], columns - columns[0])
        level = self._level(viewport.scale)
        cell = float(1 << level)
        size = self.photo.size(level)
        return smooth(lambda part: self._assembled(level, part), size, (cell, cell), viewport, box)

    def wanted(self, viewport: Viewport) -> list[TileKey]:
        """Tiles that would make the view better and can be had, the middle of the view first."""
        level = self._level(viewport.scale)
        cells = viewport.visible.halved(level)
        inside = cells.expanded(1).clipped(*self.photo.size(level))
        middle = ((cells.top + cells.bottom) / 2 / TILE_PX, (cells.left + cells.right) / 2 / TILE_PX)
        keys = [TileKey(level, row, column) for row, column in inside.cells(TILE_PX)]
        missing = [key for key in keys if (self.photo_id, key) not in self.memory and self.reachable(key)]
        return sorted(missing, key=lambda key: math.dist((key.row + 0.5, key.column + 0.5), middle))

    def pixels_in(self, box: Box) -> UInt8Array | None:
        """The photo's own pixels in a box inside it, h x w x 3 uint8; None unless all their tiles are in
        memory."""
        return None if self.missing(box) else shown(self._assembled(0, box), None, self._table)

    def missing(self, box: Box) -> list[TileKey]:
        """Tiles of the photo's own pixels in a box inside it that are not in memory."""
        keys = (TileKey(0, row, column) for row, column in box.cells(TILE_PX))
        return [key for key in keys if (self.photo_id, key) not in self.memory]

    def reachable(self, key: TileKey) -> bool:
        """Whether a tile can be had by reading little."""
        return key in self._kept or self._near(key.level) or self._source_px(key) <= (TILE_PX * 4) ** 2

    def cells(self, key: TileKey) -> Box:
        """Cells of its level that a tile holds."""
        top, left = key.row * TILE_PX, key.column * TILE_PX
        return Box(top, left, top + TILE_PX, left + TILE_PX).clipped(*self.photo.size(key.level))

    def box(self, key: TileKey) -> Box:
        """Photo pixels that a tile shows."""
        return self.cells(key).doubled(key.level).clipped(self.height, self.width)

    def overview(self) -> UInt8Array | None:
        """The whole photo from the cache, at most 1600 pixels a side; None when it was never built, or needs
        no building."""
        if not self._levels_to_build:
            return None
        level = next(n for n in self._levels_to_build if max(self.photo.size(n)) <= _OVERVIEW_SIDE_PX)
        size = self.photo.size(level)
        keys = self._all(level)
        if not self._kept.issuperset(keys):
            return None
        for key in keys:
            tile = self._from_cache(key)
            if tile is None:
                return None
            self.memory.put((self.photo_id, key), tile)
        return shown(self._assembled(level, Box(0, 0, *size)), None, self._table)

    # -- loading and building, on another thread --

    def load(self, key: TileKey) -> Box:
        """Bring a tile into memory; returns the photo pixels that look better now.

        Raises:
            PhotoError: The file went away.
        """
        if (self.photo_id, key) not in self.memory:
            self.memory.put((self.photo_id, key), self._made(key))
        return self.box(key)

    @property
    def built(self) -> bool:
        """Whether nothing has to be built: every level is in the file, near one that is, or in the cache."""
        return all(key in self._kept for level in self._levels_to_build for key in self._all(level))

    def building(self) -> Iterator[tuple[int, int, Box]]:
        """Build what the file does not hold, row by row from the top; rows that the cache has are taken from
        there, so what was cut off goes on.

        Yields:
            Rows done, rows in all, and the photo pixels that look better now (often none), at least every
            0.2 s on a machine that reads 10 megapixels a second.

        Raises:
            PhotoError: The file went away.
        """
        if not self._levels_to_build:
            return
        first = self._levels_to_build[0]
        height, _ = self.photo.size(first)
        rows = -(-height // TILE_PX)
        halves: dict[int, _Strip] = {}
        for row in range(rows):
            strip = self._strip_from_cache(first, row)
            if strip is None:
                pieces = []
                for piece in self._pieces(first, row):
                    pieces.append(piece)
                    yield row, rows, Box(0, 0, 0, 0)
                strip = self._joined(first, row, pieces)
            for _ in self._stack(first, row, (strip, self._lasts(first, row)), halves):
                yield row, rows, Box(0, 0, 0, 0)
            top = row * TILE_PX << first
            bottom = min(self.height, (row + 1) * TILE_PX << first)
            yield row + 1, rows, Box(top, 0, bottom, self.width)
        self._cache.tidy(self.photo_id)

    # -- inside --

    def _level(self, scale: float) -> int:
        return min(self.top, max(0, math.floor(math.log2(1.0 / scale) + 1e-9)))

    @property
    def _levels_to_build(self) -> range:
        coarsest = self.photo.levels[-1]
        height, width = self.photo.size(coarsest)
        near = max(height, width) <= TILE_PX << _READ_LEVELS
        return range(0) if near else range(coarsest + _READ_LEVELS, self.top + 1)

    def _native(self, level: int) -> int:
        """The level that the file holds, this one or the nearest below."""
        return max(own for own in self.photo.levels if own <= level)

    def _near(self, level: int) -> bool:
        return level - self._native(level) <= _READ_LEVELS

    def _source_px(self, key: TileKey) -> int:
        source = self._source_box(key)
        return source.height * source.width

    def _source_box(self, key: TileKey) -> Box:
        """What a tile is made of, in the nearest level that the file holds."""
        native = self._native(key.level)
        return self.cells(key).doubled(key.level - native).clipped(*self.photo.size(native))

    def _all(self, level: int) -> list[TileKey]:
        rows = -(-self.photo.size(level)[0] // TILE_PX)
        return [key for row in range(rows) for key in self._row(level, row)]

    def _row(self, level: int, row: int) -> list[TileKey]:
        columns = -(-self.photo.size(level)[1] // TILE_PX)
        return [TileKey(level, row, column) for column in range(columns)]

    def _made(self, key: TileKey) -> Samples:
        native = self._native(key.level)
        if key.level > native:
            kept = self.memory.get((self.photo_id, key))
            if kept is None:
                kept = self._from_cache(key)
            if kept is not None:
                return kept
            if not self.reachable(key):  # broken in the cache: made anew of the four below
                made = self._from_quarters(key)
                self._keep(key, made, lasts=not self.photo.damaged_in(native, self._source_box(key)))
                return made
        pixels = self._read(native, self._source_box(key))
        for _ in range(key.level - native):
            pixels = halve_mean(pixels)
        return pixels

    def _read(self, level: int, box: Box) -> Samples:
        """A part of a level that the file holds, as tiles keep it."""
        return self.photo.read(level, box) if self.window is None else self.photo.read_samples(level, box)

    def _blank(self, cells: Box) -> Samples:
        """Neutral grey for a box of cells."""
        if self.window is None:
            return np.full((cells.height, cells.width, 3), NEUTRAL, np.uint8)
        shape = (cells.height, cells.width) if self._grey else (cells.height, cells.width, 3)
        return np.full(shape, round(neutral_sample(self.window)), np.uint16)

    def _from_quarters(self, key: TileKey) -> Samples:
        below = key.level - 1
        finer = self.cells(key).doubled().clipped(*self.photo.size(below))
        whole = self._blank(finer)
        for row, column in finer.cells(TILE_PX):
            quarter = TileKey(below, row, column)
            place = self.cells(quarter).shifted(-finer.top, -finer.left)
            whole[place.slices] = self._made(quarter)
        return halve_mean(whole)

    def _from_cache(self, key: TileKey) -> Samples | None:
        if key not in self._kept:
            return None
        tile = self._cache.get(self._visit_id if key in self._passing else self.photo_id, key)
        cells = self.cells(key)
        blank = self._blank(cells)
        if tile is None or (tile.shape, tile.dtype) != (blank.shape, blank.dtype):
            self._kept.discard(key)
            return None
        return tile

    def _keep(self, key: TileKey, tile: Samples, lasts: bool) -> None:
        at_once = lasts and self._trusted
        if self._cache.put(self.photo_id if at_once else self._visit_id, key, tile):
            self._kept.add(key)
            if at_once:
                self._passing.pop(key, None)
            else:
                self._passing[key] = lasts

    def _strip_from_cache(self, level: int, row: int) -> Samples | None:
        """One row of tiles of a level as one picture, if the cache has all of it."""
        tiles = []
        for key in self._row(level, row):
            tile = self._from_cache(key)
            if tile is None:
                return None
            tiles.append(tile)
        return np.concatenate(tiles, axis=1)

    def _pieces(self, level: int, row: int) -> Iterator[Samples]:
        """One row of tiles of a level, read from the file in pieces that are small enough to be quick."""
        native = self._native(level)
        more = level - native
        height, width = self.photo.size(native)
        top = row * TILE_PX << more
        bottom = min(height, (row + 1) * TILE_PX << more)
        # Strips are as wide as the photo: reading parts of their width would decode them again and again.
        across = width if self.photo.striped else _PIECE_PX // _PIECE_ROWS
        down = _PIECE_ROWS if not self.photo.striped else max(4, min(_PIECE_ROWS, _PIECE_PX // width) & ~3)
        for piece_top in range(top, bottom, down):
            for left in range(0, width, across & ~3):
                box = Box(piece_top, left, piece_top + down, left + (across & ~3)).clipped(bottom, width)
                pixels = self._read(native, box)
                for _ in range(more):
                    pixels = halve_mean(pixels)
                yield pixels

    def _lasts(self, level: int, row: int) -> bool:
        """Whether a row of tiles, which was read, shows no damaged part."""
        if any(not self._passing.get(key, True) for key in self._row(level, row)):
            return False
        native = self._native(level)
        height, width = self.photo.size(native)
        rows = Box(row * TILE_PX << level - native, 0, (row + 1) * TILE_PX << level - native, width)
        return not self.photo.damaged_in(native, rows.clipped(height, width))

    def _joined(self, level: int, row: int, pieces: list[Samples]) -> Samples:
        """Pieces in reading order as one picture."""
        width = self.photo.size(level)[1]
        bands: list[list[Samples]] = [[]]
        for piece in pieces:
            if sum(part.shape[1] for part in bands[-1]) == width:
                bands.append([])
            bands[-1].append(piece)
        return np.concatenate([np.concatenate(band, axis=1) for band in bands], axis=0)

    def _stack(self, level: int, row: int, made: _Strip, halves: dict[int, _Strip]) -> Iterator[None]:
        """Keep a row of tiles, and whatever it completes in the levels above."""
        strip, lasts = made
        rows = -(-self.photo.size(level)[0] // TILE_PX)
        coarse = math.prod(self.photo.size(level)) <= _COARSE_PX
        for left in range(0, strip.shape[1], TILE_PX):
            key = TileKey(level, row, left // TILE_PX)
            tile = np.ascontiguousarray(strip[:, left : left + TILE_PX])
            if key not in self._kept:
                self._keep(key, tile, lasts)
                yield
            if coarse:
                self.memory.put((self.photo_id, key), tile)
        if level == self.top:
            return
        halved = halve_mean(strip)
        if row % 2:
            above, above_lasts = halves.pop(level)
            halved, lasts = np.concatenate([above, halved], axis=0), above_lasts and lasts
        elif row + 1 < rows:
            halves[level] = halved, lasts
            return
        yield from self._stack(level + 1, row // 2, (halved, lasts), halves)

    def _assembled(self, level: int, cells: Box) -> Samples:
        """A box of cells of a level from what is in memory: tiles, coarser tiles, the sketch."""
        answer = self._blank(cells)
        for row, column in cells.cells(TILE_PX):
            key = TileKey(level, row, column)
            place = self.cells(key)
            part = place.intersection(cells)
            target = answer[part.shifted(-cells.top, -cells.left).slices]
            tile = self.memory.get((self.photo_id, key))
            if tile is not None:
                target[...] = tile[part.shifted(-place.top, -place.left).slices]
            else:
                guess = self._guessed(level, part)
                if guess is not None:
                    target[...] = guess
        return answer

    def _guessed(self, level: int, part: Box) -> Samples | None:
        """Cells of a level that no tile of it shows: enlarged from a coarser tile, or from the sketch."""
        for coarser in range(level + 1, self.top + 1):
            more = coarser - level
            cells = part.halved(more)
            key = TileKey(coarser, cells.top // TILE_PX, cells.left // TILE_PX)
            tile = self.memory.get((self.photo_id, key))
            if tile is not None:
                place = self.cells(key)
                inside = cells.clipped(place.bottom, place.right).shifted(-place.top, -place.left)
                by = float(1 << more)
                return _enlarged(tile[inside.slices], cells, (by, by), part)
        sketch = self._sketch_samples
        if sketch is None:
            return None
        height, width = self.photo.size(level)
        down, across = height / sketch.shape[0], width / sketch.shape[1]
        inside = Box(
            max(0, math.floor(part.top / down) - 1),
            max(0, math.floor(part.left / across) - 1),
            math.ceil(part.bottom / down) + 1,
            math.ceil(part.right / across) + 1,
        ).clipped(*sketch.shape[:2])
        return _enlarged(sketch[inside.slices], inside, (down, across), part)


def _enlarged(pixels: Samples, cells: Box, by: tuple[float, float], part: Box) -> Samples:
    """A part of a finer grid, interpolated from pixels of a coarser one.

    Args:
        pixels: The coarser pixels, of the box ``cells`` of their grid.
        cells: Where they lie in their grid.
        by: (down, across) finer cells per coarser one.
        part: Box of the finer grid.
    """
    down, across = by
    first_row = (part.top + 0.5) / down - 0.5 - cells.top
    first_column = (part.left + 0.5) / across - 0.5 - cells.left
    steps, size = (1 / down, 1 / across), (part.height, part.width)
    return warped(np.ascontiguousarray(pixels), steps, (first_row, first_column), size)
