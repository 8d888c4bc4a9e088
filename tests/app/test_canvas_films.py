"""Claims about the films over the photo, without a window: heat lies where it belongs, layers blend."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.app.canvas.films import heat_colours, heat_levels_at
from resatt_studio.app.canvas.layers import DEFAULT_LAYERS, HAZE_LAYERS, Layer, change_table
from resatt_studio.app.canvas.pyramid import MaxPyramid, PhotoPyramid, halved_levels
from resatt_studio.app.canvas.scene import Scene
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.imaging.halving import halve_max
from resatt_studio.imaging.heat_picture import heat_levels, heat_table
from resatt_studio.records.arrays import read_only
from resatt_studio.records.comparison import GAINED, LOST
from resatt_studio.records.geometry import Box
from resatt_studio.records.heat import Heat, HeatQuestion

HEIGHT, WIDTH = 300, 420
VIEW = (240, 320)
WHOLE = Box(0, 0, HEIGHT, WIDTH)
SCALES = [0.3, 0.57, 1.0, 1.7, 4.0, 16.0]


def heat(grid: np.ndarray, box: Box = WHOLE) -> Heat:
    grid = read_only(np.asarray(grid, np.float32))
    cells = (box.height / grid.shape[0], box.width / grid.shape[1])
    return Heat("a" * 64, "w" * 64, HeatQuestion("rmt"), grid, cells, box, HEIGHT, WIDTH)


def planted(rows: int, columns: int, row: int, column: int, box: Box = WHOLE) -> Heat:
    grid = np.zeros((rows, columns))
    grid[row, column] = 1.0
    return heat(grid, box)


def scene(**visible: float) -> Scene:
    made = Scene()
    for layer in DEFAULT_LAYERS:
        shown = layer.name in visible
        opacity = visible.get(layer.name, 1.0)
        made.set_layer(Layer(layer.name, shown, opacity, layer.colour, layer.other_colour))
    return made


def look(made: Scene, scale: float, row: float, column: float) -> None:
    made.set_viewport(Viewport(*VIEW, HEIGHT, WIDTH).zoomed(scale, 0, 0).centred_on(row, column))
    made.compose()


def levels(picture: np.ndarray) -> np.ndarray:
    """Heat of each view pixel, 0 to 255, from its opaque colour; -1 where there is none."""
    found = np.full(picture.shape, -1)
    for level, colour in enumerate(heat_colours(1.0)):
        found[picture == colour] = level
    return found


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("cell", [(1, 1), (3, 4), (5, 8), (2, 7)])
def test_a_planted_peak_is_seen_at_the_middle_of_its_cell_at_every_zoom(scale, cell):
    made = scene(heat=1.0)
    made.heat.heat = planted(7, 10, *cell)
    row, column = (cell[0] + 0.5) * HEIGHT / 7, (cell[1] + 0.5) * WIDTH / 10
    look(made, scale, row + 3.3, column - 2.1)
    seen = levels(made.heat.picture)
    middle = np.argwhere(seen == seen.max()).mean(axis=0) + 0.5
    assert np.abs(middle - made.viewport.to_view(row, column)).max() <= 1.0
    # Half way to the next cell's middle half of it is left.
    next_row, next_column = made.viewport.to_view(row + HEIGHT / 14, column)
    if 0 <= next_row < VIEW[0] - 1:
        assert abs(seen[int(next_row), int(next_column)] - 127.5) <= 255 / (scale * HEIGHT / 7) + 1


def test_a_cell_at_the_edge_keeps_its_value_up_to_the_edge():
    made = scene(heat=1.0)
    made.heat.heat = planted(7, 10, 6, 9)
    look(made, 1.0, HEIGHT, WIDTH)
    view = made.viewport
    bottom, right = (round(place) for place in view.to_view(HEIGHT, WIDTH))
    assert (levels(made.heat.picture)[bottom - 20 : bottom, right - 20 : right] == 255).all()


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 99))
def test_at_full_size_the_canvas_and_the_exported_picture_agree(rows, columns, seed):
    made = heat(np.random.default_rng(seed).random((rows, columns)))
    shown = heat_levels_at(made, np.arange(HEIGHT) + 0.5, np.arange(WIDTH) + 0.5)
    assert np.abs(shown.astype(int) - heat_levels(made)).max() <= 1


def test_a_flat_map_is_of_the_lowest_colour_everywhere():
    assert (heat_levels_at(heat(np.full((3, 3), 0.2)), np.arange(9.0), np.arange(9.0)) == 0).all()


@pytest.mark.parametrize("scale", SCALES)
def test_outside_of_the_square_that_was_looked_at_nothing_is_laid_over_the_photo(scale):
    made = scene(heat=0.6)
    box = Box(80, 120, 208, 248)
    made.heat.heat = planted(4, 4, 1, 1, box)
    look(made, scale, 144, 184)
    view = made.viewport
    rows = (np.arange(VIEW[0]) - view.top + 0.5) / scale
    columns = (np.arange(VIEW[1]) - view.left + 0.5) / scale
    down = (rows >= box.top) & (rows < box.bottom)
    across = (columns >= box.left) & (columns < box.right)
    np.testing.assert_array_equal(made.heat.picture != 0, down[:, None] & across)


def test_opacity_scales_the_colours_of_the_table():
    for strength in (0.25, 0.6, 1.0):
        colours = heat_colours(strength).view(np.uint8).reshape(256, 4)
        expected = heat_table()[:, [2, 1, 0]] * strength
        assert np.abs(colours[:, :3] - expected).max() <= 0.51
        assert (colours[:, 3] == round(255 * strength)).all()


def dehazed(made: Scene) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    pictures = {
        "dehazed": random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
        "transmission": random.integers(0, 256, (HEIGHT, WIDTH), np.uint8),
        "residual": random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
    }
    made.haze.pyramids = {name: PhotoPyramid(pictures[name], None, HEIGHT, WIDTH) for name in HAZE_LAYERS}
    made.spoil(films=True)
    return pictures


def seen(made: Scene, pixels: np.ndarray) -> np.ndarray:
    """``pixels`` as the viewport shows them at 400 %, h x w x 4 blue, green, red, opaque."""
    view = made.viewport
    part = pixels[view.photo_rows(0, VIEW[0])][:, view.photo_columns(0, VIEW[1])]
    colour = part if part.ndim == 3 else np.repeat(part[:, :, None], 3, axis=2)
    return np.concatenate([colour[:, :, ::-1], np.full((*part.shape[:2], 1), 255, np.uint8)], axis=2)


def test_each_layer_of_the_dehazing_covers_the_one_below_by_its_opacity():
    made = scene(dehazed=1.0, transmission=0.25)
    pictures = dehazed(made)
    look(made, 4.0, 150, 200)
    expected = 0.25 * seen(made, pictures["transmission"]) + 0.75 * seen(made, pictures["dehazed"])
    shown = made.haze.picture.view(np.uint8).reshape(*VIEW, 4)
    assert np.abs(shown - expected).max() <= 1


def test_a_half_transparent_layer_alone_is_premultiplied():
    made = scene(residual=0.5)
    pictures = dehazed(made)
    look(made, 4.0, 150, 200)
    shown = made.haze.picture.view(np.uint8).reshape(*VIEW, 4)
    assert np.abs(shown - 0.5 * seen(made, pictures["residual"])).max() <= 1


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_a_moved_view_shows_the_films_as_if_composed_anew(scale):
    made = scene(photo=1.0, dehazed=0.8, heat=0.6)
    dehazed(made)
    made.heat.heat = heat(np.random.default_rng(2).random((5, 6)))
    look(made, scale, 150, 200)
    for rows, columns in ((7, -3), (-20, 11), (1, 0), (0, 90)):
        made.set_viewport(made.viewport.panned(rows, columns))
        made.compose()
        moved = [film.picture.copy() for film in made.films]
        made.spoil(photo=True)
        made.compose()
        for before, film in zip(moved, made.films, strict=True):
            np.testing.assert_array_equal(before, film.picture)


def test_a_layer_that_was_hidden_while_the_view_moved_is_composed_when_it_is_shown_again():
    made = scene(dehazed=1.0)
    pictures = dehazed(made)
    look(made, 4.0, 100, 100)
    made.set_layer(Layer("dehazed", False, 1.0, "#000000"))
    look(made, 4.0, 200, 300)
    assert made.shown_of(made.haze) == ()
    made.set_layer(Layer("dehazed", True, 1.0, "#000000"))
    made.compose()
    shown = made.haze.picture.view(np.uint8).reshape(*VIEW, 4)
    np.testing.assert_array_equal(shown, seen(made, pictures["dehazed"]))


def test_peeking_hides_films_and_nothing_is_shown_of_what_is_not_there():
    made = scene(dehazed=1.0, heat=1.0)
    assert made.shown_of(made.haze) == made.shown_of(made.heat) == ()
    dehazed(made)
    assert made.shown_of(made.haze) == ("dehazed",)
    made.set_peek(True)
    assert made.shown_of(made.haze) == ()


def test_a_brush_stroke_does_not_compose_the_films_again():
    made = scene(dehazed=1.0)
    dehazed(made)
    look(made, 1.0, 150, 200)
    calls = []
    made.haze.compose = lambda *given: calls.append(given)
    made.spoil()
    made.compose()
    assert calls == []
    made.spoil(films=True)
    made.compose()
    assert len(calls) == 1


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_a_single_changed_pixel_is_seen_at_every_zoom_and_lost_hides_behind_nothing(scale):
    made = scene(change=1.0)
    ranks = np.zeros((HEIGHT, WIDTH), np.uint8)
    ranks[100, 200], ranks[101, 201], ranks[200, 60] = GAINED, LOST, GAINED
    made.change.ranks = MaxPyramid(ranks)
    made.change.ranks.levels = halved_levels(ranks, halve_max)
    _, gained, lost = change_table(made.layers["change"])
    look(made, scale, 100.5, 200.5)
    seen = set(made.change.picture[made.change.picture != 0].tolist())
    assert lost in seen and seen <= {gained, lost}
    if scale >= 1:
        assert gained in seen
    look(made, scale, 200.5, 60.5)
    row, column = made.viewport.to_view(200.5, 60.5)
    assert made.change.picture[int(row), int(column)] == gained


def test_the_change_is_moved_with_the_view_as_if_it_were_drawn_anew():
    made, fresh = scene(change=0.8), scene(change=0.8)
    ranks = np.random.default_rng(3).integers(0, 3, (HEIGHT, WIDTH)).astype(np.uint8)
    for one in (made, fresh):
        one.change.ranks = MaxPyramid(ranks)
        one.change.ranks.levels = halved_levels(ranks, halve_max)
    look(made, 1.0, 150, 200)
    look(made, 1.0, 163, 185)
    look(fresh, 1.0, 163, 185)
    np.testing.assert_array_equal(made.change.picture, fresh.change.picture)
