"""The traced path in hand: clicked points, and the crack that was found between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resatt_studio.annotation.strokes import Point
from resatt_studio.annotation.tapered import tapered
from resatt_studio.annotation.tracing import Trace, resized
from resatt_studio.errors import BugError
from resatt_studio.imaging.curves import Curve, normals
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box


class CrackPath:
    """Points and the pieces between them; one piece fewer than points.

    Args:
        start: The first point, in photo pixels.
    """

    def __init__(self, start: Point) -> None:
        self._points: list[Point] = [start]
        self._pieces: list[Trace] = []

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(self._points)

    @property
    def pieces(self) -> tuple[Trace, ...]:
        return tuple(self._pieces)

    def add(self, piece: Trace) -> None:
        """Go on from the last point to where ``piece`` ends."""
        self._pieces.append(piece)
        self._points.append(_last(piece))

    def step_back(self) -> bool:
        """Take the last point back; False when it was the only one."""
        self._points.pop()
        if not self._pieces:
            return False
        self._pieces.pop()
        return True

    def move(self, index: int, to: Point, before: Trace | None, behind: Trace | None) -> None:
        """Put a point somewhere else, with new pieces on its sides.

        Args:
            index: Of the point.
            to: In photo pixels.
            before, behind: The pieces that end and begin there, None where there is none.

        Raises:
            BugError: A piece is missing, or there is one where no neighbour is.
        """
        if (before is None) != (index == 0) or (behind is None) != (index == len(self._points) - 1):
            raise BugError(f"point {index} of {len(self._points)} was moved with pieces that do not fit")
        self._points[index] = to
        if before is not None:
            self._pieces[index - 1] = before
        if behind is not None:
            self._pieces[index] = behind

    def nearest(self, place: Point, within_px: float) -> int | None:
        """Index of the point nearest to ``place``, None when it is farther than ``within_px``."""
        away = np.hypot(*(np.array(self._points) - place).T)
        index = int(np.argmin(away))
        return index if away[index] <= within_px else None

    def stamp(
        self, within: Box | None = None, half_width_px: float | None = None, margin_px: float = 0.0
    ) -> tuple[Box, BoolArray]:
        """The pixels that the path covers; see :func:`.tapered.tapered`. A single point covers none.

        Args:
            within: Where pixels may be covered, such as the photo's box.
            half_width_px, margin_px: As for :func:`.tracing.resized`.
        """
        if not self._pieces:
            return Box(0, 0, 0, 0), np.zeros((0, 0), np.bool_)
        whole = resized(joined(self._pieces), half_width_px, margin_px)
        return tapered(whole.curve, whole.half_widths_px, within)


def joined(pieces: Sequence[Trace]) -> Trace:
    """Pieces one behind the other as one."""
    return Trace(
        np.concatenate([piece.curve for piece in pieces]),
        np.concatenate([piece.half_widths_px for piece in pieces]),
    )


def outline(trace: Trace) -> Curve:
    """Both edges as one closed line: there on the left, back on the right; 2 N x 2 photo pixels."""
    beside = normals(trace.curve) * trace.half_widths_px[:, None]
    return np.concatenate([trace.curve - beside, (trace.curve + beside)[::-1]])


def _last(piece: Trace) -> Point:
    return float(piece.curve[-1, 0]), float(piece.curve[-1, 1])
