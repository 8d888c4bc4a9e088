"""The memory that photos on the canvas may take: one bound for everything, and who has to leave for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, TypeAlias

import numpy.typing as npt

from resatt_studio.imaging.pyramid_cache import TileKey
from resatt_studio.words import mark

Place: TypeAlias = tuple[str, TileKey]
"""A tile's photo, by its id, and its place there."""

LEAST_TILE_BYTES = 48 << 20
"""What tiles may take whatever else is held: less than a screen of them would be read again and again."""

WHOLE_BYTES_A_PIXEL = 6
"""Of a photo that is held whole: pixels 3, their halves 1, probability with its halves 4/3, and room for the
rest that every photo has."""

DEHAZING_BYTES_A_PIXEL = 7
"""What dehazing adds: the dehazed photo with its halves 4, transmission and residual with theirs 8/3."""

MAP_BYTES_A_PIXEL = 4 / 3
"""What one more map of the photo adds, such as its uncertainty, with its halves."""

MORE_MEMORY = mark("Allow more under “Memory for photos” in the settings.")
"""What helps where something was refused for want of it."""


class TileMemory:
    """Tiles of photos on the canvas; those that were looked at longest ago leave first.

    May be asked from several threads.

    Args:
        bound_bytes: For tiles and everything that :attr:`held_bytes` counts, together.

    Attributes:
        held_bytes: What else the canvas holds; told by the canvas.
        beside_bytes: What a second view holds beyond that; told by it.
        least_tile_bytes: What tiles may take whatever else is held.
    """

    def __init__(self, bound_bytes: int) -> None:
        self._lock = threading.Lock()
        self._tiles: OrderedDict[Place, npt.NDArray[Any]] = OrderedDict()
        self._tile_bytes = 0
        self._bound_bytes = bound_bytes
        self._held_bytes = self._beside_bytes = 0
        self.least_tile_bytes = LEAST_TILE_BYTES

    @property
    def bound_bytes(self) -> int:
        return self._bound_bytes

    @bound_bytes.setter
    def bound_bytes(self, bound_bytes: int) -> None:
        with self._lock:
            self._bound_bytes = bound_bytes
            self._shrink()

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    @held_bytes.setter
    def held_bytes(self, held_bytes: int) -> None:
        with self._lock:
            self._held_bytes = held_bytes
            self._shrink()

    @property
    def beside_bytes(self) -> int:
        return self._beside_bytes

    @beside_bytes.setter
    def beside_bytes(self, beside_bytes: int) -> None:
        with self._lock:
            self._beside_bytes = beside_bytes
            self._shrink()

    @property
    def used_bytes(self) -> int:
        """Tiles and everything else that is held."""
        with self._lock:
            return self._tile_bytes + self._held_bytes + self._beside_bytes

    def fits_whole(self, count_px: int, more_bytes_a_pixel: float = 0.0) -> bool:
        """Whether a photo of so many pixels may be held whole, with so much more for each pixel."""
        return count_px * (WHOLE_BYTES_A_PIXEL + more_bytes_a_pixel) <= self._bound_bytes

    def has_room(self, more_bytes: float) -> bool:
        """Whether so much more may be held; tiles would make room for it."""
        return self._held_bytes + self._beside_bytes + more_bytes <= self._bound_bytes

    def get(self, key: Place) -> npt.NDArray[Any] | None:
        """A tile, as it was put, or None where it is not in memory."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
            return tile

    def __contains__(self, key: object) -> bool:
        return key in self._tiles

    def put(self, key: Place, tile: npt.NDArray[Any]) -> None:
        """Keep a tile; others may leave."""
        with self._lock:
            before = self._tiles.pop(key, None)
            if before is not None:
                self._tile_bytes -= before.nbytes
            self._tiles[key] = tile
            self._tile_bytes += tile.nbytes
            self._shrink()

    def forget(self, photo_id: str) -> None:
        """Let go of a photo's tiles, as when another one is opened."""
        with self._lock:
            for key in [key for key in self._tiles if key[0] == photo_id]:
                self._tile_bytes -= self._tiles.pop(key).nbytes

    def _shrink(self) -> None:
        held = self._held_bytes + self._beside_bytes
        room = max(self.least_tile_bytes, self._bound_bytes - held)
        while self._tile_bytes > room:
            _, dropped = self._tiles.popitem(last=False)
            self._tile_bytes -= dropped.nbytes
