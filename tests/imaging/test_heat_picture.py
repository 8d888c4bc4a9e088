"""Claims about heat over its photo: a peak shows where it is, in every size; the picture says what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import BugError, ExportError
from resatt_studio.imaging.captions import LEAST_SIDE_PX, MOST_SIDE_PX, shown_size
from resatt_studio.imaging.heat_picture import (
    OPACITY,
    draw_picture,
    heat_levels,
    heat_pixels,
    heat_table,
    write_picture,
)
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box
from resatt_studio.records.heat import Heat, HeatQuestion

sides = st.integers(1, 400)


def heat_over(
    height: int, width: int, grid: Any, box: Box | None = None, point: tuple[int, int] | None = None
) -> Heat:
    values = np.asarray(grid, np.float32)
    box = box or Box(0, 0, height, width)
    cells = box.height / values.shape[0], box.width / values.shape[1]
    return Heat("p", "w", HeatQuestion("rmt", point=point), values, cells, box, height, width)


def planted(rows: int, columns: int, row: int, column: int) -> Any:
    grid = np.zeros((rows, columns), np.float32)
    grid[row, column] = 1.0
    return grid


def grey(height: int, width: int, value: int = 128) -> UInt8Array:
    return np.full((height, width, 3), value, np.uint8)


def middle_of_the_highest(values: Any) -> tuple[float, float]:
    """Centre of all pixels that hold the highest value, in pixels from the upper left corner."""
    rows, columns = np.nonzero(values >= values.max() - 1e-6)
    return float(rows.min() + rows.max() + 1) / 2, float(columns.min() + columns.max() + 1) / 2


@given(height=sides, width=sides, rows=st.integers(1, 30), columns=st.integers(1, 30), data=st.data())
def test_a_planted_peak_is_in_the_middle_of_its_cell_in_every_size(
    height: int, width: int, rows: int, columns: int, data: st.DataObject
) -> None:
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    heat = heat_over(height, width, planted(rows, columns, row, column))
    values = heat_pixels(heat)
    assert values.shape == (height, width) and values.max() > 0
    found = middle_of_the_highest(values)
    for place, index, cell, count in zip(found, (row, column), heat.cells, (rows, columns), strict=True):
        inside = 0 < index < count - 1
        # Beyond the last middle the value stays, so at an edge the highest reaches to the border.
        slack = 0.5 + 0.5 * min(cell, 1.0) if inside else 0.5 + 0.5 * cell
        assert abs(place - (index + 0.5) * cell) <= slack + 1e-4


@given(rows=st.integers(3, 12), columns=st.integers(3, 12), scale=st.integers(2, 31), data=st.data())
def test_whole_cells_put_the_peak_exactly_in_the_middle(
    rows: int, columns: int, scale: int, data: st.DataObject
) -> None:
    row, column = data.draw(st.integers(1, rows - 2)), data.draw(st.integers(1, columns - 2))
    heat = heat_over(rows * scale, columns * scale, planted(rows, columns, row, column))
    assert middle_of_the_highest(heat_pixels(heat)) == ((row + 0.5) * scale, (column + 0.5) * scale)
    assert heat.peak == (int((row + 0.5) * scale), int((column + 0.5) * scale))


@given(height=sides, width=sides)
def test_portrait_is_landscape_turned(height: int, width: int) -> None:
    grid = np.random.default_rng(0).random((5, 7), np.float32)
    upright, lying = heat_over(height, width, grid), heat_over(width, height, grid.T)
    assert np.allclose(heat_pixels(upright), heat_pixels(lying).T, atol=1e-5)


@given(height=sides, width=sides)
def test_an_even_map_stays_even_up_to_the_border(height: int, width: int) -> None:
    heat = heat_over(height, width, np.full((4, 6), 0.25))
    assert np.allclose(heat_pixels(heat), 0.25)
    assert not heat_levels(heat).any()


def test_a_tile_is_pictured_alone_and_looks_as_a_photo_of_its_own_would() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    box = Box(30, 50, 70, 110)
    grid = planted(4, 6, 1, 4)
    heat = heat_over(90, 120, grid, box)
    assert heat.peak == (45, 95)
    assert heat_levels(heat).shape == (40, 60)
    assert middle_of_the_highest(heat_pixels(heat)) == (15, 45)
    alone = draw_picture(np.ascontiguousarray(photo[box.slices]), heat_over(40, 60, grid))
    assert np.array_equal(draw_picture(photo, heat), alone)


def test_a_large_photo_is_coloured_in_the_size_it_is_shown_in() -> None:
    heat = heat_over(6000, 8000, planted(14, 18, 5, 9))
    found = middle_of_the_highest(heat_levels(heat, 600, 800))
    assert found == pytest.approx((5.5 * 600 / 14, 9.5 * 800 / 18), abs=1)


def test_lightness_rises_with_the_value_for_every_eye() -> None:
    table = heat_table().astype(float)
    # Red and green as those see them who miss one of the two (rough mean of both), and grey prints.
    grey_print = table @ [0.299, 0.587, 0.114]
    assert (np.diff(grey_print) > -0.5).all() and grey_print[-1] - grey_print[0] > 150
    lightness = cv2.cvtColor(table[None].astype(np.uint8), cv2.COLOR_RGB2LAB)[0, :, 0].astype(float)
    steps = lightness[15::16] - lightness[:-15:16]
    assert steps.max() < 2 * steps.min()


def test_a_picture_mixes_colour_and_the_photo_in_grey() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (480, 500, 3), np.uint8)
    heat = heat_over(480, 500, planted(5, 5, 2, 2))
    shown = draw_picture(photo, heat)[:480, :500].astype(float)
    grey_photo = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[:, :, None].astype(float)
    wanted = OPACITY * heat_table()[heat_levels(heat)] + (1 - OPACITY) * grey_photo
    assert np.abs(shown - wanted).max() <= 1


@pytest.mark.parametrize(
    ("size", "shown"),
    [((64, 48), (512, 384)), ((480, 640), (480, 640)), ((6000, 4000), (1600, 1067)), ((1, 9000), (1, 1600))],
)
def test_a_picture_is_neither_tiny_nor_huge(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert shown_size(*size) == shown
    assert LEAST_SIDE_PX <= max(shown) <= MOST_SIDE_PX


@pytest.mark.parametrize("size", [(96, 64), (700, 900), (2500, 3300), (31, 3000)])
def test_the_photo_is_the_upper_left_of_the_picture_and_its_peak_in_place(size: tuple[int, int]) -> None:
    height, width = size
    heat = heat_over(height, width, planted(6, 8, 2, 5))
    shown = shown_size(height, width)
    picture = draw_picture(grey(height, width), heat, "one line\nand another")
    assert picture.shape[0] > shown[0] and picture.shape[1] > shown[1]
    part = picture[: shown[0], : shown[1]].astype(float)
    yellowness = part[:, :, 0] + part[:, :, 1] - part[:, :, 2]
    place = middle_of_the_highest(np.floor(yellowness))
    wanted = (2.5 * shown[0] / 6, 5.5 * shown[1] / 8)
    assert place == pytest.approx(wanted, abs=2)


def test_the_bar_runs_from_the_highest_down_to_the_least_and_both_are_named() -> None:
    heat = heat_over(500, 600, [[0.001, 0.5], [0.002, 0.25]])
    picture = draw_picture(grey(500, 600), heat)
    bar = picture[12:488, 600 + 12 + 11]
    assert np.array_equal(bar[0], heat_table()[255]) and np.array_equal(bar[-1], heat_table()[0])
    beside = picture[:500, 600 + 12 + 22 + 4 :].min(axis=2) < 128
    assert beside[:40].any() and beside[470:].any() and not beside[60:440].any()


def test_the_asked_point_is_ringed_and_stays_visible() -> None:
    grid = planted(6, 8, 2, 5)
    plain = draw_picture(grey(600, 800), heat_over(600, 800, grid)).astype(int)
    ringed = draw_picture(grey(600, 800), heat_over(600, 800, grid, point=(100, 200))).astype(int)
    rows, columns = np.nonzero(np.abs(plain - ringed).sum(axis=2))
    assert rows.min() + rows.max() == pytest.approx(201, abs=2)
    assert columns.min() + columns.max() == pytest.approx(401, abs=2)
    assert np.array_equal(plain[95:105, 195:205], ringed[95:105, 195:205])


def test_a_long_caption_is_broken_and_never_cut() -> None:
    heat = heat_over(400, 300, planted(4, 3, 1, 1))
    short = draw_picture(grey(400, 300), heat, "RMT")
    long = draw_picture(grey(400, 300), heat, "RMT " + "and so on " * 30)
    assert long.shape[1] == short.shape[1] and long.shape[0] > short.shape[0] + 60
    assert (long[:, -6:] == 255).all()


def test_the_file_holds_the_picture(tmp_path: Path) -> None:
    heat = heat_over(50, 70, planted(3, 4, 1, 1), point=(3, 3))
    path = tmp_path / "deep" / "heat.png"
    write_picture(path, grey(50, 70), heat, "Größe ≥ 3")
    read = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    assert np.array_equal(read, draw_picture(grey(50, 70), heat, "Größe ≥ 3"))
    with pytest.raises(ExportError):
        write_picture(path / "below.png", grey(50, 70), heat)


def test_another_photo_is_a_bug() -> None:
    with pytest.raises(BugError, match="heat of 50 x 70"):
        draw_picture(grey(70, 50), heat_over(50, 70, planted(3, 4, 1, 1)))
