"""Tiles of huge photos at halved sizes, kept in a folder between visits; no loss of it is an error."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.durable import write_whole

_MAGIC = b"RSPT1\n"
_CHECK = struct.Struct("<I")
_SUFFIX = ".tile"


@dataclass(frozen=True, slots=True)
class TileKey:
    """Place of one tile in a pyramid: level 0 is the photo itself, each further level half the one before."""

    level: int
    row: int
    column: int


class PyramidCache:
    """Tiles by photo and place, as lossless pictures with a checksum in front.

    A tile that is cut off or was changed reads as missing and is deleted; the next writer brings it back. A
    folder that cannot be written keeps nothing, and says nothing: the cache only ever saves time.

    Args:
        folder: Made when the first tile is written.
        most_bytes: Photos that were looked at longest ago go when all tiles together take more.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self.most_bytes = most_bytes

    def keys(self, photo_id: str) -> set[TileKey]:
        """Places of one photo that have a file, which may still turn out to be broken."""
        try:
            names = [path.name for path in (self.folder / photo_id).iterdir()]
        except OSError:
            return set()
        return {key for key in map(_key_of, names) if key is not None}

    def get(self, photo_id: str, key: TileKey) -> npt.NDArray[Any] | None:
        """Read a tile as it was put; None when it is missing or broken."""
        path = self._path(photo_id, key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        start = len(_MAGIC) + _CHECK.size
        whole = data.startswith(_MAGIC) and len(data) > start
        if whole and _CHECK.unpack_from(data, len(_MAGIC))[0] == zlib.crc32(data[start:]):
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8, offset=start), cv2.IMREAD_UNCHANGED)
            if pixels is not None and pixels.dtype in (np.uint8, np.uint16):
                return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels) if pixels.ndim == 3 else pixels
        _remove(path)
        return None

    def put(self, photo_id: str, key: TileKey, pixels: npt.NDArray[Any]) -> bool:
        """Write a tile, whole or not at all; returns whether it is there now.

        Args:
            pixels: h x w (grey) or h x w x 3 (RGB), uint8 or uint16.
        """
        bgr = np.ascontiguousarray(pixels)
        bgr = cv2.cvtColor(bgr, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else bgr
        coded, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not coded:
            return False
        body = data.tobytes()
        try:
            write_whole(self._path(photo_id, key), _MAGIC + _CHECK.pack(zlib.crc32(body)) + body)
        except OSError:  # a full or forbidden disk
            return False
        return True

    def drop(self, photo_id: str) -> None:
        """Delete what is kept of one photo."""
        shutil.rmtree(self.folder / photo_id, ignore_errors=True)

    def move(self, source_id: str, photo_id: str, keys: Iterable[TileKey]) -> None:
        """Keep tiles of ``source_id`` as those of ``photo_id`` from now on; what cannot be moved stays."""
        for key in keys:
            with suppress(OSError):
                (self.folder / photo_id).mkdir(parents=True, exist_ok=True)
                self._path(source_id, key).replace(self._path(photo_id, key))

    def touch(self, photo_id: str) -> None:
        """A photo is looked at: :meth:`tidy` lets others go before it."""
        with suppress(OSError):
            os.utime(self.folder / photo_id)

    def tidy(self, photo_id: str) -> None:
        """Keep the limit; the photo that is looked at now goes last.

        Args:
            photo_id: Of that photo.
        """
        self.touch(photo_id)
        known = []
        try:
            with os.scandir(self.folder) as entries:
                folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return
        for folder in folders:
            open_now = folder.name in (photo_id, visit_id(photo_id))
            with suppress(OSError), os.scandir(folder.path) as files:  # another window tidies too
                size_bytes = sum(file.stat().st_size for file in files)
                known.append((open_now, folder.stat().st_mtime_ns, folder.name, size_bytes))
        used = sum(size_bytes for *_, size_bytes in known)
        for _, _, name, size_bytes in sorted(known):
            if used <= self.most_bytes:
                return
            self.drop(name)
            used -= size_bytes

    def _path(self, photo_id: str, key: TileKey) -> Path:
        return self.folder / photo_id / f"{key.level}-{key.row}-{key.column}{_SUFFIX}"


def visit_id(photo_id: str) -> str:
    """Under which tiles are kept that may serve one visit of a photo only: those of a file that was not yet
    compared with the photo, and those that show damaged parts."""
    return f"{photo_id}.visit"


def _key_of(name: str) -> TileKey | None:
    parts = name.removesuffix(_SUFFIX).split("-")
    if not name.endswith(_SUFFIX) or len(parts) != 3 or not all(part.isdigit() for part in parts):
        return None
    level, row, column = map(int, parts)
    return TileKey(level, row, column)


def _remove(path: Path) -> None:
    with suppress(OSError):  # it stays, and is read as missing again
        path.unlink(missing_ok=True)
