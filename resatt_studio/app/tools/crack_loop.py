"""Tools that act on the crack under a click or on all crack inside a loop: they show which crack is meant."""

from __future__ import annotations

import cv2
import numpy as np

from resatt_studio.annotation.regions import Region
from resatt_studio.app.tools.base import Pointer, ToolHost, photo_px
from resatt_studio.app.tools.loops import Loop
from resatt_studio.app.tools.marking import crack_of, crack_pixel_at
from resatt_studio.app.tools.overlay import NO_MARKS, LineMark, Mark, Tone
from resatt_studio.records.geometry import Box

HOVER_SIDE_PX = 1024
"""Side of the window in which a crack is followed while the pointer only hovers: as much as can be looked at
between two moves. A click follows it further."""

_MOST_OUTLINES = 60
AWAY_PX = 3.0
"""Between a crack and its outline, in logical pixels."""


class CrackLoop(Loop):
    """Outlines the crack under the pointer before it is clicked."""

    def __init__(self, name: str, host: ToolHost) -> None:
        super().__init__(name, host)
        self._crack: Region | None = None
        self._seen: tuple[object, ...] = ()  # what that crack and its outline depend on
        self._outline: tuple[Mark, ...] = NO_MARKS

    @property
    def overlay(self) -> tuple[Mark, ...]:
        return self._marks or self._outline

    def hover(self, at: Pointer | None) -> None:
        document = self.host.document
        if at is None or document is None or self.busy:
            self._forget()
            return
        place = crack_pixel_at(self.host, document, at)
        if place is None:
            self._forget()
            return
        away_px = max(1, round(photo_px(self.host, AWAY_PX)))
        seen = (
            document,
            document.version,
            self.host.threshold,
            self.host.probability_version,
            away_px,
        )
        if seen == self._seen and self._crack is not None and self._crack.holds(*place):
            return  # the same marks, so that nothing is painted
        self._seen = seen
        self._crack = crack_of(self.host, document, place, HOVER_SIDE_PX)
        self._outline = NO_MARKS if self._crack is None else outlines(self._crack, self.tone, away_px)

    def press(self, at: Pointer) -> Box:
        self._forget()
        return super().press(at)

    def cancel(self) -> Box:
        self._forget()
        return super().cancel()

    def _forget(self) -> None:
        self._crack, self._seen, self._outline = None, (), NO_MARKS


def outlines(crack: Region, tone: Tone, away_px: int) -> tuple[Mark, ...]:
    """Lines around a region and in its largest holes, so far from it that a thin crack is still seen.

    Args:
        crack: The region.
        tone: Of the lines.
        away_px: In photo pixels.
    """
    ground = np.pad(crack.mask.astype(np.uint8), away_px)
    wide = cv2.dilate(ground, np.ones((2 * away_px + 1,) * 2, np.uint8))
    found, _ = cv2.findContours(wide, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    corner = np.array([crack.box.top, crack.box.left]) - away_px + 0.5
    longest = sorted(found, key=len, reverse=True)[:_MOST_OUTLINES]
    return tuple(
        LineMark(line.reshape(-1, 2)[:, ::-1].astype(np.float64) + corner, tone, closed=True)
        for line in longest
        if len(line) > 1
    )
