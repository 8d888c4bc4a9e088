"""Cracks of known length and width are measured as long and as wide as they are, in every direction."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from crack_accuracy import RADII_PX, circle, circle_errors, drawn, straight, straight_errors
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resatt_studio.imaging.crack_measures import (
    PIN_HOLE_PX,
    CrackMeasures,
    length_px,
    measure_crack,
    without_small_holes,
)
from resatt_studio.records.arrays import BoolArray

MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))
HERE = np.array([0.2, 0.7])


def block(height: int, width: int) -> BoolArray:
    mask = np.zeros((height + 8, width + 8), np.bool_)
    mask[4 : 4 + height, 4 : 4 + width] = True
    return mask


def largest(mask: BoolArray) -> BoolArray:
    _, names, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return np.asarray(names == 1 + facts[1:, cv2.CC_STAT_AREA].argmax())


@pytest.mark.parametrize("width_px", [1.0, 1.5, 2.0, 3.0, 5.0, 9.0, 15.0])
def test_straight_cracks_in_all_directions_are_as_long_and_wide_as_drawn(width_px: float) -> None:
    length, width = straight_errors(150.0, width_px).T
    assert abs(length.mean()) < 0.15 and np.abs(length).mean() < 0.4 and np.abs(length).max() < 1.5, "percent"
    assert abs(width.mean()) < 0.07 and np.abs(width).mean() < 0.07 and np.abs(width).max() < 0.7, "pixels"


@pytest.mark.parametrize("width_px", [1.0, 3.0, 9.0, 15.0])
def test_short_cracks_are_as_long_as_drawn_to_a_pixel_and_a_half(width_px: float) -> None:
    length, width = straight_errors(40.0, width_px).T
    assert abs(length.mean()) < 0.6 and np.abs(length).max() < 100 * 2 / 40, "percent"
    assert np.abs(width).mean() < 0.1


@pytest.mark.parametrize("radius_px", RADII_PX)
@pytest.mark.parametrize("width_px", [1.0, 2.0, 5.0])
def test_bent_cracks_are_as_long_and_wide_as_drawn(radius_px: float, width_px: float) -> None:
    length, width = circle_errors(radius_px, width_px).T
    assert np.abs(length).max() < max(1.5, 120 / radius_px), "percent"
    assert np.abs(width).max() < 0.25
    whole = measure_crack(circle(radius_px, width_px, HERE))
    assert whole.length_px == pytest.approx(2 * math.pi * radius_px, rel=0.005)


@pytest.mark.parametrize("deg", [0.0, 20.0, 38.0, 70.0])
@pytest.mark.parametrize("width_px", [1.0, 3.0, 9.0])
def test_the_arms_of_a_crossing_count_with_all_their_length(deg: float, width_px: float) -> None:
    one, other = (straight(160.0, width_px, deg + turned, HERE) for turned in (0.0, 90.0))
    found = measure_crack(one | other)
    assert found.length_px == pytest.approx(320.0, rel=0.01)
    assert found.mean_width_px == pytest.approx(width_px, abs=0.1)


@pytest.mark.parametrize("width_px", [1.0, 3.0, 9.0])
def test_a_branch_counts_from_the_middle_of_what_it_leaves(width_px: float) -> None:
    turn = math.radians(17)
    along, down = np.array([math.sin(turn), math.cos(turn)]), np.array([math.cos(turn), -math.sin(turn)])
    middle = np.array([110.2, 109.7])
    trunk = drawn(np.array([middle - 90 * along, middle + 90 * along]), width_px, 220)
    branch = drawn(np.array([middle, middle + 70 * down]), width_px, 220)
    found = measure_crack(trunk | branch)
    assert found.length_px == pytest.approx(250.0, rel=0.015)
    assert found.mean_width_px == pytest.approx(width_px, abs=0.1)


@pytest.mark.parametrize("width_px", [1.0, 3.0, 5.0])
@pytest.mark.parametrize("deg", [0, 27])
def test_a_net_is_as_long_as_its_lines(width_px: float, deg: int) -> None:
    turn = math.radians(deg)
    turned = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    net = np.zeros((300, 300), np.bool_)
    for place in (-80.0, -40.0, 0.0, 40.0, 80.0):
        for ends in ([[-80, place], [80, place]], [[place, -80], [place, 80]]):
            net |= drawn(np.array(ends) @ turned + 150.3, width_px, 300, round_ends=True)
    found = measure_crack(net)
    assert found.length_px == pytest.approx(1600.0, rel=0.02)
    assert found.mean_width_px == pytest.approx(width_px, abs=0.1)


@pytest.mark.parametrize("across_px", [1, 2, 3, 4, 5, 9, 15, 40])
def test_a_disc_is_as_long_and_as_wide_as_it_is_across(across_px: int) -> None:
    for row in (0.0, 0.25, 0.5):
        rows, columns = np.mgrid[:50, :50]
        found = measure_crack(np.hypot(rows - 25 - row, columns - 25.1) < across_px / 2)
        slack = max(1.01, 0.07 * across_px)
        assert found.length_px == pytest.approx(across_px, abs=slack)
        assert found.mean_width_px == pytest.approx(across_px, abs=slack)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 4), (2, 2), (2, 8), (3, 3), (5, 9), (9, 9), (9, 20), (9, 30), (6, 80)]
)
def test_upright_blocks_are_measured_to_the_pixel(height: int, width: int) -> None:
    for mask in (block(height, width), block(height, width).T):
        found = measure_crack(mask)
        assert found.length_px == pytest.approx(width, abs=0.6)
        assert found.mean_width_px == pytest.approx(height, abs=0.05)


def test_pin_holes_change_nothing() -> None:
    mask = straight(200.0, 9.0, 12.0, HERE)
    whole = measure_crack(mask)
    rng = np.random.default_rng(0)
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    holed = mask & ~(inner & (rng.random(mask.shape) < 0.05))
    assert np.count_nonzero(mask & ~holed) > 40
    assert measure_crack(holed) == whole


@pytest.mark.parametrize("side_px", [1, 3, 5, 7])
def test_islands_that_are_smaller_than_the_crack_is_wide_lie_in_one_crack(side_px: int) -> None:
    mask = block(11, 200)
    for place in range(20, 190, 25):
        mask[6 : 6 + side_px, place : place + side_px] = False
    found = measure_crack(mask)
    assert found.length_px == pytest.approx(200, abs=1) and found.mean_width_px == pytest.approx(11, abs=0.05)


@pytest.mark.parametrize("side_px", [4, 9, 20])
def test_what_lies_between_two_thin_cracks_is_no_hole_of_one(side_px: int) -> None:
    mask = block(side_px + 2, side_px + 2)
    mask[5 : 5 + side_px, 5 : 5 + side_px] = False
    assert side_px**2 >= PIN_HOLE_PX and np.array_equal(without_small_holes(mask), mask)
    assert measure_crack(mask).length_px == pytest.approx(4 * (side_px + 1), abs=5), "its corners are round"


@pytest.mark.parametrize("width_px", [5.0, 9.0, 15.0])
@pytest.mark.parametrize("deg", [0.0, 20.0, 33.0])
def test_a_rough_edge_makes_a_crack_no_longer(width_px: float, deg: float) -> None:
    mask = straight(180.0, width_px, deg, HERE)
    rng = np.random.default_rng(0)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rough = largest(np.where(near & ~inner, mask ^ (rng.random(mask.shape) < 0.1), mask))
    assert np.count_nonzero(rough ^ mask) > 50
    found = measure_crack(rough)
    assert found.length_px == pytest.approx(180, rel=0.04)
    assert found.mean_width_px == pytest.approx(width_px, abs=0.4)


@given(MASKS)
def test_every_crack_is_a_pixel_long_and_wide_at_least_and_lies_in_its_box(mask: BoolArray) -> None:
    count, names = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    for name in range(1, count):
        own = names == name
        found = measure_crack(own)
        filled = np.count_nonzero(without_small_holes(np.pad(own, 1)))
        assert 1 <= found.length_px <= filled * math.sqrt(2) + 1e-9
        assert 1 <= found.mean_width_px <= math.hypot(*own.shape)
        assert length_px(own) == found.length_px


@given(MASKS, st.integers(0, 9), st.integers(0, 9))
def test_where_a_crack_lies_changes_nothing(mask: BoolArray, down: int, right: int) -> None:
    own = largest(mask) if mask.any() else mask
    moved = np.pad(own, ((down, 3), (right, 0)))
    assert measure_crack(moved).length_px == pytest.approx(measure_crack(own).length_px)
    assert measure_crack(moved).mean_width_px == pytest.approx(measure_crack(own).mean_width_px)


@pytest.mark.parametrize("width_px", [1.0, 3.0, 9.0])
def test_at_the_border_of_the_mask_a_crack_ends(width_px: float) -> None:
    mask = straight(400.0, width_px, 30.0, HERE)[100:300, 150:250]
    found = measure_crack(mask)
    assert found.length_px == pytest.approx(100 / math.cos(math.radians(30)), rel=0.03)
    assert found.mean_width_px == pytest.approx(width_px, abs=0.15)


def test_where_there_is_no_pixel_there_is_neither_length_nor_width() -> None:
    assert measure_crack(np.zeros((4, 4), np.bool_)) == CrackMeasures(0.0, 0.0)
    assert length_px(np.zeros((0, 3), np.bool_)) == 0.0


def test_a_thin_bent_speck_is_as_long_as_its_course() -> None:
    hook = np.zeros((12, 12), np.bool_)
    hook[1:10, 1] = hook[9, 1:10] = hook[1:10, 9] = True
    assert measure_crack(hook).length_px == pytest.approx(25, rel=0.12)
