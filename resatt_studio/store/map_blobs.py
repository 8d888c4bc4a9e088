"""Maps of huge photos as files: compressed tiles that are read one by one, with their halved sizes.

A file is ``RSTM1`` and a line feed, zlib streams one after the other, a packed directory of them, and a
footer. A tile of zeros has no stream. A prediction also holds its halved sizes: of each cell the highest
value, and how near to one half its most doubtful pixel is; so little is read of it from any distance.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from resatt_studio.durable import PART_SUFFIX, take_name
from resatt_studio.errors import BugError, StoreError
from resatt_studio.imaging.halving import doubt_8bit, halve_max
from resatt_studio.records.arrays import BoolArray, UInt8Array, read_only
from resatt_studio.records.correction import TILE_PX
from resatt_studio.records.geometry import Box
from resatt_studio.records.maps import uncovered
from resatt_studio.store.packed import unpacked

MAGIC = b"RSTM1\n"
_FOOTER = struct.Struct("<QQIIII")  # directory: offset, length, CRC-32; height, width, side of a tile
_ROW = np.dtype("u1, u1, <u4, <u4, <u8, <u4, <u4")
"""Plane, level, row and column of a tile; where its stream begins, its length and CRC-32."""
_HIGHEST, _DOUBT = 0, 1
_KEPT_TILES = 192
_ZLIB_LEVEL = 1  # as of other blobs


class _Key(NamedTuple):
    plane: int
    level: int
    row: int
    column: int


class _Place(NamedTuple):
    start: int
    length: int
    check: int


@dataclass(slots=True)
class _Waiting:
    """A tile of which so many pixels are still to come."""

    values: UInt8Array
    missing_px: int
    came: list[Box] = field(default_factory=list)


class TileFile:
    """What a finished map and one under way share: finding the tiles of a box. Safe from any thread.

    Args:
        path: The file.
        height, width: Of the map at full size.
    """

    def __init__(self, path: Path, height: int, width: int) -> None:
        self.path = path
        self.height = height
        self.width = width
        self._places: dict[_Key, _Place] = {}
        self._kept: OrderedDict[_Key, UInt8Array] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def nbytes(self) -> int:
        """Memory of the tiles that are likely to be asked for again."""
        with self._lock:
            return sum(tile.nbytes for tile in self._kept.values())

    def read(self, box: Box) -> UInt8Array:
        """Values of a box inside the map; h x w uint8.

        Raises:
            StoreError: The file is missing or damaged.
        """
        return self._read(_HIGHEST, 0, box)

    def tiles(self) -> Iterator[tuple[tuple[int, int], UInt8Array]]:
        """(row, column) and values of every tile that has any but zeros, in reading order; read-only.

        Raises:
            StoreError: The file is missing or damaged.
        """
        with self._lock:
            keys = sorted(key for key in self._places if (key.plane, key.level) == (_HIGHEST, 0))
        for key in keys:
            yield (key.row, key.column), self._tile(key)

    def block(self, level: int, cells: Box) -> UInt8Array:
        """The highest value of each of these cells, of 2^level pixels a side; h x w uint8.

        Raises:
            StoreError: The file is missing or damaged.
        """
        return self._read(_HIGHEST, level, cells)

    def doubt_block(self, level: int, cells: Box) -> UInt8Array:
        """How near to one half the most doubtful pixel of each cell is, 0 to 127; h x w uint8.

        Raises:
            StoreError: The file is missing or damaged.
        """
        return doubt_8bit(self.read(cells)) if level == 0 else self._read(_DOUBT, level, cells)

    def knows(self, box: Box) -> bool:
        """Whether anything was said of a box, be it zeros."""
        return not box.clipped(self.height, self.width).empty

    def missing(self, box: Box) -> BoolArray:
        """Pixels of a box inside the map that nothing was said of yet, h x w bool."""
        return np.zeros((box.height, box.width), np.bool_)

    def _size(self, level: int) -> tuple[int, int]:
        return -(-self.height >> level), -(-self.width >> level)

    def _read(self, plane: int, level: int, box: Box) -> UInt8Array:
        if box.clipped(*self._size(level)) != box and not box.empty:
            raise BugError(f"{box} reaches outside level {level} of a map of {self.height} x {self.width}")
        answer = np.zeros((box.height, box.width), np.uint8)
        for row, column in box.cells(TILE_PX):
            tile = self._tile(_Key(plane, level, row, column))
            if tile.size:
                place = _tile_box(row, column, self._size(level))
                part = place.intersection(box)
                inside = part.shifted(-place.top, -place.left).slices
                answer[part.shifted(-box.top, -box.left).slices] = tile[inside]
        return answer

    def _tile(self, key: _Key) -> UInt8Array:
        """One tile; of no values where nothing but zeros is."""
        with self._lock:
            tile = self._kept.get(key)
            if tile is not None:
                self._kept.move_to_end(key)
                return tile
            place = self._places.get(key)
            if place is None:
                return np.empty((0, 0), np.uint8)
            tile = self._kept[key] = self._unpacked(key, place)
            while len(self._kept) > _KEPT_TILES:
                self._kept.popitem(last=False)
            return tile

    def _unpacked(self, key: _Key, place: _Place) -> UInt8Array:
        box = _tile_box(key.row, key.column, self._size(key.level))
        data = self._bytes_at(place.start, place.length)
        try:
            if zlib.crc32(data) != place.check:
                raise ValueError("a part of it was changed")
            values = np.frombuffer(unpacked(data, box.height * box.width), np.uint8)
            values = values.reshape(box.height, box.width)
        except (zlib.error, ValueError) as error:
            raise _damaged(self.path, str(error)) from error
        return read_only(values)

    def _bytes_at(self, start: int, count: int) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read(count)
        except OSError as error:
            raise _missing(self.path, error) from error


class StoredMap(TileFile):
    """A finished map on the disk; tiles are read when they are asked for, and checked.

    Args:
        path: The file, named by the SHA-256 of its bytes.

    Raises:
        StoreError: The file is missing, damaged, or no such map.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                directory, height, width = _directory(path, file)
        except OSError as error:
            raise _missing(path, error) from error
        super().__init__(path, height, width)
        for plane, level, row, column, *place in directory.tolist():
            self._places[_Key(plane, level, row, column)] = _Place(*place)

    @property
    def blob(self) -> str:
        """Its name among the blobs."""
        return self.path.name


class MapWriter(TileFile):
    """A map that grows: boxes come in any order, a tile is on the disk as soon as all of it came.

    In memory are only the tiles that wait for more, a seam around what is there. Leaving the ``with`` block
    before :meth:`seal` deletes the file.

    Args:
        folder: Of the blobs.
        height, width: Of the map.
        levels: Whether halved sizes are kept too.

    Raises:
        StoreError: The disk refused.
    """

    def __init__(self, folder: Path, height: int, width: int, levels: bool) -> None:
        super().__init__(folder / "00" / f".map-{secrets.token_hex(6)}{PART_SUFFIX}", height, width)
        self._folder = folder
        self._levels = levels
        self._waiting: dict[_Key, _Waiting] = {}
        self._seen: set[tuple[int, int]] = set()
        self._hash = hashlib.sha256()
        self._length = 0
        self._file: BinaryIO | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("x+b")
        except OSError as error:
            raise _refused(error) from error
        self._append(MAGIC)

    def __enter__(self) -> MapWriter:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
                self.path.unlink(missing_ok=True)
                self._places.clear()
                self._waiting.clear()
                self._seen.clear()

    @property
    def nbytes(self) -> int:
        """Memory of the tiles that wait for more, and of those that are likely to be asked for again."""
        with self._lock:
            return super().nbytes + sum(tile.values.nbytes for tile in self._waiting.values())

    def knows(self, box: Box) -> bool:
        """Whether anything came in a box, be it zeros."""
        with self._lock:
            return any(cell in self._seen for cell in box.clipped(self.height, self.width).cells(TILE_PX))

    def missing(self, box: Box) -> BoolArray:
        """Pixels of a box inside the map that did not come yet, h x w bool."""
        came: list[Box] = []
        with self._lock:
            for row, column in self._seen.intersection(box.cells(TILE_PX)):
                waiting = self._waiting.get(_Key(_HIGHEST, 0, row, column))
                came += [_tile_box(row, column, self._size(0))] if waiting is None else waiting.came
        return uncovered(box, came)

    def put(self, box: Box, values: UInt8Array) -> None:
        """Take over h x w values; each pixel of the map comes once.

        Raises:
            StoreError: The disk refused.
        """
        with self._lock:
            self._seen.update(box.cells(TILE_PX))
            self._put(_HIGHEST, 0, box, values)

    def put_tile(self, row: int, column: int, values: UInt8Array) -> None:
        """Take over one tile as a whole; those that never come are zero.

        Raises:
            StoreError: The disk refused.
        """
        self.put(_tile_box(row, column, self._size(0)), values)

    def seal(self) -> str:
        """Finish the file and return its blob.

        Raises:
            StoreError: The disk refused; nothing is kept.
            BugError: Pixels are missing.
        """
        with self._lock:
            if self._waiting or self._file is None:
                raise BugError(f"{len(self._waiting)} tiles of a map are not whole")
            rows = [(*key, *self._places[key]) for key in sorted(self._places)]
            packed = zlib.compress(np.array(rows, _ROW).tobytes(), _ZLIB_LEVEL)
            footer = self._length, len(packed), zlib.crc32(packed), self.height, self.width, TILE_PX
            self._append(packed)
            self._append(_FOOTER.pack(*footer))
            blob = self._hash.hexdigest()
            try:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                take_name(self.path, self._folder / blob[:2] / blob)
            except OSError as error:
                raise _refused(error) from error
            self._file = None
            self.path = self._folder / blob[:2] / blob
            return blob

    def _put(self, plane: int, level: int, box: Box, values: UInt8Array) -> None:
        for row, column in box.cells(TILE_PX):
            key = _Key(plane, level, row, column)
            place = _tile_box(row, column, self._size(level))
            part = place.intersection(box)
            tile = self._waiting.get(key)
            if tile is None:
                empty = np.zeros((place.height, place.width), np.uint8)
                tile = self._waiting[key] = _Waiting(empty, empty.size)
            inside = part.shifted(-place.top, -place.left).slices
            tile.values[inside] = values[part.shifted(-box.top, -box.left).slices]
            tile.missing_px -= part.height * part.width
            tile.came.append(part)
            if not tile.missing_px:
                self._complete(key, tile.values)
                del self._waiting[key]

    def _complete(self, key: _Key, tile: UInt8Array) -> None:
        """Write a whole tile, and take its halves over into the level above."""
        if tile.any():
            data = zlib.compress(tile.data, _ZLIB_LEVEL)
            self._places[key] = _Place(self._length, len(data), zlib.crc32(data))
            self._append(data)
        if not self._levels or max(self._size(key.level)) == 1:
            return
        cells = _tile_box(key.row, key.column, self._size(key.level)).halved()
        self._put(key.plane, key.level + 1, cells, halve_max(tile))
        if key.plane == _HIGHEST and key.level == 0:
            self._put(_DOUBT, 1, cells, halve_max(doubt_8bit(tile)))

    def _append(self, data: bytes) -> None:
        assert self._file is not None
        try:
            self._file.seek(self._length)
            self._file.write(data)
        except OSError as error:
            raise _refused(error) from error
        self._hash.update(data)
        self._length += len(data)

    def _tile(self, key: _Key) -> UInt8Array:
        with self._lock:
            waiting = self._waiting.get(key)
            return super()._tile(key) if waiting is None else waiting.values.copy()

    def _bytes_at(self, start: int, count: int) -> bytes:
        if self._file is None:
            return super()._bytes_at(start, count)
        try:
            self._file.seek(start)
            return self._file.read(count)
        except OSError as error:
            raise _missing(self.path, error) from error


def is_map(path: Path) -> bool:
    """Whether a file begins as such a map does; one that cannot be read is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def verify_map(path: Path) -> None:
    """Compare a map's file with its name, a part at a time.

    Raises:
        StoreError: It is missing or damaged.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _missing(path, error) from error
    if found != path.name:
        raise _damaged(path, "its content does not match its name")


def _directory(path: Path, file: BinaryIO) -> tuple[npt.NDArray[np.void], int, int]:
    """The rows of the directory, and the map's height and width."""
    if file.read(len(MAGIC)) != MAGIC:
        raise StoreError(f"The project's file {path} holds no map of a huge photo.")
    end = file.seek(0, os.SEEK_END)
    if end < len(MAGIC) + _FOOTER.size:
        raise _damaged(path, "its end is missing")
    file.seek(end - _FOOTER.size)
    start, count, check, height, width, side = _FOOTER.unpack(file.read(_FOOTER.size))
    if start + count + _FOOTER.size != end or side != TILE_PX or not height or not width:
        raise _damaged(path, "its end is missing")
    file.seek(start)
    packed = file.read(count)
    if zlib.crc32(packed) != check:
        raise _damaged(path, "its directory was changed")
    try:
        return (
            np.frombuffer(unpacked(packed, _most_tiles(height, width) * _ROW.itemsize), _ROW),
            height,
            width,
        )
    except (zlib.error, ValueError) as error:
        raise _damaged(path, f"its directory makes no sense ({error})") from error


def _most_tiles(height: int, width: int) -> int:
    """No map of that size has more: of both planes, at all sizes."""
    most, level = 0, 0
    while True:
        rows, columns = -(-height >> level), -(-width >> level)
        most += 2 * -(-rows // TILE_PX) * -(-columns // TILE_PX)
        if rows == columns == 1:
            return most
        level += 1


def _tile_box(row: int, column: int, size: tuple[int, int]) -> Box:
    top, left = row * TILE_PX, column * TILE_PX
    return Box(top, left, top + TILE_PX, left + TILE_PX).clipped(*size)


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"The project's file {path} is damaged: {why}.", "Copy it back from a backup of the project folder."
    )


def _missing(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The project lacks its file {path}: {error.strerror or error}.",
        "Copy it back from a backup of the project folder.",
    )


def _refused(error: OSError) -> StoreError:
    return StoreError(
        f"A map of a huge photo could not be written: {error.strerror or error}.",
        "Free some disk space and check that the project folder is writable; nothing else was lost.",
    )
