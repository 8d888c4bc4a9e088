"""Claims about where a labeller looks."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.inference.views import MOST, VIEW_PX, mirror_copies, mirrored, plan_views, see
from resatt_studio.records.geometry import Box

sides = st.integers(1, 400)


@given(height=sides, width=sides)
def test_looks_are_squares_within_the_photo_and_few(height: int, width: int) -> None:
    levels = plan_views(height, width, view_px=32)
    assert levels and all(0 < len(level) <= MOST for level in levels)
    for box in chain.from_iterable(levels):
        assert box.height == box.width
        assert box.clipped(height, width) == box


@given(height=st.integers(20, 300), width=st.integers(20, 300))
def test_every_level_shows_every_pixel(height: int, width: int) -> None:
    for level in plan_views(height, width, view_px=32):
        seen = np.zeros((height, width), np.bool_)
        for box in level:
            seen[box.slices] = True
        assert seen.all()


@given(height=st.integers(100, 20_000), width=st.integers(100, 20_000))
def test_levels_come_closer_and_never_closer_than_pixel_by_pixel(height: int, width: int) -> None:
    levels = plan_views(height, width)
    closeness = [level[0].height for level in levels]
    assert closeness[0] == min(height, width)
    assert closeness == sorted(closeness, reverse=True) and len(set(closeness)) == len(closeness) <= 3
    assert closeness[-1] >= min(VIEW_PX, height, width)


@pytest.mark.parametrize(
    ("size", "looks"),
    [((256, 256), [1]), ((320, 480), [2, 6]), ((512, 512), [1, 9]), ((3000, 4000), [2, 12, 48])],
)
def test_small_photos_are_looked_at_once_and_large_ones_on_three_levels(
    size: tuple[int, int], looks: list[int]
) -> None:
    assert [len(level) for level in plan_views(*size)] == looks


def test_a_very_long_photo_is_sampled_from_end_to_end() -> None:
    whole = plan_views(100, 100_000)[0]
    assert len(whole) == MOST
    assert whole[0].left == 0 and whole[-1].right == 100_000


def test_a_look_at_full_size_is_the_photo_itself_and_nothing_is_turned() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (48, 96, 3), dtype=np.uint8)
    boxes = (Box(0, 0, 32, 32), Box(16, 64, 48, 96))
    seen = see(photo, boxes, 32)
    assert np.array_equal(seen[0], photo[:32, :32]) and np.array_equal(seen[1], photo[16:, 64:])


def test_a_reduced_look_keeps_up_above_and_left_on_the_left() -> None:
    photo = np.zeros((300, 300, 3), np.uint8)
    photo[:150, :, 0] = 200
    photo[:, :150, 1] = 100
    seen = see(photo, (Box(0, 0, 300, 300),), 32)[0]
    assert (seen[:15, :, 0] == 200).all() and (seen[17:, :, 0] == 0).all()
    assert (seen[:, :15, 1] == 100).all() and (seen[:, 17:, 1] == 0).all()


@pytest.mark.parametrize(("views", "copies"), [(1, 4), (12, 4), (13, 2), (24, 2), (25, 1), (200, 1)])
def test_few_views_are_mirrored_and_many_are_not(views: int, copies: int) -> None:
    assert mirror_copies(views) == copies


def test_mirrored_copies_are_all_different_and_none_is_turned() -> None:
    tile = np.arange(2 * 3 * 5 * 3, dtype=np.uint8).reshape(2, 3, 5, 3)
    copies = list(mirrored(tile, 4))
    assert {copy.shape for copy in copies} == {tile.shape}
    assert len({copy.tobytes() for copy in copies}) == 4
    for copy in copies:
        assert any(np.array_equal(tile, copy[:, ::down, ::across]) for down in (1, -1) for across in (1, -1))
