"""Makes a crack smoother, thinner or thicker by parts of a pixel, or takes its spurs off."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.shapes import pruned, smoothed, thickened, thinned
from resatt_studio.app.tools.base import Pointer, ToolHost
from resatt_studio.app.tools.marking import LOOKED_AT_PX, crack_at, seen_crack
from resatt_studio.app.tools.slow_acts import SlowAct, SlowActs
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr

Change = Callable[[BoolArray, float], BoolArray]

_CHANGES: dict[str, tuple[Change, str]] = {
    "smooth": (smoothed, "amount"),
    "thin": (thinned, "amount"),
    "thicken": (thickened, "amount"),
    "prune": (pruned, "shortest"),
}
"""What is done to a mask, and the option that says how much."""

_MARGIN_PX = 4


class Reshape(SlowActs):
    """Changes the crack under a click, or all crack inside a loop, as it is seen.

    Pixels that become crack are said to be crack, those that stop being it are said not to be; all others
    stay as they were.
    """

    most_px = LOOKED_AT_PX

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        # Not with the first click: what thins masks takes half a second to be loaded.
        host.in_background("thinning", lambda: pruned(np.ones((3, 3), np.bool_), 1.0), _nothing)

    def click(self, document: CorrectionDocument, at: Pointer) -> Edit | None:
        region = crack_at(self.host, document, at)
        if region is None:
            self.host.tell(tr("No crack is seen here."))
            return None
        if not region.whole:  # where it is cut off is no end of it, and would be moved as one
            self.host.tell(tr("This crack is too long to be changed as a whole; draw around a part of it."))
            return None
        wide = region.box.expanded(self._reach_px).intersection(document.labels.box)
        before = _placed(region.mask, region.box, wide)
        return self._apply(document, wide, before, np.broadcast_to(np.True_, before.shape))

    def loop(self, document: CorrectionDocument, box: Box, mask: BoolArray) -> Edit | None:
        # What lies around the loop decides how the crack's edge runs at its rim.
        wide = box.expanded(self._reach_px).intersection(document.labels.box)
        return self._apply(document, wide, seen_crack(self.host, document, wide), _placed(mask, box, wide))

    @property
    def _reach_px(self) -> int:
        return math.ceil(self._amount) + _MARGIN_PX

    @property
    def _amount(self) -> float:
        return self.number(_CHANGES[self.choice("what")][1])

    def _apply(
        self, document: CorrectionDocument, box: Box, before: BoolArray, where: BoolArray
    ) -> Edit | None:
        """Change the mask ``before`` of a box inside the photo ``where`` it may be changed."""
        change, _ = _CHANGES[self.choice("what")]
        amount = self._amount

        def say(after: BoolArray) -> Edit | None:
            labels = np.where(after, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)
            return document.apply_labels(self.name, box, labels, (after != before) & where)

        return self.do(SlowAct(document, document.version, box, lambda: change(before, amount), say))


def _nothing(_: object) -> None:
    """Nobody waits for that answer."""


def _placed(mask: BoolArray, box: Box, wide: Box) -> BoolArray:
    """A mask of ``box`` in a wider box, with nothing around it."""
    placed = np.zeros((wide.height, wide.width), np.bool_)
    placed[box.shifted(-wide.top, -wide.left).slices] = mask
    return placed
