"""Huge photos by tiles: every sample equals that of the photo held whole, and memory keeps its bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.app.canvas import tile_pyramid
from resatt_studio.app.canvas.pyramid import PhotoPyramid, halve_mean, halved_levels
from resatt_studio.app.canvas.tile_memory import TileMemory
from resatt_studio.app.canvas.tile_pyramid import TilePyramid
from resatt_studio.app.canvas.tone import sample_table
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.imaging.files import read_photo
from resatt_studio.imaging.pyramid_cache import PyramidCache, TileKey
from resatt_studio.imaging.tiled_tiff import open_tiled
from resatt_studio.records.geometry import Box
from tests.imaging.huge_tiffs import texture, write

Open: TypeAlias = Callable[..., TilePyramid]
HEIGHT, WIDTH = 1130, 1507
VIEW = (160, 220)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 32 pixels and one level read at a time, so that small files have many of each."""
    monkeypatch.setattr(tile_pyramid, "TILE_PX", 32)
    monkeypatch.setattr(tile_pyramid, "_PIECE_PX", 40_000)
    monkeypatch.setattr(tile_pyramid, "_PIECE_ROWS", 64)
    monkeypatch.setattr(tile_pyramid, "_OVERVIEW_SIDE_PX", 100)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a file with the cache of this test; every file is closed at the end."""
    pyramids: list[TilePyramid] = []

    def open_one(path: Path, bound: int = 1 << 30) -> TilePyramid:
        photo = open_tiled(path)
        assert photo is not None
        cache = PyramidCache(tmp_path / "cache", 1 << 30)
        pyramids.append(TilePyramid(photo, "a" * 64, TileMemory(bound), cache))
        return pyramids[-1]

    yield open_one
    for pyramid in pyramids:
        pyramid.close()


def build(pyramid: TilePyramid) -> list[Box]:
    return [box for _, _, box in pyramid.building() if not box.empty]


def whole(path: Path) -> PhotoPyramid:
    pixels = read_photo(path).pixels
    held = PhotoPyramid(pixels, None, *pixels.shape[:2])
    held.levels = halved_levels(pixels)
    while max((held.levels or [pixels])[-1].shape) > 32:
        held.levels.append(halve_mean(held.levels[-1]))
    return held


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("layout", ["tiled", "striped", "overviews"])
@pytest.mark.parametrize("scale", [0.1, 0.13, 0.3, 0.5, 0.9, 1.0, 1.7, 2.0, 8.0, 64.0])
def test_a_sample_equals_that_of_the_photo_held_whole(
    layout: str, scale: float, tmp_path: Path, opened: Open
) -> None:
    path = write(layout, tmp_path / "a.tif", texture(HEIGHT, WIDTH))
    pyramid, held = opened(path), whole(path)
    build(pyramid)
    view = Viewport(*VIEW, HEIGHT, WIDTH).zoomed(scale, 0, 0).centred_on(700, 900)
    for key in pyramid.wanted(view):
        pyramid.load(key)
    assert pyramid.wanted(view) == []
    box = view.photo_in_view
    np.testing.assert_array_equal(pyramid.sample(view, box), held.sample(view, box))


@pytest.mark.usefixtures("small_tiles")
def test_building_goes_over_the_photo_once_and_what_was_cut_off_goes_on(tmp_path: Path, opened: Open) -> None:
    path = write("tiled", tmp_path / "a.tif", texture(HEIGHT, WIDTH))
    first = opened(path)
    assert not first.built and first.overview() is None
    first.trust()
    steps = first.building()
    rows = 0
    for _, _, box in steps:
        rows += not box.empty
        if rows == 3:
            break
    steps.close()
    again = opened(path)
    again.trust()
    reads: list[Box] = []
    read = again.photo.read
    again.photo.read = lambda level, box: reads.append(box) or read(level, box)  # type: ignore[method-assign]
    boxes = build(again)
    assert boxes[0].top == 0 and boxes[-1].bottom == HEIGHT
    assert all(a.bottom == b.top for a, b in pairwise(boxes))
    assert min(box.top for box in reads) == boxes[3].top, "rows that the cache has are not read again"
    assert again.built and again.overview() is not None
    assert opened(path).built


@pytest.mark.usefixtures("small_tiles")
def test_a_broken_tile_of_the_cache_is_made_again(tmp_path: Path, opened: Open) -> None:
    path = write("tiled", tmp_path / "a.tif", texture(HEIGHT, WIDTH))
    build(opened(path))
    (wrong,) = (tmp_path / "cache").glob("*/4-0-0.tile")
    good = wrong.read_bytes()
    wrong.write_bytes(good[:-20])
    pyramid = opened(path)
    pyramid.load(TileKey(4, 0, 0))
    assert wrong.read_bytes() == good


@pytest.mark.usefixtures("small_tiles")
def test_until_tiles_come_the_sketch_and_coarser_tiles_stand_in(tmp_path: Path, opened: Open) -> None:
    path = write("tiled", tmp_path / "a.tif", texture(HEIGHT, WIDTH))
    pyramid, held = opened(path), whole(path)
    view = Viewport(*VIEW, HEIGHT, WIDTH, 1.0).centred_on(500, 700)
    exact = held.sample(view, view.photo_in_view).astype(int)
    errors = [np.abs(pyramid.sample(view, view.photo_in_view) - exact).mean()]
    pyramid.sketch = held.levels[4]
    errors.append(np.abs(pyramid.sample(view, view.photo_in_view) - exact).mean())
    for key in pyramid.wanted(view.zoomed(0.5, 0, 0).centred_on(500, 700)):
        pyramid.load(key)
    errors.append(np.abs(pyramid.sample(view, view.photo_in_view) - exact).mean())
    for key in pyramid.wanted(view):
        pyramid.load(key)
    errors.append(np.abs(pyramid.sample(view, view.photo_in_view) - exact).mean())
    assert errors == sorted(errors, reverse=True) and errors[0] > 10 and errors[2] < 2 and errors[3] == 0


def test_tiles_near_the_middle_of_the_view_come_first(tmp_path: Path, opened: Open) -> None:
    path = write("tiled", tmp_path / "a.tif", texture(3000, 3000))
    pyramid = opened(path)
    view = Viewport(1000, 1000, 3000, 3000).centred_on(1500, 1500)
    keys = pyramid.wanted(view)
    assert set(keys) == {TileKey(0, row, column) for row in (1, 2, 3) for column in (1, 2, 3)}
    assert (keys[0].row, keys[0].column) == (2, 2)


sizes = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=60)


@given(sizes, st.integers(0, 4000))
def test_memory_keeps_its_bound_and_lets_the_longest_unseen_go(
    tiles: list[tuple[int, int]], held: int
) -> None:
    memory = TileMemory(5000)
    memory.least_tile_bytes = 600
    memory.held_bytes = held
    for name, side in tiles:
        memory.put(("a", TileKey(0, name, 0)), np.zeros((side, 1, 3), np.uint8))
        assert memory.used_bytes <= max(5000, held + 600)
        assert ("a", TileKey(0, name, 0)) in memory, "the newest is what was just asked for"


def test_what_was_seen_last_stays_and_what_else_is_held_pushes_tiles_out() -> None:
    memory = TileMemory(3000)
    memory.least_tile_bytes = 300
    keys = [("a", TileKey(0, 0, column)) for column in range(10)]
    for key in keys:
        memory.put(key, np.zeros((10, 10, 3), np.uint8))
    assert memory.used_bytes == 3000
    memory.get(keys[0])
    memory.held_bytes = 1500
    assert memory.used_bytes == 3000
    assert [key for key in keys if key in memory] == [keys[0], *keys[6:]]
    memory.held_bytes = 9000
    assert [key for key in keys if key in memory] == [keys[0]], "a screen of tiles is always allowed"
    memory.forget("a")
    assert memory.used_bytes == 9000


def test_a_photo_fits_whole_or_not_by_the_bound_alone() -> None:
    memory = TileMemory(1_500_000_000)
    assert memory.fits_whole(200_000_000) and not memory.fits_whole(1_000_000_000)
    assert not memory.fits_whole(200_000_000, 7)
    memory.bound_bytes = 1_000_000_000
    assert not memory.fits_whole(200_000_000)


@pytest.mark.usefixtures("small_tiles")
def test_looking_all_over_a_photo_keeps_the_bound(tmp_path: Path, opened: Open) -> None:
    path = write("tiled", tmp_path / "a.tif", texture(HEIGHT, WIDTH))
    pyramid = opened(path, 300_000)
    pyramid.memory.least_tile_bytes = 0
    build(pyramid)
    for row in range(100, HEIGHT, 150):
        for column in range(100, WIDTH, 200):
            view = Viewport(*VIEW, HEIGHT, WIDTH).centred_on(row, column)
            for key in pyramid.wanted(view):
                pyramid.load(key)
                assert pyramid.memory.used_bytes <= 300_000


def write_deep(path: Path, channels: int) -> np.ndarray:
    samples = texture(HEIGHT, WIDTH).astype(np.uint16) * 100 + 7000
    samples = samples[:, :, 0] if channels == 1 else samples
    colours = "minisblack" if channels == 1 else "rgb"
    tifffile.imwrite(path, samples, tile=(128, 128), photometric=colours)
    return np.asarray(samples)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [0.1, 0.5, 1.0, 8.0])
def test_tiles_of_a_16_bit_photo_are_its_samples_at_every_zoom_and_after_a_restart(
    channels: int, scale: float, tmp_path: Path, opened: Open
) -> None:
    samples = write_deep(tmp_path / "a.tif", channels)
    held = PhotoPyramid(samples, None, HEIGHT, WIDTH)
    held.levels = halved_levels(samples)
    while max((held.levels or [samples])[-1].shape) > 32:
        held.levels.append(halve_mean(held.levels[-1]))
    view = Viewport(*VIEW, HEIGHT, WIDTH).zoomed(scale, 0, 0).centred_on(700, 900)
    for visit in range(2):
        pyramid = opened(tmp_path / "a.tif")
        pyramid.trust()
        assert pyramid.built == bool(visit)
        build(pyramid)
        for key in pyramid.wanted(view):
            pyramid.load(key)
        box = view.photo_in_view
        np.testing.assert_array_equal(pyramid.sample(view, box), held.sample(view, box))


@pytest.mark.usefixtures("small_tiles")
def test_tools_read_the_8_bit_pixels_of_a_16_bit_photo_and_tiles_of_an_older_version_are_made_anew(
    tmp_path: Path, opened: Open
) -> None:
    write_deep(tmp_path / "a.tif", 1)
    cache = PyramidCache(tmp_path / "cache", 1 << 30)
    for row, column in ((0, 0), (0, 1), (1, 0)):
        cache.put("a" * 64, TileKey(5, row, column), np.zeros((32, 32, 3), np.uint8))
    pyramid = opened(tmp_path / "a.tif")
    assert pyramid.window is not None
    box = Box(100, 200, 180, 333)
    for key in pyramid.missing(box):
        pyramid.load(key)
    pixels = pyramid.pixels_in(box)
    assert pixels is not None and pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, pyramid.photo.read(0, box))
    build(pyramid)
    view = Viewport(*VIEW, HEIGHT, WIDTH)
    for key in pyramid.wanted(view):
        pyramid.load(key)
    seen = pyramid.sample(view, view.photo_in_view)
    assert seen.dtype == np.uint16 and seen.min() > 6000
    overview = pyramid.overview()
    assert overview is not None and overview.dtype == np.uint8 and overview.ndim == 3
    pyramid.sketch = overview
    assert pyramid.nbytes > overview.nbytes


@pytest.mark.usefixtures("small_tiles")
def test_a_sketch_stands_in_for_samples_that_are_not_there_yet(tmp_path: Path, opened: Open) -> None:
    write_deep(tmp_path / "a.tif", 3)
    pyramid = opened(tmp_path / "a.tif")
    assert pyramid.window is not None
    low, high = pyramid.window
    pyramid.sketch = np.full((20, 30, 3), 255, np.uint8)
    view = Viewport(*VIEW, HEIGHT, WIDTH)
    seen = pyramid.sample(view, view.photo_in_view)
    assert seen.dtype == np.uint16 and np.abs(seen.astype(float) - high).max() <= 1 and low < high


@pytest.mark.usefixtures("small_tiles")
def test_the_canvas_shows_the_window_of_a_huge_photo_and_a_drag_reads_no_tile(
    tmp_path: Path, opened: Open, canvas: Any
) -> None:
    samples = write_deep(tmp_path / "a.tif", 1)
    pyramid = opened(tmp_path / "a.tif")
    canvas.set_tiles(pyramid, pyramid.photo_id)
    canvas.centre_on(500, 600, 1.0)
    for key in pyramid.wanted(canvas.viewport):
        canvas.refresh_photo(pyramid.load(key))
    pyramid.photo.read_samples = None  # type: ignore[assignment, method-assign]
    held = pyramid.memory.used_bytes
    assert canvas.scene.window == pyramid.window
    canvas.drag_tone(canvas.tone, 80.0, 30.0)
    tone, box = canvas.tone, canvas.viewport.photo_in_view
    assert tone.window is not None and tone.window != pyramid.window
    wanted = sample_table(tone, pyramid.window)[samples[canvas.viewport.visible.slices]]
    seen = canvas.scene.photo_seen(canvas.viewport, box)
    np.testing.assert_array_equal(seen[1:-1, 1:-1, 0], wanted[1:-1, 1:-1])
    assert pyramid.memory.used_bytes == held
    canvas.fit_tone()
    assert canvas.scene.photo_seen(canvas.viewport, box).max() == 255
