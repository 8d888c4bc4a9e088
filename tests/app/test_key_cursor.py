"""Claims about the keyboard's pointer on the photo, driven by real key events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from resatt_studio.app.canvas.key_cursor import FAR_TIMES
from resatt_studio.app.main import settle
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box

pytestmark = pytest.mark.gui
KEY, SHIFT = Qt.Key, Qt.KeyboardModifier.ShiftModifier
WAYS = {KEY.Key_Up: (-1, 0), KEY.Key_Down: (1, 0), KEY.Key_Left: (0, -1), KEY.Key_Right: (0, 1)}


@pytest.fixture
def pointed(canvas: Any) -> Any:
    """The canvas at two screen pixels a photo pixel, with the cursor in the middle of the view."""
    canvas.centre_on(150, 200, 2.0)
    canvas.set_brush(Label.CRACK, 3.0)
    canvas.show_key_cursor(True)
    return canvas


def test_arrow_keys_move_the_cursor_by_the_pixel_and_with_shift_farther(pointed: Any) -> None:
    row, column = pointed.key_cursor.place
    seen = pointed.viewport
    for key, (down, right) in WAYS.items():
        QTest.keyClick(pointed, key)
        row, column = row + down, column + right
        assert pointed.key_cursor.place == (row, column)
        QTest.keyClick(pointed, key, SHIFT)
        row, column = row + FAR_TIMES * down, column + FAR_TIMES * right
        assert pointed.key_cursor.place == (row, column)
    assert pointed.viewport == seen, "the photo stays"


def test_space_held_while_arrow_keys_move_paints_what_the_mouse_would_paint(pointed: Any) -> None:
    row, column = pointed.key_cursor.place
    edits: list[Any] = []
    pointed.stroke_finished.connect(edits.append)
    QTest.keyPress(pointed, KEY.Key_Space)
    for _ in range(2):
        QTest.keyClick(pointed, KEY.Key_Right, SHIFT)
    assert pointed.in_stroke
    QTest.keyRelease(pointed, KEY.Key_Space)
    settle(0.02)
    by_key = pointed.document.labels.to_array()
    assert len(edits) == 1 and not pointed.in_stroke
    assert (by_key[row, column : column + 2 * FAR_TIMES + 1] == Label.CRACK).all()
    assert not by_key[row + 5, column], "three pixels to either side"
    pointed.document.undo()
    pointed.document.begin("brush", Label.CRACK, 3.0)
    pointed.document.extend([(row + 0.5, column + 0.5 + step) for step in (0, FAR_TIMES, 2 * FAR_TIMES)])
    pointed.document.end()
    assert np.array_equal(pointed.document.labels.to_array(), by_key)


def test_a_tap_of_space_clicks_and_enter_finishes_what_is_in_hand(pointed: Any) -> None:
    pointed.set_tool("polyline")
    row, column = pointed.key_cursor.place
    QTest.keyClick(pointed, KEY.Key_Space)
    QTest.keyClick(pointed, KEY.Key_Down, SHIFT)
    QTest.keyClick(pointed, KEY.Key_Space)
    QTest.keyClick(pointed, KEY.Key_Return)
    labels = pointed.document.labels.to_array()
    assert (labels[row : row + FAR_TIMES + 1, column] == Label.CRACK).all()


def test_escape_takes_back_the_stroke_that_space_began(pointed: Any) -> None:
    QTest.keyPress(pointed, KEY.Key_Space)
    QTest.keyClick(pointed, KEY.Key_Right, SHIFT)
    QTest.keyClick(pointed, KEY.Key_Escape)
    QTest.keyRelease(pointed, KEY.Key_Space)
    assert not pointed.document.labels.to_array().any() and not pointed.in_stroke


def test_a_stroke_ends_when_the_focus_goes_while_space_is_held(pointed: Any) -> None:
    QTest.keyPress(pointed, KEY.Key_Space)
    QTest.keyClick(pointed, KEY.Key_Right, SHIFT)
    pointed.clearFocus()
    assert not pointed.in_stroke and pointed.document.labels.to_array().any()


def test_the_photo_moves_along_at_the_edge_and_the_cursor_stays_on_the_photo(pointed: Any) -> None:
    for _ in range(60):
        QTest.keyClick(pointed, KEY.Key_Left, SHIFT)
    row, column = pointed.key_cursor.place
    assert column == 0
    _, view_column = pointed.viewport.to_view(row, column)
    assert 0 <= view_column < pointed.viewport.view_width


def test_a_framed_place_and_a_new_photo_take_the_cursor_along(pointed: Any) -> None:
    QTest.keyClick(pointed, KEY.Key_Left, SHIFT)
    pointed.set_place(Box(20, 30, 40, 70))
    assert pointed.key_cursor.place == (30, 50)
    pointed.set_photo(np.zeros((80, 90, 3), np.uint8), photo_id="b" * 64)
    row, column = pointed.key_cursor.place
    assert abs(row - 40) <= 1 and abs(column - 45) <= 1


def test_without_the_cursor_arrow_keys_move_the_photo(pointed: Any) -> None:
    pointed.show_key_cursor(False)
    before = pointed.viewport
    QTest.keyClick(pointed, KEY.Key_Left)
    assert pointed.viewport != before
    QTest.keyClick(pointed, KEY.Key_Space)
    assert not pointed.document.labels.to_array().any()


def test_the_cursor_is_seen_where_it_points(pointed: Any) -> None:
    QTest.keyClick(pointed, KEY.Key_Up, SHIFT)
    settle(0.05)
    with_cursor = pointed.grab().toImage()
    pointed.key_cursor.on = False
    pointed.update()
    without = pointed.grab().toImage()
    row, column = pointed.viewport.to_view(*pointed.key_cursor.place)
    changed = [
        (x, y)
        for x in range(with_cursor.width())
        for y in range(with_cursor.height())
        if with_cursor.pixel(x, y) != without.pixel(x, y)
    ]
    xs, ys = zip(*changed, strict=True)
    assert abs((min(xs) + max(xs)) / 2 - column) < 3 and abs((min(ys) + max(ys)) / 2 - row) < 3
