"""An upright rectangle, from corner to corner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resatt_studio.annotation.areas import rectangle_pixels
from resatt_studio.app.tools.base import NOTHING, Pointer, ToolHost
from resatt_studio.app.tools.drags import Drag
from resatt_studio.app.tools.marking import label_tone, too_large
from resatt_studio.app.tools.overlay import LineMark, points_of
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box


class Rectangle(Drag):
    """Says the label of every pixel between press and release; with Shift it is a square."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._corner = self._opposite = (0.0, 0.0)

    def press(self, at: Pointer) -> Box:
        document = self._free_document
        if document is not None:
            self._document = document
            self._corner = self._opposite = (at.row, at.column)
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._document is not None and points:
            (top, left), at = self._corner, points[-1]
            down, right = at.row - top, at.column - left
            if at.shift:
                side = max(abs(down), abs(right))
                down, right = (side if down >= 0 else -side), (side if right >= 0 else -side)
            self._opposite = top + down, left + right
            corners = [(top, left), (top, left + right), self._opposite, (top + down, left)]
            line = LineMark(points_of(corners), label_tone(self.host.label), closed=True, filled=True)
            self._marks = (line,)
        return NOTHING

    def release(self) -> Edit | None:
        document = self._let_go()
        if document is None:
            return None
        box = rectangle_pixels(self._corner, self._opposite, document.labels.box)
        if too_large(self.host, box):
            return None
        everywhere = np.broadcast_to(np.True_, (box.height, box.width))
        return document.say(self.name, self.host.label, box, everywhere)
