"""A hand that moves the photo."""

from __future__ import annotations

from collections.abc import Sequence

from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box


class Pan(Tool):
    """Drags the photo along with the pointer; changes no pixel."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._last: tuple[float, float] | None = None

    @property
    def busy(self) -> bool:
        return self._last is not None

    def press(self, at: Pointer) -> Box:
        self._last = (at.view_row, at.view_column)
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._last is not None and points:
            # Whole view pixels only; the rest waits for the next move, so that nothing is lost on the way.
            rows = round(points[-1].view_row - self._last[0])
            columns = round(points[-1].view_column - self._last[1])
            self._last = (self._last[0] + rows, self._last[1] + columns)
            self.host.pan_by(rows, columns)
        return NOTHING

    def release(self) -> Edit | None:
        self._last = None
        return None

    def cancel(self) -> Box:
        self._last = None
        return NOTHING
