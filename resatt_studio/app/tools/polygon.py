"""An area with straight sides, corner by corner."""

from __future__ import annotations

from resatt_studio.annotation.areas import polygon_pixels
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.vertices import Vertices
from resatt_studio.records.correction import Edit


class Polygon(Vertices):
    """Says the label of every pixel inside; a click on the first corner closes it."""

    closes = True

    def act(self, document: CorrectionDocument, points: list[tuple[float, float]]) -> Edit | None:
        return document.say(self.name, self.host.label, *polygon_pixels(points, document.labels.box))
