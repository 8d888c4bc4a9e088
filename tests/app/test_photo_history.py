"""Claims about the history of the open photo: a click goes to that state, a name keeps one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
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
