"""Chooses what to learn from: windows of corrected photos, the fresh corrections first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

import numpy as np

from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.sample import Sample

WINDOW_PX = 512
MARGIN_PX = 64
WHOLE_PX = 768
"""Photos up to this side are one window; larger ones are cut, so that memory and time stay bounded."""


@dataclass(frozen=True, eq=False)
class Window:
    """A part of a sample that is small enough to predict and to learn from.

    Attributes:
        sample_id, fresh: As in :class:`Sample`.
        box: Where it lies in the photo.
        pixels: h x w x 3 uint8 RGB.
        labels: h x w uint8 of ``Label`` values.
        approved: h x w uint8 probability * 255 that the inspector approved, or None.
    """

    sample_id: str
    fresh: bool
    box: Box
    pixels: UInt8Array = field(repr=False)
    labels: UInt8Array = field(repr=False)
    approved: UInt8Array | None = field(repr=False, default=None)


def choose_windows(samples: Sequence[Sample], seed: int = 0) -> Iterator[Window]:
    """Windows in the order of their worth, one of each sample in turn, fresh samples first.

    Of a large photo the windows with most labelled crack come first, alternating with windows drawn at
    random among the labelled ones: a photo is more than its cracks. Windows that nobody said anything about
    are left out, unless the inspector approved the photo's prediction.

    Args:
        samples: Of one side of the split.
        seed: Of the draw.
    """
    order = sorted(samples, key=lambda sample: (not sample.fresh, sample.sample_id))
    boxes = [_boxes_by_worth(sample, np.random.default_rng([seed, i])) for i, sample in enumerate(order)]
    rounds = zip_longest(*([(sample, box) for box in own] for sample, own in zip(order, boxes, strict=True)))
    return (_window(*pick) for pick in chain.from_iterable(rounds) if pick is not None)


def within_pixels(windows: Iterable[Window], pixels: float) -> list[Window]:
    """The first windows that together have at most so many pixels; at least one window."""
    chosen: list[Window] = []
    for window in windows:
        pixels -= window.labels.size
        if chosen and pixels < 0:
            break
        chosen.append(window)
    return chosen


def _boxes_by_worth(sample: Sample, rng: np.random.Generator) -> list[Box]:
    boxes = [box for box in _grid(sample) if _has_something(sample, box)]
    worth = [np.count_nonzero(sample.labels[box.slices] == Label.CRACK) for box in boxes]
    best_first = [boxes[index] for index in np.argsort(worth, kind="stable")[::-1]]
    shuffled = [boxes[index] for index in rng.permutation(len(boxes))]
    alternating = chain.from_iterable(zip(best_first, shuffled, strict=True))
    return list(dict.fromkeys(alternating))


def _grid(sample: Sample) -> Iterator[Box]:
    height, width = sample.labels.shape
    if max(height, width) <= WHOLE_PX:
        yield Box(0, 0, height, width)
        return
    for row, column in Box(0, 0, height, width).cells(WINDOW_PX):
        cell = Box(0, 0, WINDOW_PX, WINDOW_PX).shifted(row * WINDOW_PX, column * WINDOW_PX)
        yield cell.clipped(height, width)


def _has_something(sample: Sample, box: Box) -> bool:
    return sample.predicted is not None or bool(np.any(sample.labels[box.slices]))


def _window(sample: Sample, box: Box) -> Window:
    height, width = sample.labels.shape
    wide = box.expanded(MARGIN_PX).clipped(height, width)
    approved = sample.predicted[wide.slices] if sample.predicted is not None else None
    return Window(
        sample_id=sample.sample_id,
        fresh=sample.fresh,
        box=wide,
        pixels=sample.pixels[wide.slices],
        labels=sample.labels[wide.slices],
        approved=approved,
    )
