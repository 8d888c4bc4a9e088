"""Claims about regions that hang together, and the windows that they are looked for in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.regions import holes, nearest_in, region_at
from resatt_studio.records.geometry import Box

masks = st.integers(0, 2**30).map(lambda seed: np.random.default_rng(seed).random((30, 40)) < 0.55)


@settings(max_examples=60, deadline=None)
@given(masks, st.integers(0, 29), st.integers(0, 39), st.booleans())
def test_the_region_of_a_pixel_is_its_connected_component(mask, row, column, corners):
    found = region_at(lambda box: mask[box.slices], row, column, Box(0, 0, 30, 40), corners)
    _, names = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8 if corners else 4)
    if not mask[row, column]:
        assert found is None
        return
    full = np.zeros_like(mask)
    full[found.box.slices] = found.mask
    np.testing.assert_array_equal(full, names == names[row, column])
    assert found.whole and found.mask.any(axis=0).all() and found.mask.any(axis=1).all()


def test_a_small_region_on_a_huge_photo_is_read_in_a_small_window_and_a_long_one_in_a_larger():
    photo, read = Box(0, 0, 20_000, 30_000), []

    def line(box: Box) -> np.ndarray:
        read.append(box)
        rows, columns = np.mgrid[box.top : box.bottom, box.left : box.right]
        return (np.abs(rows - 10_000) <= 1) & (np.abs(columns - 15_000) < 700)

    found = region_at(line, 10_000, 15_000, photo)
    assert found.whole and found.box == Box(9_999, 14_301, 10_002, 15_700)
    assert [box.width for box in read] == [512, 1024, 2048]


def test_a_region_without_end_is_cut_at_the_largest_window_and_says_so():
    photo = Box(0, 0, 20_000, 30_000)
    found = region_at(lambda box: np.ones((box.height, box.width), bool), 50, 50, photo, largest_side_px=700)
    assert not found.whole and found.box == Box(0, 0, 400, 400)


@settings(max_examples=60, deadline=None)
@given(masks)
def test_filling_holes_leaves_none_and_touches_nothing_else(mask):
    found = holes(mask)
    assert not (found & mask).any() and not holes(mask | found).any()
    border = np.ones_like(mask)
    border[1:-1, 1:-1] = False
    assert not (found & border & ~mask).any()


def test_a_hole_above_the_size_stays():
    mask = np.zeros((20, 40), bool)
    mask[2:18, 2:38] = True
    mask[5:7, 5:7] = False
    mask[10:14, 20:30] = False
    assert holes(mask, 4).sum() == 4 and holes(mask).sum() == 44


@pytest.mark.parametrize("reach_px, expected", [(4.9, None), (5.0, (13, 14))])
def test_the_nearest_pixel_is_found_within_reach_alone(reach_px, expected):
    mask = np.zeros((30, 30), bool)
    mask[13, 14] = mask[29, 29] = True
    assert nearest_in(mask, 10, 10, reach_px) == expected
