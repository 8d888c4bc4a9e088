"""Claims about smoothing, thinning, thickening and pruning."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation import shapes
from resatt_studio.annotation.shapes import (
    pruned,
    short_pieces,
    signed_distance,
    smoothed,
    thickened,
    thinned,
)
from resatt_studio.annotation.strokes import stamp
from resatt_studio.imaging.centre_lines import centre_lines
from resatt_studio.imaging.crack_measures import measure_crack
from resatt_studio.records.geometry import Box

SIDE = 64
amounts = st.floats(0, 3)


def stroke(points, radius_px: float, side: int = SIDE) -> np.ndarray:
    box, mask = stamp(points, radius_px, Box(0, 0, side, side))
    full = np.zeros((side, side), bool)
    full[box.slices] = mask
    return full


@st.composite
def cracks(draw) -> np.ndarray:
    place = st.tuples(st.floats(4, SIDE - 4), st.floats(4, SIDE - 4))
    mask = np.zeros((SIDE, SIDE), bool)
    for _ in range(draw(st.integers(1, 3))):
        mask |= stroke(draw(st.lists(place, min_size=2, max_size=4)), draw(st.floats(0.5, 4)))
    return mask


def piece_count(mask: np.ndarray) -> int:
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1


@settings(max_examples=40, deadline=None)
@given(cracks(), amounts, amounts)
def test_thickening_loses_nothing_thinning_adds_nothing_and_more_is_more(mask, one, other):
    less, more = sorted((one, other))
    assert not (mask & ~thickened(mask, less)).any()
    assert not (thickened(mask, less) & ~thickened(mask, more)).any()
    assert not (thinned(mask, less) & ~mask).any()
    assert not (thinned(mask, more) & ~thinned(mask, less)).any()


@settings(max_examples=40, deadline=None)
@given(cracks(), st.floats(0, 9))
def test_no_line_is_thinned_away_or_broken(mask, amount):
    thin = thinned(mask, amount)
    assert not (centre_lines(mask) & ~thin).any()
    assert piece_count(thin) == piece_count(mask)


@pytest.mark.parametrize("amount", [-2.0, -1.25, -0.75, -0.5, 0.0, 0.5, 0.75, 1.25, 2.0])
def test_a_disc_changes_its_radius_by_the_amount_to_a_third_of_a_pixel(amount):
    radius = 20.3
    disc = stroke([(50.1, 49.7)], radius, 100)
    changed = thickened(disc, amount) if amount > 0 else thinned(disc, -amount)
    assert np.sqrt(changed.sum() / np.pi) == pytest.approx(radius + amount, abs=0.3)


@settings(max_examples=30, deadline=None)
@given(cracks(), st.floats(0.5, 3))
def test_smoothing_keeps_whole_what_is_whole(mask, sigma):
    smooth = smoothed(mask, sigma)
    assert piece_count(smooth) <= piece_count(mask)
    assert (smooth & mask).any()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**20), st.floats(0, 12), st.floats(0.6, 6))
def test_cell_by_cell_is_the_same_as_all_at_once(seed, amount, sigma):
    rng = np.random.default_rng(seed)
    mask = np.zeros((600, 700), bool)
    for _ in range(4):
        places = [tuple(rng.random(2) * (600, 700)) for _ in range(3)]
        box, part = stamp(places, float(rng.random() * 12), Box(0, 0, 600, 700))
        mask[box.slices] |= part
    with pytest.MonkeyPatch.context() as patch:
        by_cells = thickened(mask, amount), thinned(mask, amount), smoothed(mask, sigma)
        patch.setattr(shapes, "_CELL_PX", 10_000)
        at_once = thickened(mask, amount), thinned(mask, amount), smoothed(mask, sigma)
    for one, other in zip(by_cells, at_once, strict=True):
        np.testing.assert_array_equal(one, other)


def test_smoothing_takes_the_noise_off_an_edge_and_leaves_the_band():
    band = np.zeros((60, 200), bool)
    band[25:35] = True
    ragged = band.copy()
    ragged[24, ::5] = ragged[35, 2::7] = True
    ragged[25, 3::9] = False
    assert (smoothed(ragged, 2.0) ^ band).sum() < 0.1 * (ragged ^ band).sum()


def test_a_hair_of_one_pixel_survives_smoothing():
    hair = stroke([(10, 5), (50, 58)], 0.5)
    assert piece_count(smoothed(hair, 2.0)) == 1
    assert not (centre_lines(hair) & ~smoothed(hair, 2.0)).any()


def test_pruning_takes_short_spurs_with_their_width_and_leaves_the_crack():
    crack = stroke([(32, 2), (32, 62)], 2)
    spur = stroke([(32, 30), (22, 30)], 1)
    longer = stroke([(32, 45), (58, 45)], 1)
    clean = pruned(crack | spur | longer, 14)
    assert not clean[:27, 30].any()
    assert clean[56, 45]
    assert (clean & crack).sum() >= 0.98 * crack.sum()
    np.testing.assert_array_equal(pruned(crack, 14), crack)


@settings(max_examples=30, deadline=None)
@given(cracks(), st.floats(1, 30))
def test_pruning_adds_nothing_and_makes_no_more_pieces(mask, shortest):
    clean = pruned(mask, shortest)
    assert not (clean & ~mask).any() and piece_count(clean) == piece_count(mask)


@given(cracks(), amounts)
@settings(max_examples=20, deadline=None)
def test_the_signed_distance_changes_sign_with_the_mask(mask, _):
    distance = signed_distance(mask)
    np.testing.assert_array_equal(distance > 0, mask)
    assert np.abs(distance).min() >= 0.5


def test_a_mask_of_everything_or_nothing_stays_as_it_is():
    for mask in (np.ones((9, 9), bool), np.zeros((9, 9), bool)):
        for act in (thickened, thinned, smoothed, pruned):
            np.testing.assert_array_equal(act(mask, 1.5), mask)


@pytest.mark.parametrize("end", [(70, 10), (66, 35), (58, 49), (53, 53), (10, 70)])
@pytest.mark.parametrize("radius", [1, 4])
def test_a_piece_is_as_long_in_all_directions_as_the_table_of_measures_says(end, radius):
    mask = stroke([(10, 10), end], radius, side=80)
    length = measure_crack(mask).length_px
    assert abs(length - math.dist((10, 10), end) - 2 * radius) < 1.5
    assert short_pieces(np.pad(mask, 1), length + 0.1).any()
    assert not short_pieces(np.pad(mask, 1), length - 0.1).any()


def test_short_pieces_go_long_ones_stay_and_so_does_what_may_go_on_outside():
    mask = stroke([(10, 10), (10, 16)], 1) | stroke([(30, 10), (30, 50)], 1) | stroke([(62, 60), (70, 60)], 1)
    short = short_pieces(mask, 20)
    np.testing.assert_array_equal(short, stroke([(10, 10), (10, 16)], 1))
