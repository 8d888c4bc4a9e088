"""Cuts a branch of a crack off at its junction, or accepts it alone."""

from __future__ import annotations

from functools import partial

from resatt_studio.annotation.branches import Branches, branches_of
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.regions import Region
from resatt_studio.annotation.shapes import with_neighbours
from resatt_studio.app.tools.base import Pointer, ToolHost, photo_px
from resatt_studio.app.tools.crack_loop import AWAY_PX, outlines
from resatt_studio.app.tools.drags import Click
from resatt_studio.app.tools.marking import (
    crack_of,
    crack_pixel_at,
    judged,
    label_tone,
    tell_no_crack,
    unknown_crack,
)
from resatt_studio.app.tools.overlay import NO_MARKS, KeptMarks, Mark
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Edit, Label
from resatt_studio.words import tr

REACH_SIDE_PX = 2048
"""Side of the window in which a crack is followed to its junctions and ends, in photo pixels: as much as is
thinned in a moment on another thread while the pointer rests."""


class Branch(Click):
    """Outlines the branch under the pointer, from its end to the junction; a click means it alone.

    Cut off, its pixels are said to be no crack, whoever said that they are. Accepted, those become crack of
    which nothing was said. What it leaves stays as wide as it is.
    """

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._crack: Region | None = None
        self._seen: tuple[object, ...] = ()  # what that crack depends on
        self._branches: Branches | None = None
        self._asked: Region | None = None  # the crack whose branches are being found
        self._place: tuple[int, int] | None = None
        self._kept = KeptMarks()

    @property
    def overlay(self) -> tuple[Mark, ...]:
        crack, branches, place = self._crack, self._branches, self._place
        if crack is None or branches is None or place is None:
            return NO_MARKS
        name = _branch_at(crack, branches, place)
        away_px = max(1, round(photo_px(self.host, AWAY_PX)))
        return self._kept.of(
            "outline",
            (branches, name, self._verdict, away_px),
            partial(self._outline, crack, branches, name, away_px),
        )

    @property
    def _verdict(self) -> Label:
        return Label.CRACK if self.choice("what") == "accept" else Label.NOT_CRACK

    def hover(self, at: Pointer | None) -> None:
        document = self.host.document
        self._place = None
        if at is None or document is None or self.busy:
            return
        self._look(document, at)
        crack = self._crack
        if crack is not None and self._branches is None and self._asked is not crack:
            self._asked = crack
            self.host.in_background("branches", partial(branches_of, crack.mask), partial(self._know, crack))

    def click(self, document: CorrectionDocument, at: Pointer) -> Edit | None:
        self._look(document, at)
        crack, place = self._crack, self._place
        self._place = None
        if crack is None or place is None:
            tell_no_crack(self.host, at)
            return None
        if self._branches is None:
            self._branches = branches_of(crack.mask)
        name = _branch_at(crack, self._branches, place)
        if not name:
            self.host.tell(
                tr("No branch leaves a junction here; {tool_accept} and {tool_reject} judge whole cracks.")
            )
            return None
        branch = self._branches.cut(name)
        if self._goes_on(document, crack, branch):
            self.host.tell(
                tr("This branch may go on where nothing is predicted yet: wait for it, or press {predict}.")
            )
            return None
        if not crack.whole and _touches_rim(branch):
            self.host.tell(tr("The crack goes on further than one click reaches; click on the rest as well."))
        if self._verdict is Label.CRACK:
            return judged(self.host, self.name, document, Label.CRACK, crack.box, branch)
        return document.say(self.name, Label.NOT_CRACK, crack.box, branch)

    def _look(self, document: CorrectionDocument, at: Pointer) -> None:
        """Find the crack under the pointer, unless it is the one that is known."""
        self._place = crack_pixel_at(self.host, document, at)
        seen = document, document.version, self.host.threshold, self.host.probability_version
        if self._place is None:
            return
        if seen != self._seen or self._crack is None or not self._crack.holds(*self._place):
            self._seen, self._branches = seen, None
            self._crack = crack_of(self.host, document, self._place, REACH_SIDE_PX)

    def _goes_on(self, document: CorrectionDocument, crack: Region, branch: BoolArray) -> bool:
        """Whether a branch leads to where nobody knows yet whether there is crack: that is no end of it."""
        wide = crack.box.expanded(1).intersection(document.labels.box)
        unknown = unknown_crack(self.host, document, wide)
        if not unknown.any():
            return False
        near = with_neighbours(unknown)
        return bool((near[crack.box.shifted(-wide.top, -wide.left).slices] & branch).any())

    def _know(self, crack: Region, branches: Branches) -> None:
        if crack is self._crack:
            self._branches = branches

    def _outline(self, crack: Region, branches: Branches, name: int, away_px: int) -> tuple[Mark, ...]:
        if not name:
            return NO_MARKS
        branch = Region(crack.box, branches.cut(name))
        return outlines(branch, label_tone(self._verdict), away_px)


def _branch_at(crack: Region, branches: Branches, place: tuple[int, int]) -> int:
    """The name of the branch to which a pixel of the crack belongs; 0 on a junction, and where is none."""
    name = int(branches.names[place[0] - crack.box.top, place[1] - crack.box.left])
    return name if name > 0 and branches.junctions[name] else 0


def _touches_rim(mask: BoolArray) -> bool:
    """Whether anything of a mask lies at a side of its array."""
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
