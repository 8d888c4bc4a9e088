"""What every tool is: press, move, release, hover, finish, spoken in photo coordinates; without Qt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.options import OptionValue
from resatt_studio.app.tools.overlay import NO_MARKS, Mark
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box

NOTHING = Box(0, 0, 0, 0)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is.

    Attributes:
        row, column: In photo pixels, sub-pixel; pixel (r, c) covers [r, r + 1) x [c, c + 1).
        view_row, view_column: In view (device) pixels.
        shift, control: Keys held with it.
        right: Whether the right button is meant; only tools whose ``takes_right`` is true hear of it.
        pressure: Of a pen, in (0, 1]; 1 for a mouse.
    """

    row: float
    column: float
    view_row: float
    view_column: float
    shift: bool = False
    control: bool = False
    right: bool = False
    pressure: float = 1.0


class ToolHost(Protocol):
    """What a tool may ask of the canvas."""

    @property
    def document(self) -> CorrectionDocument | None: ...

    @property
    def label(self) -> Label:
        """What the inspector says with the tool in hand."""

    @property
    def radius_px(self) -> float:
        """Half the brush's width in photo pixels."""

    @property
    def scale(self) -> float:
        """View pixels per photo pixel."""

    @property
    def ratio(self) -> float:
        """View (device) pixels per logical pixel of the screen, by which reaches of the hand grow."""

    @property
    def visible(self) -> Box:
        """Photo pixels of which anything is seen."""

    @property
    def threshold(self) -> float:
        """Probability above which a pixel is shown as crack, in [0, 1]."""

    @property
    def mm_per_px(self) -> float | None:
        """Millimetres per photo pixel, None while nobody said."""

    def option(self, tool: str, name: str) -> OptionValue:
        """What is set for an option of the tool's table line."""

    def read_pixels(self, box: Box) -> UInt8Array | None:
        """Photo pixels of a box inside the photo, h x w x 3 uint8 RGB; None while they are loading, after
        which :meth:`Tool.pixels_came` is called."""

    def read_probability(self, box: Box) -> UInt8Array | None:
        """Crack probability * 255 of a box inside the photo, h x w uint8; None while none is known."""

    def knows_probability(self, box: Box) -> bool:
        """Whether :meth:`read_probability` would answer."""

    def unpredicted(self, box: Box) -> BoolArray:
        """Pixels of a box inside the photo that no network has answered about yet, h x w bool: what is seen
        as crack up to there may go on."""

    @property
    def probability_version(self) -> int:
        """Another number whenever another prediction is known, or more of it."""

    def in_background(
        self,
        kind: str,
        work: Callable[[], Answer],
        then: Callable[[Answer], Edit | None],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Call ``work`` on another thread and ``then`` with its answer on this one; the marks follow.

        Args:
            kind: A newer call of the same kind takes the place of an older one that has not answered.
            work: Is given nothing of Qt.
            then: Returns an edit if one is finished by the answer.
            failed: Called instead of ``then`` when ``work`` raised; the canvas tells the error.
        """

    def pan_by(self, rows: int, columns: int) -> None:
        """Move the photo by view pixels."""

    def ask_at(self, row: float, column: float) -> None:
        """Ask a network about the photo pixel at these coordinates; outside the photo nothing is asked."""

    def measured(self, length_px: float | None) -> None:
        """A length in photo pixels was measured, or put away."""

    def tell(self, words: str) -> None:
        """Say a sentence in passing, such as why a click did nothing; "{id}" names the key of an action."""


def photo_px(host: ToolHost, logical_px: float) -> float:
    """How many photo pixels a reach of the hand is, given in logical pixels of the screen."""
    return logical_px * host.ratio / host.scale


class Tool(ABC):
    """One tool in the hand; made anew when it is chosen.

    A tool is *busy* between press and release. It may also hold something *in hand* from one press to a
    later one, such as the points of a polyline: then Enter finishes it, Backspace (or undo) takes one step
    of it back and Escape drops it, before any of these keys means something else to the window. After every
    call the canvas asks for :attr:`overlay` again.

    Every act is one :class:`Edit`, returned by :meth:`release` or :meth:`finish`. The canvas
    shows its pixels and tells the window.

    Args:
        name: Of its table line.
        host: The canvas.
    """

    takes_right: ClassVar[bool] = False
    """Whether presses of the right button are for it."""
    takes_pressure: ClassVar[bool] = False
    """Whether it wants to know how hard a pen presses."""

    def __init__(self, name: str, host: ToolHost) -> None:
        self.name = name
        self.host = host

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether it is between press and release."""

    @property
    def in_hand(self) -> bool:
        """Whether it holds something that waits for Enter, Backspace or Escape."""
        return False

    @property
    def overlay(self) -> tuple[Mark, ...]:
        """What to draw over the photo now; the same marks as before where nothing changed."""
        return NO_MARKS

    @abstractmethod
    def press(self, at: Pointer) -> Box:
        """The button went down; returns the photo pixels that changed."""

    def double_press(self, at: Pointer) -> Box:
        """The button went down for the second time in a short while; a press like others unless told so."""
        return self.press(at)

    @abstractmethod
    def move(self, points: Sequence[Pointer]) -> Box:
        """The pointer went through ``points`` with the button down; returns the photo pixels that changed."""

    @abstractmethod
    def release(self) -> Edit | None:
        """The button went up; returns the finished edit, if there is one."""

    @abstractmethod
    def cancel(self) -> Box:
        """Take back what was begun, in hand or under the button; returns the photo pixels that changed."""

    def hover(self, at: Pointer | None) -> None:  # noqa: B027 - most tools need not know
        """The pointer moved with no button down; None when it left the photo's view."""

    def finish(self) -> Edit | None:
        """End what is in hand as it stands, at once: another tool, another photo."""
        self.cancel()
        return None

    def confirm(self) -> Edit | None:
        """Enter: end what is in hand, perhaps only once an answer that is on its way has come."""
        return self.finish()

    def step_back(self) -> None:
        """Take back the last step of what is in hand."""
        self.cancel()

    def options_changed(self) -> None:  # noqa: B027 - options are read when they are needed
        """An option, the label or the radius changed while the tool is in the hand."""

    def pixels_came(self) -> Edit | None:
        """Some of the pixels that the host had not at hand are there now; returns what that finished."""
        return None

    def number(self, name: str) -> float:
        """What is set for an option that is a number."""
        return float(self.host.option(self.name, name))

    def choice(self, name: str) -> str:
        """What is set for an option that is a choice."""
        return str(self.host.option(self.name, name))

    def switch(self, name: str) -> bool:
        """What is set for an option that is a switch."""
        return bool(self.host.option(self.name, name))
