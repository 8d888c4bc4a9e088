"""Claims about the threshold that a version brings along."""

from __future__ import annotations

import numpy as np
import pytest

from resatt_studio.learning.calibration import Histogram, soft_probability
from resatt_studio.learning.threshold import (
    HIGHEST,
    LOWEST,
    USUAL_CAUTION,
    Caution,
    best_threshold,
    choose_threshold,
)
from resatt_studio.records.calibration import AS_IT_IS, Calibration, ChosenThreshold


def photo(edge: float, crack: int = 200, seed: int = 0) -> Histogram:
    """Crack lies above the probability ``edge``, the rest below, with a little overlap."""
    rng = np.random.default_rng(seed)
    p = soft_probability()
    counts = np.zeros((2, 256), np.int64)
    for kind, values in (
        (1, np.clip(rng.normal(edge + 0.15, 0.08, crack), 0, 1)),
        (0, np.clip(rng.normal(edge - 0.15, 0.08, crack), 0, 1)),
    ):
        np.add.at(counts[kind], np.abs(p[None] - values[:, None]).argmin(axis=1), 1)
    return counts


def test_many_photos_that_agree_move_it_to_their_best() -> None:
    assert best_threshold([photo(0.3, seed=s) for s in range(200)]) == pytest.approx(0.3, abs=0.04)
    assert best_threshold([photo(0.7, seed=s) for s in range(200)]) == pytest.approx(0.7, abs=0.04)


def way(threshold: float) -> float:
    return float(np.log(threshold / (1 - threshold)))


@pytest.mark.parametrize(("edge", "weight"), [(0.2, USUAL_CAUTION.falls), (0.8, USUAL_CAUTION.rises)])
def test_one_photo_goes_part_of_the_way_and_less_of_it_upwards(edge: float, weight: float) -> None:
    alone = best_threshold([photo(edge)], caution=Caution(0.0, 0.0))
    assert alone == pytest.approx(edge, abs=0.05)
    assert way(best_threshold([photo(edge)])) == pytest.approx(way(alone) / (1 + weight), abs=0.03)
    assert USUAL_CAUTION.rises > USUAL_CAUTION.falls


@pytest.mark.parametrize("in_use", [0.3, 0.6])
def test_the_threshold_in_use_goes_half_the_way_to_what_is_chosen_anew(in_use: float) -> None:
    photos = [photo(0.2, seed=s) for s in range(3)]
    anew = choose_threshold(photos, AS_IT_IS)
    moved = choose_threshold(photos, AS_IT_IS, ChosenThreshold(in_use, 3))
    assert anew == ChosenThreshold(best_threshold(photos), 3)
    assert moved.photos == 3
    assert way(moved.value) == pytest.approx((way(in_use) + way(anew.value)) / 2, abs=0.03)


def test_what_more_photos_chose_stays_as_it_is() -> None:
    used = ChosenThreshold(0.37, 4)
    assert choose_threshold([photo(0.7)], AS_IT_IS, used) is used
    assert choose_threshold([], AS_IT_IS, used) is used


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_threshold_that_took_all_or_nothing_is_left_by_half_the_way(end: float) -> None:
    """A file's header may say anything from 0 to 1."""
    moved = choose_threshold([photo(0.5)] * 3, AS_IT_IS, ChosenThreshold(end, 0)).value
    assert abs(moved - 0.5) == pytest.approx(0.25, abs=0.02)


def test_where_half_is_best_it_stays() -> None:
    assert best_threshold([photo(0.5, seed=s) for s in range(20)]) == pytest.approx(0.5, abs=0.02)


def test_the_same_word_of_more_photos_moves_it_further() -> None:
    moved = [0.5 - best_threshold([photo(0.25)] * n) for n in (1, 4, 30)]
    assert 0 < moved[0] < moved[1] < moved[2]


def test_a_flat_curve_moves_nothing() -> None:
    """A network that is sure everywhere draws the same mask at any threshold."""
    sure = np.zeros((2, 256), np.int64)
    sure[0, :40], sure[1, 216:] = 50, 20
    assert best_threshold([sure] * 100) == pytest.approx(0.5, abs=0.01)


def test_without_a_crack_to_find_it_stays() -> None:
    empty = np.zeros((2, 256), np.int64)
    empty[0] = 5
    assert best_threshold([]) == best_threshold([empty]) == 0.5


def test_it_stays_within_bounds_and_in_steps_of_a_hundredth() -> None:
    for edge in (0.01, 0.99):
        found = best_threshold([photo(edge, seed=s) for s in range(500)])
        assert LOWEST <= found <= HIGHEST and found == round(found, 2)


def test_it_is_one_of_the_calibrated_probability() -> None:
    """Twice the temperature brings every probability nearer to one half, its best threshold too."""
    photos = [photo(0.2, seed=s) for s in range(200)]
    as_is, cooler = best_threshold(photos), best_threshold(photos, Calibration(2.0))
    logit = np.log(0.2 / 0.8)
    assert as_is == pytest.approx(0.2, abs=0.05)
    assert cooler == pytest.approx(1 / (1 + np.exp(-logit / 2)), abs=0.05)
