"""A ruler: a line with its length in photo pixels, and in millimetres once the photo's scale is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost, photo_px
from resatt_studio.app.tools.overlay import NO_MARKS, DotsMark, LineMark, Mark, WordsMark, points_of
from resatt_studio.app.tools.vertices import GRAB_PX, on_ray
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr


class Ruler(Tool):
    """Measures from press to release and stays; changes no pixel."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._ends: list[tuple[float, float]] = []
        self._held = -1
        self._marks: tuple[Mark, ...] = NO_MARKS

    @property
    def busy(self) -> bool:
        return self._held >= 0

    @property
    def overlay(self) -> tuple[Mark, ...]:
        return self._marks

    @property
    def length_px(self) -> float:
        """In photo pixels; 0 while there is no line."""
        return math.dist(*self._ends) if self._ends else 0.0

    def press(self, at: Pointer) -> Box:
        self._held = self._near(at)
        if self._held < 0:
            self._ends, self._held = [(at.row, at.column)] * 2, 1
        self._show()
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._held >= 0 and points:
            at, other = points[-1], self._ends[1 - self._held]
            place = at.row, at.column
            self._ends[self._held] = on_ray(other, place) if at.shift else place
            self._show()
        return NOTHING

    def release(self) -> Edit | None:
        self._held = -1
        if self.length_px < photo_px(self.host, GRAB_PX) / 2:
            self._ends = []
        self._show()
        return None

    def cancel(self) -> Box:
        self._ends, self._held = [], -1
        self._show()
        return NOTHING

    def options_changed(self) -> None:
        self._show()

    def _near(self, at: Pointer) -> int:
        reach = photo_px(self.host, GRAB_PX)
        near = [math.dist(end, (at.row, at.column)) <= reach for end in self._ends]
        return near.index(True) if any(near) else -1

    def _show(self) -> None:
        length_px = self.length_px
        self.host.measured(length_px if length_px else None)
        if not length_px:
            self._marks = NO_MARKS
            return
        ends = points_of(self._ends)
        words = WordsMark(length_words(length_px, self.host.mm_per_px), *max(self._ends))
        self._marks = LineMark(ends), DotsMark(ends, hot=self._held), words


def length_words(length_px: float, mm_per_px: float | None) -> str:
    """A length for people, such as "123.4 px, 45.60 mm"."""
    words = tr("{length:.1f} px").format(length=length_px)
    if mm_per_px is None:
        return words
    length_mm = length_px * mm_per_px
    return (
        tr("{pixels}, {length:.2f} mm").format(pixels=words, length=length_mm)
        if length_mm < 100
        else tr("{pixels}, {length:.0f} mm").format(pixels=words, length=length_mm)
    )
