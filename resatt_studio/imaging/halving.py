"""Maps at half their size."""

from __future__ import annotations

import numpy as np

from resatt_studio.records.arrays import UInt8Array


def halve_max(values: UInt8Array) -> UInt8Array:
    """Maximum of each 2 x 2 block, so that what is one pixel wide stays to be seen."""
    rows = values[0::2].copy()
    np.maximum(rows[: values.shape[0] // 2], values[1::2], out=rows[: values.shape[0] // 2])
    halved = rows[:, 0::2].copy()
    half = rows.shape[1] // 2
    np.maximum(halved[:, :half], rows[:, 1::2], out=halved[:, :half])
    return halved


def doubt_8bit(probability_8bit: UInt8Array) -> UInt8Array:
    """How near to one half each value is: min(value, 255 - value), 0 to 127; the same shape."""
    return np.minimum(probability_8bit, 255 - probability_8bit)
