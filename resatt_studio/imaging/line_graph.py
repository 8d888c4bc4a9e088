"""A centre line as a graph: arms between ends and junctions, without what thinning adds of its own."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.imaging.centre_lines import neighbours
from resatt_studio.records.arrays import BoolArray, Float32Array

_STUB_WIDTHS, _STUB_PX = 1.5, 1.5
"""An arm with a free end is longer than so many half widths of its junction and so many pixels; shorter ones
run from the middle of the line to a bump of its edge, or to a corner of its blunt end."""
_BRIDGE_WIDTHS, _BRIDGE_PX = 2.0, 1.0
"""Two junctions no farther apart than the line is wide are one: thinning makes two forks of a crossing."""

Names = npt.NDArray[np.int32]
_Widths = TypeVar("_Widths", float, npt.NDArray[np.float64])


def longest_stub(half_width_px: _Widths) -> _Widths:
    """How long an arm with a free end may be and still be made by thinning, in pixels.

    The corner of a blunt end lies the root of 2 half widths from the middle of the line, so up to 1.5 half
    widths and 1.5 pixels an arm is none of the line.

    Args:
        half_width_px: Of what the line is the centre of, at the junction; a number or many.
    """
    return _STUB_WIDTHS * half_width_px + _STUB_PX


class LineGraph:
    """The arms and junctions of lines of one pixel.

    Pixels with three neighbours or more make knots, what lies between them arms. Three kinds of knots and
    arms are none of the line and are dissolved, in this order: knots of two arms, which are but a corner of
    the line; stubs, the shortest first, so that of a blunt end that became a fork one arm goes on to its
    corner; and bridges, into which thinning draws out a crossing.

    Args:
        lines: H x W bool, one pixel wide, nothing at the border.
        half_widths: H x W float32, in pixels: of what the lines are the centre of, at each of their pixels.
    """

    def __init__(self, lines: BoolArray, half_widths: Float32Array) -> None:
        at_knot = neighbours(lines) >= 3
        knots, self._knot_names = _labelled(at_knot)
        arms, self._arm_names = _labelled(lines & ~at_knot)
        widest = np.zeros(knots, np.float32)
        np.maximum.at(widest, self._knot_names[at_knot], half_widths[at_knot])
        self._widest: dict[int, float] = dict(enumerate(widest.tolist()))
        self._length: dict[int, int] = dict(
            enumerate(np.bincount(self._arm_names.ravel(), minlength=arms).tolist())
        )
        self._ends: dict[int, list[int]] = {arm: [] for arm in range(1, arms)}
        self._arms: dict[int, list[int]] = {knot: [] for knot in range(1, knots)}
        self._became: dict[int, int] = {}
        """Names above 0 of arms, below 0 of knots: what was dissolved, and in what."""
        for arm, knot in self._contacts():
            self._ends[arm].append(knot)
            self._arms[knot].append(arm)
        self._straighten(list(self._arms))
        self._dissolve_stubs()
        self._dissolve_bridges()

    def names(self) -> Names:
        """H x W int32: the name of each pixel's arm, above 0, or of its junction, below 0; 0 elsewhere."""
        arms = np.array([0, *(self._now(arm) for arm in range(1, len(self._length)))], np.int32)
        knots = np.array([0, *(self._now(-knot) for knot in range(1, len(self._widest)))], np.int32)
        return arms[self._arm_names] + knots[self._knot_names]

    def junctions(self) -> dict[int, tuple[int, ...]]:
        """The names of the junctions at which each arm begins or ends: none, one, two, or one twice."""
        return {arm: tuple(-knot for knot in knots) for arm, knots in self._ends.items()}

    def _contacts(self) -> list[tuple[int, int]]:
        """(arm, knot) for every end of an arm that lies at a knot."""
        rows, columns = np.nonzero(self._arm_names)
        arms = self._arm_names[rows, columns]
        found = [
            np.stack(
                [
                    arms,
                    self._knot_names[rows + down, columns + right],
                    rows * self._arm_names.shape[1] + columns,
                ],
                axis=1,
            )
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        ]
        contacts = np.unique(np.concatenate(found), axis=0)  # a pixel may touch several pixels of a knot
        contacts = contacts[contacts[:, 1] > 0]
        # Both pixels of an arm of two may touch the same knot without a loop.
        short = np.array([self._length[arm] <= 2 for arm in contacts[:, 0].tolist()], np.bool_)
        pairs = np.concatenate([contacts[~short, :2], np.unique(contacts[short, :2], axis=0)])
        return [(arm, knot) for arm, knot in pairs.tolist()]

    def _straighten(self, knots: list[int]) -> None:
        """Dissolve those of the knots at which no more than two arms meet."""
        for knot in knots:
            arms = self._arms.get(knot)
            if not arms or len(arms) > 2:
                continue
            first, last = arms[0], arms[-1]
            del self._arms[knot]
            self._became[-knot] = first
            self._ends[first].remove(knot)
            if len(arms) == 1:
                continue
            if first == last:  # a ring
                self._ends[first].remove(knot)
                continue
            others = self._ends.pop(last)
            others.remove(knot)
            for other in others:
                self._arms[other][self._arms[other].index(last)] = first
            self._ends[first] += others
            self._length[first] += self._length[last]
            self._became[last] = first

    def _dissolve_bridges(self) -> None:
        for arm in sorted(self._ends, key=self._length.__getitem__):
            knots = self._ends.get(arm, [])
            if len(knots) < 2:
                continue
            widest = max(self._widest[knot] for knot in knots)
            # What touches three knots is a speck between them, however narrow the line is.
            if len(knots) == 2 and self._length[arm] > _BRIDGE_WIDTHS * widest + _BRIDGE_PX:
                continue
            kept, *others = sorted(set(knots))
            self._lose(arm, kept)
            for knot in others:
                for other in self._arms[knot]:
                    ends = self._ends[other]
                    ends[ends.index(knot)] = kept
                self._arms[kept] += self._arms.pop(knot)
                self._became[-knot] = -kept
            self._widest[kept] = widest
            self._straighten([kept])

    def _dissolve_stubs(self) -> None:
        while True:
            stubs = [
                arm for arm, knots in self._ends.items() if len(knots) == 1 and self._is_stub(arm, knots[0])
            ]
            if not stubs:
                return
            for arm in sorted(stubs, key=self._length.__getitem__):
                knots = self._ends.get(arm, [])
                if len(knots) == 1 and self._is_stub(arm, knots[0]):  # it may have grown by now
                    self._lose(arm, knots[0])
                    self._straighten(knots)

    def _is_stub(self, arm: int, knot: int) -> bool:
        return self._length[arm] <= longest_stub(self._widest[knot])

    def _lose(self, arm: int, knot: int) -> None:
        """Make an arm a part of a knot."""
        for end in self._ends.pop(arm):
            self._arms[end].remove(arm)
        self._became[arm] = -knot

    def _now(self, name: int) -> int:
        """What a name became."""
        while name in self._became:
            name = self._became[name]
        return name


def _labelled(pixels: BoolArray) -> tuple[int, Names]:
    """How many pieces there are, and the outside; and of each pixel its piece from 1, 0 for the outside."""
    count, names = cv2.connectedComponents(pixels.astype(np.uint8), connectivity=8)
    return int(count), np.asarray(names, np.int32)
