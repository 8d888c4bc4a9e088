"""Claims about probabilities that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from resatt_studio.inference.segmenter import probability_of
from resatt_studio.learning.calibration import (
    BINS,
    SOFT,
    Histogram,
    as_sure_as,
    fit_calibration,
    histogram,
    near_cracks,
    reliability,
    soft_logits,
    soft_probability,
)
from resatt_studio.records.calibration import AS_IT_IS, Calibration, Reliability


def soft(logits: np.ndarray) -> np.ndarray:
    return np.rint(255 * probability_of(logits.astype(np.float32), SOFT)).astype(np.uint8)


def photo(seed: int, temperature: float, bias: float = 0.0, pixels: int = 40_000) -> Histogram:
    """Pixels whose logits are ``temperature`` times as far out as they should be, after a bias."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(-0.5, 2.0, pixels)
    truth = rng.random(pixels) < 1 / (1 + np.exp(-honest))
    answer = soft(temperature * (honest - bias))
    return histogram(answer[None], truth[None], np.ones((1, pixels), bool))


def test_soft_answers_tell_logits_apart_far_beyond_those_of_eight_bits() -> None:
    logits = np.linspace(-20, 20, 81)
    read = soft_logits()[soft(logits)]
    assert np.abs(read - logits).max() < 1.5
    assert np.abs(read - logits)[np.abs(logits) < 6].max() < 0.15
    assert (soft(logits) > 127).tolist() == (logits >= 0).tolist()


def test_overconfident_logits_are_recovered() -> None:
    photos = [photo(seed, temperature=3.0) for seed in range(5)]
    found = fit_calibration(photos)
    assert found.temperature == pytest.approx(3.0, rel=0.07)
    assert found.bias == pytest.approx(0.0, abs=0.05)
    before, after = reliability(photos), reliability(photos, found)
    assert before is not None and before.ece > 0.08
    assert after is not None and after.ece < 0.015


def test_no_photo_makes_a_network_surer_than_it_is() -> None:
    """Approved as it was drawn, a mask agrees with its network everywhere."""
    photos = [photo(seed, 0.5) for seed in range(5)]
    assert fit_calibration(photos).temperature == 1.0
    assert 1.0 <= fit_calibration(photos, Calibration(3.0)).temperature < 3.0
    assert fit_calibration(photos, Calibration(0.8)).temperature == 0.8


def test_a_bias_is_believed_only_where_many_photos_say_so() -> None:
    biases = [fit_calibration([photo(seed, 1.0, 1.0) for seed in range(n)]).bias for n in (1, 5, 60)]
    assert biases == sorted(biases)
    assert biases[0] < 0.2 < biases[1] < biases[2]
    assert biases[2] == pytest.approx(1.0, abs=0.2)


def test_the_bias_can_be_left_as_it_was() -> None:
    photos = [photo(seed, 2.0, 1.0) for seed in range(20)]  # so many that they outweigh what held before
    found = fit_calibration(photos, Calibration(1.0, 0.25), pull_bias=float("inf"))
    assert found.bias == 0.25 and found.temperature > 1.5


def test_one_photo_is_pulled_to_what_held_before() -> None:
    one = [photo(0, 3.0)]
    many = [photo(seed, 3.0) for seed in range(8)]
    assert 1.0 < fit_calibration(one).temperature < fit_calibration(many).temperature
    before = Calibration(4.0, 0.0)
    assert fit_calibration(one, before).temperature > fit_calibration(one).temperature


def test_a_known_calibration_yields_less_than_none() -> None:
    """One photo of another temperature moves what validation photos said by little, and what nobody said by
    much."""
    one = [photo(3, 4.0)]
    known = fit_calibration(one, Calibration(2.0, 0.0)).temperature
    unknown = fit_calibration(one).temperature
    assert 2.0 < known < 2.2 and unknown > 3.0


def test_a_network_that_became_louder_is_cooled_as_much() -> None:
    held = Calibration(2.0, 0.3)
    quiet, loud = [photo(1, 1.0)], [photo(1, 1.0)[:, ::-1]]  # the sizes are those of the answers, true or not
    assert as_sure_as(held, quiet, loud) == held
    place = np.arange(256)
    louder = np.zeros((2, 256), np.int64)
    doubled = soft(np.clip(2 * soft_logits(), -22, 22))
    np.add.at(louder, (slice(None), doubled), quiet[0][:, place])
    cooled = as_sure_as(held, quiet, [louder])
    assert 3.0 < cooled.temperature <= 4.0 and cooled.bias == 0.3
    assert as_sure_as(held, [louder], quiet) == held, "it never falls"
    assert as_sure_as(AS_IT_IS, quiet, [louder]) == AS_IT_IS
    assert as_sure_as(held, [], quiet) == held


@pytest.mark.parametrize("start", [AS_IT_IS, Calibration(2.5, -0.3)])
def test_without_a_pixel_nothing_changes(start: Calibration) -> None:
    assert fit_calibration([], start) == start
    assert fit_calibration([np.zeros((2, 256), np.int64)], start) == start
    assert reliability([]) is None


def test_a_perfectly_separated_photo_does_not_run_away() -> None:
    truth = np.array([[True] * 50 + [False] * 50])
    answer = soft(np.where(truth, 9.0, -9.0))
    found = fit_calibration([histogram(answer, truth, np.ones_like(truth))])
    assert found.temperature == 1.0 and abs(found.bias) < 0.5


def test_only_what_lies_near_predicted_cracks_counts() -> None:
    answer = np.zeros((60, 60), np.uint8)
    answer[30, 30] = 200
    near = near_cracks(answer)
    rows, columns = np.nonzero(near)
    away = np.hypot(rows - 30, columns - 30)
    assert away.max() <= 10.5 and near[30, 20] and near[40, 30] and not near[30, 41] and not near[38, 38]
    assert not near_cracks(np.zeros((9, 9), np.uint8)).any()


def test_the_error_is_the_mean_distance_over_fifteen_bins() -> None:
    answer = np.array([[soft(np.array([0.0]))[0]] * 10])
    truth = np.array([[True] * 2 + [False] * 8])
    told = reliability([histogram(answer, truth, np.ones_like(truth))])
    assert told is not None and len(told.bins) == BINS
    (full,) = [one for one in told.bins if one.pixels]
    assert full.pixels == 10 and full.crack == pytest.approx(0.2)
    assert told.ece == pytest.approx(full.probability - 0.2) and full.probability == pytest.approx(
        0.5, abs=0.02
    )


def test_reliability_survives_json() -> None:
    told = reliability([photo(1, 2.0)])
    assert told is not None
    assert Reliability.from_json(told.as_json()) == told


def test_counted_pixels_alone_are_in_the_histogram() -> None:
    answer = np.array([[3, 3, 9]], np.uint8)
    counts = histogram(answer, np.array([[True, False, True]]), np.array([[True, True, False]]))
    assert counts.sum() == 2 and counts[1, 3] == 1 and counts[0, 3] == 1


def test_probabilities_of_soft_answers_rise_with_the_answer() -> None:
    for calibration in (AS_IT_IS, Calibration(3.0, 0.4)):
        assert (np.diff(soft_probability(calibration)) >= 0).all()
