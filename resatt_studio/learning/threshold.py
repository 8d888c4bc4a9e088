"""The threshold that draws the best mask on the photos that judge, held back where few of them speak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from resatt_studio.learning.calibration import Histogram, soft_probability
from resatt_studio.records.calibration import AS_IT_IS, Calibration
from resatt_studio.records.weights import USUAL_THRESHOLD

LOWEST, HIGHEST = 0.10, 0.90
"""Bounds of what is chosen; beyond them a mask follows the noise."""
PULL = 0.02
"""Dice that a photo alone has to gain for a threshold one logit away from the usual one; two need half."""
SMOOTH = 5
"""Over how many steps of 0.01 the curve of Dice is averaged."""


def best_threshold(photos: Sequence[Histogram], calibration: Calibration = AS_IT_IS) -> float:
    """The threshold of the best pooled Dice, in steps of 0.01.

    Dice of a few photos is flat and jagged around its best. So its curve is smoothed, and moving away from
    0.5 has to be worth it: Dice less ``PULL`` / n times the squared way in logits is what is best, for n
    photos with crack.

    Args:
        photos: Known pixels of each photo that judges, by soft answers.
        calibration: How the network's logits become probabilities.
    """
    speaking = [photo for photo in photos if photo[1].any()]
    if not speaking:
        return USUAL_THRESHOLD
    steps = np.round(np.arange(LOWEST, HIGHEST + 0.005, 0.01), 2)
    around = np.round(np.arange(-(SMOOTH // 2), SMOOTH // 2 + 1) * 0.01, 2)
    pooled = np.sum(photos, axis=0)
    dice = np.mean([_dice(pooled, calibration, steps + shift) for shift in around], axis=0)
    way = np.log(steps / (1 - steps))
    worth = dice - PULL / len(speaking) * way**2
    return float(steps[int(np.argmax(worth))])


def _dice(
    counts: Histogram, calibration: Calibration, thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    above = soft_probability(calibration)[None, :] > thresholds[:, None]
    false, true = (above * counts[kind] for kind in (0, 1))
    tp, fp = true.sum(axis=1), false.sum(axis=1)
    return np.asarray(2 * tp / np.maximum(tp + fp + counts[1].sum(), 1))
