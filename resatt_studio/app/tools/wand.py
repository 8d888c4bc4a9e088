"""A wand on the network's probability: click a crack, drag to let it reach further or less far."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.regions import nearest_in, region_at
from resatt_studio.app.tools.base import NOTHING, Pointer, ToolHost, photo_px
from resatt_studio.app.tools.drags import Stroke
from resatt_studio.app.tools.marking import PICK_PX, UNPREDICTED
from resatt_studio.app.tools.overlay import WordsMark
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr

LEVEL_PER_PX = 0.5
"""Levels of 255 by which one logical pixel of dragging moves the threshold."""

REACH_PX = 2048
"""Side of the window in which the wand follows a crack, in photo pixels; small enough to follow a drag."""


class Wand(Stroke):
    """Says the label of all pixels that hang together with the pressed one above a probability.

    It begins at the threshold of the mask, or just below the pressed pixel's own probability where that is
    lower. Dragging to the right or up reaches further, to the left or down less far.
    """

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._start = Pointer(0, 0, 0, 0)
        self._seed = (0, 0)
        self._first_level = self._level = 0

    def press(self, at: Pointer) -> Box:
        document = self._free_document
        if document is None:
            return NOTHING
        photo = document.labels.box
        here = Box.pixel(at.row, at.column)
        around = here.expanded(math.ceil(photo_px(self.host, PICK_PX))).intersection(photo)
        values = self.host.read_probability(around) if not around.empty else None
        if values is None:
            self.host.tell(
                tr("The wand follows the network's probability. {why}").format(why=tr(UNPREDICTED))
            )
            return NOTHING
        best = int(values.max())
        place = nearest_in(values == best, here.top - around.top, here.left - around.left, math.inf)
        if best == 0 or place is None:
            self.host.tell(tr("The network sees no trace of a crack here."))
            return NOTHING
        self._document, self._start = document, at
        self._seed = place[0] + around.top, place[1] + around.left
        threshold = math.floor(self.host.threshold * 255)
        self._first_level = threshold if best > threshold else max(0, math.ceil(best * 0.8) - 1)
        document.begin(self.name, self.host.label, 0.0)
        return self._reach(document, self._first_level)

    def move(self, points: Sequence[Pointer]) -> Box:
        if self._document is None or not points:
            return NOTHING
        at, start = points[-1], self._start
        drawn = (at.view_column - start.view_column) - (at.view_row - start.view_row)
        level = min(max(round(self._first_level - drawn / self.host.ratio * LEVEL_PER_PX), 0), 254)
        return NOTHING if level == self._level else self._reach(self._document, level)

    def _reach(self, document: CorrectionDocument, level: int) -> Box:
        """Cover what hangs together with the seed above a level of 255, at least the seed."""
        self._level = level
        words = tr("above {percent:.0f} %").format(percent=100 * level / 255)
        self._marks = (WordsMark(words, self._start.row, self._start.column),)

        def above(box: Box) -> BoolArray:
            values = self.host.read_probability(box)
            seed = 0 if values is None else int(values[self._seed[0] - box.top, self._seed[1] - box.left])
            if values is None or seed == 0:  # other weights came into use meanwhile: what it covers stays
                return np.zeros((box.height, box.width), np.bool_)
            return values > min(level, seed - 1)

        region = region_at(above, *self._seed, document.labels.box, largest_side_px=REACH_PX)
        return NOTHING if region is None else document.cover(region.box, region.mask)
