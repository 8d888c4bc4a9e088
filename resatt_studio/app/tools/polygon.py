"""An area with straight sides, corner by corner."""

from __future__ import annotations

from resatt_studio.annotation.areas import outline_box, polygon_pixels
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.marking import too_large
from resatt_studio.app.tools.vertices import Vertices
from resatt_studio.records.correction import Edit


class Polygon(Vertices):
    """Says the label of every pixel inside; a click on the first corner closes it."""

    closes = True

    def confirm(self) -> Edit | None:
        document, self._ending = self._document, False
        if document is not None and too_large(self.host, outline_box(self._points, document.labels.box)):
            return None  # the corners stay: some of them may be taken back
        return super().confirm()

    def act(self, document: CorrectionDocument, points: list[tuple[float, float]]) -> Edit | None:
        if too_large(self.host, outline_box(points, document.labels.box)):
            return None
        return document.say(self.name, self.host.label, *polygon_pixels(points, document.labels.box))
