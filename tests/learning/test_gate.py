"""Claims about what may be promoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.learning.gate import MIN_GAIN, judge
from resatt_studio.records.training import FineTuneResult, JudgedBy
from resatt_studio.records.weights import Scores, WeightsFile

WEIGHTS = WeightsFile("id", "r2aunet", {}, {}, b"")
share = st.floats(0, 1)


def scores(dice: float, photos: int = 2) -> Scores:
    return Scores(dice, dice / (2 - dice), dice, dice, dice, 2.0, photos)


def result(
    before: float,
    after: float,
    kept: tuple[float, float] | None = (0.8, 0.8),
    judged_by: JudgedBy = JudgedBy.PHOTOS,
) -> FineTuneResult:
    reference = (scores(kept[0]), scores(kept[1])) if kept else (None, None)
    return FineTuneResult(WEIGHTS, scores(before), scores(after), *reference, 10, 5.0, judged_by=judged_by)


@given(before=share, after=share, kept_before=share, kept_after=share)
def test_only_what_is_better_here_and_not_worse_elsewhere_is_promoted(
    before: float, after: float, kept_before: float, kept_after: float
) -> None:
    verdict = judge(result(before, after, (kept_before, kept_after)))
    assert verdict.promoted == (after - before >= MIN_GAIN and kept_before - kept_after <= 0.02)


@given(before=share, after=share)
def test_every_verdict_names_both_numbers(before: float, after: float) -> None:
    reason = judge(result(before, after)).reason
    assert f"{before:.3f}" in reason
    assert f"{after:.3f}" in reason


@pytest.mark.parametrize("gain", [0.0, 0.0003, 0.0015])
def test_a_candidate_that_chance_could_have_made_is_refused(gain: float) -> None:
    verdict = judge(result(0.7, 0.7 + gain))
    assert not verdict.promoted
    assert "has to rise by at least 0.002" in verdict.reason


def test_digits_that_are_equal_are_no_change() -> None:
    """Nobody may read "fell from 0.387 to 0.387"."""
    reason = judge(result(0.7, 0.8, (0.3872, 0.3868))).reason
    assert "stayed at 0.387 on the reference set" in reason


def test_forgetting_is_told_with_its_limit() -> None:
    verdict = judge(result(0.6, 0.7, (0.80, 0.75)))
    assert not verdict.promoted
    assert "from 0.800 to 0.750 on the reference set; at most 0.020" in verdict.reason


def test_a_wanted_gain_has_to_be_exceeded() -> None:
    assert not judge(result(0.60, 0.62), min_gain=0.05).promoted
    assert judge(result(0.60, 0.66), min_gain=0.05).promoted


def test_the_reason_says_what_judged() -> None:
    assert "2 held-back photos" in judge(result(0.6, 0.7)).reason
    assert "held-back parts of 2 photos" in judge(result(0.6, 0.7, judged_by=JudgedBy.PARTS)).reason


@given(before=share, after=share)
def test_what_it_learned_from_never_promotes_it(before: float, after: float) -> None:
    verdict = judge(result(before, after, judged_by=JudgedBy.LEARNED))
    assert not verdict.promoted
    assert "promote it yourself" in verdict.reason


def test_without_a_reference_set_the_reason_says_so() -> None:
    verdict = judge(result(0.6, 0.7, None))
    assert verdict.promoted
    assert "no reference set" in verdict.reason


@pytest.mark.parametrize("missing", ["before", "after"])
def test_what_was_not_judged_is_not_promoted(missing: str) -> None:
    one = scores(0.5)
    before, after = (None, one) if missing == "before" else (one, None)
    verdict = judge(FineTuneResult(WEIGHTS, before, after, None, None, 10, 5.0))
    assert not verdict.promoted
    assert "no corrected photo to judge" in verdict.reason
