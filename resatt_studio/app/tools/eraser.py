"""A round eraser: what it touches is unsaid again, neither crack nor not crack."""

from __future__ import annotations

from resatt_studio.app.tools.brush import Brush
from resatt_studio.records.correction import Label


class Eraser(Brush):
    """Takes the inspector's word back; the prediction counts there again."""

    @property
    def painted_label(self) -> Label:
        return Label.UNSAID
