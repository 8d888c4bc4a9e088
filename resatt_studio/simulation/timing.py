"""How long a person takes: looking at a photo, moving to the next stroke, painting it, approving.

Every constant is of published work and stands beside its source; none was fitted to our results. All lengths
here are screen pixels, since a hand and an eye work on the screen: a small photo is shown enlarged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from resatt_studio.annotation.strokes import Point
from resatt_studio.records.correction import Label
from resatt_studio.simulation.strokes import Stroke


@dataclass(frozen=True, slots=True)
class TimeModel:
    """Constants of one person at one screen.

    Attributes:
        view_px: Side of the square in which the photo is shown; a 1080p screen less bars and panels.
        largest_zoom: How far a small photo is enlarged at most.
        fixation_s: One look. 0.275 s on average in visual search (Rayner, Psychological Bulletin 124(3),
            1998, table 1).
        glance_px: Way of the eye between two looks: 3 degrees in visual search (the same table), which are
            120 pixels of a 96 dpi screen at 60 cm.
        decide_s: Deciding on the next act: the keystroke-level model's mental operator M (Card, Moran and
            Newell, Communications of the ACM 23(7), 1980).
        key_s: A key, for another label, another brush or approving: operator K of an average typist (same).
        button_s: Pressing and releasing the mouse button: twice 0.1 s (operator B; Kieras, Using the
            Keystroke-Level Model to Estimate Execution Times, University of Michigan, 1993).
        travel_px_s: Mouse on its way to the next stroke (RootPainter's simulated annotator:
            Abe404/root_painter, trainer/tests/sim_benchmark/method.md, TRAVEL_SPEED).
        slowest_px_s, fastest_px_s: Mouse while painting (same, MIN_PAINT_SPEED and MAX_PAINT_SPEED).
        jitter_s: Aim error in pixels for each pixel a second of speed (same, JITTER_RATE). A hand paints as
            fast as three times that error fits into its margin, as there.
        margin_px: Photo pixels that may be off on either side of the brush; the tolerance band.
    """

    view_px: float = 900.0
    largest_zoom: float = 8.0
    fixation_s: float = 0.275
    glance_px: float = 120.0
    decide_s: float = 1.35
    key_s: float = 0.2
    button_s: float = 0.2
    travel_px_s: float = 800.0
    slowest_px_s: float = 30.0
    fastest_px_s: float = 200.0
    jitter_s: float = 0.04
    margin_px: float = 2.0

    def zoom(self, height: int, width: int) -> float:
        """Screen pixels for each photo pixel: the photo fits the view, but is never shown reduced."""
        return float(np.clip(self.view_px / max(height, width), 1.0, self.largest_zoom))

    def search_s(self, height: int, width: int) -> float:
        """Looking all over a photo of this many pixels for errors, in seconds."""
        looks = height * width * self.zoom(height, width) ** 2 / self.glance_px**2
        return max(1.0, looks) * self.fixation_s

    def approve_s(self) -> float:
        """Deciding that the photo is done, and the key for it, in seconds."""
        return self.decide_s + self.key_s

    def paint_px_s(self, radius_px: float, zoom: float) -> float:
        """Speed of the mouse in screen pixels a second while it paints.

        The margin is that of the tolerance band, and half the brush besides: a wide brush may wander within
        what it covers.

        Args:
            radius_px: Of the brush, in photo pixels.
            zoom: Screen pixels for each photo pixel.
        """
        margin = (self.margin_px + radius_px / 2) * zoom
        return float(np.clip(margin / (3 * self.jitter_s), self.slowest_px_s, self.fastest_px_s))

    def strokes_s(
        self, strokes: Iterable[Stroke], height: int, width: int, hand: Point | None = None
    ) -> float:
        """Painting strokes one after the other, in seconds.

        Each stroke is decided on, travelled to and painted; another label than before is one key, and another
        radius too.

        Args:
            strokes: In the order of painting.
            height, width: Of the photo.
            hand: Where the pointer is, (row, column) in photo pixels; the middle when None.
        """
        zoom = self.zoom(height, width)
        at = hand or (height / 2, width / 2)
        label: Label | None = Label.CRACK  # what the window's brush says at first
        radius: float | None = None
        total = 0.0
        for stroke in strokes:
            away = float(np.hypot(stroke.path[0][0] - at[0], stroke.path[0][1] - at[1])) * zoom
            keys = (stroke.label != label) + (radius is not None and not _same(stroke.radius_px, radius))
            speed = self.paint_px_s(stroke.radius_px, zoom)
            total += self.decide_s + keys * self.key_s + away / self.travel_px_s + self.button_s
            total += stroke.length_px * zoom / speed
            at, label, radius = stroke.path[-1], stroke.label, stroke.radius_px
        return total


def _same(radius_px: float, other_px: float) -> bool:
    """Whether a person would leave the brush as it is: within a quarter, or half a pixel."""
    return abs(radius_px - other_px) <= max(0.5, 0.25 * other_px)
