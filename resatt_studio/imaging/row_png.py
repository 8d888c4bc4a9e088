"""PNG files written and read a few rows at a time, so that a picture of any size takes little memory.

ISO/IEC 15948 (PNG): one channel or indices of 8 bits, or one channel of 16; no interlace, filter 0.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from resatt_studio.errors import BugError, ExportError
from resatt_studio.imaging.writing import PartFile
from resatt_studio.records.arrays import UInt8Array

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_GREY, _INDEXED = 0, 3
_LEVEL = 2  # masks shrink nearly as well as at level 6


class RowPng(PartFile):
    """A PNG under way; to be used in a ``with`` block, and whole or absent at its end.

    Args:
        path: Where to; missing folders are made.
        height, width: Of the picture.
        dtype: uint8 or uint16.
        palette: n x 3 uint8 colours of indices, or None for grey.

    Raises:
        ExportError: The file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        height: int,
        width: int,
        dtype: npt.DTypeLike = np.uint8,
        palette: UInt8Array | None = None,
    ) -> None:
        super().__init__(path)
        self.width = width
        self._rows_left = height
        self._dtype = np.dtype(dtype)
        self._packer = zlib.compressobj(_LEVEL)
        bits, kind = 8 * self._dtype.itemsize, _GREY if palette is None else _INDEXED
        self.write(_SIGNATURE)
        self._chunk(b"IHDR", _HEADER.pack(width, height, bits, kind, 0, 0, 0))
        if palette is not None:
            self._chunk(b"PLTE", palette.tobytes())

    def put(self, rows: npt.NDArray[Any]) -> None:
        """The next rows, h x W of the picture's type.

        Raises:
            ExportError: The disk refused.
        """
        height = rows.shape[0]
        if rows.dtype != self._dtype or rows.shape[1] != self.width or height > self._rows_left:
            raise BugError(f"rows of {rows.dtype} {rows.shape} do not fit a picture of {self.width} pixels")
        samples = np.ascontiguousarray(rows.astype(self._dtype.newbyteorder(">"), copy=False))
        line = np.zeros((height, 1 + self.width * self._dtype.itemsize), np.uint8)  # 0: no filter
        line[:, 1:] = samples.view(np.uint8).reshape(height, -1)
        packed = self._packer.compress(line.data)
        if packed:
            self._chunk(b"IDAT", packed)
        self._rows_left -= height

    def finish(self) -> None:
        """Write what comes at the end."""
        if self._rows_left:
            raise BugError(f"{self._rows_left} rows of {self.path} never came")
        self._chunk(b"IDAT", self._packer.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, data: bytes) -> None:
        check = zlib.crc32(data, zlib.crc32(kind))
        self.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check))


def read_rows(path: Path, rows: int) -> Iterator[npt.NDArray[Any]]:
    """Read what :class:`RowPng` wrote.

    Args:
        path: Of the file.
        rows: How many at a time.

    Yields:
        h x W uint8 or uint16, from the top.

    Raises:
        ExportError: The file is no such picture, or damaged.
    """
    try:
        with path.open("rb") as file:
            yield from _rows(file, rows)
    except (OSError, struct.error, zlib.error, ValueError) as error:
        raise ExportError(f"“{path}” cannot be read again: {error}.", "Check the disk.") from error


def _rows(file: BinaryIO, rows: int) -> Iterator[npt.NDArray[Any]]:
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        raise ValueError("it is no PNG")
    chunks = _chunks(file)
    width, height, bits, *_ = _HEADER.unpack(next(chunks)[1])
    dtype = np.dtype(">u2" if bits == 16 else np.uint8)
    stride = 1 + width * dtype.itemsize
    unpacker, waiting, done = zlib.decompressobj(), b"", 0
    for kind, data in chunks:
        if kind != b"IDAT":
            continue
        waiting += unpacker.decompress(data)
        while len(waiting) >= stride * (wanted := min(rows, height - done)) and wanted:
            lines = np.frombuffer(waiting[: stride * wanted], np.uint8).reshape(wanted, stride)
            if lines[:, 0].any():
                raise ValueError("its rows are filtered")
            waiting, done = waiting[stride * wanted :], done + wanted
            yield np.ascontiguousarray(lines[:, 1:]).view(dtype).astype(dtype.newbyteorder("="), copy=False)
    if done < height:
        raise ValueError("rows are missing")


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while True:
        length, kind = struct.unpack(">I4s", file.read(8))
        data = file.read(length)
        if zlib.crc32(data, zlib.crc32(kind)) != struct.unpack(">I", file.read(4))[0]:
            raise ValueError("a part of it was changed")
        yield kind, data
        if kind == b"IEND":
            return
