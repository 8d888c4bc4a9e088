"""Claims about what part of a photo a network sees, and where in it the tokens lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import PhotoError
from resatt_studio.inference.token_grid import View, tile_view, whole_view
from resatt_studio.records.geometry import Box

sides = st.integers(1, 5000)
multiples = st.sampled_from([8, 16, 32])
limits = st.integers(1, 1200)


@given(height=sides, width=sides, multiple=multiples, limit=limits)
def test_a_whole_photo_becomes_multiples_within_the_limit(
    height: int, width: int, multiple: int, limit: int
) -> None:
    view = whole_view(height, width, multiple, limit)
    assert view.box == Box(0, 0, height, width)
    assert view.height % multiple == view.width % multiple == 0
    assert multiple <= max(view.height, view.width) <= max(limit, multiple)
    assert max(view.height, view.width) < max(height, width) + multiple
    assert (view.height >= view.width) == (height >= width) or view.height == view.width


@given(height=sides, width=sides, multiple=multiples, limit=limits)
def test_the_cells_of_all_tokens_cover_the_photo_exactly(
    height: int, width: int, multiple: int, limit: int
) -> None:
    view = whole_view(height, width, multiple, limit)
    for stride in (4, multiple):
        rows, columns = view.grid(stride)
        cell_height, cell_width = view.cells(stride)
        assert rows * cell_height == pytest.approx(height)
        assert columns * cell_width == pytest.approx(width)


@pytest.mark.parametrize(
    ("photo", "size"),
    [
        ((3000, 4000), (288, 384)),
        ((4000, 3000), (384, 288)),
        ((2000, 3000), (256, 384)),
        ((1080, 1920), (256, 448)),
        ((1000, 1000), (448, 448)),
        ((96, 128), (96, 128)),
        ((1, 1), (32, 32)),
        ((40, 4000), (32, 448)),
    ],
)
def test_the_aspect_is_kept_where_a_size_allows_it(photo: tuple[int, int], size: tuple[int, int]) -> None:
    view = whole_view(*photo, multiple_px=32, max_side_px=448)
    assert (view.height, view.width) == size


@given(height=st.integers(100, 5000), width=st.integers(100, 5000))
def test_no_photo_up_to_three_to_one_is_stretched_by_more_than_a_tenth(height: int, width: int) -> None:
    if max(height, width) > 3 * min(height, width) or min(height, width) < 200:
        return
    view = whole_view(height, width, 32, 448)
    stretch = (view.height / height) / (view.width / width)
    assert 1 / 1.1 < stretch < 1.1


@given(height=st.integers(1, 900), width=st.integers(1, 900), data=st.data())
def test_a_pixel_belongs_to_the_token_whose_cell_holds_its_middle(
    height: int, width: int, data: st.DataObject
) -> None:
    view = whole_view(height, width, 16, 448)
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    token = view.token_at((row, column), 16)
    cell_height, cell_width = view.cells(16)
    assert token.row * cell_height - 1e-6 <= row + 0.5 <= (token.row + 1) * cell_height + 1e-6
    assert token.column * cell_width - 1e-6 <= column + 0.5 <= (token.column + 1) * cell_width + 1e-6


def test_corners_belong_to_the_corner_tokens() -> None:
    view = whole_view(301, 777, 16, 448)
    rows, columns = view.grid(16)
    assert view.token_at((0, 0), 16) == (0, 0)
    assert view.token_at((300, 776), 16) == (rows - 1, columns - 1)


@given(height=st.integers(1, 3000), width=st.integers(1, 3000), tile=st.integers(1, 700), data=st.data())
def test_a_tile_holds_its_point_and_stays_in_the_photo(
    height: int, width: int, tile: int, data: st.DataObject
) -> None:
    point = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    view = tile_view(height, width, point, 16, tile)
    assert view.box == view.box.clipped(height, width)
    assert (view.box.height, view.box.width) == (min(tile, height), min(tile, width))
    view.token_at(point, 16)


def test_a_tile_of_multiples_is_seen_pixel_by_pixel() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    view = tile_view(300, 400, (150, 390), 16, 96)
    assert view == View(Box(102, 304, 198, 400), 96, 96)
    assert np.array_equal(view.pixels(photo), photo[102:198, 304:400])


@pytest.mark.parametrize("point", [(-1, 0), (0, -1), (300, 0), (0, 400)])
def test_a_point_outside_the_photo_is_refused(point: tuple[int, int]) -> None:
    with pytest.raises(PhotoError, match=f"column {point[1]}, row {point[0]} is outside"):
        tile_view(300, 400, point, 16, 64)
    with pytest.raises(PhotoError, match="outside"):
        whole_view(300, 400, 16, 448).token_at(point, 16)
