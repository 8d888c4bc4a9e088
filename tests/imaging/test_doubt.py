"""Claims about doubt: it is measured against the crack, and its places hold what is uncertain alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.imaging.doubt import MOST_PLACES, count_values, doubtful_places, expected_doubt
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box


def drawn(*lines: tuple[int, int, int, int, int], side: int = 200, width: int = 5) -> UInt8Array:
    """A soft-edged line for each (row, column, row, column, value)."""
    picture = np.zeros((side, side), np.uint8)
    for top, left, bottom, right, value in lines:
        one = np.zeros_like(picture)
        cv2.line(one, (left, top), (right, bottom), value, width)
        picture = np.maximum(picture, cv2.GaussianBlur(one, (0, 0), 1.0))
    return picture


def doubt(probability: UInt8Array, threshold: float = 0.5) -> float:
    return expected_doubt(count_values(probability), threshold)


SURE, WEAK = 255, 110


@given(st.integers(0, 2**31), st.integers(0, 10_000), st.floats(0, 1))
def test_doubt_is_a_share(seed: int, most: int, threshold: float) -> None:
    counts = np.random.default_rng(seed).integers(0, most + 1, 256)
    assert 0.0 <= expected_doubt(counts, threshold) <= 1.0


def test_a_mask_of_certain_pixels_is_in_no_doubt_whatever_its_size() -> None:
    probability = np.zeros((100, 100), np.uint8)
    assert doubt(probability) == 0.0
    probability[40:43] = 255
    assert doubt(probability) == 0.0


def test_without_the_added_crack_it_is_one_minus_the_expected_dice() -> None:
    probability = np.zeros((1000, 1000), np.uint8)
    probability[:300], probability[300:400] = 204, 51  # 0.8 in the mask, 0.2 beside it
    dice = 2 * 0.8 * 300 / (0.8 * 300 + 0.2 * 100 + 300)
    assert doubt(probability) == pytest.approx(1 - dice, abs=0.001)


def test_a_weak_crack_is_in_more_doubt_than_a_certain_one_and_faint_haze_is_none() -> None:
    line = (100, 20, 100, 180)
    assert doubt(drawn((*line, WEAK))) > 0.5 > 0.3 > doubt(drawn((*line, SURE)))
    hazy = np.maximum(drawn((*line, SURE)), 12)
    assert doubt(hazy) == pytest.approx(doubt(drawn((*line, SURE))), abs=0.02)


def test_mean_entropy_would_rank_a_photo_of_many_clear_cracks_first_and_doubt_does_not() -> None:
    clear = drawn(*((row, 0, row, 199, SURE) for row in range(10, 200, 15)))
    faint = drawn((100, 60, 100, 140, WEAK))

    def entropy(values: UInt8Array) -> float:
        p = np.clip(values / 255, 1e-7, 1 - 1e-7)
        return float(np.mean(-p * np.log(p) - (1 - p) * np.log(1 - p)))

    assert entropy(clear) > entropy(faint) and doubt(clear) < doubt(faint)


def test_a_weak_stretch_is_a_place_and_the_edge_of_a_certain_crack_is_none() -> None:
    assert doubtful_places(drawn((50, 20, 50, 180, SURE))) == ()
    (place,) = doubtful_places(drawn((50, 20, 50, 180, SURE), (150, 80, 150, 110, WEAK)))
    assert abs(place.row - 150) <= 3 and 78 <= place.column <= 112
    assert place.box.intersection(Box(147, 80, 154, 111)) == Box(147, 80, 154, 111)


def test_the_largest_doubt_comes_first_and_specks_do_not_count() -> None:
    probability = drawn((40, 20, 40, 35, WEAK), (120, 20, 120, 60, WEAK))
    probability[180, 180] = WEAK
    first, second = doubtful_places(probability)
    assert first.mass > second.mass and (first.row > 100, second.row < 60) == (True, True)


def test_gaps_of_a_few_pixels_part_nothing() -> None:
    dashed = drawn((60, 20, 60, 30, WEAK), (60, 36, 60, 46, WEAK), side=400)
    assert len(doubtful_places(dashed)) == 1


def test_a_long_doubt_is_cut_so_that_each_part_fits_a_view() -> None:
    places = doubtful_places(drawn((100, 2, 100, 198, WEAK)))
    assert len(places) >= 4 and max(place.box.width for place in places) <= 50
    assert sum(place.box.width for place in places) >= 190


def test_what_was_said_is_in_doubt_no_longer() -> None:
    probability = drawn((40, 20, 40, 60, WEAK), (120, 20, 120, 60, WEAK))
    said = np.zeros_like(probability)
    said[30:50] = Label.NOT_CRACK
    (left,) = doubtful_places(probability, said)
    assert left.row > 100
    said[:] = Label.CRACK
    assert doubtful_places(probability, said) == ()


def test_a_large_photo_has_its_places_where_they_are() -> None:
    large = drawn((1200, 300, 1200, 420, WEAK), side=1800, width=9)[:, :1501]
    (place,) = doubtful_places(large)
    assert abs(place.row - 1200) <= 8 and 296 <= place.column <= 424
    assert place.box.width >= 115 and place.box.clipped(*large.shape) == place.box


@given(st.integers(0, 2**31), st.integers(1, 90), st.integers(1, 90))
def test_noise_of_any_size_gives_a_bounded_list_in_order(seed: int, height: int, width: int) -> None:
    probability = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    places = doubtful_places(probability)
    masses = [place.mass for place in places]
    assert len(places) <= MOST_PLACES and masses == sorted(masses, reverse=True)
    for place in places:
        assert place.box.clipped(height, width) == place.box and not place.box.empty
        assert place.box.top <= place.row < place.box.bottom
        assert place.box.left <= place.column < place.box.right
