"""Makes probabilities mean what they say: temperature and bias from the pixels that judge, near cracks.

Far from every crack any network is rightly sure of itself, and so many pixels lie there that they would hide
what it is near cracks. So pixels within 10 px of predicted cracks count alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.inference.segmenter import probability_of
from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array
from resatt_studio.records.calibration import AS_IT_IS, Calibration, Reliability, ReliabilityBin

SOFT = Calibration(temperature=4.0)
"""How networks are read while they are judged: 8 bits of sigmoid(z / 4) tell logits apart from -26 to 26,
where 8 bits of sigmoid(z) end at -6 and 6. The mask at 0.5 is the same."""

BINS = 15
NEAR_PX = 10

PULL = 4.0
PULL_TEMPERATURE = 0.03
PULL_BIAS = 1.0
"""Weights, for one photo that judges, of the squared distances from what held before (in ln temperature and
logits) against the mean surprise in nats; halved by two photos. ``PULL`` is for both where a calibration held
before: the shipped weights carry a temperature from some hundred validation tiles, and one photo knows less
(with a pull of 0.03 one CrackMap photo took the calibration error of the others from 0.046 to 0.065, with 4
to 0.049). The others are for weights that carry none, of whose temperature any photo knows more. A bias moves
the mask: as free as that, one photo cost up to 0.06 Dice on others (docs/BENCHMARKS-learning.md)."""

COOLEST = 1.0
"""Temperatures below are not believed. What was approved without a stroke agrees with the network that drew
it, however wrong both are, and would make it surer and surer of itself."""

_STEPS = 60
_NO_CHANGE = 1e9
_LARGEST_STEP = 0.5

Histogram = npt.NDArray[np.int64]
"""2 x 256: pixels of no crack and of crack, by their answer read softly."""


def soft_logits() -> Float32Array:
    """The logit of each of the 256 answers that :data:`SOFT` reads; the first and last are those of a
    quarter of a step."""
    p = np.clip(np.arange(256, dtype=np.float64), 0.25, 254.75) / 255
    return np.asarray(SOFT.temperature * np.log(p / (1 - p)), np.float32)


def soft_probability(calibration: Calibration = AS_IT_IS) -> Float32Array:
    """The probability in [0, 1] of each of the 256 soft answers."""
    return probability_of(soft_logits(), calibration)


def histogram(answer: UInt8Array, truth: BoolArray, counted: BoolArray) -> Histogram:
    """Count soft answers by what is true.

    Args:
        answer: h x w uint8, read with :data:`SOFT`.
        truth, counted: h x w bool.
    """
    place = answer.astype(np.int64) + 256 * truth
    return np.bincount(place[counted], minlength=512).reshape(2, 256)


def near_cracks(answer: UInt8Array) -> BoolArray:
    """h x w bool: within 10 px of what a soft answer calls crack."""
    side = 2 * NEAR_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate((answer > 127).astype(np.uint8), disc) > 0)


def fit_calibration(
    photos: Sequence[Histogram], start: Calibration = AS_IT_IS, pull_bias: float | None = None
) -> Calibration:
    """The temperature and bias under which the truth is least surprising, each photo counting alike.

    The fewer photos there are, the more they are pulled to ``start``, more strongly when that is a
    calibration; without any pixel nothing changes. The temperature does not fall below :data:`COOLEST`, or
    ``start``'s where that is lower.

    Args:
        photos: Pixels near predicted cracks of each photo that judges.
        start: What held before.
        pull_bias: Weight that keeps the bias where it was, instead of the usual one; infinite for no change
            of it.
    """
    shares = [photo / photo.sum() for photo in photos if photo.sum()]
    if not shares:
        return start
    weight = np.mean(shares, axis=0)  # 2 x 256, sums to 1
    z = soft_logits().astype(np.float64)
    pulls = (PULL_TEMPERATURE, PULL_BIAS) if start == AS_IT_IS else (PULL, PULL)
    pull = np.array([pulls[0], min(pulls[1] if pull_bias is None else pull_bias, _NO_CHANGE)]) / len(shares)
    origin = np.array([-math.log(start.temperature), start.bias])
    found = origin.copy()
    for _ in range(_STEPS):
        gain, bias = math.exp(found[0]), found[1]
        q = probability_of((gain * z + bias).astype(np.float32)).astype(np.float64)
        slope = np.stack([gain * z, np.ones_like(z)])
        error = weight[0] * q - weight[1] * (1 - q)
        curve = weight.sum(axis=0) * q * (1 - q)
        # Gauss-Newton: without the second derivative of the gain the matrix is always positive.
        gradient = slope @ error + pull * (found - origin)
        matrix = (slope * curve) @ slope.T + np.diag(pull)
        step = np.clip(np.linalg.solve(matrix, gradient), -_LARGEST_STEP, _LARGEST_STEP)
        found -= step
        found[0] = min(found[0], max(origin[0], -math.log(COOLEST)))
        if float(np.abs(step).max()) < 1e-6:
            break
    return Calibration(round(math.exp(-found[0]), 4), round(float(found[1]), 4))


def as_sure_as(held: Calibration, before: Sequence[Histogram], after: Sequence[Histogram]) -> Calibration:
    """What ``held`` for one network, for another that learned from it: learning makes logits larger, mostly
    without making them truer, so the temperature rises as their mean size does. It never falls.

    Args:
        held: Calibration of the first network; without one there is nothing to go by, and it is returned.
        before, after: Pixels near predicted cracks by the soft answers of both, of the same photos; the truth
            does not count.
    """
    sizes = [_mean_size(photos) for photos in (before, after)]
    if held == AS_IT_IS or not all(sizes):
        return held
    return replace(held, temperature=round(held.temperature * max(1.0, sizes[1] / sizes[0]), 4))


def _mean_size(photos: Sequence[Histogram]) -> float:
    """Mean of the absolute logits, 0 without a pixel."""
    counts = np.sum(photos, axis=(0, 1)) if len(photos) else np.zeros(256)
    return float(counts @ np.abs(soft_logits()) / max(counts.sum(), 1))


def reliability(photos: Sequence[Histogram], calibration: Calibration = AS_IT_IS) -> Reliability | None:
    """Probabilities beside the truth, over the pixels of all photos; None without a pixel."""
    counts = np.sum(photos, axis=0) if photos else np.zeros((2, 256), np.int64)
    if not counts.sum():
        return None
    p = soft_probability(calibration).astype(np.float64)
    place = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    both = counts.sum(axis=0)
    pixels = np.bincount(place, both, BINS)
    certain = np.bincount(place, both * p, BINS)
    crack = np.bincount(place, counts[1], BINS)
    some = np.maximum(pixels, 1)
    rows = zip(pixels, certain / some, crack / some, strict=True)
    return Reliability(tuple(ReliabilityBin(int(n), float(mean), float(share)) for n, mean, share in rows))
