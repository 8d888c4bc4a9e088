"""What a pressed pointer means: a tool, moving the photo or the split, sizing the brush, the photo's tone."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from resatt_studio.app.canvas.tone import Tone
from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost
from resatt_studio.app.tools.options import RADIUS
from resatt_studio.app.tools.pan import Pan
from resatt_studio.app.tools.registry import create_tool
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box


class Drag(Enum):
    """What goes on between press and release."""

    TOOL = auto()
    PAN = auto()
    SIZE = auto()
    SPLIT = auto()
    TONE = auto()


_SLIDES = (Drag.SIZE, Drag.SPLIT, Drag.TONE)
"""Change a number of the canvas; no tool has a part in it."""


class GestureHost(ToolHost, Protocol):
    """What gestures may ask of the canvas beyond what tools may."""

    @property
    def scale(self) -> float: ...

    def resize_brush(self, radius_px: float) -> None: ...

    @property
    def split_column(self) -> float: ...

    def move_split(self, view_column: float) -> None: ...

    @property
    def tone(self) -> Tone: ...

    def move_tone(self, tone: Tone) -> None: ...

    def drag_tone(self, start: Tone, right: float, up: float) -> None: ...


class Gestures:
    """The state of one pointer.

    Points are collected as they arrive and handed to the tool in one go, so that a fast mouse costs no more
    than a slow one and no point is lost.

    Args:
        host: The canvas.
        tool: Name of the tool to begin with.

    Attributes:
        tool: The one in hand.
        drag: What goes on between press and release, None where nothing does.
        shown: Photo pixels that were said to change since the press.
    """

    def __init__(self, host: GestureHost, tool: str = "brush") -> None:
        self._host = host
        self.tool: Tool = create_tool(tool, host)
        self.drag: Drag | None = None
        self.shown = NOTHING
        self._pan = Pan("pan", host)
        self._pending: list[Pointer] = []
        self._start = Pointer(0, 0, 0, 0)
        self._start_value = 0.0
        self._start_tone = host.tone

    @property
    def busy(self) -> bool:
        return self.drag is not None

    def choose(self, tool: str) -> None:
        """Take another tool in the hand; a stroke must have ended. What the old one shows is put away."""
        self.tool.cancel()
        self.tool = create_tool(tool, self._host)

    def press(self, at: Pointer, drag: Drag, double: bool = False) -> Box:
        """Begin; returns the photo pixels that changed.

        Args:
            double: Whether it is the second press of a double click.
        """
        self.drag = drag
        self.shown = NOTHING
        self._pending.clear()
        if drag in _SLIDES:
            value = self._host.radius_px if drag is Drag.SIZE else self._host.split_column
            self._start, self._start_value, self._start_tone = at, value, self._host.tone
            return NOTHING
        return self._note(self._active.double_press(at) if double else self._active.press(at))

    def move(self, at: Pointer) -> None:
        """The pointer went on; nothing happens until :meth:`flush`."""
        if self.drag is not None:
            self._pending.append(at)

    def flush(self) -> Box:
        """Do what the collected points ask for; returns the photo pixels that changed."""
        points, self._pending = self._pending, []
        if not points or self.drag is None:
            return NOTHING
        if self.drag in _SLIDES:
            self._slide(points[-1])
            return NOTHING
        return self._note(self._active.move(points))

    def release(self) -> Edit | None:
        """End; call :meth:`flush` before. Returns the finished edit, if there is one."""
        drag, active = self.drag, self._active
        self.drag = None
        return None if drag is None or drag in _SLIDES else active.release()

    def cancel(self) -> Box:
        """Take back what was begun, or what is in hand; returns the photo pixels that changed."""
        drag, active = self.drag, self._active
        self.drag = None
        self._pending.clear()
        if drag is Drag.SPLIT:
            self._host.move_split(self._start_value)
        if drag is Drag.TONE:
            self._host.move_tone(self._start_tone)
        if drag is None:
            return self.tool.cancel()
        return NOTHING if drag in _SLIDES else active.cancel()

    def _note(self, box: Box) -> Box:
        self.shown = self.shown.union(box)
        return box

    def _slide(self, at: Pointer) -> None:
        """The pointer is somewhere else than where it was pressed."""
        columns = at.view_column - self._start.view_column
        if self.drag is Drag.TONE:
            self._host.drag_tone(self._start_tone, columns, self._start.view_row - at.view_row)
            return
        if self.drag is Drag.SPLIT:
            self._host.move_split(self._start_value + columns)
            return
        radius_px = self._start_value + columns / self._host.scale
        self._host.resize_brush(float(RADIUS.valid(radius_px)))

    @property
    def _active(self) -> Tool:
        return self._pan if self.drag is Drag.PAN else self.tool
