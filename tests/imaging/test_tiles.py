"""Claims about tiles and their blending."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.errors import BugError
from resatt_studio.imaging.tiles import Blend, Piece, nearness, plan_tiles
from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.geometry import Box

sizes = st.integers(1, 90)


@st.composite
def plans(draw: st.DrawFn) -> tuple[int, int, int, int]:
    tile_px = draw(st.integers(1, 40))
    return draw(sizes), draw(sizes), tile_px, draw(st.integers(0, tile_px - 1))


def whole(height: int, width: int, pieces: Sequence[Piece]) -> Float32Array:
    """Pieces put together; each pixel must come once."""
    answer, times = np.zeros((height, width), np.float32), np.zeros((height, width), int)
    for box, values in pieces:
        answer[box.slices] = values
        times[box.slices] += 1
    assert (times == 1).all()
    return answer


def blended(
    plan: tuple[int, int, int, int], values: Sequence[Float32Array], order: Sequence[int]
) -> Float32Array:
    """The tiles of a plan, blended in an order."""
    height, width, tile_px, overlap_px = plan
    boxes = plan_tiles(height, width, tile_px, overlap_px)
    blend = Blend(height, width, boxes, overlap_px)
    pieces = [piece for place in order for piece in blend.add(boxes[place], values[place])]
    assert blend.kept_px == 0
    return whole(height, width, pieces)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_tiles_cut_and_blended_give_the_photo_back(plan: tuple[int, int, int, int]) -> None:
    photo = np.random.default_rng(0).random(plan[:2], np.float32)
    values = [photo[box.slices] for box in plan_tiles(*plan)]
    assert np.allclose(blended(plan, values, range(len(values))), photo, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_every_tile_has_one_shape_and_neighbours_overlap_enough(plan: tuple[int, int, int, int]) -> None:
    height, width, tile_px, overlap_px = plan
    boxes = plan_tiles(height, width, tile_px, overlap_px)
    assert {(box.height, box.width) for box in boxes} == {(min(tile_px, height), min(tile_px, width))}
    for starts in (sorted({box.top for box in boxes}), sorted({box.left for box in boxes})):
        assert all(left + tile_px - right >= overlap_px for left, right in pairwise(starts))


@settings(max_examples=40, deadline=None)
@given(plans(), st.randoms(use_true_random=False))
def test_the_order_of_the_tiles_changes_no_bit(plan: tuple[int, int, int, int], chance) -> None:
    random = np.random.default_rng(1)
    values = [random.random((box.height, box.width), np.float32) for box in plan_tiles(*plan)]
    order = list(range(len(values)))
    in_turn = blended(plan, values, order)
    chance.shuffle(order)
    assert np.array_equal(blended(plan, values, order), in_turn)


@settings(max_examples=40, deadline=None)
@given(plans())
def test_tiles_are_summed_as_a_plain_loop_in_reading_order_would(plan: tuple[int, int, int, int]) -> None:
    height, width, _, overlap_px = plan
    random = np.random.default_rng(2)
    boxes = plan_tiles(*plan)
    values = [random.random((box.height, box.width), np.float32) for box in boxes]
    total, weights = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for box, value in zip(boxes, values, strict=True):
        rows = _ramp(box.top, box.bottom, height, overlap_px)
        weight = rows[:, None] * _ramp(box.left, box.right, width, overlap_px)[None, :]
        total[box.slices] += weight * value
        weights[box.slices] += weight
    assert np.array_equal(blended(plan, values, range(len(boxes))[::-1]), total / weights)


def _ramp(start: int, stop: int, length: int, overlap_px: int) -> Float32Array:
    up = np.arange(1, stop - start + 1, dtype=np.float32) / (overlap_px + 1)
    ones = np.ones_like(up)
    return np.minimum(np.minimum(ones, up if start else ones), up[::-1] if stop < length else ones)


def test_what_waits_is_a_seam_and_not_the_photo() -> None:
    boxes = plan_tiles(4000, 4000, 512, 64)
    blend, seen = Blend(4000, 4000, boxes, 64), Box(1900, 1900, 2100, 2100)
    most_px = 0
    for box in sorted(boxes, key=lambda box: nearness(box, seen)):
        blend.add(box, np.zeros((512, 512), np.float32))
        most_px = max(most_px, blend.kept_px)
    assert blend.kept_px == 0
    assert most_px < 4000 * 4000 / 8


def test_two_tiles_cross_fade_linearly_in_their_overlap() -> None:
    left, right = Box(0, 0, 1, 8), Box(0, 4, 1, 12)
    blend = Blend(1, 12, [left, right], 4)
    first = blend.add(left, np.zeros((1, 8), np.float32))
    assert [box for box, _ in first] == [Box(0, 0, 1, 4)]
    pieces = first + blend.add(right, np.ones((1, 8), np.float32))
    expected = [0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1]
    assert np.allclose(whole(1, 12, pieces)[0], expected, atol=1e-6)


def test_tiles_with_a_gap_or_beyond_the_photo_are_refused() -> None:
    with pytest.raises(BugError, match="uncovered"):
        Blend(8, 8, [Box(0, 0, 8, 4)], 0)
    with pytest.raises(BugError, match="leaves the photo"):
        Blend(8, 8, [Box(0, 0, 8, 8), Box(6, 0, 10, 8)], 0)


def test_a_tile_that_is_none_of_them_or_came_before_is_refused() -> None:
    above, below = Box(0, 0, 4, 4), Box(3, 0, 8, 4)
    blend = Blend(8, 4, [above, below], 1)
    blend.add(above, np.zeros((4, 4), np.float32))
    with pytest.raises(BugError, match="before"):
        blend.add(above, np.zeros((4, 4), np.float32))
    with pytest.raises(BugError, match="do not fit"):
        blend.add(Box(4, 0, 8, 4), np.zeros((4, 4), np.float32))
    with pytest.raises(BugError, match="do not fit"):
        blend.add(below, np.zeros((3, 4), np.float32))


def test_tiles_that_are_seen_come_first_and_the_nearest_of_them_before() -> None:
    seen = Box(0, 0, 100, 100)
    middle, corner, just_outside = Box(30, 30, 70, 70), Box(0, 0, 20, 20), Box(40, 100, 60, 120)
    assert sorted([just_outside, corner, middle], key=lambda box: nearness(box, seen)) == [
        middle,
        corner,
        just_outside,
    ]


def test_an_overlap_as_large_as_the_tile_is_refused() -> None:
    with pytest.raises(BugError):
        plan_tiles(10, 10, 4, 4)
