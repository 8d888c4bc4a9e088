"""A pointer that asks a label network what the point under it attends to."""

from __future__ import annotations

from collections.abc import Sequence

from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box


class AskAttention(Tool):
    """Asks where it is pressed and wherever it is dragged to; changes no pixel."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._pressed = False

    @property
    def busy(self) -> bool:
        return self._pressed

    def press(self, at: Pointer) -> Box:
        self._pressed = True
        self.host.ask_at(at.row, at.column)
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._pressed and points:
            # A further point of the same look costs no run of the network, so the map can follow the pointer.
            self.host.ask_at(points[-1].row, points[-1].column)
        return NOTHING

    def release(self) -> Edit | None:
        self._pressed = False
        return None

    def cancel(self) -> Box:
        self._pressed = False
        return NOTHING
