"""What a window teaches: a target and a weight for every pixel, and where the corrections are.

Painted pixels are taught as painted. Where the inspector said nothing, nothing is taken for background: there
the network's own answer is the target, doubts included, and the mask that the inspector approved where it
says otherwise. (Not the approved probability: it may be of other weights, and calibrated, which softens it
with every run that learns from it.) Strokes lie on errors, and most errors are missed crack; learning from
strokes alone teaches to see more of it everywhere (measured before: Dice 0.59 to 0.38). What the old network
thinks of the pixels beside a stroke is the only word against that, its doubts along the crack's edge above
all; docs/BENCHMARKS-learning.md compares.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.learning.support import Window
from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array
from resatt_studio.records.correction import Label

MAX_CENTRES = 20_000

_CROSS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Lesson:
    """A window ready to be cut into patches.

    Attributes:
        sample_id: As in :class:`Window`.
        pixels: h x w x 3 uint8 RGB.
        target: h x w float32 crack probability; 0 or 1 where it was painted.
        weight: h x w float32 in [0, 1]; 0 counts in no way.
        painted: h x w float32, 1 where the inspector's own paint teaches, else 0.
        centres: n x 2 pixels (row, column) that were corrected, n up to 20,000.
        mended: h x w float32, 1 where the inspector overruled the network's own answer, else 0. A reminder of
            that answer must be silent there, or it would teach the mistake again.
    """

    sample_id: str
    pixels: UInt8Array = field(repr=False)
    target: Float32Array = field(repr=False)
    weight: Float32Array = field(repr=False)
    painted: Float32Array = field(repr=False)
    centres: npt.NDArray[np.int32] = field(repr=False)
    mended: Float32Array = field(repr=False)


def make_lesson(
    window: Window, own_probability_8bit: UInt8Array, weak_weight: float, rng: np.random.Generator
) -> Lesson:
    """Combine what was said with what the network believes.

    Args:
        window: Corrected part of a photo.
        own_probability_8bit: h x w uint8 probability * 255 of the weights that learning starts from.
        weak_weight: Weight in [0, 1] of what is believed of unsaid pixels.
        rng: Thins out the centres.
    """
    said = window.labels != Label.UNSAID
    target = window.labels == Label.CRACK
    painted = painted_weight(window.labels)
    believed = own_probability_8bit
    if window.approved is not None:
        shown = window.approved > 255 * window.threshold
        believed = np.where(shown == (believed > 127), believed, np.where(shown, np.uint8(255), np.uint8(0)))
    unsaid = np.logical_not(_touching(said))
    target = np.where(unsaid, believed / np.float32(255), target)
    weight = np.where(unsaid, np.float32(weak_weight), painted)
    if window.held is not None:
        weight[window.held] = 0.0
        painted[window.held] = 0.0
    return Lesson(
        sample_id=window.sample_id,
        pixels=window.pixels,
        target=target.astype(np.float32),
        weight=weight,
        painted=painted,
        centres=_centres(_taught(window), own_probability_8bit, rng),
        mended=_overruled(window.labels, own_probability_8bit).astype(np.float32),
    )


def painted_weight(labels: UInt8Array) -> Float32Array:
    """1 on painted pixels, 0 elsewhere and on the outermost ring of thick strokes, whose edge is a guess.

    A stroke too thin to have an inside keeps all its pixels. Complete labels have no edge to the unsaid, so
    nothing of them is lost.

    Args:
        labels: h x w uint8 of ``Label`` values.

    Returns:
        h x w float32.
    """
    said = labels != Label.UNSAID
    inner = cv2.erode(said.astype(np.uint8), _CROSS, borderValue=1)
    ring = said & (inner == 0) & (cv2.dilate(inner, _CROSS) > 0)
    return np.asarray(said & np.logical_not(ring), dtype=np.float32)


def _taught(window: Window) -> UInt8Array:
    """Labels without those that judge."""
    if window.held is None:
        return window.labels
    return np.where(window.held, Label.UNSAID, window.labels).astype(np.uint8)


def _touching(said: BoolArray) -> BoolArray:
    """Painted pixels and those within one pixel of them."""
    return np.asarray(cv2.dilate(said.astype(np.uint8), _CROSS) > 0)


def _overruled(labels: UInt8Array, own_probability_8bit: UInt8Array) -> BoolArray:
    """Painted pixels at which the network had answered otherwise."""
    crack = labels == Label.CRACK
    return np.asarray((labels != Label.UNSAID) & (crack != (own_probability_8bit > 127)))


def _centres(
    labels: UInt8Array, own_probability_8bit: UInt8Array, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Where the inspector disagreed with the network; where that is nowhere, the crack; else all that was
    said."""
    said = labels != Label.UNSAID
    crack = labels == Label.CRACK
    for pixels in (_overruled(labels, own_probability_8bit), crack, said):
        found = np.argwhere(pixels).astype(np.int32)
        if len(found):
            break
    if len(found) > MAX_CENTRES:
        found = found[rng.choice(len(found), MAX_CENTRES, replace=False)]
    return found
