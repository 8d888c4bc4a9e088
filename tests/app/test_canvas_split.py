"""Claims about the split: geometry, and the divider driven by real mouse and key events on the canvas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from resatt_studio.app.canvas.painting import Sheet
from resatt_studio.app.canvas.split import GRIP_PX, REACH_PX, Split, middle_row
from resatt_studio.errors import BugError
from resatt_studio.records.arrays import read_only
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.geometry import Box
from resatt_studio.records.heat import Heat, HeatQuestion
from resatt_studio.records.prediction import Prediction

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
HEIGHT, WIDTH = 300, 420

photos = st.builds(
    lambda top, left, height, width: Box(top, left, top + height, left + width),
    st.integers(0, 50), st.integers(0, 50), st.integers(1, 2000), st.integers(1, 2000),
)  # fmt: skip


@given(photos, st.floats(0, 1))
def test_the_divider_is_on_the_photo_and_where_it_is_put(photo, place):
    split = Split(True, place)
    column = split.column(photo)
    assert photo.left <= column <= photo.right
    again = Split(True, split.placed_at(column, photo))
    assert again.column(photo) == column
    side = split.right_side(photo)
    assert side.width == photo.right - column and side.height == photo.height


@given(photos, st.floats(-5000, 5000))
def test_a_divider_that_is_pulled_off_the_photo_stays_at_its_edge(photo, column):
    assert 0 <= Split().placed_at(column, photo) <= 1


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_grip_reaches_further_than_the_line(ratio):
    photo = Box(0, 0, 400, 600)
    split = Split(True, 0.5)
    middle = middle_row(photo)
    assert split.holds(middle, 300 + (GRIP_PX - 1) * ratio, photo, ratio)
    assert not split.holds(middle, 300 + (GRIP_PX + 1) * ratio, photo, ratio)
    assert split.holds(20, 300 - REACH_PX * ratio, photo, ratio)
    assert not split.holds(20, 300 - (REACH_PX + 1) * ratio, photo, ratio)
    assert not split.holds(401, 300, photo, ratio)
    assert not Split(False, 0.5).holds(middle, 300, photo, ratio)


# -- on the canvas --


def dehazing() -> Dehazing:
    white = np.full((HEIGHT, WIDTH, 3), 250, np.uint8)
    return Dehazing(
        "a" * 64, "d" * 64, read_only(white), read_only(np.full((HEIGHT, WIDTH), 128, np.uint8)),
        read_only(white), (0.0, 1.0), 0.1,
    )  # fmt: skip


@pytest.fixture
def split(canvas):
    """A canvas at 100 % that shows a white dehazed photo behind the split."""
    canvas.actual_size()
    canvas.centre_on(150, 210)
    canvas.set_layer("mask", visible=False)
    canvas.set_layer("correction", visible=False)
    canvas.set_layer("dehazed", visible=True)
    canvas.set_dehazing(dehazing())
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    return canvas


def grabbed(view) -> np.ndarray:
    """What is on the screen: h x w x 3 uint8 RGB."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def drag(view, points: list[QPoint]) -> None:
    QTest.mousePress(view, LEFT, NO_KEY, points[0])
    for point in points[1:]:
        at = QPointF(point)
        event = QMouseEvent(QEvent.Type.MouseMove, at, view.mapToGlobal(at), LEFT, LEFT, NO_KEY)
        QApplication.postEvent(view, event)
        QApplication.processEvents()
    QTest.mouseRelease(view, LEFT, NO_KEY, points[-1])
    QApplication.processEvents()


def sides(view) -> tuple[np.ndarray, np.ndarray]:
    """Rows well away from grip and captions: what is left and right of the divider."""
    rows = grabbed(view)[220:290]
    at = round(view.split_column)
    return rows[:, : at - 4], rows[:, at + 4 :]


def test_left_of_the_divider_is_the_photo_and_right_of_it_the_dehazed_one(split):
    left, right = sides(split)
    assert (right == 250).all()
    port = split.viewport
    photo = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    rows, columns = port.photo_rows(220, 290), port.photo_columns(0, left.shape[1])
    assert np.abs(left.astype(int) - photo[rows][:, columns]).max() <= 1


@pytest.mark.parametrize("tool", ["brush", "eraser", "pan", "attention"])
def test_dragging_the_grip_moves_the_divider_and_nothing_else_with_any_tool(split, tool):
    split.set_tool(tool)
    top, asked, told = split.viewport.top, [], []
    split.point_asked.connect(asked.append)
    split.split_moved.connect(told.append)
    drag(split, [QPoint(200, 150), QPoint(240, 160), QPoint(297, 170)])
    assert split.split_column == 297
    assert told and told[-1] == split.split.place
    assert split.viewport.top == top and asked == []
    assert split.document.edit_count == 0
    assert (sides(split)[1] == 250).all()


def test_the_line_can_be_taken_anywhere_along_its_length_without_a_jump(split):
    drag(split, [QPoint(202, 40), QPoint(102, 40)])
    assert split.split_column == 100


def test_the_divider_stops_at_the_edges_of_the_photo(split):
    split.zoom_to(0.5)
    photo = split.viewport.photo_in_view
    grip = QPoint(round(split.split_column), round(middle_row(photo)))
    drag(split, [grip, QPoint(1, grip.y())])
    assert split.split_column == photo.left
    drag(split, [QPoint(photo.left, grip.y()), QPoint(399, grip.y())])
    assert split.split_column == photo.right


def test_escape_puts_the_divider_back(split):
    QTest.mousePress(split, LEFT, NO_KEY, QPoint(200, 150))
    QTest.mouseMove(split, QPoint(250, 150))
    QApplication.processEvents()
    QTest.keyClick(split, Qt.Key.Key_Escape)
    QTest.mouseRelease(split, LEFT, NO_KEY, QPoint(250, 150))
    assert split.split_column == 200


def test_the_pointer_says_where_the_divider_can_be_taken(split):
    QTest.mouseMove(split, QPoint(201, 100))
    QApplication.processEvents()
    assert split.cursor().shape() is Qt.CursorShape.SplitHCursor
    QTest.mouseMove(split, QPoint(240, 100))
    QApplication.processEvents()
    assert split.cursor().shape() is Qt.CursorShape.CrossCursor


def test_beside_the_divider_the_brush_paints(split):
    drag(split, [QPoint(240, 150), QPoint(280, 150)])
    assert split.document.edit_count == 1 and split.split_column == 200


def test_without_a_split_the_dehazed_photo_covers_everything_and_says_what_it_is(split):
    split.set_split(Split(False))
    rows = grabbed(split)
    assert (rows[220:290] == 250).all()
    assert (rows[:40, :120] < 100).any(), "the caption that names the layer"
    drag(split, [QPoint(200, 150), QPoint(260, 150)])
    assert split.document.edit_count == 1, "there is no divider to take hold of"


def test_holding_v_shows_the_bare_photo_on_both_sides(split):
    split.set_layer("dehazed", visible=False)
    bare = grabbed(split)
    split.set_layer("dehazed", visible=True)
    QTest.keyPress(split, Qt.Key.Key_V)
    np.testing.assert_array_equal(grabbed(split), bare)
    QTest.keyRelease(split, Qt.Key.Key_V)
    assert (sides(split)[1] == 250).all()


def test_another_photo_takes_dehazing_heat_and_point_away(split):
    split.set_point((10, 10))
    split.set_photo(np.zeros((200, 200, 3), np.uint8), photo_id="b" * 64)
    assert split.scene.haze.pyramids == {} and split.scene.heat.heat is None and split.point is None


def test_what_was_made_of_another_size_is_a_bug(canvas):
    grid = np.zeros((2, 2), np.float32)
    with pytest.raises(BugError):
        canvas.set_heat(Heat("a" * 64, "w", HeatQuestion("rmt"), grid, (5, 5), Box(0, 0, 9, 9), 9, 9))
    canvas.set_photo(np.zeros((200, 200, 3), np.uint8), photo_id="b" * 64)
    with pytest.raises(BugError):
        canvas.set_dehazing(dehazing())


def test_the_photos_levels_are_halved_only_once_a_layer_is_looked_at(canvas, qtbot):
    canvas.set_dehazing(dehazing())
    assert not canvas.background.kinds & {"dehazed", "transmission", "residual"}
    canvas.set_layer("transmission", visible=True)
    qtbot.waitUntil(lambda: bool(canvas.scene.haze.pyramids["transmission"].levels), timeout=60_000)
    assert not canvas.scene.haze.pyramids["dehazed"].levels


def half(rows: slice, dehazer_id: str = "") -> Prediction:
    """A prediction that says crack in some rows."""
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[rows] = 255
    return Prediction("a" * 64, "w" * 64, read_only(values), 0.1, dehazer_id=dehazer_id)


@pytest.mark.parametrize("chosen", ["raw", "dehazed"])
def test_compared_masks_lie_left_and_right_of_the_divider(canvas, chosen):
    canvas.actual_size()
    canvas.centre_on(150, 210)
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    canvas.set_layer("mask", opacity=1.0, colour="#ff0000")
    of_photo, of_dehazed = half(slice(0, 250)), half(slice(250, 300), "d" * 64)
    first, second = (of_photo, of_dehazed) if chosen == "raw" else (of_dehazed, of_photo)
    canvas.set_prediction(first)
    canvas.set_compared(second)
    assert canvas.scene.compares
    picture, at = grabbed(canvas), round(canvas.split_column)
    red = (picture == (255, 0, 0)).all(axis=2)
    assert red[200:240, : at - 4].all() and not red[200:240, at + 4 :].any()
    assert red[260:290, at + 4 :].all() and not red[260:290, : at - 4].any()
    drag(canvas, [QPoint(at, 150), QPoint(at + 60, 150)])
    assert round(canvas.split_column) == at + 60, "the divider is there without a dehazed layer"
    canvas.pan_by(-7, 5)
    moved = (grabbed(canvas) == (255, 0, 0)).all(axis=2)
    assert moved[200:235, : at + 50].all() and not moved[200:235, at + 70 :].any()
    canvas.set_compared(None)
    assert not canvas.scene.compares


@pytest.mark.parametrize("chosen", ["raw", "dehazed"])
def test_without_a_divider_the_chosen_mask_is_seen_alone(canvas, chosen):
    canvas.actual_size()
    canvas.centre_on(150, 210)
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    canvas.set_layer("mask", opacity=1.0, colour="#ff0000")
    first, second = half(slice(0, HEIGHT)), half(slice(0, 0), "d" * 64)
    if chosen == "dehazed":
        first, second = half(slice(0, HEIGHT), "d" * 64), half(slice(0, 0))
    canvas.set_prediction(first)
    canvas.set_compared(second)
    canvas.set_split(Split(on=False))
    red = (grabbed(canvas) == (255, 0, 0)).all(axis=2)
    assert red[20:-20, 20:-20].all(), "no other mask, and no caption of one"


def test_a_stroke_is_seen_on_both_sides_of_compared_masks(canvas):
    canvas.actual_size()
    canvas.centre_on(150, 210)
    canvas.set_prediction(half(slice(0, 0)))
    canvas.set_compared(half(slice(0, 0), "d" * 64))
    drag(canvas, [QPoint(20, 230), QPoint(380, 230)])
    canvas.scene.compose()
    left, right = canvas.scene.overlay_sides
    assert left is not right
    np.testing.assert_array_equal(left, right)
    assert left.any()


def test_a_compared_prediction_of_another_size_is_a_bug(canvas):
    small = Prediction("a" * 64, "w" * 64, np.zeros((5, 5), np.uint8), 0.1)
    with pytest.raises(BugError):
        canvas.set_compared(small)


def acts(view):
    """Whatever changes what is seen, or how it lies on each other, one after the other."""
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[40:60, 30:400] = 200
    values[100:104, :] = 255
    yield "photo", lambda: None
    yield "stroke", lambda: drag(view, [QPoint(240, 150), QPoint(290, 170)])
    yield "prediction", lambda: view.set_prediction(Prediction("a" * 64, "w" * 64, values, 0.1), 0.5)
    yield "mask", lambda: view.set_layer("mask", visible=True)
    yield "correction", lambda: view.set_layer("correction", visible=True)
    yield "pan", lambda: view.pan_by(7, -13)
    yield "stroke", lambda: drag(view, [QPoint(20, 30), QPoint(60, 80)])
    yield "outline", lambda: view.set_layer("outline", visible=True)
    yield "undo", lambda: view.refresh(view.document.undo().box)
    yield "divider", lambda: view.set_split(Split(True, 0.3))
    yield (
        "compared",
        lambda: view.set_compared(
            Prediction("a" * 64, "w" * 64, values[::-1].copy(), 0.1, dehazer_id="d" * 64)
        ),
    )
    yield "divider", lambda: view.set_split(Split(True, 0.8))
    yield "threshold", lambda: view.set_threshold(0.9)
    yield "haze away", lambda: view.set_layer("dehazed", visible=False)
    yield "no divider", lambda: view.set_split(Split(False))
    yield "peek", lambda: view.set_peek(True)
    yield "no peek", lambda: view.set_peek(False)
    yield "none compared", lambda: view.set_compared(None)
    yield "uncertainty", lambda: view.set_layer("uncertainty", visible=True)
    yield "zoom", lambda: view.zoom_to(0.6)
    yield "stroke", lambda: drag(view, [QPoint(200, 150), QPoint(180, 100)])
    yield "zoom", lambda: view.zoom_to(3.0)
    yield "stroke", lambda: drag(view, [QPoint(200, 150), QPoint(180, 100)])
    yield "size", lambda: view.resize(333, 222)
    yield "no photo", lambda: view.set_photo(None)


def test_what_is_laid_piece_by_piece_is_what_laying_all_anew_would_show(split):
    for name, act in acts(split):
        act()
        QApplication.processEvents()
        shown = grabbed(split)
        split._sheet = Sheet()
        np.testing.assert_array_equal(shown, grabbed(split), err_msg=name)


def test_a_paint_of_several_pieces_touches_nothing_between_them(split):
    QApplication.processEvents()
    image = QImage(split.size(), QImage.Format.Format_RGB32)
    image.fill(0xFF010203)
    pieces = QRegion(10, 20, 30, 40).united(QRegion(200, 100, 50, 10)).united(QRegion(60, 30, 5, 5))
    split.render(image, QPoint(), pieces, QWidget.RenderFlag(0))
    whole = QImage(split.size(), QImage.Format.Format_RGB32)
    split.render(whole, QPoint(), QRegion(split.rect()), QWidget.RenderFlag(0))
    for y in range(0, split.height(), 3):
        for x in range(0, split.width(), 3):
            # What is rendered of a region is moved to the corner of its own rectangle.
            inside = pieces.contains(QPoint(x, y))
            at = QPoint(x, y) - pieces.boundingRect().topLeft()
            if inside:
                assert image.pixel(at) == whole.pixel(x, y)
            elif pieces.boundingRect().contains(QPoint(x, y)):
                assert image.pixel(at) == 0xFF010203
