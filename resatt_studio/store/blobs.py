"""Arrays and bytes as files named by their content hash, written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from resatt_studio import durable
from resatt_studio.durable import PART_SUFFIX
from resatt_studio.errors import StoreError
from resatt_studio.imaging.raster import MAX_PIXELS
from resatt_studio.records.arrays import UInt8Array, read_only
from resatt_studio.records.geometry import Box
from resatt_studio.records.maps import TiledMap
from resatt_studio.store.map_blobs import MapWriter, StoredMap, is_map, verify_map
from resatt_studio.store.packed import unpacked
from resatt_studio.store.unfinished import UnfinishedMap

_MOST_HEADER_BYTES = 1024  # of the npy format
_UNFINISHED = "unfinished"  # beside the folders of two digits, so no blob is looked for in it
_LEVEL = 1  # masks and probability maps shrink nearly as well as at level 6, several times faster


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that after a crash it is either complete or absent, never torn.

    Raises:
        StoreError: The file cannot be written; what stood there before still does.
    """
    try:
        durable.write_whole(path, data)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error.strerror or error}.",
            "Free some disk space and check that the project folder is writable.",
        ) from error


def sha256(data: bytes) -> str:
    """SHA-256 in 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


class BlobStore:
    """Content-addressed files ``ab/abcd...`` below one folder; no blob is ever deleted or changed.

    Args:
        folder: Made on the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = threading.Lock()
        self._under_way: set[str] = set()

    def path(self, blob: str) -> Path:
        """Where the blob of that hash is kept."""
        return self.folder / blob[:2] / blob

    def put(self, data: bytes) -> str:
        """Keep ``data`` and return its hash; the same bytes are kept once.

        Raises:
            StoreError: The disk refused.
        """
        blob = sha256(data)
        path = self.path(blob)
        if not (path.exists() and path.stat().st_size == len(data)):
            write_whole(path, data)
        return blob

    def get(self, blob: str) -> bytes:
        """Return the bytes, verified against the hash.

        Raises:
            StoreError: The blob is missing or damaged.
        """
        path = self.path(blob)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(
                f"The project lacks its file {path}: {error.strerror or error}.",
                "Copy it back from a backup of the project folder.",
            ) from error
        if sha256(data) != blob:
            raise StoreError(
                f"The project's file {path} is damaged: its content does not match its name.",
                "Copy it back from a backup of the project folder.",
            )
        return data

    def put_array(self, array: UInt8Array) -> str:
        """Keep a uint8 array (zlib over the npy format) and return the hash of the stored bytes."""
        contiguous = np.ascontiguousarray(array)
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(contiguous))
        packer = zlib.compressobj(_LEVEL)
        pieces = [packer.compress(header.getvalue()), packer.compress(contiguous.data), packer.flush()]
        return self.put(b"".join(pieces))

    def get_array(self, blob: str) -> UInt8Array:
        """Return the array, read-only; of a map in tiles, all of it.

        Raises:
            StoreError: The blob is missing, damaged or no uint8 array.
        """
        if is_map(self.path(blob)):
            tiled = StoredMap(self.path(blob))
            return read_only(tiled.read(Box(0, 0, tiled.height, tiled.width)))
        data = self.get(blob)
        try:
            plain = io.BytesIO(unpacked(data, MAX_PIXELS + _MOST_HEADER_BYTES))
            array = np.lib.format.read_array(plain, allow_pickle=False)
        except (zlib.error, ValueError) as error:
            raise StoreError(f"The project's file {self.path(blob)} holds no array: {error}.") from error
        if array.dtype != np.uint8:
            raise StoreError(f"The project's file {self.path(blob)} holds {array.dtype}, not uint8.")
        return read_only(array)

    def map_writer(self, height: int, width: int) -> MapWriter:
        """Begin a map of a huge photo with its halved sizes; to be used in a ``with`` block.

        Raises:
            StoreError: The disk refused.
        """
        return MapWriter(self.folder, height, width, levels=True)

    @contextmanager
    def unfinished(
        self, photo_id: str, about: Mapping[str, Any], height: int, width: int
    ) -> Iterator[UnfinishedMap | None]:
        """What is finished of a huge photo's prediction, one a photo, as :class:`UnfinishedMap`.

        Yields:
            None while another job of this process has it.

        Raises:
            StoreError: The disk refused.
        """
        with self._guard:
            taken = photo_id in self._under_way
            self._under_way.add(photo_id)
        if taken:
            yield None
            return
        try:
            with UnfinishedMap(self.folder / _UNFINISHED / photo_id, about, height, width) as kept:
                yield kept
        finally:
            with self._guard:
                self._under_way.discard(photo_id)

    def put_map(self, tiled: TiledMap) -> str:
        """Keep what a map says, tile by tile, and return its hash; one that is kept already is not copied.

        Raises:
            StoreError: The disk refused, or the map could not be read.
        """
        if isinstance(tiled, StoredMap) and tiled.path == self.path(tiled.blob):
            return tiled.blob
        with MapWriter(self.folder, tiled.height, tiled.width, levels=False) as writer:
            for index, values in tiled.tiles():
                writer.put_tile(*index, values)
            return writer.seal()

    def open_map(self, blob: str) -> StoredMap | None:
        """A map in tiles, of which nothing is read yet; None for an array that is kept whole.

        Raises:
            StoreError: The blob is missing or damaged.
        """
        return StoredMap(self.path(blob)) if is_map(self.path(blob)) else None

    def verify(self, blob: str) -> str:
        """Return "" when the blob is present and whole, else what is wrong with it."""
        try:
            if is_map(self.path(blob)):
                verify_map(self.path(blob))
            else:
                self.get(blob)
        except StoreError as error:
            return error.message
        return ""

    def all(self) -> Iterator[str]:
        """Hashes of every blob in the folder."""
        for path in sorted(self.folder.glob("??/*")):
            if path.suffix != PART_SUFFIX:
                yield path.name

    def drop_parts(self) -> int:
        """Remove half-written files that a killed process left; return how many. Blobs are never touched.

        Only for the one who holds the project's lock: a living writer's part would go too.
        """
        parts = list(self.folder.glob(f"??/*{PART_SUFFIX}"))
        for part in parts:
            part.unlink(missing_ok=True)
        return len(parts)
