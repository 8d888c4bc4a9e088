"""A freehand area."""

from __future__ import annotations

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.loops import Loop
from resatt_studio.app.tools.marking import label_tone
from resatt_studio.app.tools.overlay import Tone
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box


class Lasso(Loop):
    """Says the label of every pixel that the pointer goes around."""

    @property
    def tone(self) -> Tone:
        return label_tone(self.host.label)

    def loop(self, document: CorrectionDocument, box: Box, mask: BoolArray) -> Edit | None:
        return document.say(self.name, self.host.label, box, mask)
