"""Chooses what to learn from: windows of corrected photos, the fresh corrections first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

import numpy as np

from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.sample import Sample
from resatt_studio.records.stable import stable_number

WINDOW_PX = 512
MARGIN_PX = 64
WHOLE_PX = 768
"""Photos up to this side are one window; larger ones are cut, so that memory and time stay bounded."""
HELD_SHARE = 0.25
HELD_CELL_PX = (16, 128)
"""Bounds on the side of the squares that are held back of a photo; an eighth of its shorter side between."""


@dataclass(frozen=True, eq=False)
class Window:
    """A part of a sample that is small enough to predict and to learn from.

    Attributes:
        sample_id: As in :class:`Sample`.
        box: Where it lies in the photo.
        pixels: h x w x 3 uint8 RGB.
        labels: h x w uint8 of ``Label`` values.
        approved: h x w uint8 probability * 255 that the inspector approved, or None.
        threshold: Probability above which that was shown as crack, in [0, 1].
        held: h x w bool, True where the photo's own corrections judge instead of teach, or None when all of
            it does the same.
    """

    sample_id: str
    box: Box
    pixels: UInt8Array = field(repr=False)
    labels: UInt8Array = field(repr=False)
    approved: UInt8Array | None = field(repr=False, default=None)
    held: BoolArray | None = field(repr=False, default=None)
    threshold: float = 0.5


def choose_windows(
    samples: Sequence[Sample], seed: int = 0, hold_parts_back: bool = False
) -> Iterator[Window]:
    """Windows in the order of their worth, one of each sample in turn, fresh samples first.

    Of a large photo the windows with most labelled crack come first, alternating with windows drawn at
    random among the labelled ones: a photo is more than its cracks. Windows that nobody said anything about
    are left out, unless the inspector approved the photo's prediction.

    Args:
        samples: Of one side of the split.
        seed: Of the draw.
        hold_parts_back: Mark a part of each photo (:func:`held_back_part`) to judge by.
    """
    order = sorted(samples, key=lambda sample: (not sample.fresh, sample.sample_id))
    picks: list[list[tuple[Sample, Box, BoolArray | None]]] = []
    for number, sample in enumerate(order):
        boxes = _boxes_by_worth(sample, np.random.default_rng([seed, number]))
        held = held_back_part(sample) if hold_parts_back else None
        picks.append([(sample, box, held) for box in boxes])
    rounds = zip_longest(*picks)
    return (_window(*pick) for pick in chain.from_iterable(rounds) if pick is not None)


def held_back_part(sample: Sample) -> BoolArray | None:
    """About a quarter of a photo, in squares, that judges while no whole photo is held back.

    A square's place decides, so it stays held back however often the network learns; only when corrections
    would all fall on one side, the least of them changes it. Crack is split on its own, so that both sides
    have some.

    Returns:
        H x W bool, or None when less than two squares hold painted pixels: then nothing can be held back.
    """
    height, width = sample.labels.shape
    side = int(np.clip(min(height, width) // 8, *HELD_CELL_PX))
    said = _by_cell(sample.labels != Label.UNSAID, side)
    crack = _by_cell(sample.labels == Label.CRACK, side)
    if np.count_nonzero(said) < 2:
        return None
    chance = _chances(sample.photo_id, said.shape)
    held = chance < HELD_SHARE
    for kind in (said, crack):
        places = np.flatnonzero(kind)
        if len(places) < 2:
            continue
        by_chance = places[np.argsort(chance.flat[places])]
        held.flat[by_chance[0]], held.flat[by_chance[-1]] = True, False
    wide = np.repeat(np.repeat(held, side, axis=0), side, axis=1)
    return np.asarray(wide[:height, :width])


def _by_cell(pixels: BoolArray, side: int) -> BoolArray:
    """Whether each square of ``side`` pixels holds any; the last row and column may be cut off."""
    rows = np.logical_or.reduceat(pixels, np.arange(0, pixels.shape[0], side), axis=0)
    return np.asarray(np.logical_or.reduceat(rows, np.arange(0, pixels.shape[1], side), axis=1))


def _chances(photo_id: str, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A number in [0, 1) for each square, the same for the same photo on every machine."""
    return np.random.default_rng(stable_number(photo_id.encode())).random(shape)


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


def _window(sample: Sample, box: Box, held: BoolArray | None) -> Window:
    height, width = sample.labels.shape
    wide = box.expanded(MARGIN_PX).clipped(height, width)
    approved = sample.predicted[wide.slices] if sample.predicted is not None else None
    return Window(
        sample_id=sample.sample_id,
        box=wide,
        pixels=sample.pixels[wide.slices],
        labels=sample.labels[wide.slices],
        approved=approved,
        held=held[wide.slices] if held is not None else None,
        threshold=sample.threshold,
    )
