"""How well a mask agrees with the truth; unlabelled pixels never count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import cv2
import numpy as np

from resatt_studio.errors import MaskError
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box
from resatt_studio.records.weights import Scores

_DISTANCE_SLACK_PX = 1e-4  # distances are float32 square roots of integers; their gaps are far wider


@dataclass(frozen=True, slots=True)
class Counts:
    """Pixel counts of one photo, or of many added up.

    Attributes:
        tp, fp, fn: True positives, false positives and false negatives, without tolerance.
        hit_predicted: Predicted pixels with a true pixel within the tolerance.
        predicted: Predicted pixels (tp + fp).
        hit_true: True pixels with a predicted pixel within the tolerance.
        true: True pixels (tp + fn).
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    hit_predicted: int = 0
    predicted: int = 0
    hit_true: int = 0
    true: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def count(
    predicted: BoolArray,
    truth: BoolArray,
    known: BoolArray | None = None,
    tolerance_px: float = 2.0,
    core: Box | None = None,
) -> Counts:
    """Compare a predicted crack mask with the truth.

    Args:
        predicted, truth: H x W bool, True where crack.
        known: H x W bool; pixels outside count in no way, neither as a pixel nor as a neighbour within the
            tolerance. None means all are known.
        tolerance_px: Exact Euclidean distance between pixel centres up to which a pixel counts as hit.
        core: Only pixels in this box count; those around it are neighbours within the tolerance. Counts of
            boxes that cover a photo, each with such a margin, add up to those of the photo. None for all.

    Raises:
        MaskError: The shapes differ.
    """
    predicted, truth = _known_parts(predicted, truth, known)
    core = core if core is not None else Box(0, 0, *predicted.shape)
    mine, theirs = predicted[core.slices], truth[core.slices]
    tp = int(np.count_nonzero(mine & theirs))
    n_predicted, n_true = int(np.count_nonzero(mine)), int(np.count_nonzero(theirs))
    return Counts(
        tp=tp,
        fp=n_predicted - tp,
        fn=n_true - tp,
        hit_predicted=_hits(mine, truth, tolerance_px, core),
        predicted=n_predicted,
        hit_true=_hits(theirs, predicted, tolerance_px, core),
        true=n_true,
    )


def dice(counts: Counts) -> float:
    """2 TP / (2 TP + FP + FN); 1 when both masks are empty, 0 when exactly one is."""
    return _share(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def iou(counts: Counts) -> float:
    """TP / (TP + FP + FN); 1 when both masks are empty. Equals Dice / (2 - Dice) of the same counts."""
    return _share(counts.tp, counts.tp + counts.fp + counts.fn)


def precision(counts: Counts) -> float:
    """TP / predicted; 1 when both masks are empty, 0 when only the prediction is."""
    return _share(counts.tp, counts.predicted, both_empty=counts.true == 0)


def recall(counts: Counts) -> float:
    """TP / true; 1 when both masks are empty, 0 when only the truth is."""
    return _share(counts.tp, counts.true, both_empty=counts.predicted == 0)


def tolerance_f1(counts: Counts) -> float:
    """Harmonic mean of the shares of predicted and of true pixels that were hit; empty masks as in Dice."""
    hit_precision = _share(counts.hit_predicted, counts.predicted, both_empty=counts.true == 0)
    hit_recall = _share(counts.hit_true, counts.true, both_empty=counts.predicted == 0)
    total = hit_precision + hit_recall
    return 2 * hit_precision * hit_recall / total if total > 0 else 0.0


def scores(counts: Counts, tolerance_px: float = 2.0, photos: int = 1) -> Scores:
    """All scores of pooled counts (micro when ``counts`` is a sum over photos).

    Args:
        counts: From :func:`count`, made with ``tolerance_px``; may be a sum.
        tolerance_px: Stated in the result.
        photos: How many photos were pooled.
    """
    return Scores(
        dice=dice(counts),
        iou=iou(counts),
        precision=precision(counts),
        recall=recall(counts),
        tolerance_f1=tolerance_f1(counts),
        tolerance_px=tolerance_px,
        photos=photos,
    )


def macro(counts: Sequence[Counts], tolerance_px: float = 2.0) -> Scores:
    """Mean of the scores of each photo; all zero when there is no photo."""
    per_photo = [scores(one, tolerance_px) for one in counts]
    names = ("dice", "iou", "precision", "recall", "tolerance_f1")
    means = {
        name: float(np.mean([getattr(one, name) for one in per_photo])) if per_photo else 0.0
        for name in names
    }
    return Scores(**means, tolerance_px=tolerance_px, photos=len(per_photo))


def centreline_dice(predicted: BoolArray, truth: BoolArray, known: BoolArray | None = None) -> float:
    """Dice of topology: do the centre lines of each mask lie inside the other?

    Harmonic mean of |S(predicted) within truth| / |S(predicted)| and |S(truth) within predicted| / |S(truth)|
    where S is the skeleton (Shit et al., clDice, CVPR 2021, section 3). In [0, 1]; 1 when both masks are
    empty, 0 when exactly one is.

    Args:
        predicted, truth: H x W bool, True where crack.
        known: H x W bool; pixels outside count as empty in both masks.

    Raises:
        MaskError: The shapes differ.
    """
    from skimage.morphology import skeletonize

    predicted, truth = _known_parts(predicted, truth, known)
    if not predicted.any() or not truth.any():
        return 1.0 if predicted.any() == truth.any() else 0.0
    line_predicted = skeletonize(predicted)  # type: ignore[no-untyped-call]
    line_true = skeletonize(truth)  # type: ignore[no-untyped-call]
    topology_precision = np.count_nonzero(line_predicted & truth) / np.count_nonzero(line_predicted)
    topology_recall = np.count_nonzero(line_true & predicted) / np.count_nonzero(line_true)
    total = topology_precision + topology_recall
    return float(2 * topology_precision * topology_recall / total) if total > 0 else 0.0


def _known_parts(
    predicted: BoolArray, truth: BoolArray, known: BoolArray | None
) -> tuple[BoolArray, BoolArray]:
    shapes = {array.shape for array in (predicted, truth, known) if array is not None}
    if len(shapes) != 1 or predicted.ndim != 2:
        raise MaskError(
            f"cannot compare masks of shapes {sorted(shapes)}.", "Masks must have the size of their photo."
        )
    predicted, truth = predicted.astype(np.bool_, copy=False), truth.astype(np.bool_, copy=False)
    if known is None:
        return predicted, truth
    return predicted & known, truth & known


def _hits(pixels: BoolArray, targets: BoolArray, tolerance_px: float, core: Box) -> int:
    """How many of ``pixels``, which are those of ``core``, have one of ``targets`` within the tolerance."""
    if not targets.any() or not pixels.any():
        return 0
    away = np.logical_not(targets).astype(np.uint8)
    distance_px = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return int(np.count_nonzero(distance_px[core.slices][pixels] <= tolerance_px + _DISTANCE_SLACK_PX))


def _share(part: int, whole: int, both_empty: bool = True) -> float:
    if whole == 0:
        return 1.0 if both_empty else 0.0
    return part / whole
