"""A first look at a huge TIFF: a few of its tiles or strips, spread evenly, and what lies between guessed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from resatt_studio.imaging.depth import NEUTRAL
from resatt_studio.imaging.exif import upright
from resatt_studio.imaging.resizing import shrunk
from resatt_studio.imaging.tiled_tiff import Segments, TiledTiff
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box

WHOLE_PX = 6_000_000
"""A page of at most so many pixels is read whole: that takes well under a second."""
FIRST_SEGMENTS = 64
MOST_SEGMENTS = 1024
_BREATH_S = 0.1


def sketches(photo: TiledTiff, side_px: int) -> Iterator[UInt8Array | None]:
    """Better and better sketches of a photo; the caller may stop at any time.

    When the file holds a small page of itself, that is the first and only sketch, and it is exact. Else 64
    segments are read, then four times as many, up to about a thousand: where they lie the sketch is right,
    and between them it runs evenly from one to the next.

    Args:
        photo: An open file.
        side_px: Longest side of a sketch.

    Yields:
        h x w x 3 uint8 RGB, upright; None, at least every 0.2 s, while there is nothing better yet.

    Raises:
        PhotoError: The file was closed, or went away.
    """
    level = photo.levels[-1]
    height, width = photo.size(level)
    if height * width <= WHOLE_PX:
        yield shrunk(photo.read(level, Box(0, 0, height, width)), side_px)
        return
    segments = photo.segments(level)
    draft = _Draft(segments, side_px)
    at = time.monotonic()
    for rows, columns in _passes(segments):
        for row in range(rows // 2, segments.rows, rows):
            for column in range(columns // 2, segments.columns, columns):
                if not draft.knows(row, column):
                    draft.put(row, column, photo.read_segment(level, row, column))
                if time.monotonic() - at > _BREATH_S:
                    yield None
                    at = time.monotonic()
        yield upright(draft.picture(rows, columns), photo.way_up)
        at = time.monotonic()


def _passes(segments: Segments) -> Iterator[tuple[int, int]]:
    """Every how many rows and columns of segments one is read, coarse to fine."""
    rows, columns = 1, 1
    while -(-segments.rows // rows) * -(-segments.columns // columns) > FIRST_SEGMENTS:
        if segments.columns // columns > segments.rows // rows:
            columns *= 2
        else:
            rows *= 2
    while True:
        count = -(-segments.rows // rows) * -(-segments.columns // columns)
        if count > MOST_SEGMENTS:
            return
        yield rows, columns
        if (rows, columns) == (1, 1):
            return
        rows, columns = max(1, rows // 2), max(1, columns // 2)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Values of one segment: how many down and across, so that long strips keep what changes along them."""

    down: int
    across: int


class _Draft:
    """What is known of a page so far, at a small scale, as stored."""

    def __init__(self, segments: Segments, side_px: int) -> None:
        self._segments = segments
        self._shrink = max(1, -(-max(segments.height, segments.width) // side_px))
        self._size = (-(-segments.height // self._shrink), -(-segments.width // self._shrink))
        tall, wide = segments.segment_height, segments.segment_width
        self._cells = _Cells(
            max(1, min(tall // max(1, wide), tall // self._shrink)),
            max(1, min(wide // max(1, tall), wide // self._shrink)),
        )
        self._values: dict[tuple[int, int], UInt8Array] = {}
        self._patches: dict[tuple[int, int], UInt8Array] = {}

    def knows(self, row: int, column: int) -> bool:
        return (row, column) in self._patches

    def put(self, row: int, column: int, pixels: UInt8Array) -> None:
        """Take in one segment, h x w x 3."""
        place = self._place(row, column)
        self._patches[row, column] = _resized(pixels, max(1, place.height), max(1, place.width))
        self._values[row, column] = _resized(pixels, self._cells.down, self._cells.across)

    def picture(self, rows: int, columns: int) -> UInt8Array:
        """The sketch, from every ``rows``-th and ``columns``-th segment and all others that are known."""
        down, across = self._cells.down, self._cells.across
        chosen_rows = range(rows // 2, self._segments.rows, rows)
        chosen_columns = range(columns // 2, self._segments.columns, columns)
        grid = np.full((len(chosen_rows) * down, len(chosen_columns) * across, 3), NEUTRAL, np.uint8)
        for i, row in enumerate(chosen_rows):
            for j, column in enumerate(chosen_columns):
                grid[i * down : (i + 1) * down, j * across : (j + 1) * across] = self._values[row, column]
        size = (self._size[1], self._size[0])
        picture = np.asarray(cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        for (row, column), patch in self._patches.items():
            place = self._place(row, column)
            picture[place.slices] = patch[: place.height, : place.width]
        return picture

    def _place(self, row: int, column: int) -> Box:
        """Where a segment lies in the sketch; less than a pixel may be nowhere."""
        box, shrink = self._segments.box(row, column), self._shrink
        return Box(
            box.top // shrink, box.left // shrink, -(-box.bottom // shrink), -(-box.right // shrink)
        ).clipped(*self._size)


def _resized(pixels: UInt8Array, height: int, width: int) -> UInt8Array:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
