"""Claims about second readers in the window: bar, keys, filters, search, rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QLineEdit

from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.panels.photo_model import FACTS_ROLE
from resatt_studio.records.labels import CrackType
from resatt_studio.records.photo import ReviewState

pytestmark = pytest.mark.gui
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def read(studio: Any, project_folder: Path) -> Any:
    """The window of Bo, with a project whose first two photos Ada approved and whose third Bo did."""
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    be(studio, "Ada")
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None, 60)
    for author in ("Ada", "Ada", "Bo"):
        be(studio, author)
        first = session.entry.photo_id
        session.approve()
        assert wait_for(lambda first=first: session.document and session.entry.photo_id != first, 60)
    assert wait_for(lambda: standings(session) == ["approved"] * 3 + ["new"], 60)
    opens(studio, 0)
    return studio


def be(studio: Any, author: str) -> None:
    studio.parts.session.settings = replace(studio.parts.session.settings, author=author)


def standings(session: Any) -> list[str]:
    return [entry.standing for entry in session.state.entries]


def opens(studio: Any, number: int) -> None:
    session = studio.parts.session
    session.open_photo(session.state.entries[number].photo_id)
    assert wait_for(
        lambda: session.document is not None and session.entry == session.state.entries[number], 60
    )


def name(session: Any) -> str:
    return session.entry.name if session.entry is not None else ""


def answer(studio: Any, note: str) -> None:
    """Type a note into the dialog and press Enter."""
    assert wait_for(lambda: studio.window.findChild(QInputDialog) is not None, 60)
    field = studio.window.findChild(QInputDialog).findChild(QLineEdit)
    QTest.keyClicks(field, note)
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle(0.05)


def test_the_second_reader_agrees_and_comes_to_the_next_that_waits(read: Any) -> None:
    session, window = read.parts.session, read.window
    assert window.review.isVisible() and window.review.words.text().startswith("Approved by Ada on 20")
    QTest.keyClick(window.canvas, Qt.Key.Key_Return, CONTROL | SHIFT)
    assert wait_for(lambda: standings(session)[0] == "agreed" and name(session) == "wall_1.jpg", 60)
    QTest.mouseClick(window.review.agree, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: standings(session)[1] == "agreed", 60)
    assert wait_for(lambda: not window.review.isVisible(), 60), "nothing waits on this photo any more"
    assert "3 approved, 2 by two" in window.panel("photosPanel")._summary.text()
    session.told.connect((told := []).append)
    QTest.keyClick(window.canvas, Qt.Key.Key_D, SHIFT)
    assert told == ["No other photo waits for a second reader."], "the third is Bo's own"


def test_a_photo_is_sent_back_corrected_and_approved_again(read: Any) -> None:
    session, window = read.parts.session, read.window
    QTest.keyClick(window.canvas, Qt.Key.Key_Backspace, CONTROL)
    answer(read, "the left end is missing")
    assert wait_for(lambda: standings(session)[0] == "sent back" and name(session) == "wall_1.jpg", 60)
    be(read, "Ada")
    opens(read, 0)
    assert wait_for(window.review.isVisible, 60)
    words = window.review.words.text()
    assert words.startswith("Sent back by Bo on 20") and words.endswith(": the left end is missing")
    assert not window.review.agree.isVisible()
    model = window.panel("photosPanel").model
    row = model.row_of(session.entry.photo_id)
    assert row.data(FACTS_ROLE) == "“the left end is missing”"
    assert "Sent back by Bo" in row.data(Qt.ItemDataRole.ToolTipRole)
    assert "sent back" in row.data(Qt.ItemDataRole.AccessibleTextRole)
    assert session.state.pending_samples == 2, "nobody learns from it meanwhile"
    session.approve()
    assert wait_for(lambda: standings(session)[0] == "approved" and session.state.pending_samples == 3, 60)
    chain = session.project.store.reviews(session.state.entries[0].photo_id)
    assert [link.author for link in chain] == ["Ada", "Bo", "Ada"]


def test_nobody_reads_their_own_approval_and_is_told_so_before_a_note_is_written(read: Any) -> None:
    session, window = read.parts.session, read.window
    opens(read, 2)
    settle(0.1)
    assert not window.review.isVisible()
    session.failed.connect((told := []).append)
    for count, id in enumerate(("agree", "send_back"), start=1):
        assert window.actions_[id].isEnabled()
        window.actions_[id].trigger()
        assert wait_for(lambda count=count: len(told) == count, 60)
    assert all("Bo approved wall_2.jpg and cannot be its second reader" in str(error) for error in told)
    assert "cannot be its second reader" in window.notice.text
    assert window.findChild(QInputDialog) is None and standings(session)[2] == "approved"
    window.actions_["one_person"].trigger()
    assert wait_for(lambda: window.actions_["one_person"].isChecked() and window.review.isVisible(), 60)
    window.actions_["agree"].trigger()
    assert wait_for(lambda: standings(session)[2] == "agreed", 60)


def test_a_photo_that_is_not_approved_has_nothing_for_a_second_reader(read: Any) -> None:
    opens(read, 3)
    settle(0.1)
    assert not read.window.actions_["agree"].isEnabled() and not read.window.actions_["send_back"].isEnabled()
    assert not read.window.review.isVisible()


def test_filters_and_search_find_what_second_readers_said(read: Any) -> None:
    session, parts = read.parts.session, read.parts
    project = session.project
    ids = [entry.photo_id for entry in session.state.entries]
    from resatt_studio.workflow.answers import answer_crack_type
    from resatt_studio.workflow.review import agree, send_back

    send_back(project, ids[0], "Cy", "joint, no crack")
    agree(project, ids[1], "Bo")
    answer_crack_type(project, ids[3], CrackType.TRANSVERSE, "Bo")
    session.refresh()
    assert wait_for(lambda: bool(session.state.answers.answers), 60)
    found: Callable[..., list[int]] = lambda **changes: (  # noqa: E731
        session.set_listing(**changes) or [ids.index(entry.photo_id) for entry in session.listed]
    )
    for key, places in {
        "sent_back": [0],
        "agreed": [1],
        "unread": [2],
        "new": [3],
        "correcting": [0],
    }.items():
        assert found(filter=key) == places, key
    assert found(filter="all", search="JOINT") == [0] == found(search="cy")
    assert found(search="transverse") == [3]
    assert found(search="wall_2") == [2]
    assert parts.session.state.entries[0].state is ReviewState.CORRECTING


def test_learning_can_be_kept_to_what_was_agreed_to_from_the_menu(read: Any) -> None:
    session, learner = read.parts.session, read.parts.learner
    assert learner.can_learn and learner.pending == 3
    read.window.actions_["agreed_only"].trigger()
    assert wait_for(lambda: session.state.rules.agreed_only, 60)
    assert not learner.can_learn and learner.pending == 0
    read.window.actions_["agree"].trigger()
    assert wait_for(lambda: learner.can_learn and learner.pending == 1, 60)


def test_the_export_says_how_many_photos_two_people_stand_for(read: Any) -> None:
    read.window.actions_["agree"].trigger()
    assert wait_for(lambda: standings(read.parts.session)[0] == "agreed", 60)
    read.window.ask.export()
    from resatt_studio.app.dialogs.export import ExportDialog

    words = read.window.findChild(ExportDialog).words.text()
    assert "(3 of them)" in words and "A second reader agreed to 1 of them." in words


def test_a_note_goes_to_the_photo_it_was_written_about(read: Any) -> None:
    session, window = read.parts.session, read.window
    window.actions_["send_back"].trigger()
    assert wait_for(lambda: window.findChild(QInputDialog) is not None, 60)
    opens(read, 1)
    dialog = window.findChild(QInputDialog)
    dialog.setTextValue("The branch is missing.")
    dialog.accept()
    assert wait_for(lambda: "sent back" in standings(session), 60)
    assert standings(session)[:2] == ["sent back", "approved"]
    assert session.entry.photo_id == session.state.entries[1].photo_id, "whoever looks at it goes on"


def test_nobody_is_asked_for_a_note_about_a_photo_that_was_left_meanwhile(read: Any) -> None:
    window = read.window
    window.actions_["agree"].trigger()
    window.actions_["send_back"].trigger()  # before the window has gone on to the next photo
    assert wait_for(lambda: standings(read.parts.session)[0] == "agreed", 60)
    settle(0.3)
    assert window.findChild(QInputDialog) is None


def test_another_name_decides_at_once_who_may_be_the_second_reader(read: Any) -> None:
    bar = read.window.review
    assert bar.isVisible()
    read.window.ask.change_settings(author="Ada")
    assert not bar.isVisible()
    read.window.ask.change_settings(author="Bo")
    assert bar.isVisible()


def test_a_note_is_shown_as_it_was_written(read: Any) -> None:
    session, bar = read.parts.session, read.window.review
    read.parts.reader.send_back("Width < 2 mm: <b>no</b> crack & no joint.")
    assert wait_for(lambda: "sent back" in standings(session), 60)
    opens(read, standings(session).index("sent back"))
    assert "<b>no</b> crack & no joint" in bar.words.text()
    assert bar.words.textFormat() == Qt.TextFormat.PlainText
