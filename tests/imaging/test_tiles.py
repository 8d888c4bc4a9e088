"""Claims about tiles and their blending."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.errors import BugError
from resatt_studio.imaging.tiles import Blend, plan_tiles
from resatt_studio.records.geometry import Box

sizes = st.integers(1, 90)


@st.composite
def plans(draw: st.DrawFn) -> tuple[int, int, int, int]:
    tile_px = draw(st.integers(1, 40))
    return draw(sizes), draw(sizes), tile_px, draw(st.integers(0, tile_px - 1))


@settings(max_examples=60, deadline=None)
@given(plans())
def test_tiles_cut_and_blended_give_the_photo_back(plan: tuple[int, int, int, int]) -> None:
    height, width, tile_px, overlap_px = plan
    photo = np.random.default_rng(0).random((height, width), np.float32)
    blend = Blend(height, width, overlap_px)
    for box in plan_tiles(height, width, tile_px, overlap_px):
        blend.add(box, photo[box.slices])
    assert np.allclose(blend.result(), photo, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_every_tile_has_one_shape_and_neighbours_overlap_enough(plan: tuple[int, int, int, int]) -> None:
    height, width, tile_px, overlap_px = plan
    boxes = plan_tiles(height, width, tile_px, overlap_px)
    assert {(box.height, box.width) for box in boxes} == {(min(tile_px, height), min(tile_px, width))}
    for starts in (sorted({box.top for box in boxes}), sorted({box.left for box in boxes})):
        assert all(left + tile_px - right >= overlap_px for left, right in pairwise(starts))


@settings(max_examples=40, deadline=None)
@given(plans())
def test_bands_cover_each_row_once_and_equal_the_whole_result(plan: tuple[int, int, int, int]) -> None:
    height, width, tile_px, overlap_px = plan
    random = np.random.default_rng(1)
    whole, banded = Blend(height, width, overlap_px), Blend(height, width, overlap_px)
    bands = []
    for box in plan_tiles(height, width, tile_px, overlap_px):
        values = random.random((box.height, box.width), np.float32)
        whole.add(box, values)
        banded.add(box, values)
        bands += banded.bands()
    banded.finish()
    bands += banded.bands()
    assert [band.top for band, _ in bands] == [0] + [band.bottom for band, _ in bands[:-1]]
    assert np.array_equal(np.concatenate([values for _, values in bands]), whole.result())


def test_a_blend_keeps_no_more_rows_than_a_tile_has() -> None:
    blend = Blend(4000, 64, 16)
    for box in plan_tiles(4000, 64, 64, 16):
        blend.add(box, np.ones((box.height, box.width), np.float32))
        blend.bands()
        assert blend._sum.shape[0] <= 64


def test_two_tiles_cross_fade_linearly_in_their_overlap() -> None:
    blend = Blend(1, 12, 4)
    blend.add(Box(0, 0, 1, 8), np.zeros((1, 8), np.float32))
    blend.add(Box(0, 4, 1, 12), np.ones((1, 8), np.float32))
    expected = [0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1]
    assert np.allclose(blend.result()[0], expected, atol=1e-6)


def test_a_gap_between_tiles_is_refused() -> None:
    blend = Blend(8, 8, 0)
    blend.add(Box(0, 0, 8, 4), np.zeros((8, 4), np.float32))
    with pytest.raises(BugError, match="uncovered"):
        blend.result()


def test_a_tile_out_of_order_or_out_of_place_is_refused() -> None:
    blend = Blend(8, 4, 0)
    blend.add(Box(0, 0, 4, 4), np.zeros((4, 4), np.float32))
    blend.add(Box(4, 0, 8, 4), np.zeros((4, 4), np.float32))
    with pytest.raises(BugError, match="reading order"):
        blend.add(Box(0, 0, 4, 4), np.zeros((4, 4), np.float32))
    with pytest.raises(BugError, match="do not fit"):
        blend.add(Box(6, 0, 10, 4), np.zeros((4, 4), np.float32))
    with pytest.raises(BugError, match="do not fit"):
        blend.add(Box(4, 0, 8, 4), np.zeros((3, 4), np.float32))


def test_an_overlap_as_large_as_the_tile_is_refused() -> None:
    with pytest.raises(BugError):
        plan_tiles(10, 10, 4, 4)


def test_a_whole_result_after_handing_over_bands_is_refused() -> None:
    blend = Blend(2, 2, 0)
    blend.add(Box(0, 0, 2, 2), np.zeros((2, 2), np.float32))
    blend.bands()
    with pytest.raises(BugError, match="handed over"):
        blend.result()
