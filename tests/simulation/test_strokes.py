"""Claims about the planned strokes: they mend what is wrong beyond the tolerance, and touch nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.cli.replay import paint
from resatt_studio.errors import MaskError
from resatt_studio.records.correction import Label
from resatt_studio.simulation.lines import cut_by_width, thinned, trace
from resatt_studio.simulation.strokes import (
    TOLERANCE_PX,
    HiddenTruth,
    Stroke,
    distance_to,
    find_errors,
    plan_strokes,
)

SIDE = 96


def drawn(seed: int, width: int = 5, lines: int = 2) -> np.ndarray:
    """H x W bool with a few crooked lines."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(lines):
        points = rng.integers(0, SIDE, size=(4, 2)).astype(np.int32)
        cv2.polylines(mask, [points], False, 1, int(rng.integers(1, width + 1)))
    return mask > 0


def painted(strokes: list[Stroke]) -> np.ndarray:
    """Labels after the window's own tools painted the strokes."""
    document = CorrectionDocument("a" * 64, SIDE, SIDE)
    paint(document, [stroke.as_recorded() for stroke in strokes])
    return document.labels.to_array()


def mended(shown: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.where(labels == Label.UNSAID, shown, labels == Label.CRACK)


@given(st.integers(0, 10_000))
def test_a_right_mask_gets_no_stroke(seed: int) -> None:
    truth = drawn(seed)
    assert plan_strokes(truth, HiddenTruth.of(truth)) == []


@given(st.integers(0, 10_000))
def test_an_edge_within_the_tolerance_is_left_alone(seed: int) -> None:
    truth = drawn(seed)
    shown = np.zeros_like(truth)
    shown[2:] = truth[:-2]
    shown |= truth & (np.arange(SIDE) < 2)[:, None]
    assert plan_strokes(shown, HiddenTruth.of(truth)) == []


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_three_looks_leave_no_error_that_a_person_would_see(seed: int, other: int) -> None:
    truth, shown = drawn(seed), drawn(other + 10_001)
    hidden = HiddenTruth.of(truth)
    mask = shown
    labels = np.zeros(truth.shape, np.uint8)
    for _ in range(3):
        new = painted(plan_strokes(mask, hidden))
        labels = np.where(new == Label.UNSAID, labels, new)
        mask = mended(shown, labels)
    missed, false = find_errors(mask, hidden)
    assert not missed.any() and not false.any()


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_paint_never_contradicts_the_truth_beyond_the_tolerance(seed: int, other: int) -> None:
    truth, shown = drawn(seed), drawn(other + 10_001)
    labels = painted(plan_strokes(shown, HiddenTruth.of(truth)))
    assert not np.any(truth & (labels == Label.NOT_CRACK))
    assert np.all(distance_to(truth)[labels == Label.CRACK] <= TOLERANCE_PX)


def test_only_the_missed_part_of_a_crack_is_painted() -> None:
    truth = np.zeros((SIDE, SIDE), bool)
    truth[46:51] = True
    shown = truth.copy()
    shown[:, 40:70] = False
    strokes = plan_strokes(shown, HiddenTruth.of(truth))
    labels = painted(strokes)
    assert len(strokes) == 1 and strokes[0].label is Label.CRACK
    assert 1.5 <= strokes[0].radius_px <= 3.5
    assert not labels[:, :33].any() and not labels[:, 77:].any()
    assert mended(shown, labels)[48, 40:70].all()


def test_false_crack_is_painted_over_as_not_crack_and_the_crack_beside_it_is_not() -> None:
    truth = np.zeros((SIDE, SIDE), bool)
    truth[20:24] = True
    shown = truth.copy()
    shown[60:66, 10:80] = True
    strokes = plan_strokes(shown, HiddenTruth.of(truth))
    labels = painted(strokes)
    assert {stroke.label for stroke in strokes} == {Label.NOT_CRACK}
    assert (labels[60:66, 10:80] == Label.NOT_CRACK).all() and not labels[:50].any()


def test_a_crack_that_is_shown_far_too_wide_is_trimmed_on_both_sides() -> None:
    truth = np.zeros((SIDE, SIDE), bool)
    truth[46:50] = True
    shown = np.zeros_like(truth)
    shown[38:58] = True
    labels = painted(plan_strokes(shown, HiddenTruth.of(truth)))
    assert not labels[46:50].any()
    assert not find_errors(mended(shown, labels), HiddenTruth.of(truth))[1].any()


def test_a_speck_is_not_seen() -> None:
    truth = np.zeros((SIDE, SIDE), bool)
    shown = truth.copy()
    shown[40:43, 40:43] = True
    assert plan_strokes(shown, HiddenTruth.of(truth)) == []


def test_the_nearest_stroke_of_each_label_comes_first_and_crack_before_not_crack() -> None:
    truth = np.zeros((SIDE, SIDE), bool)
    truth[10:14, 5:40] = truth[80:84, 5:40] = True
    shown = np.zeros_like(truth)
    shown[45:49, 60:90] = True
    strokes = plan_strokes(shown, HiddenTruth.of(truth), hand=(90.0, 5.0))
    assert [stroke.label for stroke in strokes] == [Label.CRACK, Label.CRACK, Label.NOT_CRACK]
    assert strokes[0].path[0][0] > 70 and strokes[0].path[0][1] < strokes[0].path[-1][1]


def test_masks_of_two_sizes_are_refused() -> None:
    truth = HiddenTruth.of(np.zeros((SIDE, SIDE), bool))
    with pytest.raises(MaskError, match="size"):
        plan_strokes(np.zeros((SIDE, SIDE + 1), bool), truth)


@given(st.integers(0, 10_000))
def test_tracing_walks_every_pixel_once_to_a_neighbour(seed: int) -> None:
    line = HiddenTruth.of(drawn(seed)).line
    paths = trace(line)
    walked = [pixel for path in paths for pixel in path]
    assert len(walked) == len(set(walked)) == np.count_nonzero(line)
    assert all(line[pixel] for pixel in walked)
    for path in paths:
        steps = np.abs(np.diff(np.array(path), axis=0))
        assert steps.max(initial=0) <= 1


def test_a_path_is_cut_where_no_brush_fits_both_ends() -> None:
    needed = np.array([[1, 1, 1, 4, 4, 4]], np.float32)
    path = [(0, column) for column in range(6)]
    assert [len(piece) for piece in cut_by_width(path, needed, needed + 1)] == [3, 3]
    assert [len(piece) for piece in cut_by_width(path, needed, needed + 3)] == [6]


def test_a_thinned_path_keeps_its_ends() -> None:
    path = [(0, column) for column in range(10)]
    points = thinned(path, 4)
    assert points[0] == (0.5, 0.5) and points[-1] == (0.5, 9.5) and len(points) == 4
