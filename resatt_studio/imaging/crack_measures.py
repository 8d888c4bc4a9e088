"""How long and how wide a crack is: the way along its centre line, and from edge to edge across it.

What is enclosed by a crack and too small to part it is filled. The rest is thinned, followed without spurs
(:mod:`.line_paths`), smoothed, and drawn out to the crack's ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.imaging.centre_lines import whole_centre_lines
from resatt_studio.imaging.curves import Curve, evenly_spaced, lengths, normals, smoothed
from resatt_studio.imaging.line_graph import longest_stub
from resatt_studio.imaging.line_paths import LinePath, line_paths
from resatt_studio.records.arrays import BoolArray, Float32Array

PIN_HOLE_PX = 12
"""Holes of fewer pixels are filled before a crack is measured."""

_SMOOTH_PX, _SMOOTH_HALF_WIDTHS = 2.0, 0.5
"""Sigma that a centre line is smoothed with: from 2 px on the steps of the raster are gone, and a bump of the
edge moves the centre line for about as long as the crack is wide."""
_DIRECTION_PX, _DIRECTION_HALF_WIDTHS = 6.0, 2.0  # along the centre line: they tell which way an end points
_LEAST_COURSE_PX = 3.0  # without its ends a centre line is longer, and longer than half the width
_SOLID = 0.5  # share that a spot covers of its length and width, and a bent line does not
_APART_PX = 0.05  # along an axis; pixels that are no farther apart lie side by side
_LEAST_WIDTH_PX = 1.0  # a mask shows nothing narrower, though pixels that touch at corners cover but 0.7 px
_WIDTHS_PX = 2.0  # sigma along the line that widths are averaged with before they are held to the least one
_STEP_PX = 0.25  # from place to place on the way to an edge
_ON_THE_LINE_PX = 0.75  # so near the smoothed centre line a pixel off the mask is no edge yet
_AT_ONCE = 1 << 18  # places that are looked at at once, which bounds the memory

_Values: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrackMeasures:
    """Length and width of one crack.

    Attributes:
        length_px: Of its centre line, all branches together, from end to end: at least 1.
        mean_width_px: Mean of the local widths: at least 1.
    """

    length_px: float
    mean_width_px: float


def measure_crack(mask: BoolArray) -> CrackMeasures:
    """Measure one crack.

    The length is that of the smoothed centre line, and of what is missing at the crack's ends, where thinning
    leaves off about half a width before. (The steps of the raster, 1 and the root of 2, add up to 8 % more
    than a slanted line has: Coeurjolly and Klette, A comparative evaluation of length estimators of digital
    curves, IEEE PAMI 26(2), 2004.) A branch begins at the centre line of what it leaves, and is longer than
    that is wide and 2 px; what is shorter is a bump of the edge.

    Widths are taken at every pixel of way along the centre line, at right angles to it and from edge to edge,
    leaving out ends and junctions. (Of the ways to take a width from a mask this has the least error: Li et
    al., Automation in Construction, 2024, article 105251.)

    A crack that is hardly longer than wide has no centre line to speak of: it is as long as it extends along
    its main axis, that of its second moments, and as wide as the middle third of it.

    Holes of fewer than :data:`PIN_HOLE_PX` pixels, or than the square of the crack's width, count as crack:
    an island of that size lies in one crack, and not between two.

    Of straight cracks of 150 px, 1 to 15 px wide and in all directions, lengths are right to 0.1 % on average
    and each to 1.5 %, widths to 0.05 px on average and each to 0.7 px, as much as the drawn pixels themselves
    are wider or narrower than what was meant. Of cracks of 40 px each length is right to 2 px.
    ``python benchmarks/crack_accuracy.py`` prints all of it, and the same of bent cracks.

    Args:
        mask: H x W bool, of one crack: pixels that touch at sides or corners. At the border the crack ends.

    Returns:
        Zeros where there is no pixel.
    """
    if not mask.any():
        return CrackMeasures(0.0, 0.0)
    course = _Course(mask)
    return course.spot or CrackMeasures(course.length_px(), course.mean_width_px())


def length_px(mask: BoolArray) -> float:
    """The length of :func:`measure_crack`, without the time that the width takes."""
    if not mask.any():
        return 0.0
    course = _Course(mask)
    return course.spot.length_px if course.spot else course.length_px()


def without_small_holes(mask: BoolArray) -> BoolArray:
    """The mask with its holes filled that are too small to part a crack.

    A hole is filled when it has fewer pixels than :data:`PIN_HOLE_PX`, or than the square of the mean width,
    which is twice the area by the length of all edges. (Edges along pixels are 4 / pi times as long as the
    smooth ones that they stand for, over all directions.)

    Args:
        mask: H x W bool, nothing at the border.
    """
    _, names, facts, _ = cv2.connectedComponentsWithStats((~mask).view(np.uint8), connectivity=4)
    if len(facts) == 2:  # the mask, and what lies around it
        return mask
    area = facts[:, cv2.CC_STAT_AREA]
    outside = names[0, 0]
    small = area < PIN_HOLE_PX
    small[[0, outside]] = True
    if not small.all():
        edges = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
        small |= area < (8 / np.pi * np.count_nonzero(mask) / edges) ** 2
    small[[0, outside]] = False
    return np.asarray(mask | small[names])


@dataclass(frozen=True, eq=False, slots=True)
class _Arm:
    """What lies between two ends or junctions of a crack.

    Attributes:
        curve: N x 2, smoothed, about a pixel apart, without blunt ends; whole numbers are middles of pixels.
        half_widths: N, in pixels, about.
        clear: N bool: farther from the junctions than the crack is wide there.
        course_px: Length of the curve.
        length_px: With its ends.
        lone: Whether it has two ends, and so is all of the crack.
    """

    curve: Curve
    half_widths: _Values
    clear: npt.NDArray[np.bool_]
    course_px: float
    length_px: float
    lone: bool

    @property
    def tells_nothing(self) -> bool:
        """Whether it is the centre line of a spot."""
        return self.lone and self.course_px < _least_course_px(_middle(self.half_widths))


class _Course:
    """The centre line of one crack, which has a pixel at least.

    Attributes:
        spot: The measures of a crack without a centre line to speak of, else None.
    """

    def __init__(self, mask: BoolArray) -> None:
        self._mask = without_small_holes(_padded(mask))
        depths = cv2.distanceTransform(self._mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        # Half a pixel of the distance to the nearest pixel outside lies outside.
        self._half_widths = np.subtract(depths, np.float32(0.5), out=depths)
        self._arms: list[_Arm] = []
        self.spot = _solid_spot(self._mask, self._half_widths)
        if self.spot is None:
            lines = whole_centre_lines(self._mask)
            self._arms = [self._arm(path) for path in line_paths(lines, self._half_widths)]
            if any(arm.tells_nothing for arm in self._arms):
                self.spot = _spot(self._mask)

    def length_px(self) -> float:
        return max(1.0, float(sum(arm.length_px for arm in self._arms)))

    def mean_width_px(self) -> float:
        curves, half, clear, across = (
            np.concatenate(parts)
            for parts in zip(
                *((arm.curve, arm.half_widths, arm.clear, normals(arm.curve)) for arm in self._arms),
                strict=True,
            )
        )
        if not clear.any():
            clear[:] = True
        widths = _widths(self._mask, curves[clear], across[clear], half[clear])
        # Arms follow each other here, so a few widths at their ends are averaged with those of others.
        return float(np.maximum(smoothed(widths, _WIDTHS_PX), _LEAST_WIDTH_PX).mean())

    def _arm(self, path: LinePath) -> _Arm:
        points = path.points.astype(np.float64)
        half = self._half_widths[path.points[:, 0], path.points[:, 1]].astype(np.float64)
        kept = _between_blunt_ends(points, half, path.free)
        sigma = _SMOOTH_PX + _SMOOTH_HALF_WIDTHS * _middle(half)
        curve = _closed(points, sigma) if path.closed else _twiced(points[kept], sigma)
        curve = evenly_spaced(curve)
        along = lengths(curve)
        clear = np.ones(len(curve), np.bool_)
        course = length = float(along[-1])
        for free, way, tip in (
            (path.free[0], along, _Tip(points[0], half[0], curve[::-1])),
            (path.free[1], along[-1] - along, _Tip(points[-1], half[-1], curve)),
        ):
            if free:
                length += tip.beyond_px(self._mask)
            elif not path.closed:
                clear &= way > tip.half_width + 1
        share = np.linspace(0.0, 1.0, len(curve))
        local = np.interp(share, np.linspace(0.0, 1.0, len(half[kept])), half[kept])
        return _Arm(curve, local, clear, course, length, all(path.free))


@dataclass(frozen=True, eq=False, slots=True)
class _Tip:
    """A free end of a centre line.

    Attributes:
        place: (row, column) of its last pixel.
        half_width: There.
        curve: What leads to it, without its blunt end.
    """

    place: _Values
    half_width: float
    curve: Curve

    def beyond_px(self, mask: BoolArray) -> float:
        """How far the crack goes on beyond the curve.

        The largest disc around the last pixel reaches the crack's end, also where that is one of a spur to a
        corner; thinning may leave off before, so what lies straight ahead is crack as well.
        """
        end = self.curve[-1]
        span = max(_DIRECTION_PX, _DIRECTION_HALF_WIDTHS * self.half_width)
        ahead = end - self.curve[-1 - min(int(span), len(self.curve) - 1)]
        steps = float(np.hypot(*ahead))
        if steps == 0.0:
            return math.dist(self.place, end) + self.half_width
        ahead /= steps
        disc = max(0.0, float((self.place - end) @ ahead)) + self.half_width
        places = end + np.arange(_STEP_PX / 2, disc + self.half_width + 2, _STEP_PX)[:, None] * ahead
        inside = _at(mask, places[:, 0], places[:, 1])
        straight = len(inside) if inside.all() else int(np.argmin(inside))
        return max(disc, straight * _STEP_PX)


def _between_blunt_ends(points: Curve, half: _Values, free: tuple[bool, bool]) -> slice:
    """What of a path lies between its blunt ends: of an end as much as a spur from there could be long.

    At least a point stays, and half of a path that goes on at a junction.
    """
    count = len(points)
    first, last = (
        _blunt(points[::step], half[::step]) if ends else 0 for ends, step in zip(free, (1, -1), strict=True)
    )
    if free[0] and free[1]:
        first = min(first, count - 1)
        return slice(first, max(first + 1, count - last))
    return slice(min(first, count // 2), count - min(last, count // 2))


def _blunt(points: Curve, half: _Values) -> int:
    """How many of the first points lie in the blunt end."""
    beyond = lengths(points) > longest_stub(half)
    return int(np.argmax(beyond)) if beyond.any() else len(points)


def _twiced(points: Curve, sigma: float) -> Curve:
    """Smoothed, and what that took away smoothed and put back (twicing: Tukey, Exploratory Data Analysis,
    1977), without which a Gaussian draws every bend inwards."""
    soft = smoothed(points, sigma)
    return soft + smoothed(points - soft, sigma)


def _closed(points: Curve, sigma: float) -> Curve:
    """A ring smoothed; its first point comes last again, before and after."""
    count = len(points) - 1
    more = math.ceil(6 * sigma)
    around = _twiced(points[np.arange(-more, count + 1 + more) % count], sigma)
    return around[more : more + count + 1]


def _widths(mask: BoolArray, curve: Curve, across: Curve, half: _Values) -> _Values:
    """From edge to edge across a curve, N widths in pixels.

    Args:
        mask: H x W bool, nothing at the border.
        curve, across: N x 2, places and unit normals.
        half: N half widths, about: an edge is looked for up to twice as far, and a pixel.
    """
    found = np.zeros(len(curve))
    left = np.argsort(-half)  # the widest first: those that are looked for at once look about as far
    while len(left):
        away = np.arange(_STEP_PX / 2, 2 * half[left[0]] + 1, _STEP_PX)
        part, left = np.split(left, [max(1, _AT_ONCE // len(away))])
        reach = 2 * half[part, None] + 1
        for side in (away, -away):
            places = (curve[part, axis, None] + across[part, axis, None] * side for axis in (0, 1))
            inside = _at(mask, *places) & (away < reach)
            unbroken = np.logical_and.accumulate(inside | (away < _ON_THE_LINE_PX), axis=1)
            found[part] += np.count_nonzero(inside & unbroken, axis=1) * _STEP_PX
    return found


def _at(mask: BoolArray, rows: _Values, columns: _Values) -> npt.NDArray[np.bool_]:
    """The mask's pixels at places; beyond it, those of its border."""
    row = np.clip(np.rint(rows).astype(np.intp), 0, mask.shape[0] - 1)
    column = np.clip(np.rint(columns).astype(np.intp), 0, mask.shape[1] - 1)
    return np.asarray(mask[row, column])


def _solid_spot(mask: BoolArray, half_widths: Float32Array) -> CrackMeasures | None:
    """The measures of a spot that needs no thinning to be told from a line, or None.

    Between its blunt ends there is no room for a course. Small cracks are many, and this is quick.
    """
    half = float(half_widths.max())
    longest = 2 * longest_stub(half) + _least_course_px(half)
    if max(mask.shape) - 2 > longest:
        return None
    spot = _spot(mask)
    solid = np.count_nonzero(mask) > _SOLID * spot.length_px * spot.mean_width_px
    return spot if spot.length_px < longest and solid else None


def _spot(mask: BoolArray) -> CrackMeasures:
    """Length and width along the main axis of what has no centre line to speak of."""
    facts = cv2.moments(mask.view(np.uint8), binaryImage=True)
    # Of a round one both are whole numbers that are equal: it has no axis by rounding.
    both = facts["m00"] * facts["m11"] - facts["m01"] * facts["m10"]
    down = facts["m00"] * facts["m02"] - facts["m01"] ** 2
    across = facts["m00"] * facts["m20"] - facts["m10"] ** 2
    turn = 0.5 * math.atan2(2 * both, down - across)
    rows, columns = np.nonzero(mask)
    along = np.sort(rows * math.cos(turn) + columns * math.sin(turn))
    along -= (along[0] + along[-1]) / 2
    # Pixels reach beyond their middles by half of what these lie apart along the axis.
    steps = int(np.count_nonzero(along[1:] - along[:-1] > _APART_PX))
    extent = max(1.0, 2 * float(along[-1]) * (1 + 1 / max(steps, 1)))
    within = extent / 6 + 0.5 - np.abs(along)
    covered = float(np.minimum(np.maximum(within, 0.0), min(1.0, extent / 3)).sum())
    return CrackMeasures(extent, max(_LEAST_WIDTH_PX, covered / (extent / 3)))


def _least_course_px(half_width_px: float) -> float:
    return max(_LEAST_COURSE_PX, half_width_px)


def _middle(values: _Values) -> float:
    """About the median, which NumPy takes long to find of a few values."""
    return float(np.sort(values)[len(values) // 2])


def _padded(mask: BoolArray) -> BoolArray:
    around = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(around).view(np.bool_)
