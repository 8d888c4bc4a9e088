"""Traces a crack from click to click: the path finds its own way along it, and its own width."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from resatt_studio.annotation.crack_path import CrackPath
from resatt_studio.annotation.tracing import Point, Trace, Ways, measured
from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost
from resatt_studio.app.tools.overlay import NO_MARKS, Mark
from resatt_studio.app.tools.trace_marks import Look, TraceMarks
from resatt_studio.app.tools.trace_search import TraceSearch
from resatt_studio.app.tools.vertices import GRAB_PX
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box

_BEYOND_PX = 12.0  # from the window's end to the pointer, from which a line says that more is coming

Sides = tuple[Ways | None, Ways | None]


class Tracer(Tool):
    """Clicks along a crack; what is found between them is one edit when it is finished.

    The ways from the last point are searched on another thread, in a window that grows with the pointer; a
    move of the pointer only reads one of them.
    """

    takes_right = True

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        # Of the document of the first click: the photo may change, the crack stays where it began.
        self._search: TraceSearch | None = None
        self._path: CrackPath | None = None
        self._ways: Ways | None = None  # from the last point
        self._asked: object = None  # stands for the search that is under way
        self._at: Pointer | None = None
        self._preview: Trace | None = None
        self._pressed = self._finishing = False
        self._dragged: int | None = None
        self._sides: Sides | None = None  # ways from the neighbours of the dragged point
        self._marks = TraceMarks()

    @property
    def busy(self) -> bool:
        return self._pressed

    @property
    def in_hand(self) -> bool:
        return self._path is not None

    @property
    def overlay(self) -> tuple[Mark, ...]:
        if self._path is None:
            return NO_MARKS
        look = Look(self.host.label, self.host.scale, *self._width())
        return self._marks.of(
            self._path.points, self._path.pieces, self._preview, self._beyond(), self._hot(), look
        )

    # -- pointer ---------------------------------------------------------------------------------------

    def press(self, at: Pointer) -> Box:
        self._pressed, self._finishing, self._at = True, False, at
        if at.right:
            self._finishing = self._path is not None
        elif self._path is None:
            self._begin(at)
        elif (index := self._hot()) is not None:
            self._take_hold(index)
        else:
            self._go_on(at)
        return NOTHING

    def double_press(self, at: Pointer) -> Box:
        if self._path is None or not self._path.pieces:
            return self.press(at)
        # The first of the two presses was a click like others: the crack ends there.
        self._pressed = self._finishing = True
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        if points:
            self._at = points[-1]
            self._drag()
        return NOTHING

    def release(self) -> Edit | None:
        self._pressed = False
        if self._finishing:
            return self.finish()
        if self._dragged is not None:
            self._let_go()
        self._look()
        return None

    def hover(self, at: Pointer | None) -> None:
        self._at = at
        self._look()

    # -- keys ------------------------------------------------------------------------------------------

    def finish(self) -> Edit | None:
        """One edit of all that was traced up to the last click; the preview is not part of it."""
        path, search, label = self._path, self._search, self.host.label
        half_width_px, margin_px = self._width()
        self.cancel()
        if path is None or search is None or search.document.in_stroke:
            return None
        box, mask = path.stamp(search.photo, half_width_px, margin_px)
        labels = np.full(mask.shape, int(label), np.uint8)
        return search.document.apply_labels(self.name, box, labels, mask)

    def step_back(self) -> None:
        if self._path is None or not self._path.step_back():
            self.cancel()
        else:
            self._ways = None
            self._look()

    def cancel(self) -> Box:
        self._search = self._path = self._ways = self._preview = self._asked = None
        self._dragged = self._sides = None
        self._pressed = self._finishing = False
        return NOTHING

    def options_changed(self) -> None:
        """Widths are laid on when the path is drawn or finished; another guide finds other ways."""
        if self._search is not None:
            self._search.guided = self._guided
            self._look()

    @property
    def _guided(self) -> bool:
        return self.choice("guide") == "both"

    def _width(self) -> tuple[float | None, float]:
        """Half the fixed width, or None, and what is added to the measured one."""
        if self.choice("width") == "fixed":
            return self.host.radius_px, 0.0
        return None, self.number("margin")

    # -- clicks ----------------------------------------------------------------------------------------

    def _begin(self, at: Pointer) -> None:
        document = self.host.document
        if document is None or document.in_stroke:
            return
        search = TraceSearch(self.host, document, self._guided)
        if search.clamped(at.row, at.column) != (at.row, at.column):
            return
        start = search.first_place((at.row, at.column), at.control)
        if start is None:
            self.host.tell("The photo is still loading; trace when it is there.")
            return
        self._search, self._path = search, CrackPath(start)
        self._look()

    def _go_on(self, at: Pointer) -> None:
        assert self._path is not None and self._search is not None
        last, to = self._path.points[-1], self._search.clamped(at.row, at.column)
        ways = self._search.ways_to(last, to, self._ways)
        if ways is None:
            return
        end = self._search.place(to, ways.ground, at.control)
        if math.dist(end, last) >= 1.0:
            self._path.add(measured(ways.to(end), ways.ground))
            self._ways, self._preview = None, None
            self._look(ways)

    # -- the way to the pointer ------------------------------------------------------------------------

    def _look(self, near: Ways | None = None) -> None:
        """Show the way to the pointer, and have a larger window searched where this one is too small.

        Args:
            near: Ways whose window may serve again.
        """
        self._preview = None
        search, path, at = self._search, self._path, self._at
        if search is None or path is None or at is None or self._dragged is not None:
            return
        start, to = path.points[-1], search.clamped(at.row, at.column)
        if self._ways is not None and self._ways.start != start:
            self._ways = None
        if self._ways is not None and self._hot() is None:
            self._preview = search.preview(self._ways, to, at.control)
        if self._asked is None and not search.serves(self._ways, start, to):
            known = self._ways or near
            find = search.search(start, search.window_ahead(start, to), known and known.ground)
            if find is None:
                return
            ticket = self._asked = object()

            def take(ways: Ways) -> None:
                if self._asked is ticket:
                    self._asked = None
                    self._ways = ways
                    self._look()

            self.host.in_background("trace", find, take)

    def _beyond(self) -> tuple[Point, Point] | None:
        """From where the known way ends to the pointer, while a larger window is being searched."""
        search, path, at = self._search, self._path, self._at
        if search is None or path is None or at is None or self._dragged is not None:
            return None
        end = path.points[-1] if self._preview is None else tuple(self._preview.curve[-1].tolist())
        to = search.clamped(at.row, at.column)
        return (end, to) if self._asked is not None and math.dist(end, to) > _BEYOND_PX else None

    # -- dragging a point ------------------------------------------------------------------------------

    def _hot(self) -> int | None:
        """The point under the pointer, or the one that it holds."""
        if self._dragged is not None or self._path is None or self._at is None:
            return self._dragged
        reach = GRAB_PX * self.host.ratio / self.host.scale
        return self._path.nearest((self._at.row, self._at.column), reach)

    def _take_hold(self, index: int) -> None:
        self._dragged, self._sides, self._preview, self._asked = index, None, None, None

    def _drag(self) -> None:
        """Let the held point follow the pointer, as soon as the ways from its neighbours are known."""
        if self._dragged is None or self._asked is not None or self._at is None:
            return
        if self._sides is not None and self._sides_serve(self._sides):
            self._put(self._sides)
            return
        finds = self._side_searches()
        if finds is None:
            return
        ticket = self._asked = object()

        def take(sides: Sides) -> None:
            if self._asked is ticket:
                self._asked, self._sides = None, sides
                self._drag()

        self.host.in_background("trace", lambda: _found(finds), take)

    def _neighbours(self) -> tuple[Point | None, Point | None]:
        assert self._path is not None and self._dragged is not None
        points, index = self._path.points, self._dragged
        return points[index - 1] if index > 0 else None, points[index + 1] if index + 1 < len(
            points
        ) else None

    def _sides_serve(self, sides: Sides) -> bool:
        assert self._search is not None and self._at is not None
        to = self._search.clamped(self._at.row, self._at.column)
        return all(
            start is None or self._search.serves(ways, start, to)
            for start, ways in zip(self._neighbours(), sides, strict=True)
        )

    def _side_searches(self):
        """What finds the ways from both neighbours; None while the photo is loading."""
        search, at = self._search, self._at
        assert search is not None and at is not None
        to = search.clamped(at.row, at.column)
        finds = tuple(
            None if start is None else search.search(start, search.window_ahead(start, to))
            for start in self._neighbours()
        )
        loading = any(
            start is not None and find is None for start, find in zip(self._neighbours(), finds, strict=True)
        )
        return None if loading else finds

    def _put(self, sides: Sides) -> None:
        """Put the held point under the pointer, with new ways to its neighbours."""
        assert self._path is not None and self._search is not None
        assert self._dragged is not None and self._at is not None
        to = self._search.clamped(self._at.row, self._at.column)
        before, behind = sides
        known = before or behind
        if known is not None:
            to = self._search.place(to, known.ground, self._at.control)
        self._path.move(
            self._dragged, to,
            before and measured(before.to(to), before.ground),
            behind and measured(behind.to(to)[::-1], behind.ground),
        )  # fmt: skip

    def _let_go(self) -> None:
        """The point stays where the pointer left it, though the ways may not have been found yet."""
        if self._asked is not None and (finds := self._side_searches()) is not None:
            self._put(_found(finds))
        self._dragged = self._sides = self._asked = None


def _found(finds) -> Sides:
    before, behind = (None if find is None else find() for find in finds)
    return before, behind
