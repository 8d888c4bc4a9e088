"""Chooses what to learn from: windows of corrected photos, the fresh corrections first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.sample import AnySample
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


@dataclass(frozen=True, eq=False)
class HeldBack:
    """Which squares of a photo judge.

    Attributes:
        squares: One bool for each.
        side_px: Of a square; the last row and column may be cut off.
    """

    squares: BoolArray = field(repr=False)
    side_px: int

    def read(self, box: Box) -> BoolArray:
        """Which pixels of a box are held back, h x w bool."""
        rows = np.arange(box.top, box.bottom) // self.side_px
        columns = np.arange(box.left, box.right) // self.side_px
        return self.squares[rows[:, None], columns]


def choose_windows(
    samples: Sequence[AnySample], seed: int = 0, hold_parts_back: bool = False
) -> Iterator[Window]:
    """Windows in the order of their worth, one of each sample in turn, fresh samples first.

    Of a large photo the windows with most labelled crack come first, alternating with windows drawn at
    random among the labelled ones: a photo is more than its cracks. Windows that nobody said anything about
    are left out, unless the inspector approved the photo's prediction. Of a huge photo nothing is read but
    what was said, and the pixels of the windows that are taken.

    Args:
        samples: Of one side of the split.
        seed: Of the draw.
        hold_parts_back: Mark a part of each photo (:func:`held_back_part`) to judge by.

    Raises:
        PhotoError: The file of a huge photo went away or was changed; with the window that needs it.
        StoreError: What is kept of one is missing or damaged.
    """
    order = sorted(samples, key=lambda sample: (not sample.fresh, sample.sample_id))
    picks: list[list[tuple[AnySample, Box, HeldBack | None]]] = []
    for number, sample in enumerate(order):
        boxes = _boxes_by_worth(sample, np.random.default_rng([seed, number]))
        held = held_back_part(sample) if hold_parts_back else None
        picks.append([(sample, box, held) for box in boxes])
    rounds = zip_longest(*picks)
    return (_window(*pick) for pick in chain.from_iterable(rounds) if pick is not None)


def held_back_part(sample: AnySample) -> HeldBack | None:
    """About a quarter of a photo, in squares, that judges while no whole photo is held back.

    A square's place decides, so it stays held back however often the network learns; only when corrections
    would all fall on one side, the least of them changes it. Crack is split on its own, so that both sides
    have some.

    Returns:
        None when less than two squares hold painted pixels: then nothing can be held back.
    """
    side = int(np.clip(min(sample.height, sample.width) // 8, *HELD_CELL_PX))
    shape = (-(-sample.height // side), -(-sample.width // side))
    said, crack = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for box, labels in sample.said():
        cells = Box(box.top // side, box.left // side, -(-box.bottom // side), -(-box.right // side))
        said[cells.slices] |= _by_cell(labels != Label.UNSAID, side, box)
        crack[cells.slices] |= _by_cell(labels == Label.CRACK, side, box)
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
    return HeldBack(held, side)


def _by_cell(pixels: BoolArray, side: int, box: Box) -> BoolArray:
    """Whether each square of ``side`` pixels that a box of the photo touches holds any of its pixels."""
    rows = np.logical_or.reduceat(pixels, _edges(box.top, box.height, side), axis=0)
    return np.asarray(np.logical_or.reduceat(rows, _edges(box.left, box.width, side), axis=1))


def _edges(start: int, length: int, side: int) -> npt.NDArray[np.intp]:
    """Where squares begin in ``length`` pixels from ``start`` on; the first may have begun before."""
    return np.unique(np.concatenate([[0], np.arange(-start % side, length, side)])).astype(np.intp)


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


def _boxes_by_worth(sample: AnySample, rng: np.random.Generator) -> list[Box]:
    boxes, worth = [], []
    for box in _grid(sample):
        labels = sample.labels_in(box)
        if sample.predicted is not None or bool(np.any(labels)):
            boxes.append(box)
            worth.append(np.count_nonzero(labels == Label.CRACK))
    best_first = [boxes[index] for index in np.argsort(worth, kind="stable")[::-1]]
    shuffled = [boxes[index] for index in rng.permutation(len(boxes))]
    alternating = chain.from_iterable(zip(best_first, shuffled, strict=True))
    return list(dict.fromkeys(alternating))


def _grid(sample: AnySample) -> Iterator[Box]:
    height, width = sample.height, sample.width
    if max(height, width) <= WHOLE_PX:
        yield Box(0, 0, height, width)
        return
    for row, column in Box(0, 0, height, width).cells(WINDOW_PX):
        cell = Box(0, 0, WINDOW_PX, WINDOW_PX).shifted(row * WINDOW_PX, column * WINDOW_PX)
        yield cell.clipped(height, width)


def _window(sample: AnySample, box: Box, held: HeldBack | None) -> Window:
    wide = box.expanded(MARGIN_PX).clipped(sample.height, sample.width)
    return Window(
        sample_id=sample.sample_id,
        box=wide,
        pixels=sample.pixels_in(wide),
        labels=sample.labels_in(wide),
        approved=sample.predicted_in(wide),
        held=held.read(wide) if held is not None else None,
        threshold=sample.threshold,
    )
