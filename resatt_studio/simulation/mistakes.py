"""A noisy hand: strokes that come out wrong and masks that are upside down, drawn by the session's seed.

Wrong strokes are of three kinds, each as likely as the others: the right path with the wrong label; the right
label several widths beside the path; and crack along an edge or a shadow where no crack is. The person does
not notice: looking again, they take what a wrong stroke covers, and what it was meant for, as done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np

from resatt_studio.annotation.strokes import stamp
from resatt_studio.errors import SettingsError
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.simulation.lines import Pixel, thinned, trace
from resatt_studio.simulation.strokes import HiddenTruth, Stroke

BESIDE_WIDTHS = (3.0, 6.0)
"""How far a displaced stroke lies beside its place, in widths of its brush."""

NO_CRACK_PX = 12.0
"""A made-up crack is at least so far from any true one."""

EDGE_SHARE = 0.05
"""The strongest edges of a photo: so large a share of its pixels away from any crack."""

LEAST_EDGE_PX = 12
"""Shorter edges are not taken for a crack by anybody."""


class Mistake(StrEnum):
    """What is wrong with a stroke."""

    LABEL = "label"
    """Crack is painted as not crack, or the other way round."""
    DISPLACED = "displaced"
    """It lies several widths beside its place."""
    MADE_UP = "made up"
    """It is crack along an edge in the photo where no crack is, instead of where it was meant."""


@dataclass(frozen=True, slots=True)
class HandNoise:
    """How often an inspector is wrong.

    Attributes:
        wrong_strokes: Share of strokes that come out wrong, in [0, 1].
        upside_down: So many of the approved photos, drawn by the seed, are vouched for with the whole truth
            turned by 180 degrees.

    Raises:
        SettingsError: A number is out of its range.
    """

    wrong_strokes: float = 0.0
    upside_down: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.wrong_strokes <= 1:
            raise SettingsError(
                f"{self.wrong_strokes} is no share of wrong strokes.", "Give one from 0 to 1, such as 0.1."
            )
        if self.upside_down < 0:
            raise SettingsError(
                f"{self.upside_down} photos cannot be upside down.", "Give 0 or more with --upside-down."
            )

    def turned(self, photos: int, seed: int) -> frozenset[int]:
        """Which of the approved photos are upside down, counted from 0.

        Args:
            photos: That are approved at most.
            seed: Of the session.

        Raises:
            SettingsError: More photos are to be upside down than are approved.
        """
        if self.upside_down > photos:
            raise SettingsError(
                f"{self.upside_down} photos are to be upside down, but only {photos} are approved.",
                "Give --upside-down at most the number of --photos.",
            )
        order = np.random.default_rng([seed, 4]).permutation(photos)
        return frozenset(int(place) for place in order[: self.upside_down])


def spoil(
    stroke: Stroke, mistake: Mistake, truth: HiddenTruth, pixels: UInt8Array, chance: np.random.Generator
) -> Stroke:
    """A stroke as it comes out with a mistake.

    Args:
        stroke: As it was meant.
        mistake: What is wrong with it; a photo without an edge to take for a crack has the stroke displaced
            instead.
        truth: Of the photo.
        pixels: H x W x 3 uint8, the photo.
        chance: Draws the direction, the distance and the edge.
    """
    if mistake is Mistake.LABEL:
        other = Label.NOT_CRACK if stroke.label is Label.CRACK else Label.CRACK
        return replace(stroke, label=other)
    edges = _edges(pixels, truth) if mistake is Mistake.MADE_UP else []
    return _made_up(stroke, edges, chance) if edges else _displaced(stroke, truth.mask.shape, chance)


def _displaced(stroke: Stroke, shape: tuple[int, ...], chance: np.random.Generator) -> Stroke:
    """Sideways: along the normal of the line from its first point to its last, where there is more room."""
    path = np.asarray(stroke.path)
    along = path[-1] - path[0]
    length = float(np.hypot(*along))
    turn = chance.uniform(0, 2 * np.pi)
    normal = np.array([-along[1], along[0]]) / length if length else np.array([np.sin(turn), np.cos(turn)])
    way = normal * chance.uniform(*BESIDE_WIDTHS) * max(1.0, 2 * stroke.radius_px) * chance.choice([-1, 1])
    last = np.asarray(shape[:2]) - 0.5
    sides = [np.clip(path + side * way, 0.5, last) for side in (1, -1)]
    moved = max(sides, key=lambda side: float(np.abs(side - path).sum()))
    return replace(stroke, path=tuple((float(row), float(column)) for row, column in moved))


def _edges(pixels: UInt8Array, truth: HiddenTruth) -> list[list[Pixel]]:
    """The photo's strongest edges away from any crack, longest first (J. Canny, A computational approach to
    edge detection, IEEE PAMI 8(6), 1986)."""
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
    slopes = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    free = np.asarray(truth.away >= NO_CRACK_PX, np.bool_)
    if not free.any():
        return []
    strong = float(np.quantile(slopes[free], 1 - EDGE_SHARE))
    edges = cv2.Canny(grey, strong / 2, strong, L2gradient=True) > 0
    paths = trace(np.asarray(edges & free))
    return [path for path in paths if len(path) >= LEAST_EDGE_PX]


def _made_up(stroke: Stroke, edges: list[list[Pixel]], chance: np.random.Generator) -> Stroke:
    """Crack along one of the ten longest edges, at most as long as the stroke was meant to be."""
    edge = edges[int(chance.integers(min(10, len(edges))))]
    most = max(LEAST_EDGE_PX, round(stroke.length_px))
    return Stroke(Label.CRACK, stroke.radius_px, thinned(edge[:most], max(1.0, stroke.radius_px / 2)))


@dataclass(eq=False)
class Unnoticed:
    """Where a person holds their own mistakes for right.

    Attributes:
        pixels: H x W bool.
    """

    pixels: BoolArray

    def add(self, stroke: Stroke) -> None:
        """Hold everything under a stroke for right from now on."""
        box, covered = stamp(stroke.path, stroke.radius_px, Box(0, 0, *self.pixels.shape))
        self.pixels[box.slices] |= covered

    def seen(self, shown: BoolArray, truth: HiddenTruth) -> BoolArray:
        """The shown mask as the person sees it: right where they hold it for right."""
        return np.asarray(np.where(self.pixels, truth.mask, shown), np.bool_)
