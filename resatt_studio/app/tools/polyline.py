"""A line of straight parts with a width: crack drawn as one goes along it, click by click."""

from __future__ import annotations

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.vertices import Vertices
from resatt_studio.records.correction import Edit


class Polyline(Vertices):
    """Paints a line through its points, as wide as the brush."""

    @property
    def width_px(self) -> float:
        return 2 * self.host.radius_px

    def act(self, document: CorrectionDocument, points: list[tuple[float, float]]) -> Edit | None:
        document.begin(self.name, self.host.label, self.host.radius_px)
        for point in points:  # one part at a time: the box around all of a slanting line may be the photo
            document.extend([point])
        return document.end()
