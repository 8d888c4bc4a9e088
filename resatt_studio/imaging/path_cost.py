"""What a path pays for each pixel: little along a crack, much beside it."""

from __future__ import annotations

import numpy as np

from resatt_studio.imaging.ridges import dark_ridges
from resatt_studio.records.arrays import Float32Array, UInt8Array

LEAST_COST = 0.15
"""Of a pixel that is certainly crack; above zero, so that of two sure ways the shorter one wins."""

_TRUST = 0.7  # what a sure network may take away of a pixel's doubt; measured best on three sets


def crack_cost(lightness: Float32Array, probability_8bit: UInt8Array | None = None) -> Float32Array:
    """Cost of one pixel of way, from the photo's dark ridges and, when there is one, a network's answer.

    Both are evidence, and either alone may miss a crack: the share of doubt that is left is what both leave,
    so that the photo carries a path through gaps of the prediction and the prediction through gaps of the
    ridge.

    Args:
        lightness: h x w float32, 0 to 255; see :func:`.ridges.grey`.
        probability_8bit: h x w uint8 crack probability, 255 for certain; None for the photo alone.

    Returns:
        h x w float32 in [LEAST_COST, 1].
    """
    doubt = 1.0 - dark_ridges(lightness)
    doubt *= doubt
    if probability_8bit is not None:
        doubt *= 1.0 - np.float32(_TRUST / 255.0) * probability_8bit
    return np.asarray(LEAST_COST + (1.0 - LEAST_COST) * doubt, np.float32)
