"""Claims about two networks beside each other."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from resatt_studio.imaging.scores import Counts
from resatt_studio.inference.segmenter import probability_of
from resatt_studio.learning.calibration import SOFT
from resatt_studio.learning.comparing import Reading, compare, judge_candidate
from resatt_studio.learning.exam import Exam, Marks
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.support import Window
from resatt_studio.records.calibration import AS_IT_IS, Calibration, ChosenThreshold
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.training import JudgedBy

SIDE = 128


def soft(logits: np.ndarray) -> np.ndarray:
    return np.rint(255 * probability_of(logits.astype(np.float32), SOFT)).astype(np.uint8)


def exam(photos: int = 1) -> Exam:
    """Photos whose lines 40 to 47 are crack, all of it known."""
    labels = np.full((SIDE, SIDE), Label.NOT_CRACK, np.uint8)
    labels[40:48] = Label.CRACK
    windows = [
        Window(str(n), Box(0, 0, SIDE, SIDE), np.zeros((SIDE, SIDE, 3), np.uint8), labels)
        for n in range(photos)
    ]
    return Exam(windows, ReferenceSet())


def band(first: int, last: int, level: float = 4.0) -> np.ndarray:
    """Logits ``level`` in some lines and -``level`` elsewhere."""
    logits = np.full((SIDE, SIDE), -level)
    logits[first:last] = level
    return logits


def marks(*answers: np.ndarray) -> Marks:
    return Marks({}, {index: soft(answer) for index, answer in enumerate(answers)})


def test_squares_add_up_to_the_scores() -> None:
    compared = compare(exam(2), marks(*[band(36, 46)] * 2), marks(*[band(40, 47)] * 2), Reading(), Reading())
    for which, scores in (("before", compared.before), ("after", compared.after)):
        tallies = [getattr(pair, which) for pair in compared.pairs]
        tp, fp, fn = (sum(getattr(one, kind) for one in tallies) for kind in ("tp", "fp", "fn"))
        assert scores is not None and scores.photos == 2
        assert scores.dice == pytest.approx(2 * tp / (2 * tp + fp + fn))
        assert tp + fn == 2 * 8 * SIDE
    assert {pair.photo for pair in compared.pairs} == {"0", "1"}


def test_squares_without_crack_or_mask_are_left_out() -> None:
    pairs = compare(exam(), marks(band(40, 48)), marks(band(40, 48)), Reading(), Reading()).pairs
    assert len(pairs) == SIDE // 16  # the one row of squares of 16 px that the crack runs through
    assert all(pair.before == pair.after and pair.after.fp == pair.after.fn == 0 for pair in pairs)


def test_each_network_is_read_at_its_own_threshold() -> None:
    unsure = band(40, 48, 0.5)
    at_half = compare(exam(), marks(unsure), marks(unsure), Reading(), Reading())
    assert at_half.before is not None and at_half.before.dice == 1.0
    higher = compare(exam(), marks(unsure), marks(unsure), Reading(), Reading(AS_IT_IS, 0.7))
    assert higher.after is not None and higher.after.dice == 0.0
    biased = compare(exam(), marks(unsure), marks(unsure), Reading(), Reading(Calibration(1.0, 1.0)))
    assert biased.after is not None and biased.after.precision == pytest.approx(8 / SIDE)


def test_only_what_both_answered_counts() -> None:
    whole, part = marks(band(40, 48), band(0, 8)), marks(band(40, 48))
    compared = compare(exam(2), whole, part, Reading(), Reading())
    assert compared.before is not None and compared.before.photos == 1 and compared.before.dice == 1.0


def test_equal_answers_gain_nothing_whatever_their_best_threshold() -> None:
    """The threshold is chosen for both networks, so that choosing it is no gain of the candidate's."""
    wide = np.where(np.abs(np.arange(SIDE)[:, None] - 43.5) < 8, 0.8, -4.0) * np.ones((1, SIDE))
    wide[40:48] = 3.0
    judged = judge_candidate(exam(8), marks(*[wide] * 8), marks(*[wide] * 8), AS_IT_IS, JudgedBy.PHOTOS)
    assert judged.threshold is not None and judged.threshold.value > 0.5
    assert judged.comparison.before == judged.comparison.after
    usual = compare(exam(8), marks(*[wide] * 8), marks(*[wide] * 8), Reading(), Reading())
    assert usual.before is not None and judged.comparison.before is not None
    assert judged.comparison.before.dice > usual.before.dice + 0.1
    own = judge_candidate(
        exam(8), marks(*[wide] * 8), marks(*[wide] * 8), AS_IT_IS, JudgedBy.PHOTOS, threshold=0.6
    )
    assert own.comparison.before == own.comparison.after


def test_an_own_threshold_holds_for_both_and_the_best_is_told_all_the_same() -> None:
    answers = marks(*[band(40, 48, 0.3)] * 3)
    judged = judge_candidate(exam(3), answers, answers, AS_IT_IS, JudgedBy.PHOTOS, threshold=0.9)
    assert judged.comparison.before is not None and judged.comparison.before.dice == 0.0
    assert judged.threshold is not None and judged.threshold.value < 0.9


def test_the_threshold_in_use_stays_for_both_where_fewer_photos_judge_than_chose_it() -> None:
    answers = marks(*[band(40, 48, 0.3)] * 3)
    asked = partial(judge_candidate, exam(3), answers, answers, AS_IT_IS, JudgedBy.PHOTOS)
    kept = asked(shown=ChosenThreshold(0.9, 4))
    assert kept.threshold == ChosenThreshold(0.9, 4)
    assert kept.comparison.before is not None and kept.comparison.before.dice == 0.0
    assert kept.comparison.before == kept.comparison.after
    for others in (None, ChosenThreshold(0.9, 3)):
        chosen = asked(shown=others).threshold
        assert chosen is not None and chosen.photos == 3 and chosen.value < 0.9


def test_overconfidence_is_cooled_and_told() -> None:
    rng = np.random.default_rng(0)
    mistaken = np.where(band(40, 48) > 0, 0.2, 0.01)
    answers = [band(40, 48, 8.0) * np.where(rng.random((SIDE, SIDE)) < mistaken, -1, 1) for _ in range(6)]
    judged = judge_candidate(exam(6), marks(*answers), marks(*answers), AS_IT_IS, JudgedBy.PHOTOS)
    assert judged.calibration.temperature > 2
    before, after = judged.reliability_before, judged.reliability_after
    assert before is not None and after is not None
    assert after.ece < 0.75 * before.ece


def test_what_was_learned_from_neither_calibrates_nor_chooses() -> None:
    was = Calibration(1.7, 0.1)
    answers = marks(band(36, 46))
    judged = judge_candidate(exam(), answers, answers, was, JudgedBy.LEARNED)
    assert judged.calibration == was
    assert judged.threshold is None and judged.reliability_after is None


def test_the_weights_in_use_are_read_as_their_own_header_says() -> None:
    """A consolidation's candidate came from the first weights, and is compared with others."""
    unsure = marks(band(40, 48, 0.5))
    strict = Calibration(1.0, -1.0)
    judged = judge_candidate(exam(), unsure, unsure, AS_IT_IS, JudgedBy.LEARNED, rival=strict)
    before, after = judged.comparison.before, judged.comparison.after
    assert before is not None and after is not None
    assert before.dice == 0.0 and after.dice == 1.0
    assert judged.calibration == AS_IT_IS


def test_marks_survive_a_crash() -> None:
    given = Marks({0: Counts(1, 2, 3)}, {0: soft(band(3, 5)), 1: soft(band(9, 11))})
    back = Marks.from_json(given.as_json())
    assert back.counts == given.counts and back.answers.keys() == given.answers.keys()
    assert all(np.array_equal(back.answers[i], given.answers[i]) for i in given.answers)
