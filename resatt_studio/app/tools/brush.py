"""A round brush that says crack, not crack, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import NOTHING, Pointer
from resatt_studio.app.tools.drags import Stroke
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box


class Brush(Stroke):
    """Paints what the host's label says; one stroke from press to release is one undo step.

    A pen that tells how hard it is pressed paints up to the full width, as long as the tool's option says so.
    """

    takes_pressure = True

    @property
    def painted_label(self) -> Label:
        return self.host.label

    def press(self, at: Pointer) -> Box:
        document = self._free_document
        if document is None:
            return NOTHING
        self._document = document
        document.begin(self.name, self.painted_label, self.host.radius_px)
        return self._drag(document, [at])

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._document is None:
            return NOTHING
        return self._drag(self._document, points)

    def _drag(self, document: CorrectionDocument, points: Sequence[Pointer]) -> Box:
        if all(point.pressure == 1.0 for point in points) or not self.switch("pressure"):
            return document.extend([(point.row, point.column) for point in points])
        box = NOTHING
        for point in points:
            radius_px = self.host.radius_px * point.pressure
            box = box.union(document.extend([(point.row, point.column)], radius_px))
        return box
