"""Tiled TIFF files of one 8-bit channel, written row of tiles by row, so that any size takes little memory.

TIFF 6.0, section 15 (tiles), Adobe's Deflate (compression 8), and BigTIFF where 32 bits may not reach.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.imaging.writing import PartFile
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box

SIDE_PX = 512
CLASSIC_PX = 4_000_000_000
"""Of more pixels a file may outgrow 32-bit offsets, whatever it holds."""
_LEVEL = 2
_SHORT, _LONG, _LONG8 = 3, 4, 16


class TileTiff(PartFile):
    """A TIFF under way; to be used in a ``with`` block, and whole or absent at its end.

    Args:
        path: Where to; missing folders are made.
        height, width: Of the picture.

    Raises:
        ExportError: The file cannot be written.
    """

    def __init__(self, path: Path, height: int, width: int) -> None:
        super().__init__(path)
        self.height = height
        self.width = width
        self._big = height * width > CLASSIC_PX
        self._starts: list[int] = []
        self._counts: list[int] = []
        self._boxes = list(Box(0, 0, height, width).cells(SIDE_PX))
        # Where the directory begins is filled in at the end.
        self.write(
            struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if self._big else struct.pack("<2sHI", b"II", 42, 0)
        )

    def put(self, values: UInt8Array) -> None:
        """The next ``SIDE_PX`` rows, or as many as are left: h x W uint8.

        Raises:
            ExportError: The disk refused.
        """
        across = -(-self.width // SIDE_PX)
        row = len(self._starts) // across
        if values.shape != (min(SIDE_PX, self.height - row * SIDE_PX), self.width):
            raise BugError(f"rows of {values.shape} are not the next of {self.height} x {self.width}")
        for column in range(across):
            part = values[:, column * SIDE_PX : (column + 1) * SIDE_PX]
            tile = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
            tile[: part.shape[0], : part.shape[1]] = part
            data = zlib.compress(tile.data, _LEVEL)
            self._starts.append(self.length)
            self._counts.append(len(data))
            self.write(data)

    def finish(self) -> None:
        """Write what comes at the end."""
        if len(self._starts) != len(self._boxes):
            raise BugError(f"{len(self._boxes) - len(self._starts)} tiles of {self.path} never came")
        self.write(b"\0" * (-self.length % 8))
        place = _LONG8 if self._big else _LONG
        tags = [
            (256, _LONG, [self.width]),
            (257, _LONG, [self.height]),
            (258, _SHORT, [8]),
            (259, _SHORT, [8]),  # Deflate
            (262, _SHORT, [1]),  # 0 is black
            (277, _SHORT, [1]),
            (322, _SHORT, [SIDE_PX]),
            (323, _SHORT, [SIDE_PX]),
            (324, place, self._starts),
            (325, _LONG, self._counts),
        ]
        entries = [self._entry(*tag) for tag in tags]
        start = self.length
        self.write(struct.pack("<Q" if self._big else "<H", len(entries)))
        self.write(b"".join(entries))
        self.write(b"\0" * (8 if self._big else 4))  # no further page
        self.write_at(8 if self._big else 4, struct.pack("<Q" if self._big else "<I", start))

    def _entry(self, tag: int, kind: int, values: list[int]) -> bytes:
        """One line of the directory; values that do not fit into it are written before it."""
        data = np.array(values, {_SHORT: "<u2", _LONG: "<u4", _LONG8: "<u8"}[kind]).tobytes()
        room = 8 if self._big else 4
        if len(data) > room:
            start = self.length
            self.write(data + b"\0" * (-len(data) % 8))
            data = struct.pack("<Q" if self._big else "<I", start)
        return struct.pack("<HHQ" if self._big else "<HHI", tag, kind, len(values)) + data.ljust(room, b"\0")
