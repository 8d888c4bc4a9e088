"""Where the tracer's clicks go, and the ways from its last one, in a window that grows with the pointer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.line_ends import place_on_crack
from resatt_studio.annotation.strokes import Point
from resatt_studio.annotation.tracing import (
    Ground,
    MovingTrace,
    Trace,
    Ways,
    read_ground,
    snapped,
    surroundings,
    window_for,
    within_reach,
)
from resatt_studio.app.tools.base import ToolHost, photo_px
from resatt_studio.app.tools.marking import seen_crack
from resatt_studio.app.tools.vertices import GRAB_PX
from resatt_studio.records.geometry import Box

_SNAP_PX = (1.5, 6.0)  # photo pixels that a click may move to the crack that it means: least and most
_END_SNAPS = 2.0  # times as far to a crack of the mask
_CRACK_AROUND_PX = 24  # of the mask that are looked at around a click, beyond the distance that counts
_CLICK_PX = 16  # around a first click, of which the photo is looked at
_AHEAD = 0.4  # windows reach so much farther than the pointer, as it is likely to go on

Search = Callable[[], Ways]


@dataclass(slots=True)
class TraceSearch:
    """Reads photo and prediction of one document; the searching itself can be done on any thread.

    Attributes:
        host: The canvas.
        document: Whose photo is traced.
        guided: Whether the network's answer has a say beside the photo.
    """

    host: ToolHost
    document: CorrectionDocument = field(repr=False)
    guided: bool = True
    _moving: MovingTrace = field(default_factory=MovingTrace, repr=False)

    @property
    def photo(self) -> Box:
        return self.document.labels.box

    @property
    def snap_px(self) -> float:
        """How far a click may move, in photo pixels: as far as a hand is unsure at this zoom."""
        return min(max(photo_px(self.host, GRAB_PX), _SNAP_PX[0]), _SNAP_PX[1])

    def clamped(self, row: float, column: float) -> Point:
        """The place, or the nearest one of the photo."""
        photo = self.photo
        return min(max(row, 0.0), photo.bottom - 0.01), min(max(column, 0.0), photo.right - 0.01)

    def first_place(self, point: Point, free: bool) -> Point | None:
        """Where a first click begins; None while the photo is loading.

        Args:
            free: Whether it is to stay where it is.
        """
        read = self._read(Box.pixel(*point).expanded(_CLICK_PX).intersection(self.photo))
        return None if read is None else self.place(point, read(), free)

    def place(self, point: Point, ground: Ground, free: bool) -> Point:
        """Where a click goes: to the end of a crack that is seen as such, else onto one, else to the best
        place near."""
        if free:
            return point
        near = self.snap_px * _END_SNAPS
        box = Box.pixel(*point).expanded(math.ceil(near) + _CRACK_AROUND_PX).intersection(self.photo)
        painted = seen_crack(self.host, self.document, box)
        if painted.any():
            place = place_on_crack(painted, (point[0] - box.top, point[1] - box.left), near)
            if place is not None:
                return place[0] + box.top, place[1] + box.left
        return snapped(point, ground, self.snap_px)

    def window(self, start: Point, end: Point) -> Box:
        """The window that the ways from ``start`` to ``end`` need."""
        return window_for(start, end, self.photo)

    def window_ahead(self, start: Point, end: Point) -> Box:
        """As :meth:`window`, for a pointer that goes on."""
        down, right = end[0] - start[0], end[1] - start[1]
        ahead = self.clamped(end[0] + _AHEAD * down, end[1] + _AHEAD * right)
        here = self.window(start, end)
        there = self.window(start, within_reach(start, ahead, self.photo))
        # At the photo's border, or where no larger window is searched, the way ahead may lead elsewhere.
        return there if there.holds(here) else here

    def goal(self, start: Point, row: float, column: float) -> Point:
        """Where a way from ``start`` can end: the place, or as far towards it as is searched at a time."""
        return within_reach(start, self.clamped(row, column), self.photo)

    def serves(self, ways: Ways | None, start: Point, end: Point) -> bool:
        """Whether ways begin at ``start`` and reach as far around ``end`` as they should."""
        if ways is None or ways.start != start or ways.ground.guided != self._guides(ways.ground.box):
            return False
        return ways.ground.box.holds(self.window(start, end))

    def search(self, start: Point, box: Box, known: Ground | None = None) -> Search | None:
        """What finds the ways from ``start``; to be called on any thread. None while the photo is loading.

        Args:
            box: The window.
            known: Used again if it holds the window.
        """
        if known is not None and known.box.holds(box) and known.guided == self._guides(known.box):
            return lambda: Ways(known, start)
        read = self._read(box)
        return None if read is None else lambda: Ways(read(), start)

    def preview(self, ways: Ways, end: Point, free: bool) -> Trace:
        """The way to the pointer, or to the nearest place of the window; the very same as a moment ago where
        that was the same place."""
        box = ways.ground.box
        inside = (
            min(max(end[0], box.top), box.bottom - 0.01),
            min(max(end[1], box.left), box.right - 0.01),
        )
        curve = ways.to(inside if free else snapped(inside, ways.ground, self.snap_px))
        return self._moving.to(curve, ways.ground)

    def _guides(self, box: Box) -> bool:
        """Whether there is a network's answer about a window, and it is asked."""
        return self.guided and self.host.knows_probability(surroundings(box, self.photo))

    def _read(self, box: Box) -> Callable[[], Ground] | None:
        wide = surroundings(box, self.photo)
        pixels = self.host.read_pixels(wide)
        if pixels is None:
            return None
        probability = self.host.read_probability(wide) if self.guided else None
        photo = self.photo
        return lambda: read_ground(pixels, probability, box, photo)
