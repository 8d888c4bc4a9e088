"""Judges a network on fixed windows: held-back corrections here, drawn scenes for what it must not forget."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

import cv2
import numpy as np

from resatt_studio.imaging.scores import Counts, count
from resatt_studio.inference.sliding import predict_tiles
from resatt_studio.inference.surface import Answering
from resatt_studio.learning.evaluate import pooled
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.support import Window
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.weights import Scores

TOLERANCE_PX = 2.0
_EDGE_BAND_PX = 3


@dataclass(frozen=True, eq=False)
class Question:
    """One window with its truth.

    Attributes:
        photo: Which photo it is of; windows of one photo count as one photo.
        here: True for the project's own photos, False for the reference set.
        pixels: h x w x 3 uint8 RGB.
        truth, known: h x w bool.
    """

    photo: str
    here: bool
    pixels: UInt8Array = field(repr=False)
    truth: BoolArray = field(repr=False)
    known: BoolArray = field(repr=False)


@dataclass(frozen=True)
class Marks:
    """Counts by the index of the question that was answered."""

    counts: dict[int, Counts]


class Exam:
    """A fixed list of questions; own and reference ones alternate, so that even a part of it says something.

    Args:
        windows: Corrected windows of the photos that judge.
        reference: Its judging half.
    """

    def __init__(self, windows: Sequence[Window], reference: ReferenceSet) -> None:
        own = [question(window) for window in windows]
        drawn = [
            Question(tile.name, False, tile.pixels, tile.mask, np.ones_like(tile.mask))
            for tile in reference.exam
        ]
        self.questions = list(_alternating(own, drawn))
        self._elsewhere: dict[int, Counts] = {}

    def sit(
        self, answers: Answering, stop: Callable[[], bool] = lambda: False
    ) -> Generator[None, None, Marks]:
        """Answer the questions; yields after every tile.

        What answers elsewhere is the same network from sitting to sitting: it is asked each question once.

        Args:
            answers: The network that is judged answers about the project's photos, and about each scene of
                the reference set whichever would in the app.
            stop: Asked between questions, once one of each kind is answered; the marks then cover what was
                answered so far.
        """
        marks: dict[int, Counts] = {}
        first = min(2, len(self.questions))
        for index, asked in enumerate(self.questions):
            if index >= first and stop():
                break
            segmenter = answers.own if asked.here else answers.about(asked.pixels)
            elsewhere = segmenter is not answers.own
            if elsewhere and index in self._elsewhere:
                marks[index] = self._elsewhere[index]
                continue
            steps = predict_tiles(segmenter, asked.pixels)
            while True:
                try:
                    next(steps)
                except StopIteration as done:
                    answer: UInt8Array = done.value[0]
                    break
                yield
            marks[index] = count(np.asarray(answer > 127), asked.truth, asked.known, TOLERANCE_PX)
            if elsewhere:
                self._elsewhere[index] = marks[index]
        return Marks(marks)

    def remember_elsewhere(self, marks: Marks) -> None:
        """What answers elsewhere was judged already: here are its marks."""
        self._elsewhere |= {i: one for i, one in marks.counts.items() if not self.questions[i].here}

    def scores(self, marks: Marks, here: bool, only: Marks | None = None) -> Scores | None:
        """Pooled scores of one kind of questions, or None when none was answered.

        Args:
            marks: Of one network.
            here: Own photos, or the reference set.
            only: Count the questions answered in these marks alone, so that two networks compare like for
                like.
        """
        within = marks.counts if only is None else only.counts
        chosen = [i for i in marks.counts if i in within and self.questions[i].here == here]
        if not chosen:
            return None
        photos = {self.questions[i].photo for i in chosen}
        total = pooled([marks.counts[i] for i in chosen], TOLERANCE_PX)
        return Scores(
            total.dice,
            total.iou,
            total.precision,
            total.recall,
            total.tolerance_f1,
            TOLERANCE_PX,
            len(photos),
        )


def question(window: Window) -> Question:
    """Truth of a corrected window: what was said, and around it what the inspector approved.

    Of a window whose part is held back, that part alone counts. Pixels that nobody spoke about never count.
    Of an approved prediction a band of 3 px along the mask's edge does not count either: there the old
    network's opinion on a crack's width would be held against the new.
    """
    truth, known = truth_of(window.labels, window.approved)
    if window.held is not None:
        known &= window.held
    return Question(window.sample_id, True, window.pixels, truth, known)


def truth_of(labels: UInt8Array, approved: UInt8Array | None) -> tuple[BoolArray, BoolArray]:
    """Where crack is, and which pixels count, by the rule of :func:`question`.

    Args:
        labels: h x w uint8 of ``Label`` values.
        approved: h x w uint8 probability * 255 that the inspector approved, or None.

    Returns:
        Truth and known, h x w bool each.
    """
    said = np.asarray(labels != Label.UNSAID)
    crack = np.asarray(labels == Label.CRACK)
    if approved is None:
        return crack, said
    mask = np.asarray(approved > 127)
    side = 2 * _EDGE_BAND_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    near = cv2.dilate(mask.astype(np.uint8), disc) != cv2.erode(mask.astype(np.uint8), disc, borderValue=1)
    return np.where(said, crack, mask), said | np.logical_not(near)


def _alternating(own: Sequence[Question], drawn: Sequence[Question]) -> Iterator[Question]:
    return (one for one in chain.from_iterable(zip_longest(own, drawn)) if one is not None)
