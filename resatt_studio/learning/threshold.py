"""The threshold that draws the best mask on the photos that judge, held back where few of them speak."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from resatt_studio.learning.calibration import Histogram, soft_probability
from resatt_studio.records.calibration import AS_IT_IS, Calibration, ChosenThreshold
from resatt_studio.records.weights import USUAL_THRESHOLD

LOWEST, HIGHEST = 0.10, 0.90
"""Bounds of what is chosen; beyond them a mask follows the noise."""
HOLD = 4.0
"""How many photos the usual threshold weighs. Where one CrackMap photo chose alone, the others lost up to
0.17 Dice; held like this they lost at most 0.006 and gained that much on average, and five photos gain as
much as when nothing holds them (docs/BENCHMARKS-learning.md)."""
SMOOTH = 5
"""Over how many steps of 0.01 the curve of Dice is averaged."""
LEVEL = 0.005
"""Dice that a threshold one logit away from the usual one has to gain; else a flat curve chose its end."""


def choose_threshold(
    photos: Sequence[Histogram], calibration: Calibration, used: ChosenThreshold | None = None
) -> ChosenThreshold:
    """The best threshold of these photos, or the one in use where more photos chose that.

    The first photo that is held back judges alone after parts of four photos did. It would move the threshold
    back towards 0.5, and with it half of what had been gained (simulated inspectors on CrackMap: 0.715 to
    0.691 Dice on unseen photos).

    Args:
        photos, calibration: As for :func:`best_threshold`.
        used: That of the weights in use.
    """
    speaking = _speaking(photos)
    if used is not None and used.photos > speaking:
        return used
    return ChosenThreshold(best_threshold(photos, calibration), speaking)


def best_threshold(
    photos: Sequence[Histogram], calibration: Calibration = AS_IT_IS, hold: float = HOLD
) -> float:
    """The threshold of the best pooled Dice, in steps of 0.01, drawn to 0.5 where few photos speak.

    Dice of a few photos is flat and jagged around its best, so its curve is smoothed. Of the way in logits
    from 0.5 to that best, n photos with crack go n / (n + ``hold``), which is how far a mean of n is believed
    beside a belief that weighs ``hold`` of them.

    Args:
        photos: Known pixels of each photo that judges, by soft answers.
        calibration: How the network's logits become probabilities.
        hold: What the usual threshold weighs, in photos.
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
    held = best * speaking / (speaking + hold)
    return round(1 / (1 + math.exp(-held)), 2)


def _speaking(photos: Sequence[Histogram]) -> int:
    return sum(1 for photo in photos if photo[1].any())


def _dice(
    counts: Histogram, calibration: Calibration, thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    above = soft_probability(calibration)[None, :] > thresholds[:, None]
    false, true = (above * counts[kind] for kind in (0, 1))
    tp, fp = true.sum(axis=1), false.sum(axis=1)
    return np.asarray(2 * tp / np.maximum(tp + fp + counts[1].sum(), 1))
