"""A round brush that says crack, not crack, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import NOTHING, Pointer, Tool, ToolHost
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box


class Brush(Tool):
    """Paints what the host's label says; one stroke from press to release is one undo step.

    A pen that tells how hard it is pressed paints up to the full width, as long as the tool's option says so.
    """

    takes_pressure = True

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        # The document of the press: the photo may change under a stroke, the stroke stays where it began.
        self._document: CorrectionDocument | None = None

    @property
    def painted_label(self) -> Label:
        return self.host.label

    @property
    def busy(self) -> bool:
        return self._document is not None

    def press(self, at: Pointer) -> Box:
        document = self.host.document
        if document is None or document.in_stroke:
            return NOTHING
        self._document = document
        document.begin(self.name, self.painted_label, self.host.radius_px)
        return self._drag(document, [at])

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._document is None:
            return NOTHING
        return self._drag(self._document, points)

    def release(self) -> Edit | None:
        document, self._document = self._document, None
        return None if document is None else document.end()

    def cancel(self) -> Box:
        document, self._document = self._document, None
        return NOTHING if document is None else document.cancel()

    def _drag(self, document: CorrectionDocument, points: Sequence[Pointer]) -> Box:
        if all(point.pressure == 1.0 for point in points) or not self.switch("pressure"):
            return document.extend([(point.row, point.column) for point in points])
        box = NOTHING
        for point in points:
            radius_px = self.host.radius_px * point.pressure
            box = box.union(document.extend([(point.row, point.column)], radius_px))
        return box
