"""Centre lines run through the middle, lose their spurs, and know their junctions, loops and directions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.morphology import thin

from resatt_studio.imaging.centre_lines import (
    centre_lines,
    directions,
    junction_count,
    loop_count,
    neighbours,
    prune_spurs,
    whole_centre_lines,
)
from resatt_studio.records.arrays import BoolArray


def drawn(*strokes: tuple[tuple[int, int], tuple[int, int]], side: int = 96, width: int = 5) -> BoolArray:
    """Strokes between (x, y) points."""
    canvas = np.zeros((side, side), np.uint8)
    for start, end in strokes:
        cv2.line(canvas, start, end, 1, width)
    return canvas.astype(np.bool_)


def test_a_bar_becomes_one_line_in_its_middle() -> None:
    mask = np.zeros((96, 96), np.bool_)
    mask[46:51, 10:87] = True
    lines = centre_lines(mask)
    rows, columns = np.nonzero(lines)
    assert set(rows[(columns > 14) & (columns < 82)].tolist()) == {48}
    assert columns.max() - columns.min() > 70
    assert junction_count(lines) == 0


def test_an_empty_mask_has_no_line() -> None:
    assert not centre_lines(np.zeros((5, 7), np.bool_)).any()


def test_a_cross_is_one_junction_and_four_ends() -> None:
    lines = centre_lines(drawn(((10, 48), (86, 48)), ((48, 10), (48, 86))))
    assert junction_count(lines) == 1
    assert np.count_nonzero(neighbours(lines) == 1) == 4


@pytest.mark.parametrize("loops", [1, 2, 3])
def test_every_enclosed_area_is_a_loop(loops: int) -> None:
    canvas = np.zeros((40, 40 * loops), np.uint8)
    for number in range(loops):
        cv2.circle(canvas, (20 + 40 * number, 20), 12, 1, 2)
    assert loop_count(centre_lines(canvas.astype(np.bool_))) == loops


def test_a_spur_goes_and_the_line_stays() -> None:
    straight = ((10, 48), (86, 48))
    lines = centre_lines(drawn(straight, ((48, 48), (48, 60))))
    pruned = prune_spurs(lines, 20)
    assert junction_count(lines) == 1
    assert junction_count(pruned) == 0
    assert np.count_nonzero(pruned) > 65
    assert not (pruned & ~lines).any()


def test_of_a_fork_the_longer_arm_stays() -> None:
    lines = centre_lines(drawn(((10, 48), (60, 48)), ((60, 48), (80, 30)), ((60, 48), (70, 56)), width=1))
    pruned = prune_spurs(lines, 15)
    assert pruned[30, 80]
    assert not pruned[56, 70]


def test_a_short_line_without_junction_is_no_spur() -> None:
    lines = drawn(((10, 10), (16, 10)), width=1)
    np.testing.assert_array_equal(prune_spurs(lines, 50), lines)


@pytest.mark.parametrize("angle", [0, 20, 45, 70, 90, 135, 160])
def test_directions_are_those_of_the_line(angle: float) -> None:
    reach = 40 * np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    ends = [tuple(int(value) for value in np.round(48 + sign * reach)) for sign in (-1, 1)]
    cosine, sine = directions(drawn((ends[0], ends[1]), width=1))
    mean = np.degrees(np.arctan2(sine.mean(), cosine.mean())) / 2 % 180
    assert min(abs(mean - angle), 180 - abs(mean - angle)) < 3.0


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 20))))
def test_whole_centre_lines_are_those_of_guo_and_hall_and_as_connected_as_the_mask(mask: BoolArray) -> None:
    lines = whole_centre_lines(mask)
    np.testing.assert_array_equal(lines, thin(mask))
    for one, other, connectivity in ((mask, lines, 8), (np.pad(~mask, 1, constant_values=True), None, 4)):
        other = np.pad(~lines, 1, constant_values=True) if other is None else other
        pieces, left = (
            cv2.connectedComponents(part.astype(np.uint8), connectivity=connectivity)[0]
            for part in (one, other)
        )
        assert pieces == left


@pytest.mark.parametrize("steps", range(1, 8))
def test_a_diagonal_line_of_any_width_is_whole(steps: int) -> None:
    mask = np.zeros((120, 120), np.bool_)
    for place in range(10, 110):
        mask[place, place : place + steps] = True
    lines = whole_centre_lines(mask)
    rows = np.flatnonzero(lines.any(axis=1))
    assert rows[0] < 10 + steps and rows[-1] > 109 - steps and len(rows) == np.ptp(rows) + 1
