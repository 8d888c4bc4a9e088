"""Lines that are made point by point: clicks add points, drags move them, Enter or a double click ends."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from functools import partial

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost, photo_px
from resatt_studio.app.tools.marking import label_tone
from resatt_studio.app.tools.overlay import NO_MARKS, DotsMark, KeptMarks, LineMark, Mark, points_of
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box

GRAB_PX = 8.0
"""How near to a point the pointer takes hold of it, in logical pixels."""

_TURN = math.pi / 4


class Vertices(Tool):
    """What polyline and polygon share.

    A press on free ground adds a point, which follows the pointer until the button is released; a press on a
    point takes hold of it. With Shift the new side runs upright, level or at 45 degrees. A double click, a
    right click or Enter ends; Backspace takes the last point away.
    """

    takes_right = True

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._points: list[tuple[float, float]] = []
        self._document: CorrectionDocument | None = None  # of the first point; the act stays with it
        self._held = -1
        self._pressed = self._ending = False
        self._pointer: Pointer | None = None
        self._marks: tuple[Mark, ...] = NO_MARKS
        self._kept = KeptMarks()

    @property
    def busy(self) -> bool:
        return self._pressed

    @property
    def in_hand(self) -> bool:
        return bool(self._points)

    @property
    def overlay(self) -> tuple[Mark, ...]:
        return self._marks

    def press(self, at: Pointer) -> Box:
        document = self._document or self.host.document
        if document is None or document.in_stroke:
            return NOTHING
        self._pressed, self._document = True, document
        if at.right:
            self._ending = True
            return NOTHING
        self._held = self._near(at)
        if self._held == 0 and self.closes and len(self._points) >= 3:
            self._ending = True
        elif self._held < 0:
            self._points.append(self._straight(at, -1))
            self._held = len(self._points) - 1
        self._draw()
        return NOTHING

    def double_press(self, at: Pointer) -> Box:
        if not self.in_hand:
            return self.press(at)
        self._pressed = self._ending = True  # the first press of the two has put the last point
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._pressed and points and not self._ending and 0 <= self._held < len(self._points):
            self._points[self._held] = self._straight(points[-1], self._held - 1)
            self._pointer = points[-1]
            self._draw()
        return NOTHING

    def release(self) -> Edit | None:
        self._pressed, self._held = False, -1
        if self._ending:
            return self.confirm()
        if not self._points:
            self._document = None
        return None

    def hover(self, at: Pointer | None) -> None:
        self._pointer = at
        if self._points:
            self._draw()

    def options_changed(self) -> None:
        if self._points:
            self._draw()

    def finish(self) -> Edit | None:
        points, document = self._points, self._document
        self.cancel()
        return None if document is None or document.in_stroke else self.act(document, points)

    def step_back(self) -> None:
        if len(self._points) > 1:
            self._points.pop()
            self._draw()
        else:
            self.cancel()

    def cancel(self) -> Box:
        self._points, self._document, self._marks = [], None, NO_MARKS
        self._held, self._pressed, self._ending = -1, False, False
        return NOTHING

    closes = False
    """Whether the points go around an area."""

    @abstractmethod
    def act(self, document: CorrectionDocument, points: list[tuple[float, float]]) -> Edit | None:
        """Say what the finished points mean; at least one."""

    @property
    def width_px(self) -> float:
        """Of the line, in photo pixels; 0 for none."""
        return 0.0

    def _draw(self) -> None:
        """Make those marks anew that changed: while the pointer hovers, only the side to come moves."""
        tone, width_px, pointer = label_tone(self.host.label), self.width_px, self._pointer
        near = self._near(pointer) if pointer is not None else -1
        points = tuple(self._points)
        side: list[tuple[float, float]] = []
        if pointer is not None and not self._pressed and near < 0:
            side = [points[-1], self._straight(pointer, -1)]
        lines: list[Mark] = []
        if self.closes:
            around = points_of([*points, *side[1:]])
            lines.append(LineMark(around, tone, width_px, closed=True, filled=True))
        else:
            make_line = partial(LineMark, points_of(points), tone, width_px)
            lines.append(self._kept.of("line", (points, tone, width_px), make_line))
            if side:
                lines.append(LineMark(points_of(side), tone, width_px))
        hot = self._held if self._pressed else near
        dots = self._kept.of("dots", (points, tone, hot), partial(DotsMark, points_of(points), tone, hot))
        self._marks = (*lines, dots)

    def _near(self, at: Pointer) -> int:
        """Index of the point under the pointer, -1 for none."""
        reach = photo_px(self.host, GRAB_PX)
        distances = [math.hypot(at.row - row, at.column - column) for row, column in self._points]
        best = min(range(len(distances)), key=distances.__getitem__, default=-1)
        return best if best >= 0 and distances[best] <= reach else -1

    def _straight(self, at: Pointer, before: int) -> tuple[float, float]:
        """Where a point goes: under the pointer, with Shift on a ray from the point ``before`` it."""
        if not at.shift or not self._points or before < -1 or (before == -1 and self._held == 0):
            return at.row, at.column
        return on_ray(self._points[before], (at.row, at.column))


def on_ray(origin: tuple[float, float], place: tuple[float, float]) -> tuple[float, float]:
    """The point nearest to ``place`` that lies upright, level or at 45 degrees from ``origin``."""
    down, right = place[0] - origin[0], place[1] - origin[1]
    angle = round(math.atan2(down, right) / _TURN) * _TURN
    length = down * math.sin(angle) + right * math.cos(angle)
    return origin[0] + length * math.sin(angle), origin[1] + length * math.cos(angle)
