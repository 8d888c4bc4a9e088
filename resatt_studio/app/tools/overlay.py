"""What a tool draws over the photo while it is in hand: a few marks in photo coordinates; without Qt.

A mark is compared by identity: the canvas paints again where a mark came, went or was replaced by another
one, and nowhere else. So a tool keeps the marks that did not change and makes only those anew that did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Made = TypeVar("Made")

Points: TypeAlias = npt.NDArray[np.float64]
"""N x 2, (row, column) in photo pixels, sub-pixel."""


class Tone(Enum):
    """What a mark stands for; the canvas knows its colour."""

    PLAIN = "plain"
    CRACK = "crack"
    NOT_CRACK = "not_crack"
    UNSAID = "unsaid"


def points_of(pairs: Sequence[tuple[float, float]]) -> Points:
    """Pairs of (row, column) as the array that a mark takes."""
    return np.array(pairs, np.float64).reshape(-1, 2)


@dataclass(frozen=True, eq=False, slots=True)
class LineMark:
    """A line through points, or the area that it encloses.

    Attributes:
        points: At least two; one alone draws nothing.
        tone: Its colour.
        width_px: In photo pixels, drawn as a band that the photo shines through; 0 for a thin line alone.
        closed: Whether the last point is joined to the first.
        filled: Whether the inside is tinted.
        dashed: For what is not decided yet.
    """

    points: Points = field(repr=False)
    tone: Tone = Tone.PLAIN
    width_px: float = 0.0
    closed: bool = False
    filled: bool = False
    dashed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class DotsMark:
    """Handles that can be seen, and perhaps dragged.

    Attributes:
        points: Any number.
        tone: Their colour.
        hot: Index of the one under the pointer, or -1.
    """

    points: Points = field(repr=False)
    tone: Tone = Tone.PLAIN
    hot: int = -1


@dataclass(frozen=True, eq=False, slots=True)
class WordsMark:
    """A few words on a dark ground beside a point.

    Attributes:
        text: One line.
        row, column: In photo pixels; the words stand to the lower right of it.
    """

    text: str
    row: float
    column: float


Mark: TypeAlias = LineMark | DotsMark | WordsMark

NO_MARKS: tuple[Mark, ...] = ()


class KeptMarks:
    """What was made last under a name, while it is for the same key; so it is not painted again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[object, ...], Any]] = {}

    def of(self, name: str, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """A mark, or several; ``make`` is called when the key is another one than last time."""
        known = self._known.get(name)
        if known is None or known[0] != key:
            known = self._known[name] = key, make()
        kept: Made = known[1]
        return kept
