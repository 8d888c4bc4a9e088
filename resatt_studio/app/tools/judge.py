"""Judging whole predicted cracks: what accepting, rejecting and sifting share."""

from __future__ import annotations

from typing import ClassVar

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import Pointer
from resatt_studio.app.tools.crack_loop import CrackLoop
from resatt_studio.app.tools.marking import crack_at, judged, label_tone, seen_crack, tell_no_crack
from resatt_studio.app.tools.overlay import Tone
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr


class Judge(CrackLoop):
    """Gives predicted crack a label: the crack under a click, or all crack inside a loop.

    Only pixels about which nothing was said change: the inspector's own word stands.
    """

    verdict: ClassVar[Label]

    @property
    def tone(self) -> Tone:
        return label_tone(self.verdict)

    def click(self, document: CorrectionDocument, at: Pointer) -> Edit | None:
        region = crack_at(self.host, document, at)
        if region is None:
            tell_no_crack(self.host, at)
            return None
        if not region.whole:
            self.host.tell(tr("The crack goes on further than one click reaches; click on the rest as well."))
        return self.judge(document, region.box, region.mask)

    def loop(self, document: CorrectionDocument, box: Box, mask: BoolArray) -> Edit | None:
        return self.judge(document, box, mask & seen_crack(self.host, document, box))

    def judge(self, document: CorrectionDocument, box: Box, crack: BoolArray) -> Edit | None:
        """Give these pixels the verdict wherever nothing was said."""
        return judged(self.host, self.name, document, self.verdict, box, crack)
