"""A fill: everything up to the next edge of the mask, or the holes of a crack."""

from __future__ import annotations

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.regions import holes, region_at
from resatt_studio.app.tools.base import Pointer
from resatt_studio.app.tools.drags import Click
from resatt_studio.app.tools.marking import crack_at, seen_crack
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr


class Fill(Click):
    """Says the label of the area under a click.

    An area is what hangs together and is seen as crack, or as no crack, all the same; the photo's border
    closes it too. One that goes on beyond reach is left alone.
    """

    def click(self, document: CorrectionDocument, at: Pointer) -> Edit | None:
        here = Box.pixel(at.row, at.column)
        if not document.labels.box.holds(here):
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
        region = crack_at(self.host, document, at)
        if region is None:
            self.host.tell(tr("No crack is seen here."))
            return None
        found = holes(region.mask, self.number("largest"))
        if not found.any():
            self.host.tell(tr("This crack has no hole of that size."))
        return document.say(self.name, Label.CRACK, region.box, found)
