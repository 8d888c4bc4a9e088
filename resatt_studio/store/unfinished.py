"""What is finished of a huge photo's prediction, piece by piece in a file, so that a stopped one goes on.

A file is ``RSTU1`` and a line feed, a line of JSON that says of what it is, and a record for each piece: box,
entropy, seconds, a zlib stream of its values with its length, and a CRC-32. What a crash or a full disk cut
off is left out and made again. No row of the database names such a file, so nothing of it is ever taken for a
prediction.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from resatt_studio.errors import StoreError
from resatt_studio.records.arrays import UInt8Array, read_only
from resatt_studio.records.geometry import Box
from resatt_studio.store.packed import unpacked

MAGIC = b"RSTU1\n"
_RECORD = struct.Struct("<IIIIddI")  # box, entropy, seconds, length of the stream
_CHECK = struct.Struct("<I")
_ZLIB_LEVEL = 1  # as of blobs
_ZLIB_MORE_BYTES = 1024
"""By how much a stream may be longer than what it holds, and a little more."""


@dataclass(frozen=True, eq=False, slots=True)
class FinishedPiece:
    """A part of a map that no later tile of the network changes.

    Attributes:
        place: Where.
        values: h x w uint8 probability * 255, read-only.
        entropy: Sum of the binary entropies of its unrounded probabilities, in nats.
        seconds: Of the network for what came with it; 0 for all but one of the pieces of a batch.
    """

    place: Box
    values: UInt8Array = field(repr=False)
    entropy: float
    seconds: float = 0.0


class UnfinishedMap:
    """The file of one prediction under way; to be used in a ``with`` block, which keeps it.

    Args:
        path: The file; what it holds of anything else than ``about`` is dropped.
        about: Of what the pieces are: photo, weights, and whatever else changes their values.
        height, width: Of the map.

    Raises:
        StoreError: The disk refused.
    """

    def __init__(self, path: Path, about: Mapping[str, Any], height: int, width: int) -> None:
        self.path = path
        self._all = Box(0, 0, height, width)
        head = MAGIC + json.dumps({**about, "size": [height, width]}, sort_keys=True).encode() + b"\n"
        self._end = len(head)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("r+b" if path.exists() else "x+b")
            if self._file.read(len(head)) != head:
                self._file.seek(0)
                self._file.truncate()
                self._file.write(head)
                self._file.flush()
        except OSError as error:
            raise _refused(error) from error

    def __enter__(self) -> UnfinishedMap:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def pieces(self) -> Iterator[FinishedPiece]:
        """What is there, in the order in which it came, up to where the file was cut off. To be read to its
        end before :meth:`add`.

        Raises:
            StoreError: The disk refused.
        """
        try:
            while (found := self._next()) is not None:
                piece, self._end = found
                yield piece
            self._file.truncate(self._end)
        except OSError as error:
            raise _refused(error) from error

    def add(self, pieces: Iterable[FinishedPiece]) -> None:
        """Keep further pieces; a process that is killed from now on loses none of them.

        Raises:
            StoreError: The disk refused; earlier pieces stay.
        """
        data = b"".join(_record(piece) for piece in pieces)
        try:
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise _refused(error) from error
        self._end += len(data)

    def drop(self) -> None:
        """The pieces serve nobody any more: the prediction is whole, or of another photo.

        Raises:
            StoreError: The disk refused.
        """
        try:
            self._file.close()
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise _refused(error) from error

    def _next(self) -> tuple[FinishedPiece, int] | None:
        """The record at the end of what was read, and where the one after it begins; None for none."""
        self._file.seek(self._end)
        head = self._file.read(_RECORD.size)
        if len(head) < _RECORD.size:
            return None
        top, left, bottom, right, entropy, seconds, length = _RECORD.unpack(head)
        box = Box(top, left, bottom, right)
        area = box.height * box.width
        if box.empty or not self._all.holds(box) or length > area + _ZLIB_MORE_BYTES:
            return None
        data, check = self._file.read(length), self._file.read(_CHECK.size)
        if len(check) < _CHECK.size or _CHECK.unpack(check)[0] != zlib.crc32(data, zlib.crc32(head)):
            return None
        try:
            values = np.frombuffer(unpacked(data, area), np.uint8).reshape(box.height, box.width)
        except (zlib.error, ValueError):
            return None
        return FinishedPiece(box, read_only(values), entropy, seconds), self._file.tell()


def _record(piece: FinishedPiece) -> bytes:
    box = piece.place
    data = zlib.compress(np.ascontiguousarray(piece.values).data, _ZLIB_LEVEL)
    head = _RECORD.pack(box.top, box.left, box.bottom, box.right, piece.entropy, piece.seconds, len(data))
    return head + data + _CHECK.pack(zlib.crc32(data, zlib.crc32(head)))


def _refused(error: OSError) -> StoreError:
    return StoreError(
        f"What is finished of a prediction could not be kept: {error.strerror or error}.",
        "Free some disk space and check that the project folder is writable; nothing else was lost.",
    )
