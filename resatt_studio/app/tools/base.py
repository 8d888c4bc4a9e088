"""What every tool is: press, move, release, spoken in photo coordinates; without Qt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box

NOTHING = Box(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is.

    Attributes:
        row, column: In photo pixels, sub-pixel; pixel (r, c) covers [r, r + 1) x [c, c + 1).
        view_row, view_column: In view (device) pixels.
    """

    row: float
    column: float
    view_row: float
    view_column: float


class ToolHost(Protocol):
    """What a tool may ask of the canvas."""

    @property
    def document(self) -> CorrectionDocument | None: ...

    @property
    def label(self) -> Label: ...

    @property
    def radius_px(self) -> float: ...

    def pan_by(self, rows: int, columns: int) -> None:
        """Move the photo by view pixels."""

    def ask_at(self, row: float, column: float) -> None:
        """Ask a network about the photo pixel at these coordinates; outside the photo nothing is asked."""


class Tool(ABC):
    """One tool in the hand; made anew when it is chosen.

    Args:
        name: Of its table line.
        host: The canvas.
    """

    def __init__(self, name: str, host: ToolHost) -> None:
        self.name = name
        self.host = host

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether it is between press and release."""

    @abstractmethod
    def press(self, at: Pointer) -> Box:
        """The button went down; returns the photo pixels that changed."""

    @abstractmethod
    def move(self, points: Sequence[Pointer]) -> Box:
        """The pointer went through ``points`` with the button down; returns the photo pixels that changed."""

    @abstractmethod
    def release(self) -> Edit | None:
        """The button went up; returns the finished edit, if there is one."""

    @abstractmethod
    def cancel(self) -> Box:
        """Take back what was begun; returns the photo pixels that changed."""
