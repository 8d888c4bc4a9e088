"""Keeps predicted cracks above a length and rejects the rest."""

from __future__ import annotations

from functools import partial

import numpy as np

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.shapes import short_pieces
from resatt_studio.app.tools.base import Pointer
from resatt_studio.app.tools.judge import Judge
from resatt_studio.app.tools.marking import (
    LOOKED_AT_PX,
    PARTLY_PREDICTED,
    UNPREDICTED,
    seen_crack,
    too_large,
    unknown_crack,
)
from resatt_studio.app.tools.slow_acts import SlowAct, SlowActs
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr


class Sift(SlowActs, Judge):
    """Rejects predicted crack whose centre line is shorter than the option says.

    A click sifts what is seen of the photo, a loop what it goes around, once all of it is predicted. A crack
    that leaves the area that was looked at, or that was predicted, is never called short.
    """

    verdict = Label.NOT_CRACK
    most_px = LOOKED_AT_PX

    def hover(self, at: Pointer | None) -> None:
        """No single crack is meant by a click."""

    def click(self, document: CorrectionDocument, at: Pointer) -> Edit | None:
        box = self.host.visible.intersection(document.labels.box)
        if too_large(self.host, box, self.most_px):
            return None
        return self.loop(document, box, np.broadcast_to(np.True_, (box.height, box.width)))

    def loop(self, document: CorrectionDocument, box: Box, mask: BoolArray) -> Edit | None:
        shortest_px = self.number("shortest")
        margin = min(int(shortest_px) + 1, 256)
        wide = box.expanded(margin).intersection(document.labels.box)
        inner = box.shifted(-wide.top, -wide.left).slices
        unknown = unknown_crack(self.host, document, wide)
        if (unknown[inner] & mask).any():
            some = self.host.knows_probability(box)
            self.host.tell(tr(PARTLY_PREDICTED) if some else tr(UNPREDICTED))
            return None
        seen = seen_crack(self.host, document, wide)

        def work() -> BoolArray:
            return np.asarray(short_pieces(seen, shortest_px, unknown)[inner] & mask)

        return self.do(SlowAct(document, document.version, wide, work, partial(self.judge, document, box)))
