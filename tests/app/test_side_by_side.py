"""Claims about two views side by side, in the real window, by mouse and keys."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from resatt_studio.app.canvas.layers import DEFAULT_LAYERS
from resatt_studio.app.canvas.second import FOLLOWS_STROKE_MS
from resatt_studio.app.canvas.tone import Tone
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.sides import Sides, find_look, looks, read_sides
from resatt_studio.models import create_model
from resatt_studio.models.state import pack_weights
from resatt_studio.records.geometry import Box
from resatt_studio.records.heat import HeatQuestion
from resatt_studio.records.prediction import HugePrediction, Prediction
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow.lineage import title

pytestmark = pytest.mark.gui

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CONFIG = {"base_width": 2, "t": 1, "stem": 2}
CRACK_BLUE = (0x35, 0xC2, 0xFF)


def key(studio: Any, code: Qt.Key, modifiers: Qt.KeyboardModifier = NO_KEY) -> None:
    QTest.keyClick(QApplication.focusWidget() or studio.window, code, modifiers)
    QApplication.processEvents()


def drag(view: Any, points: list[QPoint], button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(view, button, NO_KEY, points[0])
    for point in points[1:]:
        at = QPointF(point)
        event = QMouseEvent(QEvent.Type.MouseMove, at, view.mapToGlobal(at), button, button, NO_KEY)
        QApplication.postEvent(view, event)
        QApplication.processEvents()
    QTest.mouseRelease(view, button, NO_KEY, points[-1])
    QApplication.processEvents()


def grabbed(view: Any) -> np.ndarray:
    """What is on the screen: h x w x 3 uint8 RGB."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def at_point(view: Any, row: float, column: float) -> np.ndarray:
    """The colour of a photo point on the screen."""
    down, across = view.viewport.to_view(row, column)
    return grabbed(view)[int(down), int(across)].astype(int)


def prediction(session: Any, photo_id: str, rows: slice) -> Prediction:
    """One of the weights in use that suspects crack in a band of rows."""
    values = np.zeros((96, 128), np.uint8)
    values[rows] = 255
    return Prediction(photo_id, session.active.weights_id, values, 0.1)


@pytest.fixture
def sides(looking: Any) -> Any:
    """The window with a photo and its prediction, a band of rows 40 to 50, and two views by F8."""
    session = looking.parts.session
    session.predictor.predicted.emit(prediction(session, session.entry.photo_id, slice(40, 50)))
    assert wait_for(lambda: session.prediction is not None, 60)
    looking.window.activateWindow()
    looking.window.canvas.setFocus()
    key(looking, Qt.Key.Key_F8)
    settle(0.1)
    return looking


def second(studio: Any) -> Any:
    return studio.window.sides.second


def choose(studio: Any, side: str, look: str) -> None:
    """Take a line of the list over one side with the keyboard."""
    bar = bars(studio)[side]
    bar.look.setFocus()
    wanted, step = bar.look.findData(look), 1
    assert wanted >= 0, look
    while bar.look.currentIndex() != wanted:
        step = 1 if bar.look.currentIndex() < wanted else -1
        QTest.keyClick(bar.look, Qt.Key.Key_Down if step > 0 else Qt.Key.Key_Up)
    key(studio, Qt.Key.Key_Return)
    settle(0.1)


def bars(studio: Any) -> dict[str, Any]:
    from resatt_studio.app.side_bars import SideBar

    found = studio.window.findChildren(SideBar)
    return {"left" if "left" in bar.look.accessibleName() else "right": bar for bar in found}


def note(studio: Any, side: str) -> Any:
    from resatt_studio.app.side_bars import SideNote

    view = studio.window.canvas if side == "left" else second(studio)
    return view.findChild(SideNote)


# -- two views and back --


def test_a_key_shows_the_second_view_and_the_same_key_puts_it_away(looking: Any) -> None:
    window = looking.window
    assert window.sides.second is None, "who compares nothing pays nothing"
    width = window.canvas.width()
    window.canvas.setFocus()
    key(looking, Qt.Key.Key_F8)
    settle(0.1)
    assert second(looking).isVisible() and bars(looking)["left"].isVisible()
    assert abs(window.canvas.width() - second(looking).width()) <= 2, "halves at first"
    assert window.actions_["toggle_sides"].isChecked() and window.actions_["toggle_link"].isChecked()
    second(looking).setFocus()
    key(looking, Qt.Key.Key_F8)
    settle(0.1)
    assert not second(looking).isVisible() and window.canvas.width() == width
    assert window.canvas.hasFocus(), "the keyboard does not stay in a view that is gone"
    assert not window.actions_["swap_sides"].isEnabled()


def test_the_right_view_shows_the_bare_photo_beside_the_mask(sides: Any) -> None:
    canvas, right = sides.window.canvas, second(sides)
    pixels = sides.parts.session.photo.pixels
    assert np.abs(at_point(right, 45, 60) - pixels[45, 60]).max() < 40
    red = at_point(canvas, 45, 60)
    assert red[0] > red[1] + 40, "the mask's red on the left"


@pytest.mark.parametrize(("look", "row"), [("mask", 45), ("probability", 45), ("outline", 39.6)])
def test_a_look_from_the_list_is_seen_on_its_side_alone(sides: Any, look: str, row: float) -> None:
    choose(sides, "left", "photo")
    choose(sides, "right", look)
    right = second(sides)
    tint = at_point(right, row, 60) - at_point(sides.window.canvas, row, 60)
    assert tint[0] > tint[2] + 30, "warm on the right"
    away = at_point(right, 20, 60) - at_point(sides.window.canvas, 20, 60)
    assert np.abs(away).max() <= 2
    assert sides.window.canvas.hasFocus(), "Enter in the list means the photo again, and approves nothing"
    assert sides.parts.session.entry.state.value != "approved"


def test_uncertainty_is_made_for_the_right_view_and_held_once(sides: Any) -> None:
    canvas = sides.window.canvas
    assert canvas.scene.uncertainty is None
    choose(sides, "right", "uncertainty")
    assert wait_for(lambda: second(sides).scene.shows_uncertainty, 60)
    assert second(sides).scene.uncertainty is canvas.scene.uncertainty
    assert not canvas.scene.shows_uncertainty


def test_both_views_are_as_bright_as_each_other(sides: Any) -> None:
    canvas, right = sides.window.canvas, second(sides)
    before = at_point(right, 20, 60)
    sides.parts.view.brighter()
    sides.parts.view.brighter()
    assert (at_point(right, 20, 60) > before).all()
    assert np.array_equal(at_point(right, 20, 60), at_point(canvas, 20, 60))


def test_both_views_of_one_photo_hold_it_once(sides: Any) -> None:
    canvas, right, memory = sides.window.canvas, second(sides), sides.parts.session.memory
    assert right.scene.photo is canvas.scene.photo and right.scene.probability is canvas.scene.probability
    assert memory.beside_bytes == 0 and memory.held_bytes == canvas.scene.nbytes


def test_the_divider_in_the_canvas_belongs_to_the_layers_panel_alone(sides: Any) -> None:
    canvas = sides.window.canvas
    assert canvas.split.on
    choose(sides, "left", "photo")
    assert not canvas.split.on
    choose(sides, "left", "layers")
    assert canvas.split.on


# -- zoom, place and pointer --


def same_place(one: Any, other: Any) -> bool:
    close = zip(one.viewport.middle, other.viewport.middle, strict=True)
    return one.scale == other.scale and all(abs(a - b) * one.scale <= 1 for a, b in close)


def test_what_one_view_does_the_other_does_too(sides: Any) -> None:
    canvas, right = sides.window.canvas, second(sides)
    assert same_place(canvas, right)
    canvas.actual_size()
    assert right.scale == 1.0 and same_place(canvas, right)
    right.setFocus()
    QTest.keyClick(right, Qt.Key.Key_Left)
    assert same_place(canvas, right)
    right.zoom_to(4.0)
    drag(right, [QPoint(100, 100), QPoint(140, 130)])
    assert canvas.scale == 4.0 and same_place(canvas, right)
    drag(canvas, [QPoint(100, 100), QPoint(60, 90)], Qt.MouseButton.MiddleButton)
    assert same_place(canvas, right)


def test_unlinked_each_view_moves_for_itself_and_linked_again_the_right_one_follows(sides: Any) -> None:
    canvas, right = sides.window.canvas, second(sides)
    key(sides, Qt.Key.Key_F8, Qt.KeyboardModifier.ControlModifier)
    assert not sides.parts.view.sides.linked
    before = canvas.viewport
    right.setFocus()
    key(sides, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert canvas.viewport == before and right.scale > before.scale, "the keyboard zooms the view that has it"
    key(sides, Qt.Key.Key_F8, Qt.KeyboardModifier.ControlModifier)
    assert same_place(canvas, right)


def test_the_pointer_is_mirrored_in_the_other_view_whichever_it_is_in(sides: Any) -> None:
    canvas, right = sides.window.canvas, second(sides)
    for here, there in ((canvas, right), (right, canvas)):
        middle = here.rect().center()
        QTest.mouseMove(here, middle)
        QTest.mouseMove(here, middle + QPoint(9, 5))
        at = QPointF(middle + QPoint(9, 5))

        def is_there(at: QPointF = at, here: Any = here, there: Any = there) -> bool:
            if there.mirrored is None:
                return False
            seen = there._in_view(there.mirrored) - QPointF(
                (there.width() - here.width()) / 2, (there.height() - here.height()) / 2
            )
            return (seen - at).manhattanLength() <= 2 * here.scale + 2

        assert wait_for(is_there, 60)
        QTest.mouseMove(here, QPoint(2, 2))
        here.leaveEvent(QEvent(QEvent.Type.Leave))
        assert wait_for(lambda there=there: there.mirrored is None, 60)


# -- painting --


def test_a_stroke_on_the_left_is_seen_on_the_right_where_corrections_are_shown(sides: Any) -> None:
    canvas, right, document = sides.window.canvas, second(sides), sides.parts.session.document
    choose(sides, "right", "correction")
    assert "take the brush (B)" in note(sides, "right").words.text()
    canvas.set_brush(radius_px=4)
    down, across = canvas.viewport.to_view(20, 60)
    drag(canvas, [QPoint(int(across) - 20, int(down)), QPoint(int(across) + 20, int(down))])
    assert document.edit_count == 1
    assert wait_for(lambda: np.abs(at_point(right, 20, 60) - CRACK_BLUE).max() < 60, 60)
    assert wait_for(lambda: not note(sides, "right").isVisible(), 60)
    key(sides, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert wait_for(lambda: np.abs(at_point(right, 20, 60) - CRACK_BLUE).max() > 60, 60)


def test_a_stroke_is_seen_on_the_left_whatever_the_left_shows(sides: Any) -> None:
    canvas = sides.window.canvas
    choose(sides, "left", "photo")
    down, across = canvas.viewport.to_view(20, 60)
    drag(canvas, [QPoint(int(across) - 20, int(down)), QPoint(int(across) + 20, int(down))])
    assert np.abs(at_point(canvas, 20, 60) - CRACK_BLUE).max() < 60


def test_the_right_view_waits_for_the_stroke_and_not_the_stroke_for_it(sides: Any) -> None:
    canvas, right = sides.window.canvas, second(sides)
    choose(sides, "right", "correction")
    settle(0.1)
    composed = []
    right.scene.show_labels = lambda box: composed.append(box) or box
    begin = canvas.rect().center() - QPoint(40, 0)
    began = time.monotonic()
    QTest.mousePress(canvas, LEFT, NO_KEY, begin)
    for step in range(20):
        at = QPointF(begin + QPoint(3 * step, 0))
        event = QMouseEvent(QEvent.Type.MouseMove, at, canvas.mapToGlobal(at), LEFT, LEFT, NO_KEY)
        QApplication.postEvent(canvas, event)
        QApplication.processEvents()
    during, most = len(composed), 2 + (time.monotonic() - began) * 1000 / FOLLOWS_STROKE_MS
    QTest.mouseRelease(canvas, LEFT, NO_KEY, begin + QPoint(60, 0))
    assert sides.parts.session.document.edit_count == 1
    assert wait_for(lambda: len(composed) > during, 60)
    assert during <= most, "a few times a second at most while the hand moves"


def test_nothing_can_be_painted_on_the_right(sides: Any) -> None:
    document = sides.parts.session.document
    middle = second(sides).rect().center()
    drag(second(sides), [middle, middle + QPoint(40, 10)])
    assert document.edit_count == 0 and not document.in_stroke


# -- versions, approval, attention, dehazing --


def other_weights(seed: int) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return pack_weights("r2aunet", CONFIG, create_model("r2aunet", **CONFIG).state_dict())


@pytest.fixture
def versions(sides: Any) -> Any:
    """As ``sides``, with a second version on the shelf that has predicted nothing yet."""
    session = sides.parts.session
    session.project.shelf.add(other_weights(5), parent=session.active.weights_id)
    session.refresh()
    assert wait_for(lambda: len(session.state.versions) == 2, 60)
    return sides


def test_the_mask_of_any_version_is_predicted_in_the_background_and_kept(versions: Any) -> None:
    session, right = versions.parts.session, second(versions)
    version = session.state.versions[-1]
    look = f"version:{version.weights_id}"
    choose(versions, "right", look)
    assert note(versions, "right").isVisible() or versions.parts.sides.right.answer is not None
    assert wait_for(lambda: versions.parts.sides.right.answer is not None, 60), (
        versions.parts.sides.right.words
    )
    known = session.project.store.prediction(session.entry.photo_id, version.weights_id)
    assert known is not None and np.array_equal(right.scene.stand_in.map.values, known.probability_8bit)
    assert not note(versions, "right").isVisible()
    assert session.prediction.weights_id != version.weights_id, "what is painted over is as before"


def test_until_a_version_has_answered_no_other_mask_passes_for_its_own(versions: Any) -> None:
    session = versions.parts.session
    session.predictor.by_version = lambda *_: iter(())  # never says anything
    choose(versions, "left", f"version:{session.state.versions[-1].weights_id}")
    assert not versions.window.canvas.scene.layers["mask"].visible
    choose(versions, "left", "mask")
    assert versions.window.canvas.scene.layers["mask"].visible


def test_a_version_on_the_left_is_seen_but_tools_read_the_prediction_in_use(versions: Any) -> None:
    canvas, session = versions.window.canvas, versions.parts.session
    choose(versions, "left", f"version:{session.state.versions[-1].weights_id}")
    assert wait_for(lambda: canvas.scene.stand_in is not None, 60)
    box = Box(40, 0, 50, 10)
    assert (canvas.read_probability(box) == 255).all()


def test_predicting_for_a_side_can_be_stopped_and_asked_again(versions: Any) -> None:
    session, side = versions.parts.session, versions.parts.sides.right
    held = []

    def endless(*_: object) -> Any:
        from resatt_studio.workflow.jobs import progress

        held.append(1)
        while True:
            yield progress(1, 4, "tiles", "Asking a version")
            time.sleep(0.02)

    session.predictor.by_version = endless
    choose(versions, "right", f"version:{session.state.versions[-1].weights_id}")
    assert wait_for(lambda: "Asking a version" in note(versions, "right").words.text(), 60)
    box = note(versions, "right")
    assert box.bar.isVisible() and (box.bar.value(), box.bar.maximum()) == (1, 4)
    jobs, name = versions.parts.jobs, f"Mask of {title(session.state.versions[-1])}: "
    assert wait_for(lambda: any(name in row.title for row in jobs.running), 60), "it is listed"
    QTest.mouseClick(box.button, LEFT)
    settle(0.2)
    assert not side.running and box.words.text() == "Stopped." and box.button.text() == "Ask again"
    QTest.mouseClick(box.button, LEFT)
    assert wait_for(lambda: len(held) == 2, 60)
    side.stop()
    settle(0.1)


def test_the_mask_as_approved_is_what_was_painted_over_what_was_predicted(sides: Any) -> None:
    session, side = sides.parts.session, sides.parts.sides.right
    choose(sides, "right", "approved")
    assert wait_for(lambda: "not approved yet" in note(sides, "right").words.text(), 60)
    assert "Return" in note(sides, "right").words.text()
    photo_id = session.entry.photo_id
    document = session.document
    document.begin("brush", 2, 30.0)
    document.extend([(45.0, 0.0), (45.0, 60.0)])
    document.end()
    session.note_edit()
    session.approve()
    assert wait_for(lambda: session.entry is not None and session.entry.photo_id != photo_id, 60)
    session.open_photo(photo_id)
    assert wait_for(lambda: side.answer is not None and side.answer.mask is not None, 60)
    mask = second(sides).scene.stand_in.map.values
    assert mask[45, 110] == 255 and mask[45, 20] == 0 and mask[20, 110] == 0
    assert wait_for(lambda: second(sides).scene.layers["mask"].visible, 60)


@pytest.mark.parametrize("model", ["rmt", "revit"])
def test_attention_of_either_network_is_seen_beside_the_other(sides: Any, model: str) -> None:
    other = {"rmt": "revit", "revit": "rmt"}[model]
    choose(sides, "left", f"heat:{other}")
    choose(sides, "right", f"heat:{model}")
    canvas, right = sides.window.canvas, second(sides)
    assert wait_for(lambda: right.scene.heat.heat is not None and canvas.scene.heat.heat is not None, 60)
    assert right.scene.heat.heat.question.model == model
    assert canvas.scene.heat.heat.question.model == other
    assert sides.parts.attention.heat is None, "the panel's own question is another one"
    choose(sides, "left", "layers")
    assert canvas.scene.heat.heat is None
    assert isinstance(right.scene.heat.heat.question, HeatQuestion)


def test_the_dehazed_photo_is_asked_for_when_one_side_shows_it(sides: Any) -> None:
    choose(sides, "right", "dehazed")
    assert wait_for(lambda: sides.parts.dehazing.dehazing is not None, 60)
    right = second(sides)
    assert wait_for(lambda: bool(right.scene.shown_of(right.scene.haze)), 60)
    assert not right.split.on and not sides.window.canvas.scene.layers["dehazed"].visible
    pixels = sides.parts.dehazing.dehazing.pixels
    assert np.abs(at_point(right, 20, 60) - pixels[20, 60]).max() < 40


# -- two photos --


@pytest.fixture
def two(sides: Any) -> Any:
    """Another photo on the right, chosen from the list by the keyboard."""
    box = bars(sides)["right"].photo
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_End)
    key(sides, Qt.Key.Key_Return)
    assert wait_for(lambda: sides.parts.sides.beside.photo is not None, 60)
    settle(0.1)
    return sides


def test_another_photo_on_the_right_is_shown_and_linked_by_place(two: Any) -> None:
    canvas, right, session = two.window.canvas, second(two), two.parts.session
    other = two.parts.sides.beside.photo
    assert right.photo_id == other.entry.photo_id != session.entry.photo_id
    assert np.abs(at_point(right, 45, 60) - other.photo.pixels[45, 60]).max() < 40
    canvas.zoom_to(3.0)
    canvas.centre_on(30, 100)
    assert right.scale == 3.0 and np.allclose(right.viewport.middle, (30, 100), atol=0.5)
    key(two, Qt.Key.Key_F8, Qt.KeyboardModifier.ControlModifier)
    right.centre_on(40, 90)
    key(two, Qt.Key.Key_F8, Qt.KeyboardModifier.ControlModifier)
    assert np.allclose(right.viewport.middle, (40, 90), atol=0.5), "linked as they lie"
    canvas.centre_on(50, 70)
    assert np.allclose(right.viewport.middle, (60, 60), atol=0.7)


def test_the_other_photo_counts_in_the_memory_and_leaves_it(two: Any) -> None:
    memory = two.parts.session.memory
    assert 96 * 128 * 3 <= memory.beside_bytes <= 96 * 128 * 6
    box = bars(two)["right"].photo
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    settle(0.1)
    assert memory.beside_bytes == 0 and two.parts.sides.beside.photo is None
    assert second(two).shows_main


def test_the_other_photo_leaves_room_for_what_the_open_one_holds(sides: Any) -> None:
    session, here = sides.parts.session, sides.parts.session.entry.photo_id
    session.memory.held_bytes = session.memory.bound_bytes  # such as the samples of a 16-bit photo
    other = next(e.photo_id for e in session.state.entries if e.photo_id != here)
    sides.parts.view.set_sides(photo_id=other)
    assert wait_for(lambda: sides.parts.sides.beside.trouble is not None, 60), "no tiles are in a PNG"
    assert sides.parts.sides.beside.photo is None


def test_the_other_photo_has_its_own_mask_and_corrections(two: Any) -> None:
    session, right = two.parts.session, second(two)
    other = two.parts.sides.beside.photo.entry.photo_id
    session.project.store.put_prediction(prediction(session, other, slice(70, 80)))
    choose(two, "right", "mask")
    assert wait_for(lambda: right.scene.probability is not None, 60), two.parts.sides.right.words
    red = at_point(right, 75, 60)
    assert red[0] > red[1] + 40
    assert np.abs(at_point(right, 45, 60) - two.parts.sides.beside.photo.photo.pixels[45, 60]).max() < 40
    choose(two, "right", "correction")
    assert "Nothing is painted" in note(two, "right").words.text()


def test_swapping_opens_the_photo_of_the_right_side_and_keeps_strokes(two: Any) -> None:
    session, right = two.parts.session, second(two)
    first, other = session.entry.photo_id, two.parts.sides.beside.photo.entry.photo_id
    session.document.begin("brush", 1, 4.0)
    session.document.extend([(20.0, 10.0), (20.0, 90.0)])
    session.document.end()
    session.note_edit()
    choose(two, "left", "correction")
    key(two, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    assert wait_for(lambda: session.document is not None and session.entry.photo_id == other, 60)
    assert wait_for(lambda: right.photo_id == first and two.parts.sides.beside.photo is not None, 60)
    assert (two.parts.view.sides.left, two.parts.view.sides.right) == ("photo", "correction")
    assert two.parts.sides.beside.photo.labels.read(two.parts.sides.beside.photo.labels.box)[20, 50] == 1
    assert wait_for(lambda: np.abs(at_point(right, 20, 50) - CRACK_BLUE).max() < 60, 60)


def test_opening_the_right_photo_on_the_left_shows_it_once_and_then_twice_again(two: Any) -> None:
    session, right = two.parts.session, second(two)
    first, other = session.entry.photo_id, two.parts.sides.beside.photo.entry.photo_id
    session.open_photo(other)
    assert wait_for(lambda: session.document is not None, 60)
    assert wait_for(lambda: right.shows_main and right.scene.photo is two.window.canvas.scene.photo, 60)
    session.open_photo(first)
    assert wait_for(lambda: not right.shows_main and right.photo_id == other, 60), (
        "it is still the chosen one"
    )


def test_a_photo_that_is_lost_is_said_on_its_side(sides: Any) -> None:
    session = sides.parts.session
    lost = session.state.entries[-1]
    lost.facts.path.unlink()
    sides.parts.view.set_sides(photo_id=lost.photo_id)
    assert wait_for(lambda: sides.parts.sides.beside.trouble is not None, 60)
    settle(0.1)
    assert lost.name in note(sides, "right").words.text()
    assert session.document is not None


def test_light_moved_over_the_other_photo_leaves_the_open_one_its_window(two: Any) -> None:
    view, right = two.parts.view, second(two)
    view.set_tone(Tone(window=(1000.0, 9000.0)))
    assert right.tone.window is None, "samples of another photo are others"
    right.drag_tone(right.tone, 0, 40)
    assert view.tone.brightness == right.tone.brightness > 0
    assert view.tone.window == (1000.0, 9000.0)


def test_keys_that_count_on_the_photo_count_on_both_views(sides: Any) -> None:
    second(sides).setFocus()
    key(sides, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert sides.parts.view.tone.brightness > 0
    assert second(sides).tone == sides.window.canvas.tone


# -- huge photos --


@pytest.fixture
def huge(sides: Any, tmp_path: Path) -> str:
    """The id of a tiled TIFF of the project that is too large to be held whole."""
    import tifffile

    session = sides.parts.session
    small = session.state.entries[0].facts
    wall = np.random.default_rng(3).integers(0, 255, (90, 130, 3), np.uint8)
    pixels = cv2.resize(wall, (2600, 1800), interpolation=cv2.INTER_LINEAR)
    path = tmp_path / "bridge.tif"
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb")
    session.add([path])
    assert wait_for(lambda: any(e.name == "bridge.tif" for e in session.state.entries), 60)
    session.memory.bound_bytes = 8 * small.height * small.width * 6
    return next(e.photo_id for e in session.state.entries if e.name == "bridge.tif")


def test_two_views_of_a_huge_photo_share_its_tiles_and_each_brings_what_it_misses(
    sides: Any, huge: str
) -> None:
    session, canvas, right = sides.parts.session, sides.window.canvas, second(sides)
    session.open_photo(huge)
    assert wait_for(lambda: session.tiles is not None and right.scene.photo is session.tiles, 60)
    sides.parts.view.set_sides(linked=False)
    canvas.zoom_to(1.0)
    canvas.centre_on(200, 200)
    right.zoom_to(1.0)
    right.centre_on(1500, 2300)
    tiles = session.tiles
    assert wait_for(lambda: not tiles.wanted(right.viewport) and not tiles.wanted(canvas.viewport), 60)
    assert session.memory.beside_bytes == 0
    right.scene.compose()
    canvas.sizes_grew.emit(Box(0, 0, 1800, 2600))
    assert not right.scene._photo_dirty.empty, "what the left builds is seen on the right as well"
    choose(sides, "right", "heat:rmt")
    assert "held whole" in note(sides, "right").words.text()
    choose(sides, "right", "approved")
    assert "held whole" in note(sides, "right").words.text(), "no mask of it is ever whole in memory"
    session.close_project()
    assert right.scene.photo is None, "nothing more is asked of a file that is closed next"


def test_a_huge_photo_that_is_predicted_waits_for_no_prediction(sides: Any, huge: str) -> None:
    session = sides.parts.session
    sides.parts.view.set_sides(right="mask")
    session.open_photo(huge)
    assert wait_for(lambda: session.tiles is not None and note(sides, "right").isVisible(), 60)
    blobs = session.project.blobs
    with blobs.map_writer(1800, 2600) as writer:
        writer.put(Box(0, 0, 1800, 2600), np.full((1800, 2600), 255, np.uint8))
        known = blobs.open_map(writer.seal())
    counts = np.bincount([255], [1800 * 2600], 256).astype(np.int64)
    weights_id = session.active.weights_id
    session.predictor.predicted.emit(HugePrediction(huge, weights_id, known, 0.1, counts, 1.0, "cpu"))
    assert wait_for(lambda: session.huge is not None, 60)
    settle(0.1)
    assert not note(sides, "right").isVisible()


def test_a_huge_photo_beside_a_small_one_is_shown_by_tiles_and_closed(sides: Any, huge: str) -> None:
    session, right = sides.parts.session, second(sides)
    sides.parts.view.set_sides(photo_id=huge)
    assert wait_for(lambda: sides.parts.sides.beside.photo is not None, 60)
    tiles = sides.parts.sides.beside.photo.tiles
    assert tiles is not None and wait_for(lambda: right.scene.photo is tiles, 60)
    assert session.memory.used_bytes <= max(session.memory.bound_bytes, session.memory.least_tile_bytes)
    assert wait_for(lambda: not tiles.wanted(right.viewport), 60)
    key(sides, Qt.Key.Key_F8)
    assert wait_for(lambda: tiles.photo._file.closed and not session.tile_worker.busy, 60)
    assert not any(place[0] == huge for place in session.memory._tiles)


# -- divider, state, words --


def test_the_divider_is_dragged_and_moved_by_keys(sides: Any) -> None:
    window, handle = sides.window, sides.window.sides.handle(1)
    window.resize(1600, 720)
    settle(0.1)
    width = window.canvas.width()
    drag(handle, [QPoint(3, 100), QPoint(-60, 100)])
    assert abs(window.canvas.width() - (width - 63)) <= 4
    handle.setFocus(Qt.FocusReason.TabFocusReason)
    key(sides, Qt.Key.Key_Space)
    assert abs(window.canvas.width() - second(sides).width()) <= 2
    key(sides, Qt.Key.Key_Right)
    assert window.canvas.width() > second(sides).width()
    key(sides, Qt.Key.Key_Home)
    assert window.canvas.width() < second(sides).width()
    narrow = window.canvas.width()
    key(sides, Qt.Key.Key_Right)
    assert window.canvas.width() > narrow, "the first press counts, however narrow the view may get"


def test_what_is_compared_is_there_again_in_the_next_window(sides: Any, tmp_path: Path) -> None:
    choose(sides, "right", "probability")
    key(sides, Qt.Key.Key_F8, Qt.KeyboardModifier.ControlModifier)
    wanted = sides.parts.view.sides
    sides.window.close()
    state = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    assert read_sides(str(state.value("sides"))) == wanted
    assert wanted.on and wanted.right == "probability" and not wanted.linked


@pytest.mark.parametrize(
    "text", ["", "x", "[1]", '{"on": 3, "share": 7.0, "right": null}', '{"share": true}']
)
def test_a_state_that_cannot_be_understood_is_as_at_first(text: str) -> None:
    assert read_sides(text) == Sides()


def test_every_line_of_the_list_names_layers_there_are_and_actions_there_are(sides: Any) -> None:
    names = {layer.name for layer in DEFAULT_LAYERS}
    offered = looks(sides.parts.session.state.versions)
    assert len({look.id for look in offered}) == len(offered) == len({look.words for look in offered})
    for look in offered:
        assert set(look.layers or ()) <= names
        assert "{" not in sides.parts.keys.words(look.waits)
        assert find_look(look.id, sides.parts.session.state.versions) == look


def test_a_version_of_another_project_is_said_and_shows_no_other_mask(sides: Any) -> None:
    sides.parts.view.set_sides(right="version:" + "f" * 64)
    settle(0.1)
    assert "not in the project" in note(sides, "right").words.text()
    assert not second(sides).scene.layers["mask"].visible


def test_without_a_photo_and_without_a_prediction_the_sides_say_what_to_do(looking: Any) -> None:
    key(looking, Qt.Key.Key_F8)
    choose(looking, "right", "mask")
    assert "No prediction yet" in note(looking, "right").words.text()
    assert "Ctrl+P" in note(looking, "right").words.text()
    looking.parts.session.leave_photo()
    looking.parts.session.changed.emit()  # as whoever puts a photo away does
    assert "Open a photo in the list, or press D" in note(looking, "right").words.text()


def test_f6_and_tab_lead_to_the_second_view_and_its_lists(sides: Any) -> None:
    window = sides.window
    window.canvas.setFocus()
    seen = set()
    for _ in range(120):
        here = QApplication.focusWidget()
        seen.add(here)
        QTest.keyClick(here, Qt.Key.Key_Tab)
    bar = bars(sides)
    assert {bar["left"].look, bar["right"].look, bar["right"].photo, second(sides)} <= seen
    assert window.sides.handle(1) in seen
    assert window.sides.right_pane in window.areas.areas()


def test_weights_that_come_into_use_are_shown_and_the_version_is_kept(versions: Any) -> None:
    session, side = versions.parts.session, versions.parts.sides.right
    version = session.state.versions[-1]
    choose(versions, "right", f"version:{version.weights_id}")
    assert wait_for(lambda: side.answer is not None, 60)
    answer = side.answer
    session.project.shelf.promote(version.weights_id)
    session.refresh()
    assert wait_for(
        lambda: session.active.state is WeightsState.ACTIVE and session.active == session.state.versions[-1],
        60,
    )
    settle(0.1)
    assert side.answer is answer
