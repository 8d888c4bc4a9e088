"""The divider between the photo and what dehazing makes of it; geometry in view pixels, without Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from resatt_studio.records.geometry import Box

GRIP_PX = 15.0
"""Radius of the round grip, in logical pixels."""

REACH_PX = 4.0
"""How near to the line the pointer takes hold of it, in logical pixels."""


@dataclass(frozen=True, slots=True)
class Split:
    """Where the divider stands.

    Attributes:
        on: Whether there is one; without it what dehazing makes covers the whole photo.
        place: In [0, 1], share of the visible photo's width that lies left of it and stays as it is.
    """

    on: bool = True
    place: float = 0.5

    def column(self, photo: Box) -> int:
        """View column at which the right side begins.

        Args:
            photo: View pixels that show the photo.
        """
        return photo.left + math.floor(self.place * photo.width + 0.5) if self.on else photo.left

    def placed_at(self, view_column: float, photo: Box) -> float:
        """The place whose divider stands at a view column, as near as the photo reaches."""
        return min(1.0, max(0.0, (view_column - photo.left) / max(1, photo.width)))

    def right_side(self, photo: Box) -> Box:
        """View pixels that show what dehazing makes of the photo."""
        return Box(photo.top, self.column(photo), photo.bottom, photo.right)

    def holds(self, view_row: float, view_column: float, photo: Box, ratio: float) -> bool:
        """Whether the pointer is on the grip or on the line.

        Args:
            ratio: View (device) pixels per logical pixel.
        """
        if not self.on or photo.empty or not photo.top <= view_row < photo.bottom:
            return False
        off = abs(view_column - self.column(photo)) / ratio
        return off <= REACH_PX or math.hypot(off, (view_row - middle_row(photo)) / ratio) <= GRIP_PX


def middle_row(photo: Box) -> float:
    """View row of the grip."""
    return (photo.top + photo.bottom) / 2
