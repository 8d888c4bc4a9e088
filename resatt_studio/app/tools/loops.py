"""Freehand loops: what lasso shares with the tools that act on a crack or on all cracks inside a loop."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from resatt_studio.annotation.areas import outline_box, polygon_pixels
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import NOTHING, Pointer, ToolHost
from resatt_studio.app.tools.drags import Drag
from resatt_studio.app.tools.marking import LARGEST_AREA_PX, too_large
from resatt_studio.app.tools.overlay import NO_MARKS, LineMark, Mark, Tone, points_of
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box

CLICK_PX = 4.0
"""What stays within so many logical pixels of the press is a click and no loop."""

_MARK_POINTS = 64
"""So many points make one mark; the marks behind it need not be drawn again when the loop grows."""


class Loop(Drag):
    """Collects the pointer's way from press to release."""

    most_px: ClassVar[int] = LARGEST_AREA_PX
    """Pixels of the box around a loop, beyond which it is refused."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._points: list[tuple[float, float]] = []
        self._start = Pointer(0, 0, 0, 0)
        self._dragged = False
        self._finished: tuple[Mark, ...] = NO_MARKS

    @property
    def tone(self) -> Tone:
        """In which the loop is drawn."""
        return Tone.PLAIN

    def press(self, at: Pointer) -> Box:
        document = self._free_document
        if document is not None:
            self._document, self._start, self._dragged = document, at, False
            self._points = [(at.row, at.column)]
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._document is None:
            return NOTHING
        for at in points:
            off = abs(at.view_row - self._start.view_row), abs(at.view_column - self._start.view_column)
            self._dragged = self._dragged or max(off) > CLICK_PX * self.host.ratio
            self._points.append((at.row, at.column))
        if self._dragged:
            self._draw()
        return NOTHING

    def release(self) -> Edit | None:
        document, points, dragged = self._document, self._points, self._dragged
        self.cancel()
        if document is None:
            return None
        if not dragged:
            return self.click(document, self._start)
        if too_large(self.host, outline_box(points, document.labels.box), self.most_px):
            return None
        box, mask = polygon_pixels(points, document.labels.box)
        return None if box.empty else self.loop(document, box, mask)

    def cancel(self) -> Box:
        self._points, self._finished = [], NO_MARKS
        return super().cancel()

    def click(self, document: CorrectionDocument, at: Pointer) -> Edit | None:
        """The pointer was pressed and not dragged; may lie outside the photo. Nothing, unless told so."""
        return None

    @abstractmethod
    def loop(self, document: CorrectionDocument, box: Box, mask: BoolArray) -> Edit | None:
        """The pointer went around these pixels of the photo; at least an empty mask of a box that is not."""

    def _draw(self) -> None:
        done = len(self._finished) * _MARK_POINTS
        while len(self._points) - done > _MARK_POINTS:
            part = self._points[done : done + _MARK_POINTS + 1]
            self._finished += (LineMark(points_of(part), self.tone),)
            done += _MARK_POINTS
        newest = LineMark(points_of(self._points[done:]), self.tone)
        closing = LineMark(points_of([self._points[-1], self._points[0]]), self.tone, dashed=True)
        self._marks = (*self._finished, newest, closing)
