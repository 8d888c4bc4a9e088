"""Sparse labels against a plain array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.errors import BugError
from resatt_studio.records.correction import TILE_PX, Label
from resatt_studio.records.geometry import Box

HEIGHT, WIDTH = 300, 530


@st.composite
def boxes(draw):
    top, left = draw(st.integers(0, HEIGHT - 1)), draw(st.integers(0, WIDTH - 1))
    return Box(top, left, draw(st.integers(top, HEIGHT)), draw(st.integers(left, WIDTH)))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(boxes(), st.sampled_from(list(Label)), st.booleans(), st.integers(0, 9)), max_size=5)
)
def test_writing_and_painting_are_what_they_are_on_a_plain_array(acts):
    labels, plain = TiledLabels(HEIGHT, WIDTH), np.zeros((HEIGHT, WIDTH), np.uint8)
    for box, label, as_paint, seed in acts:
        mask = np.random.default_rng(seed).random((box.height, box.width)) < 0.5
        plain[box.slices][mask] = label
        if as_paint:
            labels.paint(box, mask, label)
        else:
            labels.write(box, np.full(mask.shape, label, np.uint8), mask)
        np.testing.assert_array_equal(labels.read(box), plain[box.slices])
    np.testing.assert_array_equal(labels.to_array(), plain)
    assert list(labels.counts().values()) == np.bincount(plain.ravel(), minlength=3).tolist()


def test_only_painted_tiles_take_memory():
    labels = TiledLabels(10_000, 20_000)
    labels.paint(Box(500, 500, 510, 530), np.ones((10, 30), bool), Label.CRACK)
    tiles = dict(labels.tiles())
    assert sorted(tiles) == [(1, 1), (1, 2)]
    assert sum(tile.nbytes for tile in tiles.values()) == 2 * TILE_PX**2


def test_unsaying_what_was_never_said_takes_no_tile():
    labels = TiledLabels(100, 100)
    box = Box(0, 0, 50, 50)
    labels.paint(box, np.ones((50, 50), bool), Label.UNSAID)
    labels.write(box, np.zeros((50, 50), np.uint8))
    assert list(labels.tiles()) == [] and not labels._tiles


def test_tiles_put_back_give_the_same_labels():
    labels = TiledLabels(HEIGHT, WIDTH)
    noise = np.random.default_rng(0).integers(0, 3, (HEIGHT, WIDTH), np.uint8)
    labels.write(labels.box, noise)
    again = TiledLabels(HEIGHT, WIDTH)
    for (row, column), tile in labels.tiles():
        again.put_tile(row, column, tile)
    np.testing.assert_array_equal(again.to_array(), noise)


def test_what_was_handed_out_changes_no_labels_and_is_not_changed_by_them():
    labels = TiledLabels(HEIGHT, WIDTH)
    labels.write(Box(0, 0, 1, 1), np.ones((1, 1), np.uint8))
    tile = labels.tile(0, 0)
    with pytest.raises(ValueError, match="read-only"):
        tile[:] = 2
    labels.read(Box(0, 0, 4, 4))[:] = 2
    assert labels.counts()[Label.NOT_CRACK] == 0
    labels.paint(Box(0, 0, 2, 2), np.ones((2, 2), bool), Label.NOT_CRACK)
    assert tile.sum() == 1 and labels.tile(0, 0).sum() == 8


def test_an_area_as_large_as_the_photo_costs_its_tiles_and_not_its_pixels():
    labels = TiledLabels(20_000, 20_000)
    box = Box(10, 10, 20_000, 20_000)
    labels.paint(box, np.broadcast_to(np.True_, (box.height, box.width)), Label.CRACK)
    rim = 2 * 79 * TILE_PX**2
    assert labels.nbytes < rim + 79 * 79
    assert labels.counts()[Label.CRACK] == box.height * box.width
    assert labels.same(Box(256, 256, 5000, 5000)) == Label.CRACK
    assert (
        labels.same(Box(0, 0, 300, 300)) is None and TiledLabels(9, 9).same(Box(0, 0, 9, 9)) == Label.UNSAID
    )


def test_boxes_outside_the_photo_and_misfitting_tiles_are_refused():
    labels = TiledLabels(HEIGHT, WIDTH)
    with pytest.raises(BugError):
        labels.read(Box(0, 0, HEIGHT + 1, 5))
    with pytest.raises(BugError):
        labels.put_tile(1, 0, np.zeros((TILE_PX, TILE_PX), np.uint8))
    with pytest.raises(BugError):
        TiledLabels(0, 5)


def test_saying_again_what_all_of_a_tile_says_costs_nothing():
    labels = TiledLabels(TILE_PX, TILE_PX)
    labels.fill_tile(0, 0, Label.CRACK)
    labels.paint(Box(3, 5, 40, 50), np.ones((37, 45), bool), Label.CRACK)
    assert labels.nbytes == 1
    labels.paint(Box(3, 5, 40, 50), np.ones((37, 45), bool), Label.NOT_CRACK)
    assert labels.counts()[Label.NOT_CRACK] == 37 * 45
