"""Acts on cracks that take longer than a hand waits: done on another thread, and held in hand meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import NOTHING, Pointer, ToolHost
from resatt_studio.app.tools.crack_loop import CrackLoop
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Edit
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr

AT_ONCE_PX = 300_000
"""Of a box that is worked on while the window waits: some hundredths of a second."""


@dataclass(frozen=True, eq=False)
class SlowAct:
    """What is to be done with cracks, as they were seen.

    Attributes:
        document: Whose; of this version.
        box: Inside the photo, what is looked at.
        work: Makes a mask, h x w bool; to be called on any thread.
        say: Says what the mask means, in the window's thread.
    """

    document: CorrectionDocument
    version: int
    box: Box
    work: Callable[[], BoolArray] = field(repr=False)
    say: Callable[[BoolArray], Edit | None] = field(repr=False)


class SlowActs(CrackLoop):
    """Holds a large act in hand while it is under way: Escape and undo drop it, others wait for it."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._act: SlowAct | None = None

    @property
    def in_hand(self) -> bool:
        return self._act is not None

    def press(self, at: Pointer) -> Box:
        if self._act is not None:
            self.host.tell(tr("What was clicked before is still being worked on."))
            return NOTHING
        return super().press(at)

    def release(self) -> Edit | None:
        return None if self._act is not None else super().release()

    def cancel(self) -> Box:
        self._act = None
        return super().cancel()

    def finish(self) -> Edit | None:
        act = self._act
        self.cancel()
        return None if act is None else self._say(act, act.work())

    def confirm(self) -> Edit | None:
        """It ends by itself."""
        return None

    def do(self, act: SlowAct) -> Edit | None:
        """Do a small act at once, and a large one on another thread: then the edit comes later."""
        if act.box.height * act.box.width <= AT_ONCE_PX:
            return self._say(act, act.work())
        self._act = act

        def take(mask: BoolArray) -> Edit | None:
            if self._act is not act:
                return None
            self._act = None
            return self._say(act, mask)

        def failed() -> None:
            if self._act is act:
                self._act = None
                self.host.tell(tr("What was clicked could not be done."))

        self.host.in_background(self.name, act.work, take, failed)
        return None

    def _say(self, act: SlowAct, mask: BoolArray) -> Edit | None:
        if act.document.version != act.version or act.document.in_stroke:
            self.host.tell(tr("Labels changed meanwhile; click again."))
            return None
        return act.say(mask)
