"""Traces a crack from click to click: the path finds its own way along it, and its own width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from resatt_studio.annotation.crack_path import CrackPath
from resatt_studio.annotation.strokes import Point
from resatt_studio.annotation.tracing import Ground, Trace, Ways, measured
from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost, photo_px
from resatt_studio.app.tools.overlay import NO_MARKS, Mark
from resatt_studio.app.tools.trace_marks import Look, TraceMarks
from resatt_studio.app.tools.trace_search import Search, TraceSearch
from resatt_studio.app.tools.vertices import GRAB_PX
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr

_BEYOND_PX = 12.0  # from the window's end to the pointer, from which a line says that more is coming

Sides = tuple[Ways | None, Ways | None]
Finds = tuple[Search | None, Search | None]
Found = TypeVar("Found")


class Tracer(Tool):
    """Clicks along a crack; what is found between them is one edit when it is finished.

    The ways from the last point are searched on another thread, in a window that grows with the pointer; a
    move of the pointer only reads one of them, and a click beyond it waits for the next.
    """

    takes_right = True

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        # Of the document of the first click: the photo may change, the crack stays where it began.
        self._search: TraceSearch | None = None
        self._path: CrackPath | None = None
        self._ways: Ways | None = None  # from the last point
        self._ground: Ground | None = None  # of the newest ways; the next ones may use it again
        self._clicks: list[Pointer] = []  # whose ways are not known yet
        self._ending = False  # Enter was pressed; the last clicks are waited for
        self._asked: object = None  # stands for the search that is under way
        self._at: Pointer | None = None
        self._preview: Trace | None = None
        self._pressed = self._finishing = False
        self._dragged: int | None = None
        self._pull: Pointer | None = None  # to where the held point is dragged
        self._left = False  # the button was released; the point's ways are waited for
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
        self._put_now()
        if at.right:
            self._finishing = self._path is not None
        elif self._path is None:
            self._begin(at)
        elif self._ending:
            return NOTHING
        elif not self._clicks and (index := self._hot()) is not None:
            self._dragged, self._sides, self._preview, self._asked = index, None, None, None
        else:
            self._click(at)
        return NOTHING

    def double_press(self, at: Pointer) -> Box:
        if self._path is None or not (self._path.pieces or self._clicks):
            return self.press(at)
        # The first of the two presses was a click like others: the crack ends there.
        self._pressed = self._finishing = True
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        if points:
            self._at = points[-1]
            if self._dragged is not None and self._reaches(points[-1]):
                self._pull = points[-1]
            self._drag()
        return NOTHING

    def release(self) -> Edit | None:
        self._pressed = False
        if self._finishing:
            return self.confirm()
        self._left = self._dragged is not None
        self._let_go()
        return self._look()

    def hover(self, at: Pointer | None) -> None:
        self._at = at
        if not self._ending:  # else an answer decides, whose edit is told
            self._look()

    # -- keys ------------------------------------------------------------------------------------------

    def finish(self) -> Edit | None:
        """One edit of all that was traced up to the last click; the preview is not part of it. Ways that are
        not known yet are searched now."""
        self._put_now()
        while self._clicks and self._take_clicks() and (find := self._search_on()) is not None:
            self._ways = find()
        path, search, label = self._path, self._search, self.host.label
        half_width_px, margin_px = self._width()
        self.cancel()
        if path is None or search is None or search.document.in_stroke:
            return None
        box, mask = path.stamp(search.photo, half_width_px, margin_px)
        return search.document.say(self.name, label, box, mask)

    def confirm(self) -> Edit | None:
        self._ending = bool(self._clicks)
        return None if self._ending else self.finish()

    def step_back(self) -> None:
        self._put_now()  # the point that goes may be the one that waits, or its neighbour
        self._ending = False
        if self._clicks:
            self._clicks.pop()
            self._look()
        elif self._path is None or not self._path.step_back():
            self.cancel()
        else:
            self._ways = None
            self._look()

    def cancel(self) -> Box:
        self._search = self._path = self._ways = self._preview = self._asked = None
        self._dragged = self._sides = self._pull = self._ground = None
        self._pressed = self._finishing = self._ending = self._left = False
        self._clicks.clear()
        return NOTHING

    def options_changed(self) -> None:
        """Widths are laid on when the path is drawn or finished; another guide finds other ways."""
        if self._search is not None:
            self._search.guided = self._guided
            if not self._ending:
                self._look()

    def pixels_came(self) -> Edit | None:
        self._drag()
        return self._look()

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
            self.host.tell(tr("The photo is still loading here; click again in a moment."))
            return
        self._search, self._path = search, CrackPath(start)
        self._look()

    def _click(self, at: Pointer) -> None:
        assert self._path is not None and self._search is not None
        self._clicks.append(at)
        start, to = self._path.points[-1], self._search.clamped(at.row, at.column)
        if len(self._clicks) == 1 and self._search.goal(start, *to) != to:
            self.host.tell(tr("This is as far as is searched at a time; click on from there."))
        self._look()

    def _take_clicks(self) -> bool:
        """Go on to the clicks whose ways are known; returns whether there are others."""
        assert self._path is not None and self._search is not None
        while self._clicks:
            at, last = self._clicks[0], self._path.points[-1]
            to, ways = self._search.goal(last, at.row, at.column), self._ways
            if ways is None or not self._search.serves(ways, last, to):
                return True
            self._clicks.pop(0)
            end = self._search.place(to, ways.ground, at.control)
            if math.dist(end, last) >= 1.0:
                self._path.add(measured(ways.to(end), ways.ground))
                self._ground = ways.ground
        return False

    # -- the way to the pointer ------------------------------------------------------------------------

    def _look(self) -> Edit | None:
        """Take the clicks whose ways are known, show the way to the pointer, and have searched what is not
        known yet. Returns the edit that the last of the clicks finished."""
        self._preview = None
        search, path = self._search, self._path
        if search is None or path is None or self._dragged is not None:
            return None
        waiting = self._take_clicks()
        if self._ending and not waiting:
            return self.finish()
        if self._ways is not None and self._ways.start != path.points[-1]:
            self._ways = None
        if self._ways is not None and self._at is not None and not waiting and self._hot() is None:
            goal = search.goal(path.points[-1], self._at.row, self._at.column)
            self._preview = search.preview(self._ways, goal, self._at.control)
        if self._asked is None and (find := self._search_on()) is not None:

            def take(ways: Ways) -> Edit | None:
                self._ways, self._ground = ways, ways.ground
                return self._look()

            self._ask(find, take)
        return None

    def _search_on(self) -> Search | None:
        """What finds the ways to the next click, or to the pointer; None when they are known, or while the
        photo is loading."""
        search, path, at = self._search, self._path, self._clicks[0] if self._clicks else self._at
        if search is None or path is None or at is None:
            return None
        start = path.points[-1]
        to = search.goal(start, at.row, at.column)
        if search.serves(self._ways, start, to):
            return None
        window = search.window(start, to) if self._clicks else search.window_ahead(start, to)
        return search.search(start, window, self._ground)

    def _ask(self, work: Callable[[], Found], then: Callable[[Found], Edit | None]) -> None:
        """Have ``work`` done on another thread; its answer counts unless something else happens before."""
        ticket = self._asked = object()

        def take(found: Found) -> Edit | None:
            if self._asked is not ticket:
                return None
            self._asked = None
            return then(found)

        def failed() -> None:
            if self._asked is ticket:
                self._asked, self._ending, self._left = None, False, False
                self._clicks.clear()
                self._dragged = self._sides = self._pull = None
                self.host.tell(tr("No way could be found there."))

        self.host.in_background("trace", work, take, failed)

    def _beyond(self) -> tuple[Point, Point] | None:
        """From where the known way ends to the next click or the pointer, while that is not reached."""
        search, path, at = self._search, self._path, self._clicks[-1] if self._clicks else self._at
        if search is None or path is None or at is None or self._dragged is not None:
            return None
        end = path.points[-1] if self._preview is None else tuple(self._preview.curve[-1].tolist())
        to = search.clamped(at.row, at.column)
        more = self._asked is not None or search.goal(path.points[-1], *to) != to
        return (end, to) if more and math.dist(end, to) > _BEYOND_PX else None

    # -- dragging a point ------------------------------------------------------------------------------

    def _hot(self) -> int | None:
        """The point under the pointer, or the one that it holds."""
        if self._dragged is not None or self._path is None or self._at is None:
            return self._dragged
        return self._path.nearest((self._at.row, self._at.column), photo_px(self.host, GRAB_PX))

    def _reaches(self, at: Pointer) -> bool:
        """Whether the held point may go there: no farther from its neighbours than is searched at a time."""
        assert self._search is not None
        to = self._search.clamped(at.row, at.column)
        return all(start is None or self._search.goal(start, *to) == to for start in self._neighbours())

    def _drag(self) -> None:
        """Let the held point follow the pointer, as soon as the ways from its neighbours are known."""
        if self._dragged is None or self._asked is not None or self._pull is None:
            return
        if self._sides is not None and self._sides_serve(self._sides):
            self._put(self._sides)
            return
        finds = self._side_searches()
        if finds is None:
            return

        def take(sides: Sides) -> Edit | None:
            self._sides = sides
            self._drag()
            self._let_go()
            return self._look()

        self._ask(lambda: _found(finds), take)

    def _neighbours(self) -> tuple[Point | None, Point | None]:
        assert self._path is not None and self._dragged is not None
        points, index = self._path.points, self._dragged
        before = points[index - 1] if index > 0 else None
        behind = points[index + 1] if index + 1 < len(points) else None
        return before, behind

    def _sides_serve(self, sides: Sides) -> bool:
        assert self._search is not None and self._pull is not None
        to = self._search.clamped(self._pull.row, self._pull.column)
        return all(
            start is None or self._search.serves(ways, start, to)
            for start, ways in zip(self._neighbours(), sides, strict=True)
        )

    def _side_searches(self) -> Finds | None:
        """What finds the ways from both neighbours; None while the photo is loading."""
        search, at = self._search, self._pull
        assert search is not None and at is not None
        to = search.clamped(at.row, at.column)
        starts = self._neighbours()
        before, behind = (
            None if start is None else search.search(start, search.window_ahead(start, to))
            for start in starts
        )
        loading = (starts[0] is not None and before is None) or (starts[1] is not None and behind is None)
        return None if loading else (before, behind)

    def _put(self, sides: Sides) -> None:
        """Put the held point under the pointer, with new ways to its neighbours."""
        assert self._path is not None and self._search is not None
        assert self._dragged is not None and self._pull is not None
        to = self._search.clamped(self._pull.row, self._pull.column)
        before, behind = sides
        known = before or behind
        if known is not None:
            to = self._search.place(to, known.ground, self._pull.control)
        self._path.move(
            self._dragged,
            to,
            None if before is None else measured(before.to(to), before.ground),
            None if behind is None else measured(behind.to(to)[::-1], behind.ground),
        )

    def _let_go(self) -> None:
        """The point that the pointer left stays there once its ways are known."""
        if self._left and self._asked is None:
            self._dragged = self._sides = self._pull = None
            self._left = False

    def _put_now(self) -> None:
        """As :meth:`_let_go` without waiting: something else begins."""
        if self._left:
            finds = self._side_searches()
            if finds is not None:
                self._put(_found(finds))
            self._asked = None
            self._let_go()


def _found(finds: Finds) -> Sides:
    before, behind = (None if find is None else find() for find in finds)
    return before, behind
