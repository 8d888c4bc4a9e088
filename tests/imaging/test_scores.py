"""Claims about the scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from resatt_studio.errors import MaskError
from resatt_studio.imaging.scores import (
    Counts,
    centreline_dice,
    count,
    dice,
    iou,
    macro,
    precision,
    recall,
    scores,
    tolerance_f1,
)
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box

masks = arrays(np.bool_, (9, 11))
EMPTY = np.zeros((6, 6), np.bool_)
FULL = np.ones((6, 6), np.bool_)


def _hits_by_brute_force(pixels: BoolArray, targets: BoolArray, tolerance_px: float) -> int:
    ours, theirs = np.argwhere(pixels), np.argwhere(targets)
    if not len(ours) or not len(theirs):
        return 0
    squared = ((ours[:, None] - theirs[None]) ** 2).sum(axis=2).min(axis=1)
    return int((squared <= tolerance_px**2 + 1e-9).sum())


@settings(max_examples=40, deadline=None)
@given(masks, masks, st.sampled_from([0.0, 1.0, 2**0.5, 2.0, 5**0.5, 3.0, 4.4]))
def test_tolerance_is_the_exact_euclidean_distance(
    predicted: BoolArray, truth: BoolArray, tolerance_px: float
) -> None:
    counts = count(predicted, truth, tolerance_px=tolerance_px)
    assert counts.hit_predicted == _hits_by_brute_force(predicted, truth, tolerance_px)
    assert counts.hit_true == _hits_by_brute_force(truth, predicted, tolerance_px)


@settings(max_examples=30, deadline=None)
@given(masks, masks, masks, masks, masks)
def test_unlabelled_pixels_change_no_count(
    predicted: BoolArray, truth: BoolArray, known: BoolArray, noise: BoolArray, other: BoolArray
) -> None:
    changed_prediction = np.where(known, predicted, noise)
    changed_truth = np.where(known, truth, other)
    assert count(predicted, truth, known) == count(changed_prediction, changed_truth, known)
    assert centreline_dice(predicted, truth, known) == centreline_dice(
        changed_prediction, changed_truth, known
    )


@settings(max_examples=30, deadline=None)
@given(masks, masks)
def test_iou_of_pooled_counts_follows_from_dice(predicted: BoolArray, truth: BoolArray) -> None:
    counts = count(predicted, truth)
    assert iou(counts) == pytest.approx(dice(counts) / (2 - dice(counts)))


@settings(max_examples=30, deadline=None)
@given(masks, masks)
def test_zero_tolerance_f1_is_dice_and_tolerance_never_hurts(predicted: BoolArray, truth: BoolArray) -> None:
    strict, loose = count(predicted, truth, tolerance_px=0), count(predicted, truth, tolerance_px=2)
    assert tolerance_f1(strict) == pytest.approx(dice(strict))
    assert tolerance_f1(loose) >= tolerance_f1(strict) - 1e-12


@settings(max_examples=30, deadline=None)
@given(masks, masks)
def test_swapping_prediction_and_truth_swaps_precision_and_recall(left: BoolArray, right: BoolArray) -> None:
    there, back = count(left, right), count(right, left)
    assert dice(there) == dice(back)
    assert precision(there) == recall(back)
    assert tolerance_f1(there) == pytest.approx(tolerance_f1(back))


def test_counts_of_parts_add_up_to_the_micro_scores_of_the_whole() -> None:
    random = np.random.default_rng(3)
    predicted, truth = random.random((8, 40)) > 0.6, random.random((8, 40)) > 0.7
    halves = count(predicted[:, :20], truth[:, :20], tolerance_px=0) + count(
        predicted[:, 20:], truth[:, 20:], tolerance_px=0
    )
    assert halves == count(predicted, truth, tolerance_px=0)


@pytest.mark.parametrize("score", [dice, iou, precision, recall, tolerance_f1])
def test_two_empty_masks_agree_and_one_empty_mask_disagrees(score) -> None:
    assert score(count(EMPTY, EMPTY)) == 1.0
    assert score(count(EMPTY, FULL)) == 0.0
    assert score(count(FULL, EMPTY)) == 0.0
    assert score(count(FULL, FULL)) == 1.0


def test_known_numbers_come_out() -> None:
    result = scores(
        Counts(tp=6, fp=2, fn=4, hit_predicted=8, predicted=8, hit_true=5, true=10), 2.0, photos=3
    )
    assert (result.dice, result.iou) == (pytest.approx(12 / 18), 0.5)
    assert (result.precision, result.recall) == (0.75, 0.6)
    assert result.tolerance_f1 == pytest.approx(2 / 3)
    assert (result.tolerance_px, result.photos) == (2.0, 3)


def test_macro_is_the_mean_over_photos_and_zero_without_photos() -> None:
    perfect, missed = count(FULL, FULL), count(EMPTY, FULL)
    assert macro([perfect, missed]).dice == 0.5
    assert macro([perfect, missed]).photos == 2
    assert macro([]).dice == 0.0


def test_a_thicker_line_keeps_its_centreline_but_loses_dice() -> None:
    truth = np.zeros((41, 41), np.bool_)
    truth[20, 3:38] = True
    thick = np.zeros_like(truth)
    thick[18:23, 3:38] = True
    assert dice(count(thick, truth)) < 0.4
    assert centreline_dice(thick, truth) == pytest.approx(1.0, abs=0.05)


def test_centreline_dice_sees_a_missing_half() -> None:
    truth = np.zeros((21, 41), np.bool_)
    truth[9:12, 2:39] = True
    half = truth.copy()
    half[:, 20:] = False
    assert 0.6 < centreline_dice(half, truth) < 0.72
    assert centreline_dice(EMPTY, EMPTY) == 1.0
    assert centreline_dice(EMPTY, FULL) == centreline_dice(FULL, EMPTY) == 0.0


def test_masks_of_different_sizes_are_refused() -> None:
    with pytest.raises(MaskError, match="shapes"):
        count(EMPTY, np.zeros((6, 7), np.bool_))
    with pytest.raises(MaskError):
        count(EMPTY, EMPTY, np.ones((2, 2), np.bool_))


@settings(max_examples=30, deadline=None)
@given(masks, masks, masks, st.integers(2, 6))
def test_boxes_with_a_margin_add_up_to_the_photo(
    predicted: BoolArray, truth: BoolArray, known: BoolArray, side_px: int
) -> None:
    whole, total = Box(0, 0, *predicted.shape), Counts()
    for row, column in whole.cells(side_px):
        core = Box(0, 0, side_px, side_px).shifted(row * side_px, column * side_px).intersection(whole)
        around = core.expanded(2).intersection(whole)
        parts = (array[around.slices] for array in (predicted, truth, known))
        total += count(*parts, tolerance_px=2.0, core=core.shifted(-around.top, -around.left))
    assert total == count(predicted, truth, known, 2.0)
