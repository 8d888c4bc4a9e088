"""Claims about what a corrected window teaches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resatt_studio.learning.lessons import MAX_CENTRES, Lesson, make_lesson, painted_weight
from resatt_studio.learning.support import Window
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box

LABELS = hnp.arrays(np.uint8, (24, 24), elements=st.sampled_from([0, 1, 2]))
BELIEFS = hnp.arrays(np.uint8, (24, 24), elements=st.integers(0, 255))


def lesson(
    labels: np.ndarray, own: np.ndarray, approved: np.ndarray | None = None, weak_weight: float = 0.2
) -> Lesson:
    height, width = labels.shape
    pixels = np.zeros((height, width, 3), np.uint8)
    window = Window("a", Box(0, 0, height, width), pixels, labels, approved)
    return make_lesson(window, own, weak_weight, np.random.default_rng(0))


@given(labels=LABELS, own=BELIEFS)
@settings(max_examples=30, deadline=None)
def test_where_nobody_spoke_the_networks_own_doubts_stay_doubts(labels: np.ndarray, own: np.ndarray) -> None:
    taught = lesson(labels, own)
    weak = (labels == Label.UNSAID) & (taught.weight > 0)
    assert np.all(taught.weight[weak] == np.float32(0.2))
    assert np.allclose(taught.target[weak], own[weak] / 255)


@given(labels=LABELS, own=BELIEFS)
@settings(max_examples=30, deadline=None)
def test_painted_pixels_teach_what_was_painted_whatever_the_network_believes(
    labels: np.ndarray, own: np.ndarray
) -> None:
    taught = lesson(labels, own)
    said = (labels != Label.UNSAID) & (taught.weight > 0)
    assert np.all(taught.weight[said] == 1.0)
    assert np.array_equal(taught.target[said] == 1, labels[said] == Label.CRACK)


@given(labels=LABELS, own=BELIEFS)
@settings(max_examples=30, deadline=None)
def test_without_weak_labels_only_paint_teaches(labels: np.ndarray, own: np.ndarray) -> None:
    assert not lesson(labels, own, weak_weight=0.0).weight[labels == Label.UNSAID].any()


@given(labels=LABELS, own=BELIEFS)
@settings(max_examples=30, deadline=None)
def test_what_is_held_back_teaches_nothing(labels: np.ndarray, own: np.ndarray) -> None:
    held = np.zeros((24, 24), bool)
    held[:, 8:16] = True
    pixels = np.zeros((24, 24, 3), np.uint8)
    window = Window("a", Box(0, 0, 24, 24), pixels, labels, None, held)
    taught = make_lesson(window, own, 0.2, np.random.default_rng(0))
    assert not taught.weight[held].any()
    assert not held[tuple(taught.centres.T)].any()


def test_complete_labels_teach_every_pixel() -> None:
    labels = np.full((30, 30), Label.NOT_CRACK, np.uint8)
    labels[10, :] = Label.CRACK
    assert np.all(lesson(labels, np.zeros((30, 30), np.uint8)).weight == 1.0)


def test_an_approved_mask_is_taught_where_the_network_says_otherwise_and_its_own_doubt_elsewhere() -> None:
    own = np.repeat(np.array([[20, 100, 160, 250]], np.uint8), 20, axis=0)
    approved = np.repeat(np.array([[90, 204, 90, 204]], np.uint8), 20, axis=0)
    taught = lesson(np.zeros((20, 4), np.uint8), own, approved)
    assert np.all(taught.weight == np.float32(0.2))
    assert np.allclose(taught.target, np.array([20 / 255, 1.0, 0.0, 250 / 255]))


def test_the_ring_around_a_stroke_is_ignored_on_both_sides() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[10:20, 10:20] = Label.CRACK
    weight = lesson(labels, np.zeros((40, 40), np.uint8)).weight
    assert weight[15, 15] == 1.0
    assert weight[10, 15] == 0.0  # outermost painted row
    assert weight[9, 15] == 0.0  # first row outside
    assert weight[8, 15] == np.float32(0.2)


@pytest.mark.parametrize("width_px", [1, 2])
def test_a_stroke_too_thin_to_have_an_inside_keeps_every_pixel(width_px: int) -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[5:30, 10 : 10 + width_px] = Label.CRACK
    assert np.array_equal(painted_weight(labels) > 0, labels > 0)


def test_centres_are_where_the_inspector_disagreed() -> None:
    labels = np.full((30, 30), Label.NOT_CRACK, np.uint8)
    labels[4:8, 4:8] = Label.CRACK
    own = np.where(labels == Label.CRACK, 255, 0).astype(np.uint8)
    own[20:22, 20:22] = 255
    centres = lesson(labels, own).centres
    assert {tuple(centre) for centre in centres} == {(20, 20), (20, 21), (21, 20), (21, 21)}


def test_where_nothing_was_wrong_centres_are_the_crack() -> None:
    labels = np.full((30, 30), Label.NOT_CRACK, np.uint8)
    labels[4, 4] = Label.CRACK
    own = np.where(labels == Label.CRACK, 255, 0).astype(np.uint8)
    assert lesson(labels, own).centres.tolist() == [[4, 4]]


def test_centres_of_a_window_full_of_errors_stay_few() -> None:
    labels = np.full((300, 300), Label.CRACK, np.uint8)
    assert len(lesson(labels, np.zeros((300, 300), np.uint8)).centres) == MAX_CENTRES


@pytest.mark.parametrize("threshold", [0.2, 0.35, 0.5, 0.7])
def test_what_was_shown_as_crack_and_approved_teaches_crack_wherever_the_threshold_was(
    threshold: float,
) -> None:
    approved = np.arange(256, dtype=np.uint8).reshape(16, 16)
    window = Window(
        "a",
        Box(0, 0, 16, 16),
        np.zeros((16, 16, 3), np.uint8),
        np.zeros((16, 16), np.uint8),
        approved,
        threshold=threshold,
    )
    target = make_lesson(window, approved, 1.0, np.random.default_rng(0)).target
    clear = np.abs(approved - 255 * threshold) > 2
    assert np.array_equal((target > 0.5)[clear], (approved > 255 * threshold)[clear])
    if threshold == 0.5:
        assert np.allclose(target, approved / 255)
