"""The threshold that draws the best mask on the photos that judge, held back where few of them speak."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resatt_studio.learning.calibration import Histogram, soft_probability
from resatt_studio.records.calibration import AS_IT_IS, Calibration, ChosenThreshold
from resatt_studio.records.weights import USUAL_THRESHOLD

LOWEST, HIGHEST = 0.10, 0.90
"""Bounds of what is chosen; beyond them a mask follows the noise."""
SMOOTH = 5
"""Over how many steps of 0.01 the curve of Dice is averaged."""
LEVEL = 0.005
"""Dice that a threshold one logit away from the usual one has to gain; else a flat curve chose its end."""


@dataclass(frozen=True, slots=True)
class Caution:
    """How little a few photos may move the threshold.

    Each photo that comes to judge says something else, and a mask that follows the newest loses on all others
    what the weights gained. These numbers let a threshold do so a tenth as often as the first of them alone,
    at 4, did, and keep nearly all that thresholds gain (docs/BENCHMARKS-learning.md, "Temperature, bias,
    threshold").

    Attributes:
        falls: How many photos the usual threshold weighs against a lower one.
        rises: The same against a higher one. Of calibrated probabilities the threshold of the best Dice is
            half that Dice (Lipton, Elkan and Naryanaswamy, Optimal Thresholding of Classifiers to Maximize F1
            Measure, ECML 2014), so never above 0.5: what few photos say against it is mostly chance.
        way: Share of the way, in logits, from the threshold in use to the one that is chosen anew.
    """

    falls: float = 6.0
    rises: float = 16.0
    way: float = 0.5


USUAL_CAUTION = Caution()


def choose_threshold(
    photos: Sequence[Histogram],
    calibration: Calibration,
    used: ChosenThreshold | None = None,
    caution: Caution = USUAL_CAUTION,
) -> ChosenThreshold:
    """A threshold between the one in use and the best of these photos; the one in use where more photos chose
    it.

    The first photo that is held back judges alone after parts of four photos did. It would move the threshold
    back towards 0.5, and with it half of what had been gained (simulated inspectors on CrackMap: 0.715 to
    0.691 Dice on unseen photos).

    Args:
        photos, calibration, caution: As for :func:`best_threshold`.
        used: That of the weights in use; None where it is the usual one, which no photo chose.
    """
    speaking = _speaking(photos)
    if used is not None and used.photos > speaking:
        return used
    best = best_threshold(photos, calibration, caution)
    if used is not None:
        here = _logit(min(max(used.value, LOWEST), HIGHEST))
        best = _threshold(here + caution.way * (_logit(best) - here))
    return ChosenThreshold(best, speaking)


def best_threshold(
    photos: Sequence[Histogram], calibration: Calibration = AS_IT_IS, caution: Caution = USUAL_CAUTION
) -> float:
    """The threshold of the best pooled Dice, in steps of 0.01, drawn to 0.5 where few photos speak.

    Dice of a few photos is flat and jagged around its best, so its curve is smoothed. Of the way in logits
    from 0.5 to that best, n photos with crack go n / (n + m), which is how far a mean of n is believed beside
    a belief that weighs m of them: m is ``caution.falls`` or ``caution.rises``.

    Args:
        photos: Known pixels of each photo that judges, by soft answers.
        calibration: How the network's logits become probabilities.
        caution: What the usual threshold weighs, in photos.
    """
    speaking = _speaking(photos)
    if not speaking:
        return USUAL_THRESHOLD
    steps = np.round(np.arange(LOWEST, HIGHEST + 0.005, 0.01), 2)
    around = np.round(np.arange(-(SMOOTH // 2), SMOOTH // 2 + 1) * 0.01, 2)
    pooled = np.sum(photos, axis=0)
    dice = np.mean([_dice(pooled, calibration, steps + shift) for shift in around], axis=0)
    way = np.log(steps / (1 - steps))
    best = float(way[int(np.argmax(dice - LEVEL * way**2))])
    weight = caution.rises if best > 0 else caution.falls
    return _threshold(best * speaking / (speaking + weight))


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _threshold(logit: float) -> float:
    return round(1 / (1 + math.exp(-logit)), 2)


def _speaking(photos: Sequence[Histogram]) -> int:
    return sum(1 for photo in photos if photo[1].any())


def _dice(
    counts: Histogram, calibration: Calibration, thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    above = soft_probability(calibration)[None, :] > thresholds[:, None]
    false, true = (above * counts[kind] for kind in (0, 1))
    tp, fp = true.sum(axis=1), false.sum(axis=1)
    return np.asarray(2 * tp / np.maximum(tp + fp + counts[1].sum(), 1))
