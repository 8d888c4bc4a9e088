"""Judges a network on fixed windows: held-back corrections here, drawn scenes for what it must not forget."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, zip_longest
from typing import Any

import cv2
import numpy as np

from resatt_studio.imaging.scores import Counts, count
from resatt_studio.imaging.surface import describe_surface
from resatt_studio.inference.sliding import predict_tiles
from resatt_studio.inference.surface import Answering
from resatt_studio.learning.calibration import SOFT
from resatt_studio.learning.evaluate import pooled
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.support import Window
from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array
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
    """What a network answered, by the index of the question.

    Attributes:
        counts: Of the mask at 0.5.
        answers: h x w uint8 probability * 255, read with ``calibration.SOFT``.
        elsewhere: Questions that the weights behind it answered, because they are of other surfaces.
    """

    counts: dict[int, Counts]
    answers: dict[int, UInt8Array] = field(default_factory=dict, repr=False)
    elsewhere: set[int] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """What a resume point keeps."""
        answers = {
            str(index): {"shape": one.shape, "zlib": base64.b64encode(zlib.compress(one.tobytes())).decode()}
            for index, one in self.answers.items()
        }
        return {
            "counts": {str(index): asdict(one) for index, one in self.counts.items()},
            "answers": answers,
            "elsewhere": sorted(self.elsewhere),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Marks:
        answers = {
            int(index): np.frombuffer(zlib.decompress(base64.b64decode(one["zlib"])), np.uint8).reshape(
                one["shape"]
            )
            for index, one in said["answers"].items()
        }
        counts = {int(index): Counts(**one) for index, one in said["counts"].items()}
        return cls(counts, answers, set(said["elsewhere"]))


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
        self._elsewhere: dict[int, tuple[Counts, UInt8Array]] = {}
        self._surfaces: dict[int, Float32Array] = {}

    def _surface(self, index: int) -> Float32Array:
        """What a question's surface looks like; described once, for every sitting asks."""
        if index not in self._surfaces:
            self._surfaces[index] = describe_surface(self.questions[index].pixels)
        return self._surfaces[index]

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
        marks = Marks({}, {})
        first = min(2, len(self.questions))
        for index, asked in enumerate(self.questions):
            if index >= first and stop():
                break
            own = asked.here or answers.elsewhere is None
            segmenter = answers.own if own else answers.about_surface(self._surface(index))
            elsewhere = segmenter is not answers.own
            if elsewhere:
                marks.elsewhere.add(index)
            if elsewhere and index in self._elsewhere:
                marks.counts[index], marks.answers[index] = self._elsewhere[index]
                continue
            steps = predict_tiles(segmenter.read_with(SOFT), asked.pixels)
            while True:
                try:
                    next(steps)
                except StopIteration as done:
                    answer: UInt8Array = done.value[0]
                    break
                yield
            marks.counts[index] = count(np.asarray(answer > 127), asked.truth, asked.known, TOLERANCE_PX)
            marks.answers[index] = answer
            if elsewhere:
                self._elsewhere[index] = marks.counts[index], answer
        return marks

    def remember_elsewhere(self, marks: Marks) -> None:
        """What answers elsewhere was judged already: here are its marks."""
        drawn = [index for index in marks.counts if not self.questions[index].here]
        self._elsewhere |= {index: (marks.counts[index], marks.answers[index]) for index in drawn}

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
    truth, known = truth_of(window.labels, window.approved, window.threshold)
    if window.held is not None:
        known &= window.held
    return Question(window.sample_id, True, window.pixels, truth, known)


def truth_of(
    labels: UInt8Array, approved: UInt8Array | None, threshold: float = 0.5
) -> tuple[BoolArray, BoolArray]:
    """Where crack is, and which pixels count, by the rule of :func:`question`.

    Args:
        labels: h x w uint8 of ``Label`` values.
        approved: h x w uint8 probability * 255 that the inspector approved, or None.
        threshold: Probability above which that was shown as crack, in [0, 1].

    Returns:
        Truth and known, h x w bool each.
    """
    said = np.asarray(labels != Label.UNSAID)
    crack = np.asarray(labels == Label.CRACK)
    if approved is None:
        return crack, said
    mask = np.asarray(approved > 255 * threshold)
    side = 2 * _EDGE_BAND_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    near = cv2.dilate(mask.astype(np.uint8), disc) != cv2.erode(mask.astype(np.uint8), disc, borderValue=1)
    return np.where(said, crack, mask), said | np.logical_not(near)


def _alternating(own: Sequence[Question], drawn: Sequence[Question]) -> Iterator[Question]:
    return (one for one in chain.from_iterable(zip_longest(own, drawn)) if one is not None)
