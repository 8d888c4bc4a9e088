"""How much of a mask is in doubt, and where: from the kept 8-bit probability alone, without a network.

The mean entropy over all pixels says little about a mask. Most pixels have no crack and a little doubt, and
there are so many of them that they outweigh the crack. So doubt is measured against the size of the crack.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.doubt import DoubtfulPlace
from resatt_studio.records.geometry import Box

Counts = npt.NDArray[np.int64]
Whole = npt.NDArray[Any]

CANDIDATE = 26
"""Probability x 255 from which a pixel counts as a candidate for crack: 0.1."""
_SURE = 230  # 0.9; a weak pixel beside such a one is only the edge of a crack that is certain
_FREE_SHARE = 0.1
_LARGEST_PX = 1_500_000
_CELL_SHARE = 0.25
_LEAST_SHARE = 0.03
_LEAST_BITS = 12.0
MOST_PLACES = 50


def count_values(probability_8bit: UInt8Array) -> Counts:
    """How many pixels have each value; 256 int64."""
    return np.bincount(probability_8bit.ravel(), minlength=256)


def expected_doubt(counts: Counts, threshold: float = 0.5) -> float:
    """1 - Dice that is to be expected of a mask, if probabilities mean what they say.

    With S the sum of probabilities over the mask's M pixels and T that over all candidates (probability of
    0.1 and more), expected overlap and sizes give Dice = 2 S / (T + M). So doubt inside the mask counts, and
    so do weak candidates beside it, both against the size of the crack. To numerator and denominator a sure
    crack is added that is one pixel wide and a tenth of the photo's side long; without it, a few weak pixels
    on a photo without crack would be the greatest doubt of all.

    Args:
        counts: Of the 256 values of a photo's 8-bit probability (:func:`count_values`).
        threshold: Probability above which a pixel is in the mask, in [0, 1].

    Returns:
        In [0, 1].
    """
    values = np.arange(256) / 255.0
    masked = np.arange(256) > threshold * 255.0
    sums = counts * values
    free = 2 * _FREE_SHARE * math.sqrt(counts.sum())
    candidates = sums[CANDIDATE:].sum() + sums[:CANDIDATE][masked[:CANDIDATE]].sum()
    if not free:
        return 0.0
    dice = (2 * sums[masked].sum() + free) / (candidates + counts[masked].sum() + free)
    return float(min(1.0, max(0.0, 1.0 - dice)))


def doubtful_places(
    probability_8bit: UInt8Array, said: UInt8Array | None = None
) -> tuple[DoubtfulPlace, ...]:
    """The places of a photo where an inspector should look, most doubtful first.

    Candidate pixels near no certain crack, joined over gaps of a few pixels; a place that is larger than a
    quarter of the photo's long side is cut, so that each fits a view. Of what is left, places with less than
    12 bits (twelve pixels at even odds), or less than 3 percent of the largest one's, are noise.

    Args:
        probability_8bit: H x W uint8.
        said: H x W uint8 of label values; nothing in doubt is left where something was said. None for
            nothing said.

    Returns:
        At most 50 places. Of photos over 1.5 megapixels, boxes are exact to a few pixels.
    """
    height, width = probability_8bit.shape
    step = math.ceil(math.sqrt(height * width / _LARGEST_PX))
    values = _largest_of(probability_8bit, step)
    reach = max(2, round(0.002 * math.sqrt(values.size)))
    near = cv2.dilate(values, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    doubtful = (values >= CANDIDATE) & (near < _SURE)
    if said is not None:
        doubtful &= _largest_of(said, step) == 0
    if not doubtful.any():
        return ()
    labels = _pieces(doubtful, reach)
    bits = np.take(_entropy_bits(), values) * doubtful
    return _ranked(bits, labels, step, height, width)


def _entropy_bits() -> Float32Array:
    p = np.arange(256) / 255.0
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return np.nan_to_num(bits).astype(np.float32)


def _largest_of(values: UInt8Array, step: int) -> UInt8Array:
    """The largest of each square of ``step`` pixels; those at the border may be smaller."""
    if step == 1:
        return values
    height, width = values.shape
    padded = np.pad(values, ((0, -height % step), (0, -width % step)))
    rows = padded.reshape(len(padded) // step, step, -1).max(1)
    return np.asarray(rows.reshape(len(rows), -1, step).max(2), np.uint8)


def _pieces(doubtful: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.int64]:
    """A number for each doubtful pixel's place, 0 for the rest."""
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    joined = cv2.dilate(doubtful.astype(np.uint8), kernel)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    cell = max(16, round(_CELL_SHARE * max(doubtful.shape))) + 2 * reach  # regions were widened by that
    rows, columns = np.nonzero(doubtful)
    numbers = labels[rows, columns].astype(np.int64)
    down = _part(rows, stats[numbers, cv2.CC_STAT_TOP], stats[numbers, cv2.CC_STAT_HEIGHT], cell)
    along = _part(columns, stats[numbers, cv2.CC_STAT_LEFT], stats[numbers, cv2.CC_STAT_WIDTH], cell)
    most = max(doubtful.shape) // cell + 2
    pieces = np.zeros(doubtful.shape, np.int64)
    pieces[rows, columns] = np.unique((numbers * most + down) * most + along, return_inverse=True)[1] + 1
    return pieces


def _part(at: Whole, start: Whole, length: Whole, cell: int) -> Whole:
    """In which of its equal parts, none longer than a cell, a region has each of its pixels."""
    return np.asarray((at - start) * -(-length // cell) // length, np.int64)


def _ranked(
    bits: Float32Array, pieces: npt.NDArray[np.int64], step: int, height: int, width: int
) -> tuple[DoubtfulPlace, ...]:
    rows, columns = np.nonzero(pieces)
    numbers, weights = pieces[rows, columns], bits[rows, columns]
    mass = np.bincount(numbers, weights) * step * step
    least = max(_LEAST_BITS, _LEAST_SHARE * float(mass.max()))
    chosen = [
        int(number) for number in np.argsort(-mass, kind="stable")[:MOST_PLACES] if mass[number] >= least
    ]
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(len(mass) + 1))
    places = []
    for number in chosen:
        own = order[starts[number] : starts[number + 1]]
        peak = own[np.argmax(weights[own])]
        box = Box(
            int(rows[own].min()) * step,
            int(columns[own].min()) * step,
            (int(rows[own].max()) + 1) * step,
            (int(columns[own].max()) + 1) * step,
        )
        row = min(int(rows[peak]) * step + step // 2, height - 1)
        column = min(int(columns[peak]) * step + step // 2, width - 1)
        places.append(DoubtfulPlace(box.clipped(height, width), row, column, float(mass[number])))
    return tuple(places)
