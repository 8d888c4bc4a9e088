"""The branches of a crack: what lies between its ends and junctions, cut off so that the rest stays whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.annotation.tapered import tapered
from resatt_studio.imaging.centre_lines import centre_lines
from resatt_studio.imaging.line_graph import LineGraph, Names
from resatt_studio.records.arrays import BoolArray, Float32Array
from resatt_studio.records.geometry import Box

_NEAR, _FAR = (2.0, 1.0), (4.0, 4.0)
"""So many half widths of a junction, and pixels, away from it an arm is as wide as it is by itself, and so
far away it says where it comes from."""
_CURVE, _CURVE_POINTS = math.radians(45), 9
"""A crack that turns by no more than this at a junction is curved there and has no corner."""
_ROUNDING_PX = 0.1

_Place: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Branches:
    """A crack, cut at its junctions.

    Attributes:
        names: H x W int32: above 0 the branch to which a pixel of the crack belongs, below 0 the junction; 0
            outside of the crack.
        lines: H x W int32, the same of the pixels of its centre line alone.
        depths: H x W float32: how far inside the crack's edge a pixel lies, in pixels.
        junctions: By the name of a branch the names of the junctions that it leaves; none where the whole
            crack is one branch.
    """

    names: Names = field(repr=False)
    lines: Names = field(repr=False)
    depths: Float32Array = field(repr=False)
    junctions: Mapping[int, tuple[int, ...]]

    def cut(self, branch: int) -> BoolArray:
        """Pixels of a branch up to the edge of what it leaves, which stays as wide as it is.

        Args:
            branch: A name above 0.

        Returns:
            H x W bool.
        """
        own: BoolArray = self.names == branch
        for junction in set(self.junctions[branch]):
            self._spare_trunk(own, branch, junction)
        return own

    def _spare_trunk(self, own: BoolArray, branch: int, junction: int) -> None:
        """Make ``own`` end at the edge of the other arms of a junction, drawn as if there were no branch."""
        places = np.argwhere(self.lines == junction)
        knot = places + 0.5
        middle = knot.mean(axis=0)
        half_width = float(self.depths[tuple(places.T)].max())
        near_px, far_px = (widths * half_width + px for widths, px in (_NEAR, _FAR))
        reach = math.ceil(far_px + np.hypot(*(knot - middle).T).max()) + 2
        near = Box.pixel(*middle).expanded(reach).clipped(*own.shape)
        around = self.lines[near.slices]
        arms: dict[int, list[_Arm]] = {}
        for name in np.unique(around[around > 0]).tolist():
            times = self.junctions[name].count(junction)
            for part in _parts(around == name) if times > 1 else [around == name] * times:
                places = np.add(np.argwhere(part), (near.top, near.left))
                away = np.hypot(*(places + 0.5 - middle).T)
                first, second = (self._disc(places[np.argmin(np.abs(away - px))]) for px in (near_px, far_px))
                arms.setdefault(name, []).append((first, second))
        whole = Box(0, 0, *own.shape)
        for start, _ in arms.pop(branch):
            # A branch wider than the trunk bulges out of it where the trunk's line is nearer.
            box, base = tapered(np.array([start.middle, middle]), np.array([start.radius] * 2), whole)
            own[box.slices] |= base & (self.names[box.slices] != 0)
        for one, other in combinations(chain.from_iterable(arms.values()), 2):
            way = _way(one, other, middle, near_px)
            radii = np.linspace(one[0].radius, other[0].radius, len(way))
            box, trunk = tapered(way, radii, whole)
            own[box.slices] &= ~trunk

    def _disc(self, place: npt.NDArray[np.intp]) -> _Disc:
        """Middle and radius of the crack at a pixel of its centre line.

        A crack of an even number of pixels has its middle between two of them.
        """
        around = Box.pixel(*place).expanded(1).clipped(*self.depths.shape)
        depths = self.depths[around.slices]
        deepest = float(depths.max())
        places = np.add(np.argwhere(depths > deepest - _ROUNDING_PX), (around.top, around.left))
        return _Disc(places.mean(axis=0) + 0.5, deepest + _ROUNDING_PX)


@dataclass(frozen=True, eq=False, slots=True)
class _Disc:
    """The crack at a place: its (row, column) and half its width there."""

    middle: _Place
    radius: float


_Arm: TypeAlias = tuple[_Disc, _Disc]
"""An arm near its junction, by two places of it, the nearer first."""


def branches_of(mask: BoolArray) -> Branches:
    """Cut a crack at its junctions.

    Args:
        mask: H x W bool; what lies beyond counts as no crack.
    """
    padded = np.pad(mask, 1)
    # Half a pixel of the distance to the nearest pixel outside lies outside.
    depths = cv2.distanceTransform(padded.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5
    line = centre_lines(padded)
    graph = LineGraph(line, np.asarray(depths, np.float32))
    lines = graph.names()
    _, nearest = cv2.distanceTransformWithLabels(
        (~line).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    name_of = np.zeros(int(nearest.max()) + 1, np.int32)
    name_of[nearest[line]] = lines[line]
    inner = (slice(1, -1), slice(1, -1))
    return Branches(
        names=np.where(mask, name_of[nearest[inner]], 0).astype(np.int32),
        lines=lines[inner],
        depths=np.asarray(depths[inner], np.float32),
        junctions=graph.junctions(),
    )


def _parts(pixels: BoolArray) -> list[BoolArray]:
    """What of an array does not hang together: the two ends of an arm that comes back to its junction."""
    count, names = cv2.connectedComponents(pixels.astype(np.uint8), connectivity=8)
    return [np.asarray(names == name) for name in range(1, count)]


def _way(one: _Arm, other: _Arm, middle: _Place, within_px: float) -> npt.NDArray[np.float64]:
    """The centre line from arm to arm of a crack without a branch, N x 2.

    Where both point at a corner that they turn by little it is a curve (a parabola, as it comes close to an
    arc), else it goes through the corner. Thinning drew the middle of the junction towards the branch, so it
    stands for a corner only where there is no other ``within_px`` of it.
    """
    start, end = one[0].middle, other[0].middle
    ahead, back = _direction(one), _direction(other)
    turn = _cross(ahead, back)
    bend = math.atan2(abs(turn), -float(ahead @ back))
    if turn == 0:
        return np.array([start, end] if bend <= _CURVE else [start, middle, end])
    far, near = _cross(end - start, back) / turn, _cross(end - start, ahead) / turn
    corner = start + ahead * far
    if bend > _CURVE:
        return np.array([start, corner if math.dist(corner, middle) <= within_px else middle, end])
    if far <= 0 or near <= 0:
        return np.array([start, end])
    share = np.linspace(0.0, 1.0, _CURVE_POINTS)[:, None]
    return np.asarray((1 - share) ** 2 * start + 2 * share * (1 - share) * corner + share**2 * end)


def _direction(arm: _Arm) -> _Place:
    """From an arm towards its junction; nothing for one that is too short to tell."""
    return arm[0].middle - arm[1].middle


def _cross(one: _Place, other: _Place) -> float:
    return float(one[0] * other[1] - one[1] * other[0])
