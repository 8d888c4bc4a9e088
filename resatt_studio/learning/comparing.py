"""Two networks beside each other on the same questions: as each would be shown, photo by photo, square by
square."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from resatt_studio.imaging.scores import Counts, count
from resatt_studio.learning.calibration import (
    Histogram,
    as_sure_as,
    fit_calibration,
    histogram,
    near_cracks,
    reliability,
    soft_probability,
)
from resatt_studio.learning.exam import TOLERANCE_PX, Exam, Marks, Question
from resatt_studio.learning.threshold import choose_threshold
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.calibration import AS_IT_IS, Calibration, ChosenThreshold, Reliability
from resatt_studio.records.training import JudgedBy, Pair, Tally
from resatt_studio.records.weights import USUAL_THRESHOLD, Scores

SQUARE_PX = (16, 64)
"""Bounds on the side of the squares that are compared; a sixteenth of the window's shorter side between. With
an eighth, the held-back parts of two in three CrackMap photos had less than five squares with anything in
them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a network's logits become a mask: calibrated, and crack above the threshold."""

    calibration: Calibration = AS_IT_IS
    threshold: float = USUAL_THRESHOLD

    def mask(self, answer: UInt8Array) -> BoolArray:
        """Turn a soft answer into a mask of the same shape."""
        return np.asarray((soft_probability(self.calibration) > self.threshold)[answer])


@dataclass(frozen=True, eq=False)
class Comparison:
    """Scores and squares of two networks; see ``FineTuneResult``.

    Attributes:
        before, after: On the project's own photos.
        reference_before, reference_after: On the reference set.
        pairs: Of the own photos.
    """

    before: Scores | None
    after: Scores | None
    reference_before: Scores | None
    reference_after: Scores | None
    pairs: tuple[Pair, ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Judged:
    """A candidate as it comes out of a run.

    Attributes:
        comparison: With the weights that the run started from.
        calibration: For the candidate's header.
        reliability_before, reliability_after: Before and after that calibration.
        threshold: That draws its best mask, or None where nothing may choose one.
    """

    comparison: Comparison
    calibration: Calibration
    reliability_before: Reliability | None = None
    reliability_after: Reliability | None = None
    threshold: ChosenThreshold | None = None


def judge_candidate(
    exam: Exam,
    before: Marks,
    after: Marks,
    was: Calibration,
    judged_by: JudgedBy,
    threshold: float | None = None,
    rival: Calibration | None = None,
    shown: ChosenThreshold | None = None,
) -> Judged:
    """Calibrate a candidate, choose its threshold, and compare it with the weights in use.

    Both networks are calibrated and get the threshold that suits them on what judges, so that the comparison
    is one of weights: the very same weights gain nothing. What a candidate learned from neither calibrates it
    nor chooses.

    Args:
        exam: The questions.
        before, after: What both networks answered; questions that one left out do not count.
        was: Calibration of the weights it came from.
        judged_by: What the own questions are of.
        threshold: The inspector's own, which then holds for both; None for an automatic one.
        rival: Calibration of the weights in use, where it did not come from these.
        shown: The automatic threshold of the weights in use; stays where fewer photos judge than chose it.
    """
    used = was if rival is None else rival
    if judged_by is JudgedBy.LEARNED:
        level = USUAL_THRESHOLD if threshold is None else threshold
        return Judged(compare(exam, before, after, Reading(used, level), Reading(was, level)), was)
    near, near_before = (_photos(exam, *both, near=True) for both in ((after, before), (before, after)))
    old = fit_calibration(near_before, used)
    start = was if used == AS_IT_IS else replace(as_sure_as(used, near_before, near), bias=was.bias)
    new = fit_calibration(near, start)
    best = choose_threshold(_photos(exam, after, before), new, shown)
    if threshold is None:
        was_best = choose_threshold(_photos(exam, before, after), old, shown)
        readings = Reading(old, was_best.value), Reading(new, best.value)
    else:
        readings = Reading(old, threshold), Reading(new, threshold)
    return Judged(
        comparison=compare(exam, before, after, *readings),
        calibration=new,
        reliability_before=reliability(near),
        reliability_after=reliability(near, new),
        threshold=best,
    )


def _answered_alike_elsewhere(before: Marks, after: Marks) -> set[int]:
    """Questions of other surfaces that the same weights answer before and after: neither calibration nor
    threshold of the project's surface is theirs."""
    return {
        index
        for index in before.elsewhere | after.elsewhere
        if index in before.answers
        and index in after.answers
        and np.array_equal(before.answers[index], after.answers[index])
    }


def compare(exam: Exam, before: Marks, after: Marks, was: Reading, becomes: Reading) -> Comparison:
    """Score two networks on the questions that both answered.

    Args:
        exam: The questions.
        before, after: Of the weights in use and of the candidate.
        was, becomes: How their answers are shown.
    """
    shared = sorted(before.answers.keys() & after.answers.keys())
    aside = _answered_alike_elsewhere(before, after)
    old, new = (
        Marks(
            {
                i: _counted(exam.questions[i], (Reading() if i in aside else reading).mask(marks.answers[i]))
                for i in shared
            }
        )
        for marks, reading in ((before, was), (after, becomes))
    )
    pairs = [
        pair
        for index in shared
        if exam.questions[index].here
        for pair in _pairs(
            exam.questions[index],
            was.mask(before.answers[index]),
            becomes.mask(after.answers[index]),
        )
    ]
    return Comparison(
        before=exam.scores(old, here=True),
        after=exam.scores(new, here=True),
        reference_before=exam.scores(old, here=False),
        reference_after=exam.scores(new, here=False),
        pairs=tuple(pairs),
    )


def _counted(asked: Question, mask: BoolArray) -> Counts:
    return count(mask, asked.truth, asked.known, TOLERANCE_PX)


def _photos(exam: Exam, marks: Marks, only: Marks, near: bool = False) -> list[Histogram]:
    """Soft answers about the known pixels of each own photo, of those near predicted cracks on request."""
    photos: dict[str, Histogram] = {}
    for index in sorted(marks.answers.keys() & only.answers.keys()):
        asked, answer = exam.questions[index], marks.answers[index]
        if asked.here:
            counted = asked.known & near_cracks(answer) if near else asked.known
            counts = histogram(answer, asked.truth, counted)
            photos[asked.photo] = photos.get(asked.photo, np.zeros_like(counts)) + counts
    return list(photos.values())


def _pairs(asked: Question, before: BoolArray, after: BoolArray) -> Iterator[Pair]:
    """Squares of one window in which either mask has something right or wrong."""
    side = int(np.clip(min(asked.truth.shape) // 16, *SQUARE_PX))
    old, new = (_tallies(asked, mask, side) for mask in (before, after))
    for square in np.flatnonzero((old + new).any(axis=1)):
        yield Pair(asked.photo, _tally(old[square]), _tally(new[square]))


def _tallies(asked: Question, mask: BoolArray, side: int) -> npt.NDArray[np.int64]:
    """N x 3: true positives, false positives and false negatives of every square."""
    known, truth = asked.known, asked.truth
    kinds = (mask & truth & known, mask & ~truth & known, ~mask & truth & known)
    return np.stack([_by_square(kind, side).ravel() for kind in kinds], axis=1)


def _by_square(pixels: BoolArray, side: int) -> npt.NDArray[np.int64]:
    """How many pixels of each square hold; the last row and column of squares may be cut off."""
    rows = np.add.reduceat(pixels.astype(np.int64), np.arange(0, pixels.shape[0], side), axis=0)
    return np.asarray(np.add.reduceat(rows, np.arange(0, pixels.shape[1], side), axis=1))


def _tally(row: Sequence[int] | npt.NDArray[np.int64]) -> Tally:
    return Tally(*(int(value) for value in row))
