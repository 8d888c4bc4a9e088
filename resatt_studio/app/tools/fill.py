"""A fill: everything up to the next edge of the mask, or the holes of a crack."""

from __future__ import annotations

import math
from collections.abc import Sequence

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.regions import holes, region_at
from resatt_studio.app.tools.base import NOTHING, Pointer, ToolHost
from resatt_studio.app.tools.drags import Drag
from resatt_studio.app.tools.marking import PICK_PX, crack_at, seen_crack
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr


class Fill(Drag):
    """Says the label of the area under a click.

    An area is what hangs together and is seen as crack, or as no crack, all the same; the photo's border
    closes it too. One that goes on beyond reach is left alone.
    """

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._at = Pointer(0, 0, 0, 0)

    def press(self, at: Pointer) -> Box:
        document = self._free_document
        if document is not None:
            self._at, self._document = at, document
        return NOTHING

    def move(self, points: Sequence[Pointer]) -> Box:
        return NOTHING

    def release(self) -> Edit | None:
        at, document = self._at, self._let_go()
        if document is None:
            return None
        row, column = math.floor(at.row), math.floor(at.column)
        here = Box(row, column, row + 1, column + 1)
        if document.labels.box.intersection(here).empty:
            return None
        if self.choice("what") == "holes":
            return self._fill_holes(document, at)
        return self._fill_area(document, here)

    def _fill_area(self, document: CorrectionDocument, here: Box) -> Edit | None:
        crack = bool(seen_crack(self.host, document, here)[0, 0])
        region = region_at(
            lambda box: seen_crack(self.host, document, box) == crack,
            here.top,
            here.left,
            document.labels.box,
            corners=crack,
        )
        if region is None or not region.whole:
            self.host.tell(tr("This area is not closed, or it is too large to be filled."))
            return None
        return document.say(self.name, self.host.label, region.box, region.mask)

    def _fill_holes(self, document: CorrectionDocument, at: Pointer) -> Edit | None:
        region = crack_at(self.host, document, at, PICK_PX)
        if region is None:
            self.host.tell(tr("No crack is seen here."))
            return None
        found = holes(region.mask, self.number("largest"))
        if not found.any():
            self.host.tell(tr("This crack has no hole of that size."))
        return document.say(self.name, Label.CRACK, region.box, found)
