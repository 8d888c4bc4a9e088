"""Claims about how candidates are judged inside a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.imaging.surface import DESCRIPTOR_LENGTH
from resatt_studio.inference.device import Compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.inference.surface import Answering
from resatt_studio.learning.calibration import soft_logits
from resatt_studio.learning.exam import Exam, Marks, question
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.support import Window, choose_windows
from resatt_studio.models.state import build
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.surface import HomeSurface, KnownSurfaces
from resatt_studio.records.weights import WeightsFile


def window(labels: np.ndarray, approved: np.ndarray | None = None) -> Window:
    height, width = labels.shape
    return Window("a", Box(0, 0, height, width), np.zeros((height, width, 3), np.uint8), labels, approved)


def answering(weights: WeightsFile) -> Answering:
    return Answering(Segmenter(build(weights), Compute(torch.device("cpu"))))


def test_what_nobody_said_is_no_question() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[3, 3], labels[5, 5] = Label.CRACK, Label.NOT_CRACK
    asked = question(window(labels))
    assert np.argwhere(asked.known).tolist() == [[3, 3], [5, 5]]
    assert np.argwhere(asked.truth).tolist() == [[3, 3]]


def test_an_approved_prediction_counts_except_along_its_edges() -> None:
    approved = np.zeros((40, 40), np.uint8)
    approved[10:30, 10:30] = 255
    asked = question(window(np.zeros((40, 40), np.uint8), approved))
    assert asked.known[20, 20] and asked.truth[20, 20]
    assert asked.known[2, 2] and not asked.truth[2, 2]
    assert not asked.known[10, 20]
    assert not asked.known[8, 20]


def test_paint_overrules_the_approved_prediction_up_to_its_edge() -> None:
    approved = np.zeros((40, 40), np.uint8)
    approved[10:30, 10:30] = 255
    labels = np.zeros((40, 40), np.uint8)
    labels[10, 10:30] = Label.NOT_CRACK
    asked = question(window(labels, approved))
    assert asked.known[10, 20] and not asked.truth[10, 20]


def test_of_a_window_with_a_part_held_back_that_part_alone_is_asked() -> None:
    labels = np.full((40, 40), Label.NOT_CRACK, np.uint8)
    labels[20] = Label.CRACK
    held = np.zeros((40, 40), bool)
    held[:, :10] = True
    for approved in (None, np.zeros((40, 40), np.uint8)):
        asked = question(replace(window(labels, approved), held=held))
        assert np.array_equal(asked.known, held)
        assert asked.truth[20, 5]


def test_own_and_reference_questions_alternate(
    make_sample: Callable[..., Any], tiny_reference: ReferenceSet
) -> None:
    exam = Exam(list(choose_windows([make_sample(1), make_sample(2)])), tiny_reference)
    assert [asked.here for asked in exam.questions] == [True, False, True, False]


def test_two_networks_compare_on_what_both_answered(
    make_sample: Callable[..., Any],
    tiny_reference: ReferenceSet,
    tiny_weights: WeightsFile,
) -> None:
    exam = Exam(list(choose_windows([make_sample(1), make_sample(2)])), tiny_reference)
    whole = run_to_end(exam.sit(answering(tiny_weights)))
    part = run_to_end(exam.sit(answering(tiny_weights), stop=lambda: True))
    assert len(whole.counts) == 4
    assert sorted(part.counts) == [0, 1]  # one of each kind is always answered
    assert exam.scores(whole, here=True, only=part) == exam.scores(part, here=True)
    assert exam.scores(whole, here=True).photos == 2


def test_a_scene_is_described_once_and_answered_by_whoever_its_surface_asks_for(
    tiny_reference: ReferenceSet, tiny_weights: WeightsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    exam = Exam([], tiny_reference)
    ready = answering(tiny_weights).own
    asked, first = [], exam.questions[0].pixels

    def describe(pixels: np.ndarray) -> np.ndarray:
        asked.append(pixels)
        return np.full(DESCRIPTOR_LENGTH, 0 if pixels is first else 9, np.float32)

    monkeypatch.setattr("resatt_studio.learning.exam.describe_surface", describe)
    known = KnownSurfaces(np.zeros(21), np.eye(21), np.full((1, 21), 9.0), ("wall",))
    other = Segmenter(build(tiny_weights), Compute(torch.device("cpu")))
    answers = Answering(ready, other, HomeSurface(np.zeros((1, 21)), (1,)), known)
    sittings = [run_to_end(exam.sit(answers)) for _ in range(3)]
    assert len(asked) == len(exam.questions) == 2
    assert [marks.elsewhere for marks in sittings] == [{1}, {1}, {1}]


def test_without_questions_there_is_no_score() -> None:
    assert Exam([], ReferenceSet()).scores(Marks({}), here=True) is None


def test_what_was_approved_is_the_mask_that_was_shown() -> None:
    approved = np.full((40, 40), 20, np.uint8)
    approved[10:30, 10:30] = 100
    shown = replace(window(np.zeros((40, 40), np.uint8), approved), threshold=0.3)
    assert question(shown).truth[20, 20]
    assert not question(replace(shown, threshold=0.5)).truth[20, 20]


def test_answers_are_kept_softly_and_their_mask_at_one_half_is_the_counted_one(
    make_sample: Callable[..., Any], tiny_weights: WeightsFile
) -> None:
    exam = Exam(list(choose_windows([make_sample(1)])), ReferenceSet())
    ready = answering(tiny_weights).own
    marks = run_to_end(exam.sit(Answering(ready)))
    asked = exam.questions[0]
    logits = ready.logits(asked.pixels[None])[0]
    assert np.array_equal(marks.answers[0] > 127, logits >= 0)
    assert marks.counts[0].predicted == np.count_nonzero(logits >= 0)
    read = soft_logits()[marks.answers[0]]
    assert np.abs(read - logits)[np.abs(logits) < 8].max() < 0.2
