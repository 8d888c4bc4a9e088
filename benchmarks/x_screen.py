"""What is on the screen of an ``x_pointer.XServer``, read from the memory that it paints into."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

_HEADER = struct.Struct(">25I")  # of the X Window Dump format, version 7
_SIZE, _WIDTH, _HEIGHT, _BITS, _LINE, _COLOURS = 0, 4, 5, 11, 12, 19
_COLOUR_BYTES = 12


class Screen:
    """The pixels of a server that was given ``screen_in``.

    Args:
        folder: That folder.

    Attributes:
        pixels: H x W uint32, 0x00RRGGBB; always those of this moment.

    Raises:
        OSError: There is no screen in it, or not one of 32 bits a pixel.
    """

    def __init__(self, folder: Path) -> None:
        with (folder / "Xvfb_screen0").open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = _HEADER.unpack_from(self._memory)
        if header[_BITS] != 32:
            raise OSError(f"a screen of {header[_BITS]} bits a pixel, and 32 are wanted")
        offset = header[_SIZE] + header[_COLOURS] * _COLOUR_BYTES
        lines = np.frombuffer(self._memory, np.uint32, header[_HEIGHT] * header[_LINE] // 4, offset)
        self.pixels: npt.NDArray[np.uint32] = lines.reshape(header[_HEIGHT], -1)[:, : header[_WIDTH]]
