"""Tools in the hand of the canvas and the window: hover, keys, double clicks, pens, marks; by real events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPointingDevice, QRegion, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from resatt_studio import words
from resatt_studio.annotation.areas import polygon_pixels
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.strokes import stamp
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.panels.history import EVENT_WORDS
from resatt_studio.app.panels.steps import StepsList
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.prediction import Prediction

pytestmark = pytest.mark.gui

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE, NO_KEY = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier


def move(canvas: PhotoCanvas, to: QPoint, buttons: Qt.MouseButton = NONE) -> None:
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(to), canvas.mapToGlobal(QPointF(to)), NONE, buttons, NO_KEY
    )
    QApplication.postEvent(canvas, event)
    QApplication.processEvents()
    QApplication.processEvents()  # what was collected is done once the queue is empty


def click(canvas: PhotoCanvas, *places: QPoint, button: Qt.MouseButton = LEFT) -> None:
    for place in places:
        QTest.mouseClick(canvas, button, NO_KEY, place)
        QApplication.processEvents()


def drag(canvas: PhotoCanvas, *places: QPoint) -> None:
    QTest.mousePress(canvas, LEFT, NO_KEY, places[0])
    for place in places[1:]:
        move(canvas, place, LEFT)
    QTest.mouseRelease(canvas, LEFT, NO_KEY, places[-1])
    QApplication.processEvents()


def on_photo(canvas: PhotoCanvas, at: QPoint) -> tuple[float, float]:
    """Photo coordinates of the middle of the screen pixel at ``at``."""
    port = canvas.viewport
    return (at.y() + 0.5 - port.top) / port.scale, (at.x() + 0.5 - port.left) / port.scale


def grabbed(canvas: PhotoCanvas) -> np.ndarray:
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].copy()


def told_updates(canvas: PhotoCanvas) -> list[QRegion]:
    """What the canvas is told to paint again from now on."""
    told: list[QRegion] = []
    update = canvas.update

    def note(*where):
        told.append(QRegion(*where) if where else QRegion(canvas.rect()))
        update(*where)

    canvas.update = note
    return told


CORNERS = (QPoint(100, 80), QPoint(220, 90), QPoint(200, 200))


def test_a_line_is_clicked_previewed_and_finished_by_enter(canvas, qtbot):
    canvas.set_tool("polyline")
    heard = []
    canvas.stroke_finished.connect(heard.append)
    click(canvas, *CORNERS)
    move(canvas, QPoint(150, 220))
    side = canvas._overlay[1]
    assert side.points.tolist() == [list(on_photo(canvas, at)) for at in (CORNERS[-1], QPoint(150, 220))]
    assert canvas.document.edit_count == 0
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    expected = stamp([on_photo(canvas, place) for place in CORNERS], canvas.radius_px, Box(0, 0, 300, 420))
    full = np.zeros((300, 420), bool)
    full[expected[0].slices] = expected[1]
    np.testing.assert_array_equal(canvas.document.labels.to_array() == Label.CRACK, full)
    assert heard[-1] is canvas.document.edits[-1] and canvas._overlay == ()


@pytest.mark.parametrize("end", ["double click", "right click", "another tool", "another photo"])
def test_what_is_in_hand_counts_however_it_ends(canvas, end):
    document = canvas.document
    canvas.set_tool("polygon")
    click(canvas, *CORNERS)
    expected = polygon_pixels([on_photo(canvas, place) for place in CORNERS], Box(0, 0, 300, 420))[1].sum()
    if end == "double click":
        QTest.mouseDClick(canvas, LEFT, NO_KEY, CORNERS[-1])
        QTest.mouseRelease(canvas, LEFT, NO_KEY, CORNERS[-1])
    elif end == "right click":
        click(canvas, QPoint(30, 30), button=RIGHT)
    elif end == "another tool":
        canvas.set_tool("pan")
    else:
        canvas.set_photo(np.zeros((50, 50, 3), np.uint8), photo_id="b" * 64)
    assert document.edit_count == 1 and document.edits[0].tool == "polygon"
    assert (document.labels.to_array() == Label.CRACK).sum() == expected


def test_backspace_and_undo_take_points_back_while_escape_drops_all(canvas):
    canvas.set_tool("polyline")
    click(canvas, *CORNERS)
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    assert len(canvas._overlay[-1].points) == 2
    assert canvas.step_back()
    assert len(canvas._overlay[-1].points) == 1
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas._overlay == () and canvas.document.edit_count == 0


def test_the_right_button_does_nothing_with_tools_that_do_not_ask_for_it(canvas):
    canvas.set_tool("brush")
    click(canvas, QPoint(150, 150), button=RIGHT)
    assert canvas.document.edit_count == 0


@pytest.mark.parametrize("scale", [0.5, 2.0, 12.0])
@pytest.mark.parametrize("name", ["polyline", "polygon", "lasso", "rectangle", "ruler", "reject"])
def test_the_screen_under_a_moving_tool_equals_the_screen_painted_anew(canvas, qtbot, name, scale):
    canvas.zoom_to(scale)
    qtbot.waitUntil(lambda: not canvas.background.busy, timeout=60_000)
    canvas.set_tool(name)
    canvas.set_brush(radius_px=3.0)
    canvas.set_scale_mm(0.1)
    told = told_updates(canvas)
    QTest.mousePress(canvas, LEFT, NO_KEY, QPoint(60, 60))
    for place in (QPoint(340, 250), QPoint(300, 60), QPoint(180, 140), QPoint(390, 290)):
        before = grabbed(canvas)
        told.clear()
        move(canvas, place, LEFT)
        region = np.zeros((canvas.height(), canvas.width()), bool)
        for rect in (rect for update in told for rect in update):
            region[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1] = True
        changed = (grabbed(canvas) != before).reshape(*region.shape, 3).any(axis=2)
        assert changed.any() and not (changed & ~region).any()
    QTest.mouseRelease(canvas, LEFT, NO_KEY, QPoint(390, 290))


def test_a_slanting_preview_paints_a_chain_of_small_boxes_and_not_the_view(canvas):
    canvas.resize(1000, 1000)
    canvas.set_tool("polyline")
    canvas.set_brush(radius_px=1.0)
    click(canvas, QPoint(10, 10))
    move(canvas, QPoint(980, 980))
    told = told_updates(canvas)
    move(canvas, QPoint(985, 975))
    areas = [sum(rect.width() * rect.height() for rect in update) for update in told]
    assert 0 < sum(areas) < 0.35 * canvas.width() * canvas.height()


def tablet(canvas: PhotoCanvas, kind: QEvent.Type, at: QPoint, pressure: float, down: bool) -> bool:
    button = LEFT if kind != QEvent.Type.TabletMove else NONE
    event = QTabletEvent(
        kind, QPointingDevice.primaryPointingDevice(), QPointF(at), canvas.mapToGlobal(QPointF(at)), pressure,
        0, 0, 0, 0, 0, NO_KEY, button, LEFT if down else NONE,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)
    QApplication.processEvents()
    return event.isAccepted()


def test_a_pen_paints_as_wide_as_it_is_pressed(canvas):
    canvas.actual_size()
    canvas.set_brush(radius_px=10.0)
    row = round(on_photo(canvas, QPoint(0, 150))[0] - 0.5)
    assert tablet(canvas, QEvent.Type.TabletPress, QPoint(80, 150), 0.2, True)
    tablet(canvas, QEvent.Type.TabletMove, QPoint(150, 150), 0.2, True)
    tablet(canvas, QEvent.Type.TabletMove, QPoint(200, 150), 1.0, True)
    tablet(canvas, QEvent.Type.TabletMove, QPoint(250, 150), 1.0, True)
    tablet(canvas, QEvent.Type.TabletRelease, QPoint(250, 150), 0.0, False)
    painted = canvas.document.labels.to_array() == Label.CRACK
    columns = [int(on_photo(canvas, QPoint(x, 0))[1]) for x in (110, 225)]
    assert [int(painted[:, column].sum()) for column in columns] == [5, 21]
    assert painted[row, columns[0]] and canvas.document.edit_count == 1
    drag(canvas, QPoint(80, 250), QPoint(250, 250))  # a mouse presses fully, whatever the pen did
    assert (canvas.document.labels.to_array() == Label.CRACK)[:, columns[0]].sum() == 5 + 21


def test_a_pen_is_left_to_qt_where_its_pressure_is_of_no_use(canvas):
    canvas.set_tool("polygon")
    assert not tablet(canvas, QEvent.Type.TabletPress, QPoint(80, 150), 0.5, True)
    assert canvas.document.edit_count == 0 and not canvas._gestures.busy


# -- in the window -------------------------------------------------------------------------------------


@pytest.fixture
def window(studio: Any, project_folder: Any) -> Any:
    """The window with a photo and a prediction of two cracks, a long one with a fork and a speck."""
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None and session.active is not None, 60)
    height, width = session.photo.pixels.shape[:2]
    values = np.zeros((height, width), np.uint8)
    values[height // 2 - 2 : height // 2 + 3, width // 8 : -width // 8] = 230
    values[height // 2 : -4, width // 4 : width // 4 + 3] = 230
    values[height // 4 : height // 4 + 3, width // 2 : width // 2 + 8] = 230
    session._set_prediction(Prediction(session.photo.photo_id, session.active.weights_id, values, 0.1))
    settle(0.05)
    return studio.window


def place(window: Any, row: float, column: float) -> QPoint:
    """Screen pixel over a share of the photo's height and width."""
    canvas = window.canvas
    port = canvas.viewport
    view_row, view_column = port.to_view(row * port.photo_height, column * port.photo_width)
    return QPoint(round(view_column - 0.5), round(view_row - 0.5))


def take(window: Any, name: str) -> None:
    QTest.keyClick(window.canvas, *KEYS[name])
    assert window.canvas.tool == name


SHIFT = Qt.KeyboardModifier.ShiftModifier
KEYS = {
    "polyline": (Qt.Key.Key_L, NO_KEY),
    "polygon": (Qt.Key.Key_P, NO_KEY),
    "rectangle": (Qt.Key.Key_R, NO_KEY),
    "lasso": (Qt.Key.Key_L, SHIFT),
    "wand": (Qt.Key.Key_W, SHIFT),
    "fill": (Qt.Key.Key_G, NO_KEY),
    "reshape": (Qt.Key.Key_U, NO_KEY),
    "accept": (Qt.Key.Key_Y, NO_KEY),
    "reject": (Qt.Key.Key_Y, SHIFT),
    "sift": (Qt.Key.Key_J, NO_KEY),
    "branch": (Qt.Key.Key_K, SHIFT),
}


def use(window: Any, name: str) -> None:
    """One act of a tool, with mouse and keys alone."""
    canvas = window.canvas
    take(window, name)
    if name in ("polyline", "polygon"):
        click(canvas, *(place(window, *at) for at in ((0.6, 0.2), (0.6, 0.7), (0.8, 0.7))))
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    elif name in ("rectangle", "lasso"):
        drag(canvas, *(place(window, *at) for at in ((0.6, 0.2), (0.6, 0.7), (0.8, 0.7))))
    else:
        click(canvas, place(window, 0.5, 0.5))


@pytest.mark.parametrize("name", KEYS)
def test_each_tool_makes_one_edit_by_its_key_and_the_mouse_which_undo_takes_back(window, name):
    session = window.parts.session
    if name == "reshape":
        window.parts.view.options.set("reshape", "what", "thicken")
    use(window, name)
    assert session.document.edit_count == 1 and session.document.edits[0].tool == name
    assert session.entry.state is ReviewState.CORRECTING
    assert session.document.labels.to_array().any()
    QTest.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not session.document.labels.to_array().any()
    assert session.document.edit_count == 0


def test_enter_finishes_what_is_in_hand_and_approves_only_then(window):
    session = window.parts.session
    first = session.entry.photo_id
    take(window, "polyline")
    click(window.canvas, place(window, 0.6, 0.2), place(window, 0.6, 0.7))
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert session.entry.photo_id == first and session.document.edit_count == 1
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    assert wait_for(lambda: session.entry is not None and session.entry.photo_id != first, 60)


def test_undo_while_points_are_in_hand_takes_a_point_and_no_edit(window):
    use(window, "rectangle")
    take(window, "polyline")
    click(window.canvas, place(window, 0.6, 0.2), place(window, 0.6, 0.7))
    QTest.keyClick(window.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.parts.session.document.edit_count == 1
    assert len(window.canvas._overlay[-1].points) == 1


@pytest.mark.parametrize("how", ["action", "remapped key"])
def test_undo_by_menu_or_another_key_takes_a_point_too_even_before_the_first_stroke(window, how):
    take(window, "polyline")
    undo = window.actions_["undo"]
    assert not undo.isEnabled()
    click(window.canvas, place(window, 0.6, 0.2), place(window, 0.6, 0.7))
    assert undo.isEnabled()
    if how == "action":
        undo.trigger()
    else:
        window.parts.keys.set_keys("undo", ["F11"])
        QTest.keyClick(window.canvas, Qt.Key.Key_F11)
    assert len(window.canvas._overlay[-1].points) == 1
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert not undo.isEnabled()


def kept_from_the_window(canvas: PhotoCanvas, key: Qt.Key, repeated: bool) -> bool:
    """Whether the canvas wants a key before the window's shortcuts see it."""
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, NO_KEY, "\r", repeated)
    event.ignore()
    QApplication.sendEvent(canvas, event)
    return event.isAccepted()


def test_enter_that_is_held_to_finish_a_line_does_not_go_on_to_approve(window):
    canvas, key = window.canvas, Qt.Key.Key_Return
    take(window, "polyline")
    click(canvas, place(window, 0.6, 0.2), place(window, 0.6, 0.7))
    QTest.keyPress(canvas, key)
    assert window.parts.session.document.edit_count == 1
    assert kept_from_the_window(canvas, key, repeated=True)
    QTest.keyRelease(canvas, key)
    assert not kept_from_the_window(canvas, key, repeated=False), "pressed anew it approves"
    assert not any(window.actions_[id].autoRepeat() for id in ("approve", "approve_complete", "skip"))
    assert window.actions_["undo"].autoRepeat()


def test_enter_that_is_held_is_known_by_its_moment_where_qt_takes_it_for_pressed_anew(window):
    canvas = window.canvas
    release = QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_Return, NO_KEY)
    release.setTimestamp(5000)
    QApplication.sendEvent(canvas, release)
    kept = []
    for moment in (5000, 5090):
        press = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Return, NO_KEY, "\r")
        press.setTimestamp(moment)
        press.ignore()
        QApplication.sendEvent(canvas, press)
        kept.append(press.isAccepted())
    assert kept == [True, False]


def test_skipping_with_points_in_hand_leaves_the_photo_skipped(window):
    session = window.parts.session
    photo_id = session.entry.photo_id
    take(window, "polygon")
    click(window.canvas, *(place(window, *at) for at in ((0.6, 0.2), (0.6, 0.7), (0.8, 0.7))))
    session.skip()
    assert wait_for(lambda: session.photo is not None and session.entry.photo_id != photo_id, 60)
    assert wait_for(lambda: session.project.store.photo(photo_id).state is ReviewState.SKIPPED, 60)
    settle(0.3)
    assert session.project.store.photo(photo_id).state is ReviewState.SKIPPED
    assert {e.photo_id: e.state for e in session.state.entries}[photo_id] is ReviewState.SKIPPED


def test_enter_in_the_options_bar_takes_the_number_and_gives_the_keyboard_to_the_photo(window):
    session, photo_id = window.parts.session, window.parts.session.entry.photo_id
    take(window, "sift")
    box = window.options.fields["shortest"].box
    for key, expected in ((Qt.Key.Key_Return, 40.0), (Qt.Key.Key_Escape, 40.0)):
        box.setFocus()
        box.selectAll()
        QTest.keyClicks(box, "40" if key == Qt.Key.Key_Return else "70")
        QTest.keyClick(box, key)
        assert window.canvas.hasFocus()
        assert window.parts.view.options.value("sift", "shortest") == box.value() == expected
    settle(0.3)
    assert session.entry.photo_id == photo_id and session.entry.state is not ReviewState.APPROVED


def test_enter_in_the_list_of_steps_goes_there_and_does_not_approve(window):
    session, photo_id = window.parts.session, window.parts.session.entry.photo_id
    use(window, "rectangle")
    window.bring("historyPanel")
    steps = window.panel("historyPanel").findChild(StepsList).list
    steps.setFocus()
    steps.setCurrentIndex(steps.model().index(0, 0))
    QTest.keyClick(steps, Qt.Key.Key_Return)
    assert wait_for(lambda: session.document is not None and session.document.edit_count == 0, 60)
    assert session.entry.photo_id == photo_id


def test_k_takes_the_tracer(window):
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_K)
    assert window.canvas.tool == "tracer"


def test_the_photo_has_the_keyboard_when_a_project_opens(window):
    assert window.focusWidget() is window.canvas


def test_q_and_w_change_what_a_tool_says_and_leave_it_in_the_hand(window):
    take(window, "rectangle")
    QTest.keyClick(window.canvas, Qt.Key.Key_W)
    assert window.canvas.tool == "rectangle" and window.canvas.label is Label.NOT_CRACK
    take(window, "accept")
    QTest.keyClick(window.canvas, Qt.Key.Key_Q)
    assert window.canvas.tool == "brush" and window.canvas.label is Label.CRACK


def test_a_tool_says_why_a_click_did_nothing(window):
    take(window, "accept")
    click(window.canvas, place(window, 0.9, 0.9))
    assert "No predicted crack" in window.status.currentMessage()


def test_the_scale_is_kept_for_the_photo_and_told_by_the_ruler(window):
    scale, canvas = window.parts.scale, window.canvas
    QTest.keyClick(canvas, Qt.Key.Key_M)
    drag(canvas, place(window, 0.6, 0.2), place(window, 0.6, 0.7))
    length_px = scale.length_px
    assert length_px == pytest.approx(0.5 * canvas.viewport.photo_width, abs=2 / canvas.scale)
    window.ask.set_scale()
    dialog = QApplication.activeModalWidget()
    dialog.length.setValue(200.0)
    assert dialog.per_px.value() == pytest.approx(200.0 / length_px, abs=1e-5)
    dialog.accept()
    assert wait_for(lambda: scale.mm_per_px is not None, 60)
    assert canvas._overlay[-1].text.endswith(" mm")
    session = window.parts.session
    first, kept = session.entry.photo_id, scale.mm_per_px
    assert kept == pytest.approx(200.0 / length_px, rel=1e-9), "with more digits than the field shows"
    session.next_photo()
    assert wait_for(lambda: session.photo is not None, 60)
    settle(0.1)
    assert scale.mm_per_px is None and scale.length_px is None and canvas._overlay == ()
    session.open_photo(first)
    assert wait_for(lambda: scale.mm_per_px == kept, 60)


def test_escape_puts_the_ruler_away(window):
    QTest.keyClick(window.canvas, Qt.Key.Key_M)
    drag(window.canvas, place(window, 0.6, 0.2), place(window, 0.6, 0.7))
    QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert window.canvas._overlay == () and window.parts.scale.length_px is None


def test_hovering_outlines_the_crack_and_leaving_the_canvas_takes_the_line_away(window):
    take(window, "accept")
    move(window.canvas, place(window, 0.5, 0.5))
    assert len(window.canvas._overlay) == 1
    window.canvas.leaveEvent(QEvent(QEvent.Type.Leave))
    assert window.canvas._overlay == ()


def test_a_scale_for_the_project_holds_for_photos_without_their_own(window):
    scale, session = window.parts.scale, window.parts.session
    scale.set(0.5)
    assert wait_for(lambda: scale.mm_per_px == 0.5, 60)
    session.next_photo()
    assert wait_for(lambda: session.photo is not None, 60)
    scale.set(0.125, whole_project=True)
    assert wait_for(lambda: scale.mm_per_px == 0.125, 60)
    session.previous_photo()
    assert wait_for(lambda: scale.mm_per_px == 0.5, 60)


def test_a_scale_is_logged_in_english_whatever_the_window_speaks_and_told_in_its_language(window):
    scale, session = window.parts.scale, window.parts.session
    words.use("zh_CN")
    try:
        scale.set(0.5)
        assert wait_for(lambda: scale.mm_per_px == 0.5, 60)
        scale.set(None)
        assert wait_for(lambda: scale.mm_per_px is None, 60)
        logged = [event.detail for event in session.project.store.events(50) if event.kind == "scale"]
        assert sorted(logged) == ["0.5 mm per pixel", "scale forgotten"]
        assert words.again(logged[0]) not in logged and words.tr(EVENT_WORDS["scale"]) != "scale"
    finally:
        words.use(words.SOURCE)


def test_a_document_of_a_photo_that_is_no_longer_open_takes_no_more_marks(canvas):
    canvas.set_tool("polyline")
    click(canvas, *CORNERS)
    canvas.set_document(CorrectionDocument("a" * 64, 300, 420))
    assert canvas._overlay == () and canvas.document.edit_count == 0
