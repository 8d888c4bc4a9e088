"""Claims about what may be promoted."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resatt_studio.learning.gate import (
    ENOUGH_PHOTOS,
    LEAST_UNITS,
    LIKELY_LOSS,
    TOLERATED_LOSS,
    USUAL_SPREAD,
    Gain,
    gain_of,
    judge,
    least_without_one,
)
from resatt_studio.records.training import FineTuneResult, GateRules, JudgedBy, Pair, Tally
from resatt_studio.records.weights import Scores, WeightsFile

WEIGHTS = WeightsFile("id", "r2aunet", {}, {}, b"")
RULES = GateRules()
share = st.floats(0, 1)


def scores(dice: float, photos: int = 2) -> Scores:
    return Scores(dice, dice / (2 - dice), dice, dice, dice, 2.0, photos)


def tally(dice: float, size: int = 1000) -> Tally:
    """Pixels whose Dice is about ``dice``, false ones and missed ones alike."""
    tp = round(size * dice)
    return Tally(tp, size - tp, size - tp)


def pairs(befores: list[float], afters: list[float], squares: int = 1) -> tuple[Pair, ...]:
    """Photos with that Dice before and after, each in so many equal squares."""
    return tuple(
        Pair(f"photo {place}", tally(before), tally(after))
        for place, (before, after) in enumerate(zip(befores, afters, strict=True))
        for _ in range(squares)
    )


def pooled(tallies: list[Tally]) -> float:
    tp, wrong = sum(one.tp for one in tallies), sum(one.fp + one.fn for one in tallies)
    return 2 * tp / (2 * tp + wrong)


def result(
    given: tuple[Pair, ...],
    kept: tuple[float, float] | None = (0.8, 0.8),
    judged_by: JudgedBy = JudgedBy.PHOTOS,
) -> FineTuneResult:
    photos = len({one.photo for one in given})
    before, after = pooled([one.before for one in given]), pooled([one.after for one in given])
    reference = (scores(kept[0]), scores(kept[1])) if kept else (None, None)
    return FineTuneResult(
        WEIGHTS,
        scores(before, photos),
        scores(after, photos),
        *reference,
        10,
        5.0,
        judged_by=judged_by,
        pairs=given,
    )


def even(before: float, after: float, kept: tuple[float, float] | None = (0.8, 0.8)) -> FineTuneResult:
    """Three photos of ten squares each, every square alike: chance has nothing to say."""
    return result(pairs([before] * 3, [after] * 3, 10), kept)


@given(before=share, after=share, kept_before=share, kept_after=share)
def test_without_chance_what_is_better_here_and_not_worse_elsewhere_is_promoted(
    before: float, after: float, kept_before: float, kept_after: float
) -> None:
    judged = even(before, after, (kept_before, kept_after))
    gain = judged.after.dice - judged.before.dice
    assert judge(judged).promoted == (gain >= RULES.min_gain and kept_before - kept_after <= 0.02)


@given(before=share, after=share)
def test_every_verdict_names_both_numbers(before: float, after: float) -> None:
    judged = even(before, after)
    reason = judge(judged).reason
    assert f"{judged.before.dice:.3f}" in reason
    assert f"{judged.after.dice:.3f}" in reason


def test_equal_weights_are_refused() -> None:
    verdict = judge(even(0.7, 0.7))
    assert not verdict.promoted and not verdict.undecided
    assert "stayed at 0.700" in verdict.reason and "has to rise by at least 0.002" in verdict.reason


def test_a_clear_gain_on_three_photos_is_promoted_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    befores = list(rng.uniform(0.4, 0.7, 3))
    verdict = judge(result(pairs(befores, [one + 0.05 for one in befores], 8)))
    assert verdict.promoted
    assert "a gain of +0.05" in verdict.reason and "60 % likely: +0.0" in verdict.reason


def noisy(photos: int, squares: int, gain: float, noise: float, seed: int) -> tuple[Pair, ...]:
    """Squares whose gains scatter around ``gain``."""
    rng = np.random.default_rng(seed)
    return tuple(
        Pair(str(photo), tally(0.6), tally(float(np.clip(0.6 + gain + noise * rng.normal(), 0, 1))))
        for photo in range(photos)
        for _ in range(squares)
    )


def test_noise_is_hardly_ever_promoted() -> None:
    """Where there is no gain at all, pure scatter gets through in at most one of twelve draws when asked for
    90 %, and in at most one of six as usual; by its mean alone nearly every second one would."""
    judged = [result(noisy(2, 12, 0.0, 0.25, seed)) for seed in range(200)]
    risen = sum(one.after.dice - one.before.dice >= RULES.min_gain for one in judged)
    assert risen > 80
    for confidence, most in ((0.9, 200 / 12), (0.8, 200 / 6)):
        rules = GateRules(confidence=confidence)
        assert sum(judge(one, rules).promoted for one in judged) <= most


def test_what_chance_could_have_made_is_undecided_and_says_so() -> None:
    seed = next(s for s in range(99) if pooled([p.after for p in noisy(1, 12, 0, 0.3, s)]) > 0.62)
    verdict = judge(result(noisy(1, 12, 0.0, 0.3, seed)), GateRules(confidence=0.9))
    assert not verdict.promoted and verdict.undecided
    assert "so it may be a loss" in verdict.reason and "-0." in verdict.reason


def test_more_photos_decide_what_one_left_open() -> None:
    squares = [Pair("one", tally(0.6), tally(0.6 + gain)) for gain in (0.12, -0.06) * 4]
    photos = pairs([0.6] * 60, [0.72, 0.54] * 30)
    rules = GateRules(confidence=0.9)
    assert judge(result(tuple(squares)), rules).undecided
    assert judge(result(photos), rules).promoted


def test_one_bad_photo_among_six_counts_as_a_photo() -> None:
    """Of few photos squares are drawn, of enough of them whole photos: then a loss that lies in one photo
    may be drawn twice as a whole, and chance reaches further down."""
    befores = [0.6] * ENOUGH_PHOTOS
    afters = [*[0.64] * (ENOUGH_PHOTOS - 1), 0.5]
    whole = gain_of(pairs(befores, afters, 20), 0.95)
    assert whole.units == ENOUGH_PHOTOS
    as_if_fewer = tuple(replace(one, photo="one") for one in pairs(befores, afters, 20))
    squares = gain_of(as_if_fewer, 0.95)
    assert squares.units == 20 * ENOUGH_PHOTOS
    assert squares.mean == pytest.approx(whole.mean)
    assert whole.low < squares.low


def test_squares_of_a_photo_are_worth_less_than_as_many_photos() -> None:
    gains = [float(gain) for gain in np.linspace(-0.05, 0.11, 16)]
    squares = tuple(Pair("one", tally(0.6), tally(0.6 + gain)) for gain in gains)
    photos = pairs([0.6] * 16, [0.6 + gain for gain in gains])
    inside, apart = gain_of(squares, 0.9), gain_of(photos, 0.9)
    assert (inside.units, apart.units) == (16, 16)
    assert seen_spread(inside, 0.9) == pytest.approx(2 * seen_spread(apart, 0.9), rel=0.25)


def seen_spread(gain: Gain, confidence: float) -> float:
    """Standard deviation of what was seen alone, what is usual taken out again."""
    both = (gain.high - gain.low) / (2 * NormalDist().inv_cdf(confidence))
    return float((both**-2 - USUAL_SPREAD**-2) ** -0.5)


def test_what_is_usual_decides_where_little_was_seen_and_nothing_where_much_was() -> None:
    """A small rise on one photo is what candidates usually make; the same seen on sixty photos that disagree
    with the usual gain is taken as it is, and so is a rise that hides a loss in most of what was seen."""
    little = tuple(Pair("one", tally(0.6), tally(0.6 + gain)) for gain in (0.04, -0.02) * 4)
    assert judge(result(little)).promoted
    assert 0 > gain_of(little, 0.8).low > -LIKELY_LOSS
    apart = tuple(Pair("one", tally(0.6), tally(0.6 + gain)) for gain in (0.05, -0.03) * 4)
    assert gain_of(apart, 0.8).mean == pytest.approx(gain_of(little, 0.8).mean)
    assert gain_of(apart, 0.8).low < -LIKELY_LOSS
    assert not judge(result(apart)).promoted and judge(result(apart)).undecided
    many = gain_of(pairs([0.6] * 200, [0.603] * 200), 0.8)
    assert abs((many.low + many.high) / 2 - many.mean) < 0.0005


def upside_down(place: int, before: int, after: int) -> Pair:
    """A square of a photo whose crack was labelled not crack and all else crack: next to nothing is found."""
    size = 50_000
    return Pair(f"photo {place}", Tally(before, 40, size - before), Tally(after, 40, size - after))


def test_one_photo_does_not_decide_against_all_others() -> None:
    here = pairs([0.8, 0.8], [0.78, 0.79], 10)
    wrong = tuple(upside_down(2, 900, 1500) for _ in range(10))
    given = replace(result((*here, *wrong)), names={"photo 2": "pier 4.jpg"})
    assert given.after.dice > given.before.dice + RULES.min_gain, "it outweighs the others"
    verdict = judge(given)
    assert not verdict.promoted and verdict.undecided
    assert "pier 4.jpg alone makes that so: without this photo it would be -0.0" in verdict.reason
    assert "Look at its correction again" in verdict.reason


@example(gains=[0.2, -0.02, -0.01])
@given(gains=st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=7))
def test_what_is_let_through_is_no_loss_without_any_one_photo(gains: list[float]) -> None:
    given = result(pairs([0.6] * len(gains), [0.6 + gain for gain in gains], 6))
    if not judge(given).promoted:
        return
    for place in range(len(gains)):
        left = [one for one in given.pairs if one.photo != f"photo {place}"]
        assert pooled([p.after for p in left]) >= pooled([p.before for p in left]) - TOLERATED_LOSS - 1e-9


def test_the_only_photo_that_judges_may_decide() -> None:
    assert least_without_one(pairs([0.6], [0.7], 10)) is None
    assert judge(result(pairs([0.6], [0.7], 10))).promoted


def test_a_handful_of_squares_overrules_no_photo() -> None:
    much, little = pairs([0.6], [0.7], 10), Pair("little", tally(0.6), tally(0.5))
    assert judge(result((*much, *[little] * (LEAST_UNITS - 1)))).promoted
    assert not judge(result((*much, *[little] * LEAST_UNITS))).promoted


def test_photos_without_crack_overrule_no_photo() -> None:
    """Of them Dice makes all or nothing: one false pixel turns 1 into 0."""
    wall, clean = pairs([0.6], [0.7], 10), Pair("clean", Tally(0, 0, 0), Tally(0, 1, 0))
    given = result((*wall, *[clean] * LEAST_UNITS))
    assert least_without_one(given.pairs) == ("clean", pytest.approx(0.1))
    assert judge(given).promoted


def test_without_the_best_photo_a_candidate_gains_least() -> None:
    photo, gain = least_without_one(pairs([0.6, 0.6, 0.6], [0.62, 0.7, 0.62], 4)) or ("", 0.0)
    assert photo == "photo 1" and gain == pytest.approx(0.02)


def test_the_draws_repeat() -> None:
    given = noisy(3, 9, 0.01, 0.2, 1)
    assert gain_of(given, 0.9) == gain_of(given, 0.9)


def test_more_confidence_asks_for_more() -> None:
    given = tuple(Pair("one", tally(0.6), tally(0.6 + gain)) for gain in (0.10, -0.04) * 8)
    lows = [gain_of(given, confidence).low for confidence in (0.6, 0.8, 0.95)]
    assert lows == sorted(lows, reverse=True) and lows[0] > lows[2]
    assert judge(result(given), GateRules(confidence=0.6)).promoted
    assert not judge(result(given), GateRules(confidence=0.95)).promoted


def test_a_handful_of_squares_proves_nothing() -> None:
    given = pairs([0.3], [0.9], LEAST_UNITS - 1)
    verdict = judge(result(given))
    assert not verdict.promoted and verdict.undecided
    assert "only 4 squares" in verdict.reason
    assert judge(result(pairs([0.3], [0.9], LEAST_UNITS))).promoted


def test_squares_without_crack_or_mask_change_nothing() -> None:
    empty = Pair("x", Tally(0, 0, 0), Tally(0, 0, 0))
    assert gain_of([empty] * 3, 0.9).mean == 0.0
    assert gain_of([], 0.9).units == 0


def test_digits_that_are_equal_are_no_change() -> None:
    """Nobody may read "fell from 0.387 to 0.387"."""
    reason = judge(even(0.7, 0.8, (0.3872, 0.3868))).reason
    assert "stayed at 0.387 on the reference set" in reason


def test_forgetting_is_told_with_its_limit_and_decided() -> None:
    verdict = judge(even(0.6, 0.7, (0.80, 0.75)))
    assert not verdict.promoted and not verdict.undecided
    assert "from 0.800 to 0.750 on the reference set; at most 0.020" in verdict.reason
    assert judge(even(0.6, 0.7, (0.80, 0.75)), GateRules(max_forgetting=0.06)).promoted


def test_a_wanted_gain_has_to_be_reached() -> None:
    rules = GateRules(min_gain=0.05)
    assert not judge(even(0.60, 0.62), rules).promoted
    assert judge(even(0.60, 0.66), rules).promoted


@pytest.mark.parametrize(
    ("judged_by", "words"),
    [
        (JudgedBy.PHOTOS, "3 held-back photos"),
        (JudgedBy.PARTS, "held-back parts of 3 photos"),
        (JudgedBy.FRESH, "3 photos approved since it learned"),
    ],
)
def test_the_reason_says_what_judged(judged_by: JudgedBy, words: str) -> None:
    assert words in judge(replace(even(0.6, 0.7), judged_by=judged_by)).reason


@given(before=share, after=share)
def test_what_it_learned_from_never_promotes_it(before: float, after: float) -> None:
    verdict = judge(replace(even(before, after), judged_by=JudgedBy.LEARNED))
    assert not verdict.promoted and verdict.undecided
    assert "promote it yourself" in verdict.reason


def test_without_a_reference_set_the_reason_says_so() -> None:
    verdict = judge(even(0.6, 0.7, None))
    assert verdict.promoted
    assert "no reference set" in verdict.reason


@pytest.mark.parametrize("missing", ["before", "after"])
def test_what_was_not_judged_is_not_promoted(missing: str) -> None:
    verdict = judge(replace(even(0.5, 0.9), **{missing: None}))
    assert not verdict.promoted and verdict.undecided
    assert "no corrected photo to judge" in verdict.reason
