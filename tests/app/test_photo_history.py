"""Claims about the history of the open photo: a click goes to that state, a name keeps one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog

from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.theme import contrast
from resatt_studio.errors import PhotoError
from resatt_studio.records.correction import Label
from resatt_studio.workflow.project import open_project

pytestmark = pytest.mark.gui


def paint(studio: Any, *rows: float, label: Label = Label.CRACK) -> None:
    session = studio.parts.session
    for row in rows:
        session.document.begin("brush", label, 3.0)
        session.document.extend([(row, 10.0), (row, 100.0)])
        session.document.end()
        session.note_edit()


@pytest.fixture
def listed(looking: Any) -> Any:
    """The window with four strokes and the photo's history shown."""
    paint(looking, 10, 30, 50, 70)
    looking.window.bring("historyPanel")
    settle(0.05)
    return looking


def steps_of(studio: Any) -> Any:
    return studio.window.panel("historyPanel").steps


def test_a_click_on_a_line_goes_to_that_state_and_back(listed: Any) -> None:
    document, steps = listed.parts.session.document, steps_of(listed)
    after = document.labels.to_array()
    assert steps.model.rowCount() == 5
    steps.list.scrollTo(steps.model.index(2))
    spot = steps.list.visualRect(steps.model.index(2)).center()
    QTest.mouseClick(steps.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert wait_for(lambda: document.edit_count == 2, 60)
    assert steps.list.currentIndex().row() == 2
    assert steps.model.data(steps.model.index(4), Qt.ItemDataRole.AccessibleTextRole).endswith("undone")
    steps.list.setFocus()
    QTest.keyClick(steps.list, Qt.Key.Key_End)
    steps.list.activated.emit(steps.list.currentIndex())
    assert wait_for(lambda: document.edit_count == 4, 60)
    assert np.array_equal(document.labels.to_array(), after)


def test_a_far_state_is_reached_in_slices_and_the_newest_wish_counts(listed: Any) -> None:
    history, document = listed.parts.history, listed.parts.session.document
    paint(listed, *np.linspace(5, 90, 120))
    history.go_to(0)
    history.go_to(60)
    assert wait_for(lambda: document.edit_count == 60, 60)
    settle(0.1)
    assert document.edit_count == 60
    history.go_to(10_000)
    assert wait_for(lambda: document.edit_count == len(document.steps), 60)
    listed.parts.session.flush()


def test_a_photo_that_is_left_on_its_way_to_a_step_is_left_there(listed: Any) -> None:
    session, history = listed.parts.session, listed.parts.history
    document = session.document.share()
    paint(listed, *np.linspace(5, 90, 40))
    history.go_to(3)
    session.next_photo()
    assert document.edit_count == 3
    assert wait_for(lambda: session.document is not None and session.document is not document, 60)
    document.close()


def press_and_draw(studio: Any, row: float) -> None:
    """A brush stroke of the mouse along a row of the photo."""
    canvas = studio.window.canvas
    spots = []
    for column in (30.0, 60.0):
        view_row, view_column = canvas.viewport.to_view(row, column)
        ratio = canvas.devicePixelRatioF()
        spots.append(QPoint(round(view_column / ratio), round(view_row / ratio)))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=spots[0])
    QTest.mouseMove(canvas, spots[1])
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=spots[1])


@pytest.mark.parametrize("forth", [True, False])
def test_a_stroke_on_the_way_to_a_step_is_painted_at_that_step_and_cuts_none_before_it(
    listed: Any, forth: bool
) -> None:
    history, document = listed.parts.history, listed.parts.session.document
    paint(listed, *np.linspace(5, 90, 40))
    ids = [step.edit_id for step in document.steps]
    start, target = (3, len(ids)) if forth else (len(ids), 3)
    document.go_to(target)
    wanted = document.labels.to_array()
    document.go_to(start)
    listed.parts.view.set_brush(label=Label.NOT_CRACK)
    history.go_to(target)
    press_and_draw(listed, 47.0)
    assert document.edit_count == target + 1
    assert [step.edit_id for step in document.steps][:-1] == ids[:target]
    settle(0.1)
    assert document.edit_count == target + 1 and not listed.parts.session.stepping
    document.undo()
    assert np.array_equal(document.labels.to_array(), wanted)


@pytest.mark.parametrize("finish", ["enter", "another tool"])
def test_what_is_in_hand_when_the_history_moves_on_is_finished_at_the_step_that_it_moves_to(
    listed: Any, finish: str
) -> None:
    history, document, canvas = listed.parts.history, listed.parts.session.document, listed.window.canvas
    listed.parts.view.set_brush(tool="polyline")
    ids = [step.edit_id for step in document.steps]
    document.go_to(0)
    press_and_draw(listed, 90.0)
    assert canvas._gestures.tool.in_hand
    history.go_to(4)
    if finish == "enter":
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    else:
        listed.parts.view.set_brush(tool="brush")
    assert document.edit_count == 5 and [step.edit_id for step in document.steps][:4] == ids


@pytest.mark.parametrize(("act", "target", "arrived"), [("undo", 2, 1), ("redo", 2, 3)])
def test_undo_and_redo_on_the_way_to_a_step_go_on_from_that_step(
    listed: Any, act: str, target: int, arrived: int
) -> None:
    history, session = listed.parts.history, listed.parts.session
    history.go_to(target)
    getattr(session, act)()
    assert not session.stepping and session.document.edit_count == arrived
    settle(0.05)
    assert session.document.edit_count == arrived


def test_a_photo_between_two_steps_is_not_approved(listed: Any) -> None:
    session, history = listed.parts.session, listed.parts.history
    document, entry = session.document, session.entry
    paint(listed, *np.linspace(5, 90, 20))
    words: list[str] = []
    session.told.connect(words.append)
    history.go_to(0)
    session.approve()
    assert session.document is document and "on its way" in words[-1]
    assert wait_for(lambda: document.edit_count == 0, 60)
    session.flush()
    session.approve()
    assert session.entry is not entry, "it is there now"
    assert wait_for(lambda: any("is approved" in said for said in words), 60)


def test_ctrl_s_asks_for_a_name_and_the_history_lists_it(listed: Any, full_project: Path) -> None:
    window, history = listed.window, listed.parts.history
    window.activateWindow()
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    question = window.findChild(QInputDialog)
    assert question.textValue() == "Checkpoint 1"
    question.setTextValue("before the joints")
    question.accept()
    assert wait_for(lambda: len(history.checkpoints) == 1, 60)
    steps = steps_of(listed)
    assert "before the joints" in steps.checkpoints.item(0).text()
    assert "⚑ before the joints" in steps.model.data(steps.model.index(4))
    listed.parts.session.close_project()
    assert wait_for(lambda: not listed.parts.session.files.busy, 60)
    with open_project(full_project) as project:
        first = project.store.photos()[0].photo_id
        assert [kept.name for kept in project.store.checkpoints(first)] == ["before the joints"]


def test_a_checkpoint_keeps_the_state_of_when_it_was_asked_for_however_busy_the_files_are(
    listed: Any,
) -> None:
    history, session = listed.parts.history, listed.parts.session
    then, free = session.document.labels.to_array(), threading.Event()
    session.ask(lambda: free.wait(60))  # such as a large photo that is being added
    history.add_checkpoint("four strokes")
    paint(listed, 85, label=Label.NOT_CRACK)
    session.document.flush()
    free.set()
    assert wait_for(lambda: len(history.checkpoints) == 1, 60)
    (checkpoint,) = history.checkpoints
    assert checkpoint.edit_id == session.document.steps[3].edit_id and history.place_of(checkpoint) == 4
    kept = np.zeros_like(then)
    for (row, column), tile in session.document.checkpoint_tiles(checkpoint).items():
        kept[session.document.labels.tile_box(row, column).slices] = tile
    assert np.array_equal(kept, then)


@pytest.mark.parametrize("target", [0, 2])
def test_a_checkpoint_on_the_way_to_a_step_names_that_step(listed: Any, target: int) -> None:
    history, document = listed.parts.history, listed.parts.session.document
    history.go_to(target)
    history.add_checkpoint("there")
    assert wait_for(lambda: len(history.checkpoints) == 1, 60)
    assert history.place_of(history.checkpoints[0]) == document.edit_count == target


def test_a_checkpoint_is_gone_back_to_also_when_its_strokes_were_overtaken(listed: Any) -> None:
    history, session = listed.parts.history, listed.parts.session
    then = session.document.labels.to_array()
    history.add_checkpoint("all four")
    assert wait_for(lambda: len(history.checkpoints) == 1, 60)
    (checkpoint,) = history.checkpoints
    session.undo()
    assert history.place_of(checkpoint) == 4
    steps = steps_of(listed)
    steps.checkpoints.itemClicked.emit(steps.checkpoints.item(0))
    assert wait_for(lambda: session.document.edit_count == 4, 60)
    assert session.document.steps[-1].tool == "brush", "while its own steps are there, they are redone"
    session.undo()
    paint(listed, 85, label=Label.NOT_CRACK)
    assert history.place_of(checkpoint) is None
    before = session.document.labels.to_array()
    history.return_to(checkpoint)
    assert wait_for(lambda: np.array_equal(session.document.labels.to_array(), then), 60)
    assert session.document.steps[-1].tool == "checkpoint"
    session.undo()
    assert np.array_equal(session.document.labels.to_array(), before)


def test_the_bound_of_memory_holds_at_once_and_for_the_next_photo(listed: Any) -> None:
    session = listed.parts.session
    listed.window.ask.change_settings(undo_mb=16)
    assert session.document.memory_limit_bytes == 16 * 2**20
    session.next_photo()
    assert wait_for(lambda: session.document is not None, 60)
    assert session.document.memory_limit_bytes == 16 * 2**20


def test_a_photo_without_strokes_says_what_the_list_is_for(looking: Any) -> None:
    looking.window.bring("historyPanel")
    steps = steps_of(looking)
    assert wait_for(lambda: steps._empty.isVisible() and "Ctrl+S" in steps._empty.text(), 60)
    looking.parts.keys.set_keys("checkpoint", ["F7"])
    assert "F7" in steps._empty.text() and "Ctrl+S" not in steps._empty.text()


@pytest.mark.parametrize("strokes", [0, 9])
def test_neither_the_history_nor_notices_make_the_window_taller(looking: Any, strokes: int) -> None:
    window, history = looking.window, looking.parts.history
    window.resize(1280, 800)
    paint(looking, *range(10, 10 + strokes))
    window.bring("historyPanel")
    for number in range(6 if strokes else 0):
        history.add_checkpoint(f"checkpoint {number}")
    assert wait_for(lambda: len(history.checkpoints) == (6 if strokes else 0), 60)
    window.show_error(PhotoError("A long message about one of the photos. " * 4, "And what to do about it."))
    window.notice.tell("Two photos were added.")
    settle(0.1)
    assert window.height() == 800 and window.minimumSizeHint().height() <= 800
    steps = steps_of(looking)
    if strokes:
        assert min(steps.list.height(), steps.checkpoints.height()) >= 2 * steps.list.sizeHintForRow(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_icon_of_the_selected_step_stands_out_as_its_words_do(listed: Any, theme: str) -> None:
    listed.window.ask.change_settings(theme=theme)
    settle(0.05)
    steps, tokens = steps_of(listed), listed.parts.look.tokens
    picture = steps.list.viewport().grab(steps.list.visualRect(steps.list.currentIndex())).toImage()
    inks = {
        picture.pixelColor(column, row).name() for column in range(2, 22) for row in range(picture.height())
    }
    assert tokens.accent in inks
    assert max(contrast(ink, tokens.accent) for ink in inks) > 4.5
