"""Claims about which parts of the photos are learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.learning.support import (
    HELD_SHARE,
    MARGIN_PX,
    WINDOW_PX,
    choose_windows,
    held_back_part,
    within_pixels,
)
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import HugeSample, Sample

Make = Callable[..., Sample]


def large(name: str, fresh: bool = True, **more: Any) -> Sample:
    """A 1500 x 2600 photo on which nothing was said."""
    return Sample(
        sample_id=name,
        photo_id=name,
        group=name,
        split=Split.TRAIN,
        pixels=np.zeros((1500, 2600, 3), np.uint8),
        labels=more.pop("labels", np.zeros((1500, 2600), np.uint8)),
        fresh=fresh,
        **more,
    )


def test_a_small_photo_is_one_window(make_sample: Make) -> None:
    (window,) = choose_windows([make_sample(1)])
    assert window.pixels.shape == (64, 64, 3)


def test_of_a_large_photo_only_what_somebody_spoke_about_is_taken() -> None:
    labels = np.zeros((1500, 2600), np.uint8)
    labels[700:720, 1300:1400] = Label.CRACK
    (window,) = choose_windows([large("a", labels=labels)])
    assert window.box.top <= 700 < 720 <= window.box.bottom
    assert window.box.left <= 1300 < 1400 <= window.box.right
    assert max(window.box.height, window.box.width) <= WINDOW_PX + 2 * MARGIN_PX
    assert np.count_nonzero(window.labels) == 2000


def test_nothing_said_and_nothing_approved_is_nothing_to_learn() -> None:
    assert list(choose_windows([large("a")])) == []


def test_an_approved_prediction_makes_the_whole_photo_worth_learning() -> None:
    sample = large("a", predicted=np.zeros((1500, 2600), np.uint8))
    covered = np.zeros((1500, 2600), bool)
    for window in choose_windows([sample]):
        covered[window.box.slices] = True
    assert covered.all()


def test_every_window_comes_once_and_most_crack_comes_first() -> None:
    labels = np.full((1500, 2600), Label.NOT_CRACK, np.uint8)
    labels[1030:1200, 2100:2400] = Label.CRACK
    windows = list(choose_windows([large("a", labels=labels)]))
    assert len({window.box for window in windows}) == len(windows) == 18
    cracks = [np.count_nonzero(window.labels == Label.CRACK) for window in windows]
    assert cracks[0] == max(cracks)


def test_fresh_samples_come_first_and_samples_take_turns() -> None:
    labels = np.full((1500, 2600), Label.NOT_CRACK, np.uint8)
    samples = [large("old", fresh=False, labels=labels), large("a", labels=labels), large("b", labels=labels)]
    order = [window.sample_id for window in choose_windows(samples)]
    assert order[:6] == ["a", "b", "old", "a", "b", "old"]


def test_the_same_seed_chooses_the_same_windows() -> None:
    labels = np.full((1500, 2600), Label.NOT_CRACK, np.uint8)
    boxes = [[w.box for w in choose_windows([large("a", labels=labels)], seed)] for seed in (5, 5, 6)]
    assert boxes[0] == boxes[1] != boxes[2]


def test_pixels_are_limited_but_one_window_always_stays(make_sample: Make) -> None:
    samples = [make_sample(seed) for seed in range(5)]
    assert len(within_pixels(choose_windows(samples), 3 * 64 * 64)) == 3
    assert len(within_pixels(choose_windows(samples), 1)) == 1
    assert len(within_pixels(choose_windows(samples), 1e9)) == 5


def painted(labels: np.ndarray, name: str = "photo") -> Sample:
    pixels = np.zeros((*labels.shape, 3), np.uint8)
    return Sample(name, name, "group", Split.TRAIN, pixels, labels)


def held_of(sample: Sample) -> np.ndarray:
    """All of a photo's held-back part, H x W bool."""
    held = held_back_part(sample)
    assert held is not None
    return held.read(Box(0, 0, sample.height, sample.width))


@given(labels=hnp.arrays(np.uint8, (5, 7), elements=st.sampled_from([0, 1, 2])), name=st.text(max_size=3))
@settings(max_examples=60, deadline=None)
def test_of_what_lies_in_two_squares_each_side_of_the_split_gets_some(labels: np.ndarray, name: str) -> None:
    """The squares of a photo of 5 x 7 blocks of 16 px are those blocks."""
    held = held_back_part(painted(np.kron(labels, np.ones((16, 16), np.uint8)), name))
    for kind in (labels != Label.UNSAID, labels == Label.CRACK):
        if np.count_nonzero(kind) >= 2:
            assert held is not None
            blocks = held.squares
            assert blocks[kind].any() and not blocks[kind].all()


def test_paint_in_a_single_square_is_not_split() -> None:
    labels = np.zeros((300, 500), np.uint8)
    labels[3:9, 3:9] = Label.CRACK
    assert held_back_part(painted(labels)) is None


def test_about_a_quarter_of_a_photo_is_held_back_and_always_the_same() -> None:
    labels = np.full((1030, 2050), Label.NOT_CRACK, np.uint8)
    labels[500] = Label.CRACK
    held = held_of(painted(labels))
    assert 0.5 * HELD_SHARE < held.mean() < 1.5 * HELD_SHARE
    labels[100:103, 200:700] = Label.CRACK
    again = held_of(painted(labels))
    assert np.mean(held != again) < 0.03
    other = held_of(painted(labels, "another photo"))
    assert np.mean(held != other) > 0.2


def test_windows_that_overlap_agree_on_what_is_held_back() -> None:
    labels = np.full((1500, 2600), Label.NOT_CRACK, np.uint8)
    labels[700:720, 300:1400] = Label.CRACK
    whole = held_of(large("a", labels=labels))
    for window in choose_windows([large("a", labels=labels)], hold_parts_back=True):
        assert window.held is not None
        assert np.array_equal(window.held, whole[window.box.slices])


def in_tiles(whole: Sample, asked: list[Box]) -> HugeSample:
    """The same sample, read by boxes."""

    def read(box: Box) -> np.ndarray:
        asked.append(box)
        return whole.pixels[box.slices]

    def tiled(values: np.ndarray) -> TiledLabels:
        labels = TiledLabels(*values.shape)
        labels.write(labels.box, values)
        return labels

    predicted = None if whole.predicted is None else tiled(whole.predicted)
    ids = (whole.sample_id, whole.photo_id, whole.group, whole.split)
    return HugeSample(*ids, read, tiled(whole.labels), predicted)


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize(("height", "width"), [(1500, 2600), (1111, 1790), (500, 2600)])
def test_a_sample_in_tiles_teaches_and_judges_as_the_whole_one(
    approved: bool, height: int, width: int
) -> None:
    rng = np.random.default_rng(height)
    labels = np.zeros((height, width), np.uint8)
    for label in (1, 2, 1, 2, 1):
        top, left = rng.integers(0, height - 60), rng.integers(0, width - 300)
        labels[top : top + 40, left : left + 300] = label
    predicted = rng.integers(0, 256, (height, width), np.uint8) if approved else None
    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    whole = Sample("a", "a", "g", Split.TRAIN, pixels, labels, predicted)
    asked: list[Box] = []
    huge = in_tiles(whole, asked)
    windows = choose_windows([huge], seed=5, hold_parts_back=True)
    assert asked == [], "no pixel is read before a window is taken"
    expected = list(choose_windows([whole], seed=5, hold_parts_back=True))
    first = next(windows)
    assert asked == [first.box]
    for one, other in zip([first, *windows], expected, strict=True):
        assert (one.sample_id, one.box, one.threshold) == (other.sample_id, other.box, other.threshold)
        for name in ("pixels", "labels", "approved", "held"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
