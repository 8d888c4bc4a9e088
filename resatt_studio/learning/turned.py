"""Finds labels that lie on their photo turned or mirrored, as masks imported the wrong way round do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.sample import AnySample, Sample

LEAST_DICE = 0.3
"""The labels, turned back, have to agree with what the network saw by this much."""
LEAST_ADVANTAGE = 3.0
"""And so many times better than as they lie: a straight crack through the middle fits either way."""
LEAST_PIXELS = 50

_Turn = Callable[[BoolArray], BoolArray]
_TURNS: Mapping[str, _Turn] = {
    "turned by 180 degrees": lambda mask: mask[::-1, ::-1],
    "mirrored left to right": lambda mask: mask[:, ::-1],
    "mirrored top to bottom": lambda mask: mask[::-1],
}


def how_turned(labels: UInt8Array, predicted: UInt8Array | None) -> str:
    """Say how labels seem to be turned against their photo.

    Args:
        labels: H x W uint8 of ``Label`` values.
        predicted: H x W uint8 probability * 255 that was on the screen, or None: then nothing can be told.

    Returns:
        Such as "turned by 180 degrees"; "" when they fit as they lie, or when too little says otherwise.
    """
    if predicted is None:
        return ""
    seen = np.asarray(predicted > 127)
    # Strokes lie where nothing was seen; with the prediction around them they are the mask that was approved.
    crack = np.where(labels == Label.UNSAID, seen, labels == Label.CRACK)
    if min(np.count_nonzero(crack), np.count_nonzero(seen)) < LEAST_PIXELS:
        return ""
    as_it_lies = _dice(crack, seen)
    dices = {words: _dice(turn(crack), seen) for words, turn in _TURNS.items()}
    best = max(dices, key=lambda words: dices[words])
    turned = dices[best] >= LEAST_DICE and dices[best] >= LEAST_ADVANTAGE * as_it_lies
    return best if turned else ""


def sample_turned(sample: AnySample) -> str:
    """As :func:`how_turned`. Masks that were brought in may be turned; what was painted on tiles of the photo
    cannot be."""
    return how_turned(sample.labels, sample.predicted) if isinstance(sample, Sample) else ""


def _dice(crack: BoolArray, seen: BoolArray) -> float:
    both = int(np.count_nonzero(crack & seen))
    return 2 * both / (int(np.count_nonzero(crack)) + int(np.count_nonzero(seen)))
