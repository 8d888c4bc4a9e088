"""What a hand would paint over a shown mask: crack along missed crack, not crack over false crack, no more.

Only errors beyond a tolerance band are painted: an edge that is drawn a pixel or two off is left alone, as
a person leaves it, and so is a speck no larger than the band is wide. The brush follows the local width,
taken from the distance transform on the centre line, so that a stroke of crack stays on the crack and a
stroke of not crack never touches it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.annotation.strokes import Point, stamp
from resatt_studio.errors import MaskError
from resatt_studio.imaging.centre_lines import centre_lines
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.simulation.lines import Pixel, cut_by_width, thinned, trace

TOLERANCE_PX = 2.0
"""Errors up to here from a right edge are left alone, as RootPainter's simulated annotator leaves them
(Abe404/root_painter, trainer/tests/sim_benchmark/DESIGN.md, "What gets skipped")."""

PLAY_PX = 1.0
"""How far a stroke of crack may reach beyond the crack, or fall short of its edge, so that it need not be cut
at every small change of width; less than the tolerance."""

OVERSHOOT_PX = 2.0
"""How far a stroke of not crack reaches beyond the false crack where nothing is in its way."""

LARGEST_RADIUS_PX = 100.0
"""Of the brush; wider areas take several strokes."""

_Radius = npt.NDArray[np.float32]
_SLACK_PX = 1e-4  # distances are float32 square roots of integers; their gaps are far wider


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke, from press to release.

    Attributes:
        label: Crack or not crack.
        radius_px: Of the round brush, in photo pixels.
        path: (row, column) in photo pixels, sub-pixel; at least one point, one alone is a dab.
    """

    label: Label
    radius_px: float
    path: tuple[Point, ...] = field(repr=False)

    @property
    def length_px(self) -> float:
        """Way of the brush while it paints, in photo pixels."""
        points = np.asarray(self.path)
        return float(np.hypot(*np.diff(points, axis=0).T).sum())

    def as_recorded(self) -> dict[str, object]:
        """The stroke as ``workflow.demo.Recording`` has them, for the window's own tools."""
        return {"tool": "brush", "label": int(self.label), "radius_px": self.radius_px, "path": self.path}


@dataclass(frozen=True, eq=False)
class HiddenTruth:
    """What the simulated inspector knows of one photo, measured once.

    Attributes:
        mask: H x W bool, True where crack.
        line: H x W bool, the crack's centre line.
        half_width: H x W float32, brush radius in pixels that covers the crack's width and no more; 0 off the
            crack.
        away: H x W float32, distance of each pixel to the nearest crack pixel; infinite without any crack.
    """

    mask: BoolArray = field(repr=False)
    line: BoolArray = field(repr=False)
    half_width: _Radius = field(repr=False)
    away: _Radius = field(repr=False)

    @classmethod
    def of(cls, mask: BoolArray) -> HiddenTruth:
        """Measure a mask (H x W bool)."""
        return cls(mask, centre_lines(mask), covering_radius(mask), distance_to(mask))


def distance_to(mask: BoolArray) -> _Radius:
    """Exact Euclidean distance of each pixel's centre to the nearest True one's; infinite without any."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    free = np.logical_not(mask).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def covering_radius(mask: BoolArray) -> _Radius:
    """Largest brush radius at each True pixel that stays within the mask, at least 0.5 px; 0 elsewhere. What
    lies beyond the photo's border is no edge."""
    radius = np.clip(distance_to(~mask) - 0.5, 0.5, LARGEST_RADIUS_PX)
    return np.where(mask, radius, 0).astype(np.float32)


def find_errors(
    shown: BoolArray, truth: HiddenTruth, tolerance_px: float = TOLERANCE_PX
) -> tuple[BoolArray, BoolArray]:
    """Errors that a person would see.

    Args:
        shown: H x W bool, the mask on the screen.
        truth: Of the same photo.
        tolerance_px: Euclidean distance between pixel centres up to which an edge may be off.

    Returns:
        H x W bool each: crack with nothing shown within the tolerance, and shown crack with no true crack
        within it; without specks smaller than a disc of the tolerance's radius, which nobody sees.

    Raises:
        MaskError: The masks differ in size.
    """
    if shown.shape != truth.mask.shape:
        raise MaskError(
            f"a mask of {shown.shape} was shown for a truth of {truth.mask.shape}.",
            "Masks must have the size of their photo.",
        )
    missed = truth.mask & (distance_to(shown) > tolerance_px + _SLACK_PX)
    false = shown & (truth.away > tolerance_px + _SLACK_PX)
    return _without_specks(missed, tolerance_px), _without_specks(false, tolerance_px)


def _without_specks(errors: BoolArray, tolerance_px: float) -> BoolArray:
    """Leave out what hangs together in fewer pixels than a disc of this radius has."""
    least = np.pi * tolerance_px**2
    _, names, facts, _ = cv2.connectedComponentsWithStats(errors.astype(np.uint8), connectivity=8)
    seen = facts[:, cv2.CC_STAT_AREA] >= least
    seen[0] = False
    return np.asarray(seen[names], np.bool_)


def plan_strokes(
    shown: BoolArray,
    truth: HiddenTruth,
    tolerance_px: float = TOLERANCE_PX,
    hand: Point | None = None,
) -> list[Stroke]:
    """Plan the strokes that mend a mask, in the order in which a hand would paint them.

    One plan mends most; what is left where the width changes fast is seen when the mended mask is planned
    again.

    Args:
        shown: H x W bool, the mask on the screen.
        truth: Of the same photo.
        tolerance_px: As for :func:`find_errors`.
        hand: Where the pointer is, (row, column) in photo pixels; the middle when None.

    Returns:
        Strokes of crack, then of not crack, each time the nearest next; none when every edge is within the
        tolerance.

    Raises:
        MaskError: The masks differ in size.
    """
    missed, false = find_errors(shown, truth, tolerance_px)
    at = hand or (shown.shape[0] / 2, shown.shape[1] / 2)
    planned: list[Stroke] = []
    for found in (_crack_strokes(missed, truth, tolerance_px), _false_strokes(false, truth)):
        strokes = list(found)
        while strokes:
            stroke = _taken_nearest(strokes, at)
            planned.append(stroke)
            at = stroke.path[-1]
    return planned


def _crack_strokes(missed: BoolArray, truth: HiddenTruth, tolerance_px: float) -> Iterator[Stroke]:
    """Along the part of the centre line that is nearest to what was missed; then into corners, such as those
    at the photo's border, that are still missed then."""
    if not missed.any():
        return
    left = missed.copy()
    served = _line_nearest_to(missed, truth.line)
    allowed = truth.half_width + np.float32(PLAY_PX)
    needed = np.maximum(truth.half_width - np.float32(PLAY_PX), np.float32(0.5))
    yield from _covering(Label.CRACK, left, served, needed, allowed, PLAY_PX)
    still = left & (distance_to(missed & ~left) > tolerance_px + _SLACK_PX)
    corners = _without_specks(np.asarray(still), tolerance_px)
    needed = np.minimum(covering_radius(corners), allowed)
    yield from _covering(Label.CRACK, corners, centre_lines(corners), needed, allowed, 0.0)


def _false_strokes(false: BoolArray, truth: HiddenTruth) -> Iterator[Stroke]:
    """Along the middle of false crack, as wide as it is and a little more, but never onto true crack."""
    if not false.any():
        return
    allowed = np.minimum(truth.away - np.float32(0.5), np.float32(LARGEST_RADIUS_PX))
    needed = np.minimum(covering_radius(false), allowed)
    yield from _covering(Label.NOT_CRACK, false.copy(), centre_lines(false), needed, allowed, OVERSHOOT_PX)


def _line_nearest_to(pixels: BoolArray, line: BoolArray) -> BoolArray:
    """The part of ``line`` that some of ``pixels`` are nearest to, with gaps of a few pixels closed."""
    free = np.logical_not(line).astype(np.uint8)
    _, names = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    served = line & np.isin(names, np.unique(names[pixels]))
    wide = cv2.dilate(served.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.asarray(line & wide)


def _covering(
    label: Label,
    left: BoolArray,
    line: BoolArray,
    needed: _Radius,
    allowed: _Radius,
    overshoot_px: float,
) -> Iterator[Stroke]:
    """Strokes along ``line``, the longest first, leaving out those under which no error is left; what they
    cover is taken out of ``left``."""
    photo = Box(0, 0, *left.shape)
    for path in trace(line):
        for piece in cut_by_width(path, needed, allowed):
            stroke = _stroke(label, piece, needed, allowed, overshoot_px)
            box, covered = stamp(stroke.path, stroke.radius_px, photo)
            if np.any(left[box.slices] & covered):
                left[box.slices] &= ~covered
                yield stroke


def _stroke(
    label: Label, piece: list[Pixel], needed: _Radius, allowed: _Radius, overshoot_px: float
) -> Stroke:
    places = tuple(np.transpose(piece))
    radius = min(float(needed[places].max()) + overshoot_px, float(allowed[places].min()))
    return Stroke(label, radius, thinned(piece, max(1.0, radius / 2)))


def _taken_nearest(strokes: list[Stroke], at: Point) -> Stroke:
    """Take the stroke with the nearest end out of the list, turned round when its far end is the nearer."""

    def away(point: Point) -> float:
        return float(np.hypot(point[0] - at[0], point[1] - at[1]))

    place = min(range(len(strokes)), key=lambda i: min(away(strokes[i].path[0]), away(strokes[i].path[-1])))
    stroke = strokes.pop(place)
    if away(stroke.path[-1]) < away(stroke.path[0]):
        stroke = Stroke(stroke.label, stroke.radius_px, stroke.path[::-1])
    return stroke
