"""The canvas driven by real mouse, wheel and key events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QImage, QMouseEvent, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.strokes import stamp
from resatt_studio.app.canvas.tile_memory import TileMemory
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.errors import BugError
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import Prediction, PredictionPart
from resatt_studio.store.blobs import BlobStore

pytestmark = pytest.mark.gui

HEIGHT, WIDTH = 300, 420
LEFT = Qt.MouseButton.LeftButton
NO_KEY = Qt.KeyboardModifier.NoModifier


def pixels(height=HEIGHT, width=WIDTH) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)


def prediction(photo_id="a" * 64, height=HEIGHT, width=WIDTH) -> Prediction:
    values = np.zeros((height, width), np.uint8)
    values[140:150] = 255
    return Prediction(photo_id, "w" * 64, values, 0.1)


@pytest.fixture
def canvas(qtbot):
    view = PhotoCanvas()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    qtbot.waitExposed(view)
    view.set_photo(pixels(), photo_id="a" * 64)
    view.set_document(CorrectionDocument("a" * 64, HEIGHT, WIDTH))
    yield view
    view.background.stop()


def grabbed(view: PhotoCanvas) -> np.ndarray:
    """What is on the screen: h x w x 3 uint8 RGB."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def photo_point(view: PhotoCanvas, at: QPoint) -> tuple[float, float]:
    """Photo coordinates of the middle of the screen pixel at ``at``; told apart from the code on purpose."""
    port = view.viewport
    return (at.y() + 0.5 - port.top) / port.scale, (at.x() + 0.5 - port.left) / port.scale


def drag(view: PhotoCanvas, points: list[QPoint], key=NO_KEY, button=LEFT) -> None:
    QTest.mousePress(view, button, key, points[0])
    for point in points[1:]:
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(point), view.mapToGlobal(QPointF(point)), button, button, key
        )
        QApplication.postEvent(view, event)
        QApplication.processEvents()
    QTest.mouseRelease(view, button, key, points[-1])
    QApplication.processEvents()


def wheel(view: PhotoCanvas, at: QPoint, notches: float, key=NO_KEY) -> None:
    event = QWheelEvent(
        QPointF(at), view.mapToGlobal(QPointF(at)), QPoint(), QPoint(0, int(120 * notches)),
        Qt.MouseButton.NoButton, key, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.7, 8.0, 40.0])
@pytest.mark.parametrize("radius_px", [0.5, 3.0, 30.0])
def test_a_stroke_of_the_mouse_lands_on_exactly_the_pixels_under_it(canvas, scale, radius_px):
    canvas.zoom_to(scale)
    canvas.centre_on(130, 200)
    canvas.set_brush(Label.NOT_CRACK, radius_px)
    points = [QPoint(150, 120), QPoint(180, 140), QPoint(230, 110), QPoint(231, 190)]
    drag(canvas, points)
    expected = np.zeros((HEIGHT, WIDTH), bool)
    box, mask = stamp([photo_point(canvas, p) for p in points], radius_px, Box(0, 0, HEIGHT, WIDTH))
    expected[box.slices] = mask
    labels = canvas.document.labels.to_array()
    np.testing.assert_array_equal(labels == Label.NOT_CRACK, expected)
    assert not (labels == Label.CRACK).any()


def test_at_800_percent_the_screen_shows_exact_pixels_with_the_stroke_exactly_on_them(canvas):
    canvas.zoom_to(8.0)
    canvas.centre_on(150, 200)
    canvas.set_brush(Label.CRACK, 2.0)
    drag(canvas, [QPoint(100, 100), QPoint(300, 180)])
    QTest.mouseMove(canvas, QPoint(1, 1))
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    shown, port = grabbed(canvas), canvas.viewport
    rows, columns = port.photo_rows(0, 300), port.photo_columns(0, 400)
    photo = pixels()[rows][:, columns]
    painted = (canvas.document.labels.to_array() == Label.CRACK)[rows][:, columns]
    np.testing.assert_array_equal(shown[~painted], photo[~painted])
    blend = 0.25 * photo[painted] + 0.75 * np.array([0x35, 0xC2, 0xFF])
    assert np.abs(shown[painted] - blend).max() <= 2


def test_the_screen_after_a_stroke_equals_the_screen_painted_anew(canvas):
    for scale in (0.4, 1.0, 3.0):
        canvas.zoom_to(scale)
        drag(canvas, [QPoint(120, 90), QPoint(260, 200)])
        canvas.leaveEvent(QEvent(QEvent.Type.Leave))
        before = grabbed(canvas)
        canvas.scene.spoil(photo=True)
        np.testing.assert_array_equal(before, grabbed(canvas))


def test_undo_shows_the_photo_as_before_the_stroke(canvas):
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    bare = grabbed(canvas)
    drag(canvas, [QPoint(120, 90), QPoint(260, 200)])
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    assert (grabbed(canvas) != bare).any()
    canvas.refresh(canvas.document.undo().box)
    np.testing.assert_array_equal(grabbed(canvas), bare)


def test_a_stroke_is_seen_while_the_button_is_still_down(canvas, qtbot):
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    bare = grabbed(canvas)
    QTest.mousePress(canvas, LEFT, NO_KEY, QPoint(150, 150))
    point = QPointF(200, 150)
    QApplication.postEvent(
        canvas, QMouseEvent(QEvent.Type.MouseMove, point, canvas.mapToGlobal(point), LEFT, LEFT, NO_KEY)
    )
    qtbot.waitUntil(lambda: (grabbed(canvas)[150, 185] != bare[150, 185]).any(), timeout=60_000)
    assert canvas.in_stroke and canvas.document.edit_count == 0
    QTest.mouseRelease(canvas, LEFT, NO_KEY, QPoint(200, 150))


def test_moves_that_arrive_together_are_all_painted(canvas):
    canvas.actual_size()
    canvas.set_brush(radius_px=1.0)
    canvas.centre_on(150, 210)
    QTest.mousePress(canvas, LEFT, NO_KEY, QPoint(50, 150))
    zigzag = [QPoint(60 + 5 * n, 150 + (40 if n % 2 else -40)) for n in range(40)]
    for point in zigzag:
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(point), canvas.mapToGlobal(QPointF(point)), LEFT, LEFT, NO_KEY
        )
        canvas.mouseMoveEvent(event)
    QTest.mouseRelease(canvas, LEFT, NO_KEY, zigzag[-1])
    path = canvas.document.edits[-1].path
    assert [photo_point(canvas, point) for point in zigzag] == list(path[1:41])


def test_one_press_to_release_is_one_undo_step_and_is_announced(canvas):
    started, finished = [], []
    canvas.stroke_started.connect(lambda: started.append(True))
    canvas.stroke_finished.connect(finished.append)
    drag(canvas, [QPoint(100, 100), QPoint(140, 100), QPoint(180, 140)])
    assert canvas.document.edit_count == 1 and started == [True]
    assert finished == [canvas.document.edits[-1]] and finished[0].tool == "brush"


def test_escape_takes_the_stroke_in_hand_back(canvas, qtbot):
    QTest.mousePress(canvas, LEFT, NO_KEY, QPoint(100, 100))
    with qtbot.waitSignal(canvas.stroke_finished) as heard:
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert heard.args == [None] and not canvas.document.labels.to_array().any()
    QTest.mouseRelease(canvas, LEFT, NO_KEY, QPoint(150, 100))
    assert canvas.document.edit_count == 0


def test_the_wheel_zooms_at_the_pointer(canvas, qtbot):
    at = QPoint(310, 80)
    point = photo_point(canvas, at)
    with qtbot.waitSignal(canvas.zoom_changed):
        wheel(canvas, at, 4)
    again = photo_point(canvas, at)
    assert canvas.scale == pytest.approx(canvas.viewport.fit_scale * 1.25**4)
    assert np.abs(np.subtract(again, point)).max() <= 0.6 / canvas.scale


def test_the_wheel_scrolls_when_asked_to_and_control_still_zooms(canvas):
    canvas.wheel_zooms = False
    canvas.zoom_to(4.0)
    top, scale = canvas.viewport.top, canvas.scale
    wheel(canvas, QPoint(200, 150), -1)
    assert canvas.viewport.top == top - 60 and canvas.scale == scale
    wheel(canvas, QPoint(200, 150), 1, Qt.KeyboardModifier.ControlModifier)
    assert canvas.scale == scale * 1.25


def test_shift_and_wheel_change_the_brush_and_say_so(canvas, qtbot):
    with qtbot.waitSignal(canvas.radius_changed) as heard:
        wheel(canvas, QPoint(200, 150), 2, Qt.KeyboardModifier.ShiftModifier)
    assert heard.args == [canvas.radius_px] and canvas.radius_px == 4.0 * 1.25**2
    wheel(canvas, QPoint(200, 150), -90, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.radius_px == 0.5


def test_alt_and_drag_size_the_brush_by_photo_pixels_and_paint_nothing(canvas):
    canvas.zoom_to(2.0)
    drag(canvas, [QPoint(100, 100), QPoint(120, 100)], Qt.KeyboardModifier.AltModifier)
    assert canvas.radius_px == 4.0 + 20 / 2
    assert canvas.document.edit_count == 0


@pytest.mark.parametrize("how", ["middle", "space", "tool"])
def test_the_photo_can_be_dragged(canvas, how):
    canvas.zoom_to(4.0)
    top, left = canvas.viewport.top, canvas.viewport.left
    if how == "space":
        QTest.keyPress(canvas, Qt.Key.Key_Space)
    if how == "tool":
        canvas.set_tool("pan")
    button = Qt.MouseButton.MiddleButton if how == "middle" else LEFT
    drag(canvas, [QPoint(200, 150), QPoint(190, 170), QPoint(170, 190)], button=button)
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert (canvas.viewport.top - top, canvas.viewport.left - left) == (40, -30)
    assert canvas.document.edit_count == 0


def test_after_space_the_brush_paints_again(canvas):
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    drag(canvas, [QPoint(200, 150), QPoint(220, 150)])
    assert canvas.document.edit_count == 1


def test_holding_v_shows_the_bare_photo(canvas):
    canvas.set_prediction(prediction())
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    covered = grabbed(canvas)
    QTest.keyPress(canvas, Qt.Key.Key_V)
    bare = grabbed(canvas)
    QTest.keyRelease(canvas, Qt.Key.Key_V)
    assert (covered != bare).any()
    np.testing.assert_array_equal(grabbed(canvas), covered)
    canvas.set_prediction(None)
    np.testing.assert_array_equal(grabbed(canvas), bare)


def test_losing_the_focus_ends_peeking(canvas):
    QTest.keyPress(canvas, Qt.Key.Key_V)
    assert canvas.scene.peek
    canvas.clearFocus()
    canvas.focusOutEvent(QFocusEvent(QEvent.Type.FocusOut))
    assert not canvas.scene.peek


def test_arrow_keys_move_the_photo(canvas):
    canvas.zoom_to(4.0)
    before = canvas.viewport
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert (canvas.viewport.top - before.top, canvas.viewport.left - before.left) == (-30, -40)


def test_pinching_zooms(canvas):
    scale = canvas.scale
    event = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture, QPointingDevice.primaryPointingDevice(), 2,
        QPointF(200, 150), QPointF(200, 150), canvas.mapToGlobal(QPointF(200, 150)), 0.5, QPointF(),
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)
    assert canvas.scale == pytest.approx(scale * 1.5)


def test_each_photo_is_seen_again_as_it_was_left(canvas):
    canvas.zoom_to(5.0)
    canvas.centre_on(50, 60)
    left = canvas.viewport
    canvas.set_photo(pixels(200, 100), photo_id="b" * 64)
    assert canvas.scale == pytest.approx(canvas.viewport.fit_scale) and canvas.document is None
    canvas.set_photo(pixels(), photo_id="a" * 64)
    assert canvas.viewport == left


def test_a_preview_keeps_its_view_when_the_photo_comes(canvas, qtbot):
    small = np.full((30, 42, 3), 90, np.uint8)
    canvas.set_photo(None, small, "c" * 64, (HEIGHT, WIDTH))
    assert (grabbed(canvas)[150, 200] == 90).all()
    canvas.zoom_to(3.0)
    seen = canvas.viewport
    canvas.set_document(CorrectionDocument("c" * 64, HEIGHT, WIDTH))
    canvas.set_photo(pixels(), small, "c" * 64)
    assert canvas.viewport == seen and canvas.document is not None
    assert not (grabbed(canvas)[150, 200] == 90).all()


def test_a_fitted_photo_stays_whole_when_the_window_grows_and_a_zoomed_one_stays_in_place(canvas):
    canvas.resize(600, 500)
    assert canvas.scale == pytest.approx(canvas.viewport.fit_scale)
    canvas.zoom_to(3.0)
    canvas.centre_on(100, 200)
    canvas.resize(500, 400)
    assert canvas.scale == 3.0
    row, column = canvas.viewport.to_photo(200, 250)
    assert abs(row - 100) < 0.5 and abs(column - 200) < 0.5


def test_the_pointer_says_which_photo_pixel_it_is_on(canvas, qtbot):
    canvas.actual_size()
    heard = []
    canvas.pointer_moved.connect(heard.append)
    port = canvas.viewport
    QTest.mouseMove(canvas, QPoint(port.left + 17 if port.left > 0 else 17, 40))
    QApplication.processEvents()
    expected = photo_point(canvas, QPoint(port.left + 17 if port.left > 0 else 17, 40))
    assert heard[-1] == (int(expected[0]), int(expected[1]))
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    assert heard[-1] is None


def test_layers_switch_on_and_off(canvas, qtbot):
    canvas.set_prediction(prediction(), threshold=0.5)
    canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    seen = [grabbed(canvas)]
    for name in ("probability", "uncertainty"):
        canvas.set_layer(name, visible=True)
        qtbot.waitUntil(lambda: not canvas.background.busy, timeout=60_000)
    seen.append(grabbed(canvas))
    canvas.set_layer("mask", visible=False)
    canvas.set_layer("probability", visible=False)
    canvas.set_layer("uncertainty", visible=False)
    seen.append(grabbed(canvas))
    canvas.set_layer("mask", visible=True, opacity=1.0, colour="#00ff00")
    seen.append(grabbed(canvas))
    assert len({image.tobytes() for image in seen}) == 4
    row = round(145 * canvas.scale + canvas.viewport.top)
    assert seen[-1][row, 200].tolist() == [0, 255, 0]


def test_a_higher_threshold_shows_less_mask(canvas):
    values = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    canvas.set_prediction(Prediction("a" * 64, "w", values, 0.3))
    covered = []
    for threshold in (0.2, 0.5, 0.9):
        canvas.set_threshold(threshold)
        grabbed(canvas)
        covered.append((canvas.scene.overlay_picture != 0).sum())
    assert covered[0] > covered[1] > covered[2] > 0


def test_what_does_not_fit_the_photo_is_refused(canvas):
    with pytest.raises(BugError):
        canvas.set_prediction(prediction(height=10))
    with pytest.raises(BugError):
        canvas.set_document(CorrectionDocument("a" * 64, 9, 9))


def test_another_photo_in_mid_stroke_keeps_the_stroke_with_the_photo_it_began_on(canvas):
    document = canvas.document
    QTest.mousePress(canvas, LEFT, NO_KEY, QPoint(200, 150))
    canvas.set_photo(pixels(50, 50), photo_id="b" * 64)
    assert document.edit_count == 1 and not document.in_stroke and not canvas.in_stroke


def test_without_a_photo_the_canvas_takes_every_event_calmly(qtbot):
    view = PhotoCanvas()
    qtbot.addWidget(view)
    view.set_message("Open a project, or drop photos here.")
    view.show()
    drag(view, [QPoint(10, 10), QPoint(50, 50)])
    wheel(view, QPoint(10, 10), 1)
    for key in (Qt.Key.Key_Space, Qt.Key.Key_V, Qt.Key.Key_Left):
        QTest.keyClick(view, key)
    view.fit()
    assert len(np.unique(grabbed(view).reshape(-1, 3), axis=0)) > 1  # the message is written on it
    view.background.stop()


def test_a_photo_without_a_document_is_looked_at_and_not_painted(canvas):
    canvas.set_document(None)
    drag(canvas, [QPoint(100, 100), QPoint(150, 150)])
    assert not canvas.in_stroke


def test_a_closed_canvas_drops_what_was_being_prepared(qtbot):
    view = PhotoCanvas()
    qtbot.addWidget(view)
    view.set_photo(np.zeros((3000, 4000, 3), np.uint8), photo_id="a" * 64)
    view.background.stop()
    QApplication.processEvents()
    assert view.scene.photo.levels == [] and not view.background.busy


def test_it_can_be_named_and_reached_by_keyboard(canvas):
    assert canvas.accessibleName() and canvas.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_levels_made_in_the_background_are_shown_when_ready(canvas, qtbot):
    big = np.random.default_rng(1).integers(0, 256, (1600, 1600, 3), np.uint8)
    canvas.set_photo(big, photo_id="d" * 64)
    qtbot.waitUntil(lambda: not canvas.background.busy, timeout=60_000)
    # Noise at 19 % is near its mean; sampled without levels it would still be noise.
    shown = grabbed(canvas)[100:200, 150:250]
    assert shown.astype(float).std() < 30


def test_a_map_for_which_there_is_no_room_is_refused_once_for_each_prediction(canvas, qtbot):
    canvas.memory = TileMemory(HEIGHT * WIDTH * 6)
    told = []
    canvas.refused.connect(told.append)
    canvas.set_prediction(prediction())
    qtbot.waitUntil(lambda: not canvas.background.busy, timeout=60_000)
    canvas._prepared()
    assert HEIGHT * WIDTH * 5 < canvas.memory.held_bytes < HEIGHT * WIDTH * 5.5
    canvas.set_layer("uncertainty", visible=True)
    canvas.set_layer("uncertainty", opacity=0.4)
    assert len(told) == 1 and "Memory for photos" in told[0] and canvas.scene.uncertainty is None
    canvas.memory.bound_bytes *= 2
    canvas.set_prediction(prediction())
    qtbot.waitUntil(lambda: canvas.scene.uncertainty is not None, timeout=60_000)
    assert len(told) == 1


def test_tools_hear_what_is_not_predicted_yet_while_a_prediction_grows_and_nothing_of_it_afterwards(canvas):
    box = Box(100, 100, 300, 400)
    assert canvas.unpredicted(box).all() and not canvas.knows_probability(box)
    versions = [canvas.probability_version]
    for top in (0, 200):
        piece = Box(top, 0, top + 50, WIDTH)
        values = np.full((piece.height, piece.width), 255, np.uint8)
        canvas.add_part(PredictionPart("a" * 64, "w" * 64, ((piece, values),)))
        versions.append(canvas.probability_version)
    missing = canvas.unpredicted(box)
    assert not missing[100:150].any() and missing[:100].all() and missing[150:].all()
    assert canvas.knows_probability(Box(40, 0, 60, 9)) and not canvas.knows_probability(Box(50, 0, 60, 9))
    assert canvas.read_probability(Box(50, 0, 60, 9)) is None
    canvas.set_prediction(prediction())
    versions.append(canvas.probability_version)
    assert not canvas.unpredicted(box).any() and canvas.knows_probability(box)
    canvas.set_prediction(None)
    versions.append(canvas.probability_version)
    assert canvas.unpredicted(box).all() and len(set(versions)) == len(versions)


def test_a_huge_photo_that_was_left_meanwhile_shows_tools_all_that_is_predicted_of_it(
    canvas, tmp_path: Path
) -> None:
    def part(top: int) -> PredictionPart:
        piece = Box(top, 0, top + 50, WIDTH)
        values = np.full((piece.height, piece.width), 255, np.uint8)
        writer.put(piece, values)
        return PredictionPart("a" * 64, "w" * 64, ((piece, values),), whole=writer)

    with BlobStore(tmp_path).map_writer(HEIGHT, WIDTH) as writer:
        part(0)  # while another photo was open
        canvas.add_part(part(100))
        missing = canvas.unpredicted(Box(0, 0, HEIGHT, WIDTH)).all(axis=1)
        assert np.array_equal(np.flatnonzero(~missing), [*range(50), *range(100, 150)])
        canvas.set_prediction(None)  # another look at it, and back
        canvas.add_part(part(200))
        assert not canvas.unpredicted(Box(100, 0, 150, WIDTH)).any()
