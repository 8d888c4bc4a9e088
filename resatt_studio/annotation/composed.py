"""The mask that the inspector sees and takes away: the prediction, overruled wherever something was said."""

from __future__ import annotations

import numpy as np

from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.prediction import Prediction, above


def composed_mask(prediction: Prediction | None, labels: UInt8Array, threshold: float = 0.5) -> BoolArray:
    """Overrule a prediction by a correction of the same photo.

    Args:
        prediction: Of the same photo, or None for nothing predicted.
        labels: H x W uint8 of label values.
        threshold: Probability above which an unsaid pixel counts as crack, in [0, 1].

    Returns:
        H x W bool, True on crack.
    """
    return overruled(None if prediction is None else prediction.probability_8bit, labels, threshold)


def overruled(probability_8bit: UInt8Array | None, labels: UInt8Array, threshold: float = 0.5) -> BoolArray:
    """As :func:`composed_mask` for any part of a photo.

    Args:
        probability_8bit: H x W uint8, probability * 255; None for nothing predicted.
        labels: H x W uint8 of label values of the same pixels.
        threshold: Probability above which an unsaid pixel counts as crack, in [0, 1].

    Returns:
        H x W bool, True on crack.
    """
    if probability_8bit is None:
        return np.asarray(labels == Label.CRACK)
    mask = above(probability_8bit, threshold)
    mask[labels == Label.CRACK] = True
    mask[labels == Label.NOT_CRACK] = False
    return mask
