"""Halved sizes: means of the photo, and marks that stay to be seen however far out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.app.canvas.pyramid import (
    LabelPyramid,
    MaxPyramid,
    PhotoPyramid,
    SparseMap,
    expand,
    halve_max,
    halve_mean,
    halved_levels,
    mask_level,
)
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box

sides = st.integers(1, 60)


@given(sides, sides, st.integers(0, 9))
def test_a_halved_maximum_is_the_maximum_of_its_cell(height, width, seed):
    values = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    halved = halve_max(values)
    assert halved.shape == (-(-height // 2), -(-width // 2))
    for row in range(halved.shape[0]):
        for column in range(0, halved.shape[1], 7):
            cell = values[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            assert halved[row, column] == cell.max()


@given(sides, sides)
def test_an_even_photo_stays_even_when_halved(height, width):
    pixels = np.full((height, width, 3), (10, 130, 250), np.uint8)
    halved = halve_mean(pixels)
    assert halved.shape == (-(-height // 2), -(-width // 2), 3)
    assert (halved == (10, 130, 250)).all()


@pytest.mark.parametrize("scale", [0.05, 0.1, 0.25, 0.3, 0.5, 0.51, 0.99, 1.0, 3.0])
def test_a_cell_of_the_mask_is_at_least_one_view_pixel(scale):
    level = mask_level(scale)
    assert scale * 2**level >= 1 - 1e-6
    assert level == 0 or scale * 2 ** (level - 1) < 1


@settings(max_examples=25, deadline=None)
@given(
    st.integers(300, 700), st.integers(300, 700), st.lists(st.tuples(*[st.integers(0, 299)] * 4), max_size=6)
)
def test_refreshed_label_levels_equal_levels_made_anew(height, width, boxes):
    labels = TiledLabels(height, width)
    pyramid = LabelPyramid(labels)
    whole = [Box(0, 0, -(-height // 2**n), -(-width // 2**n)) for n in range(7)]
    pyramid.block(6, whole[6])
    for index, (top, left, tall, wide) in enumerate(boxes):
        box = Box(top, left, top + tall, left + wide).clipped(height, width)
        labels.write(box, np.full((box.height, box.width), index % 3, np.uint8))
        pyramid.refresh(box)
    for level in range(7):
        anew = LabelPyramid(labels).block(level, whole[level])
        np.testing.assert_array_equal(pyramid.block(level, whole[level]), anew)


@pytest.mark.parametrize("count", [5, 300])
def test_levels_wait_until_they_are_looked_at_and_then_show_every_stroke(monkeypatch, count):
    labels = TiledLabels(2100, 2300)
    pyramid = LabelPyramid(labels)
    level_3 = Box(0, 0, 263, 288)
    pyramid.block(3, level_3)
    taken = []
    take_over = pyramid._take_over
    monkeypatch.setattr(pyramid, "_take_over", lambda *where: (taken.append(where), take_over(*where)))
    rng = np.random.default_rng(count)
    for top, left in rng.integers(0, 2000, (count, 2)).tolist():
        box = Box(top, left, top + 40, left + 60)
        labels.write(box, rng.integers(0, 3, (40, 60), np.uint8))
        pyramid.refresh(box)
        pyramid.block(0, box)
    assert len(taken) < 3 * count
    if count == 5:
        assert not taken, "photo pixels are shown without any of the smaller sizes"
    for level in (3, 1, 2):
        whole = Box(0, 0, -(-2100 // 2**level), -(-2300 // 2**level))
        np.testing.assert_array_equal(pyramid.block(level, whole), LabelPyramid(labels).block(level, whole))


@given(
    st.integers(0, 40), st.integers(0, 40), st.floats(0.02, 9), st.integers(-300, 300), st.integers(1, 900)
)
def test_lines_of_a_part_of_the_view_are_those_of_all_of_it(start, length, scale, top, photo_height):
    view = Viewport(60, 50, photo_height, 70, scale, top, 0)
    stop = min(60, start + length)
    expected = np.floor((np.arange(start, stop) - top + 0.5) / scale).clip(0, photo_height - 1)
    assert view.photo_rows(start, stop).tolist() == expected.tolist()
    beyond = np.floor((np.arange(55, 75) - top + 0.5) / scale).clip(0, photo_height - 1)
    assert view.photo_rows(55, 75).tolist() == beyond.tolist()
    with pytest.raises(ValueError, match="read-only"):
        view.photo_rows(0, 9)[0] = 3


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=9), st.lists(st.integers(0, 6), min_size=1, max_size=9)
)
def test_cells_are_seen_at_every_pair_of_lines(rows, columns):
    cells = np.random.default_rng(3).integers(0, 99, (6, 7))
    for these, those in ((rows, columns), (range(6), columns), (rows, range(7)), (range(6), range(7))):
        these, those = np.array(these), np.array(those)
        np.testing.assert_array_equal(expand(cells, these, those), cells[these][:, those])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 1500)] * 4, st.sampled_from(list(Label))), min_size=1, max_size=4))
def test_areas_of_whole_tiles_are_taken_over_as_their_pixels_are(areas):
    labels = TiledLabels(1300, 1500)
    pyramid = LabelPyramid(labels)
    whole = [Box(0, 0, -(-1300 // 2**n), -(-1500 // 2**n)) for n in range(4)]
    pyramid.block(3, whole[3])
    for top, left, tall, wide, label in areas:
        box = Box(top, left, top + tall, left + wide).clipped(1300, 1500)
        labels.paint(box, np.broadcast_to(np.True_, (box.height, box.width)), label)
        pyramid.refresh(box)
    dense = LabelPyramid.RANKS[labels.to_array()]
    for level in range(4):
        np.testing.assert_array_equal(pyramid.block(level, whole[level]), dense)
        np.testing.assert_array_equal(LabelPyramid(labels).block(level, whole[level]), dense)
        dense = halve_max(dense)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(300, 700), st.integers(300, 700), st.lists(st.tuples(*[st.integers(0, 299)] * 4), max_size=5)
)
def test_a_sparse_map_shows_what_a_dense_one_shows(height, width, boxes):
    sparse, dense = SparseMap(height, width), MaxPyramid.growing(height, width)
    sparse.block(3, Box(0, 0, -(-height // 8), -(-width // 8)))
    for index, (top, left, tall, wide) in enumerate(boxes):
        box = Box(top, left, top + tall, left + wide).clipped(height, width)
        if not box.empty:
            values = np.random.default_rng(index).integers(0, 256, (box.height, box.width), np.uint8)
            sparse.put(box, values)
            dense.put(box, values)
    for level in range(3):
        whole = Box(0, 0, -(-height // 2**level), -(-width // 2**level))
        np.testing.assert_array_equal(sparse.block(level, whole), dense.block(level, whole))


@given(
    st.lists(st.tuples(*[st.integers(0, 999)] * 2, *[st.integers(1, 400)] * 2), max_size=6),
    st.tuples(*[st.integers(0, 999)] * 2, *[st.integers(1, 600)] * 2),
)
def test_a_sparse_map_knows_of_what_was_put_be_it_zeros(boxes, asked):
    sparse = SparseMap(1000, 1000)
    put = [Box(top, left, top + tall, left + wide).clipped(1000, 1000) for top, left, tall, wide in boxes]
    for box in put:
        sparse.put(box, np.zeros((box.height, box.width), np.uint8))
    top, left, tall, wide = asked
    here = Box(top, left, top + tall, left + wide)
    assert sparse.knows(here) == any(not here.intersection(box).empty for box in put)


def test_a_few_strokes_on_a_gigapixel_cost_a_few_tiles_at_every_level():
    labels = TiledLabels(32768, 32768)
    labels.write(Box(9000, 9000, 9100, 9300), np.full((100, 300), 2, np.uint8))
    pyramid = LabelPyramid(labels)
    assert pyramid.block(6, Box(0, 0, 512, 512)).max() == 1
    assert pyramid.nbytes < 1_000_000


def test_crack_outranks_not_crack_outranks_unsaid():
    labels = TiledLabels(4, 4)
    labels.write(labels.box, np.array([[0, 2, 0, 0], [2, 1, 0, 2], [0] * 4, [0] * 4], np.uint8))
    assert LabelPyramid(labels).block(1, Box(0, 0, 2, 2)).tolist() == [[2, 1], [0, 0]]


def test_before_its_levels_are_there_a_map_shows_a_value_of_each_cell():
    values = np.arange(64, dtype=np.uint8).reshape(8, 8)
    pyramid = MaxPyramid(values)
    early = pyramid.block(2, Box(0, 0, 2, 2))
    assert early.shape == (2, 2) and set(early.ravel()) <= set(values.ravel())
    pyramid.levels = [halve_max(values), halve_max(halve_max(values))]
    assert pyramid.block(2, Box(0, 0, 2, 2)).tolist() == [[27, 31], [59, 63]]


def test_a_thin_crack_along_a_long_narrow_photo_is_seen_from_any_distance():
    values = np.zeros((100, 5000), np.uint8)
    values[51, :] = 230
    pyramid = MaxPyramid(values)
    pyramid.levels = halved_levels(values, halve_max)
    for level in range(1, 8):
        rows, columns = -(-100 >> level), -(-5000 >> level)
        block = pyramid.block(level, Box(0, 0, rows, columns))
        assert block.shape == (rows, columns) and (block.max(axis=0) == 230).all()
    narrow = MaxPyramid(values[:60])
    assert (narrow.block(6, Box(0, 0, 1, 79)) == 230).all(), "it needs no levels of its own"


def test_zoomed_out_the_photo_is_its_own_mean():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (1024, 768, 3), np.uint8)
    photo = PhotoPyramid(pixels, None, 1024, 768)
    photo.levels = halved_levels(pixels)
    view = Viewport(128, 96, 1024, 768, 0.125)
    shown = photo.sample(view, Box(0, 0, 128, 96))
    mean = pixels.reshape(128, 8, 96, 8, 3).mean((1, 3))
    assert np.abs(shown - mean).max() <= 3


def test_a_preview_stands_where_the_photo_will_be():
    row, column = np.mgrid[0:512, 0:512]
    pixels = np.stack([row // 2, column // 2, 0 * row], 2).astype(np.uint8)
    preview = halve_mean(halve_mean(pixels))
    view = Viewport(256, 256, 512, 512, 0.5)
    loading = PhotoPyramid(None, preview, 512, 512).sample(view, view.view_box)
    loaded = PhotoPyramid(pixels, preview, 512, 512)
    loaded.levels = halved_levels(pixels)
    difference = np.abs(loading.astype(int) - loaded.sample(view, view.view_box))
    assert difference[4:-4, 4:-4].max() <= 2


def test_without_pixels_and_preview_nothing_is_sampled():
    assert PhotoPyramid(None, None, 10, 10).sample(Viewport(5, 5, 10, 10), Box(0, 0, 5, 5)) is None


def test_a_photo_wider_than_a_warp_can_take_is_shown():
    pixels = np.zeros((70, 40_000, 3), np.uint8)
    pixels[:, -10:] = 200
    photo = PhotoPyramid(pixels, None, 70, 40_000)
    view = Viewport(100, 100, 70, 40_000, 1.5).centred_on(35, 39_995)
    inside = view.photo_in_view
    assert photo.sample(view, inside)[10, -5].tolist() == [200] * 3


@settings(max_examples=25, deadline=None)
@given(st.integers(60, 400), st.integers(60, 400), st.integers(20, 90), st.integers(0, 9))
def test_a_grown_map_has_the_levels_of_the_whole_one(height, width, side, seed):
    random = np.random.default_rng(seed)
    values = random.integers(0, 256, (height, width), np.uint8)
    boxes = [
        Box(top, left, min(top + side, height), min(left + side, width))
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]
    random.shuffle(boxes)
    grown = MaxPyramid.growing(height, width)
    for box in boxes:
        grown.put(box, values[box.slices])
    levels = halved_levels(values, halve_max)
    assert np.array_equal(grown.values, values)
    assert len(grown.levels) == len(levels)
    assert all(np.array_equal(ours, anew) for ours, anew in zip(grown.levels, levels, strict=True))
