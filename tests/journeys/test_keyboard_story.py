"""From open to export with keys alone: not one mouse event, and no call of what a key should do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QLineEdit, QRadioButton, QWidget

from resatt_studio.app.dialogs.export import ExportDialog
from resatt_studio.app.main import settle, wait_for
from resatt_studio.records.correction import Label

pytestmark = pytest.mark.gui
KEY = Qt.Key
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NO_KEY = Qt.KeyboardModifier.NoModifier


def focused() -> QWidget:
    """Where a key goes now; a key that would go nowhere is a trap as well."""
    here = QApplication.focusWidget()
    assert here is not None, "the keyboard is nowhere"
    return here


def key(key: Qt.Key, held: Any = NO_KEY, times: int = 1) -> None:
    """Press a key wherever the keyboard is."""
    for _ in range(times):
        QTest.keyClick(focused(), key, held)
    settle(0.02)


def walk(to: Callable[[QWidget], bool], by: Qt.Key, most: int = 60) -> None:
    """Press a key until the keyboard is where it should be."""
    for _ in range(most):
        if to(focused()):
            return
        key(by)
    raise AssertionError(f"{by} does not lead there; the keyboard is stuck at {focused()}")


def come_back(window: Any) -> None:
    """Activate the window after a dialog, as every window manager does; there is none here."""
    window.activateWindow()
    settle(0.1)


def approved(session: Any) -> list[str]:
    return [entry.standing for entry in session.state.entries]


def on_photo(session: Any, name: str) -> bool:
    def there() -> bool:
        shown = session.document is not None and session.prediction is not None
        return shown and session.entry.name == name

    assert wait_for(there, 60), (session.entry, session.document, session.prediction, focused())
    return True


def test_open_predict_correct_approve_send_back_agree_and_export(
    studio: Any, project_folder: Path, tmp_path: Path
) -> None:
    session, window = studio.parts.session, studio.window
    window.welcome.show_recent([project_folder])
    window.activateWindow()
    window.setFocus()
    settle(0.1)

    # open: Tab to the recent project, Space presses it
    walk(lambda here: str(project_folder) in here.accessibleName(), KEY.Key_Tab)
    key(KEY.Key_Space)
    assert on_photo(session, "wall_0.jpg"), "the first photo opens and is predicted by itself"
    assert focused() is window.canvas, "the keyboard is on the photo"

    # predict again, next photo, back
    key(KEY.Key_P, CONTROL)
    key(KEY.Key_D)
    assert on_photo(session, "wall_1.jpg")
    key(KEY.Key_A)
    assert on_photo(session, "wall_0.jpg")

    # correct: the keyboard's cursor paints crack, then not crack; one stroke is taken back
    key(KEY.Key_I)
    row, column = window.canvas.key_cursor.place
    key(KEY.Key_Q)
    QTest.keyPress(focused(), KEY.Key_Space)
    key(KEY.Key_Right, SHIFT, times=2)
    QTest.keyRelease(focused(), KEY.Key_Space)
    labels = session.document.labels.to_array()
    assert labels[row, column] == Label.CRACK == labels[window.canvas.key_cursor.place]
    key(KEY.Key_Down, SHIFT, times=2)
    key(KEY.Key_W)
    key(KEY.Key_Space)
    assert session.document.labels.to_array()[window.canvas.key_cursor.place] == Label.NOT_CRACK
    key(KEY.Key_Z, CONTROL)
    assert session.document.edit_count == 1
    # accept what the network found under the cursor, or say why not; either way the keyboard stays here
    key(KEY.Key_Y)
    key(KEY.Key_Space)
    assert focused() is window.canvas

    # approve: the next photo opens; the second is approved by somebody else
    key(KEY.Key_Return)
    assert on_photo(session, "wall_1.jpg")
    session.settings = replace(session.settings, author="Bo")
    key(KEY.Key_Return)
    assert on_photo(session, "wall_2.jpg")
    assert wait_for(lambda: approved(session)[:2] == ["approved", "approved"], 60)

    # Bo reads what the tester approved and sends it back with a note
    key(KEY.Key_D, SHIFT)
    assert on_photo(session, "wall_0.jpg") and wait_for(window.review.isVisible, 60)
    key(KEY.Key_Backspace, CONTROL)
    assert wait_for(lambda: isinstance(focused(), QLineEdit), 60), "the note can be typed at once"
    QTest.keyClicks(focused(), "wider on the left")
    key(KEY.Key_Return)
    assert wait_for(lambda: approved(session)[0] == "sent back", 60)
    assert wait_for(lambda: window.findChild(QInputDialog) is None, 60)
    come_back(window)

    # the tester reads the note, corrects, approves again, and agrees to Bo's photo
    session.settings = replace(session.settings, author="tester")
    assert focused() is window.canvas, "the keyboard comes back to the photo"
    assert "wider on the left" in window.review.words.text()
    key(KEY.Key_B)
    key(KEY.Key_Q)
    key(KEY.Key_Space)
    key(KEY.Key_Return)
    assert wait_for(lambda: approved(session)[0] == "approved", 60)
    key(KEY.Key_D, SHIFT)
    assert on_photo(session, "wall_1.jpg")
    key(KEY.Key_Return, CONTROL | SHIFT)
    assert wait_for(lambda: approved(session)[:2] == ["approved", "agreed"], 60)

    # the list can be filtered and walked, and left again
    walk(lambda here: window.panel("photosPanel").isAncestorOf(here), KEY.Key_F6)
    walk(lambda here: here is window.panel("photosPanel").filter, KEY.Key_Tab)
    walk(lambda here: session.listing.filter == "agreed", KEY.Key_Down)
    assert [entry.name for entry in session.listed] == ["wall_1.jpg"]
    walk(lambda here: session.listing.filter == "all", KEY.Key_Up)
    walk(lambda here: here is window.canvas, KEY.Key_F6)

    # export: masks into a folder that is typed
    key(KEY.Key_E, CONTROL)
    assert wait_for(lambda: window.findChild(ExportDialog) is not None, 60)
    dialog = window.findChild(ExportDialog)
    walk(lambda here: isinstance(here, QRadioButton), KEY.Key_Tab)
    walk(lambda here: here is dialog.folder, KEY.Key_Tab)
    key(KEY.Key_A, CONTROL)
    QTest.keyClicks(focused(), str(tmp_path / "out"))
    key(KEY.Key_Return)
    assert wait_for(lambda: len(list((tmp_path / "out").rglob("*.png"))) == 4, 60)
    assert wait_for(lambda: "written" in dialog.words.text() and dialog.go.isEnabled(), 60)
    key(KEY.Key_Escape)
    assert wait_for(lambda: window.findChild(ExportDialog) is None, 60)
    come_back(window)
    assert focused() is window.canvas
