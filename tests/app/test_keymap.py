"""Claims about keys: nobody clashes, what somebody chose holds at once, and nothing of it stops a start."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from resatt_studio.app.actions import ACTIONS
from resatt_studio.app.keymap import FIXED_KEYS, SCOPES, Keymap, normal, overlap
from resatt_studio.app.window import TOOL_ACTIONS
from resatt_studio.settings import load_settings

ALL = (*ACTIONS, *TOOL_ACTIONS)
IDS = [spec.id for spec in ALL]
KEYS = ["Ctrl+Z", "Q", "Ctrl+Shift+K", "F7", "Space", "Left", "Home", "Alt+M", "Shift+T"]


def test_no_two_shortcuts_clash_in_a_scope() -> None:
    assert Keymap(ALL, ()).clashes() == []
    assert {spec.scope for spec in ALL} | {scope for scope, _, _ in FIXED_KEYS} <= set(SCOPES)


@given(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(KEYS), st.booleans()), max_size=12))
def test_whatever_is_changed_no_two_clash_and_a_restart_finds_the_same(changes: Any) -> None:
    keys = Keymap(ALL, ())
    for id, key, take in changes:
        keys.set_keys(id, (*keys.of(id), key), take)
        assert keys.clashes() == []
    again = Keymap(ALL, keys.lines)
    assert {id: again.of(id) for id in IDS} == {id: keys.of(id) for id in IDS}
    keys.restore_all()
    assert keys.lines == ()


def test_scopes_of_photo_and_lists_are_strangers_and_the_window_reaches_both() -> None:
    assert not overlap("canvas", "list")
    assert overlap("window", "list") and overlap("canvas", "window")


def test_a_key_that_is_taken_names_who_has_it() -> None:
    keys = Keymap(ALL, ())
    clash = keys.clash("fit", "Ctrl+Z")
    assert clash is not None and (clash.id, clash.text, clash.scope) == ("undo", "Undo", "window")
    fixed = keys.clash("fit", "Space")
    assert fixed is not None and (fixed.id, fixed.scope) == ("", "canvas")
    keys.set_keys("fit", ["Ctrl+Z"])
    assert keys.of("fit") == (), "without being told to, nothing is taken from anybody"
    keys.set_keys("fit", ["Ctrl+Z", "Space"], take=True)
    assert keys.of("fit") == ("Ctrl+Z",) and keys.of("undo") == ()
    keys.restore("undo")
    assert keys.of("undo") == ("Ctrl+Z",) and keys.of("fit") == ()


def test_lines_that_mean_nothing_are_passed_over() -> None:
    keys = Keymap(ALL, ("no_such_action=Ctrl+J", "undo=Ctrl+Nonsense", "fit=", "redo=ctrl+j"))
    assert keys.of("undo") == ("Ctrl+Z",)
    assert keys.of("fit") == () and keys.of("redo") == ("Ctrl+J",)
    assert keys.words("{redo} or {fit}") == "Ctrl+J or “Fit to window”"


def test_one_key_has_one_spelling() -> None:
    assert normal("ctrl+shift+k") == normal("Shift+Ctrl+K") == "Ctrl+Shift+K"
    assert normal("Hyper+Nothing") == normal("") == normal("A, B") == ""


@pytest.mark.gui
def test_other_keys_hold_at_once_everywhere_and_are_kept(studio: Any, own_settings: Any) -> None:
    window, keys = studio.window, studio.parts.keys
    window.ask.shortcuts()
    sheet = next(c for c in window.children() if type(c).__name__ == "ShortcutSheet")
    keys.set_keys("next", ["F4"])
    keys.set_keys("add_folder", [])
    action = window.actions_["next"]
    assert [sequence.toString() for sequence in action.shortcuts()] == ["F4"]
    assert "(F4)" in action.toolTip() and "F4" in window.bar.buttons["next"].text()
    assert any(label.text() == "F4" for label in sheet.findChildren(QLabel))
    assert load_settings().settings.shortcuts == ("add_folder=", "next=F4")
    keys.restore_all()
    assert "(D" in action.toolTip() and window.bar.buttons["next"].text() == "Next  D"
    assert load_settings().settings.shortcuts == ()
    sheet.close()


@pytest.fixture
def editor(studio: Any) -> Any:
    studio.window.ask.edit_shortcuts()
    dialog = next(c for c in studio.window.children() if type(c).__name__ == "ShortcutEditor")
    yield dialog
    dialog.close()


@pytest.mark.gui
def test_the_editor_takes_a_pressed_key_and_names_the_clash(studio: Any, editor: Any) -> None:
    keys = studio.parts.keys
    editor.choose("fit")
    QTest.keyClick(editor.field, Qt.Key.Key_F10)
    assert editor.told.text() == "F10 is free for “Fit to window”."
    QTest.mouseClick(editor.add, Qt.MouseButton.LeftButton)
    assert keys.of("fit") == ("F", "F10") and editor.items["fit"].text(1) == "F  or  F10"
    QTest.keyClick(editor.field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert "“Undo”" in editor.told.text() and editor.use.text() == "Take this key"
    QTest.mouseClick(editor.use, Qt.MouseButton.LeftButton)
    assert keys.of("fit") == ("Ctrl+Z",) and editor.items["undo"].text(1) == ""
    QTest.keyClick(editor.field, Qt.Key.Key_Space)
    assert "cannot be given away" in editor.told.text() and not editor.use.isEnabled()
    QTest.mouseClick(editor.restore_all, Qt.MouseButton.LeftButton)
    assert keys.lines == () and editor.items["undo"].text(1) == "Ctrl+Z"


@pytest.mark.gui
def test_the_editor_finds_actions_by_name_and_by_key(editor: Any) -> None:
    editor.search.setText("zoom out")
    assert editor.id == "zoom_out"
    editor.search.setText("ctrl+shift+z")
    assert [id for id, item in editor.items.items() if not item.isHidden()] == ["redo"]
    editor.search.setText("no such thing")
    assert editor.id == "" and not editor.remove.isEnabled()
    editor.search.clear()
    assert set(editor.items) == set(IDS)


@pytest.mark.gui
def test_keys_of_the_photo_count_on_the_photo_alone(looking: Any) -> None:
    window, asked = looking.window, []
    window.actions_["ask_centre"].triggered.connect(lambda: asked.append(1))
    window.activateWindow()
    shift = Qt.KeyboardModifier.ShiftModifier
    window.panel("photosPanel").list.setFocus()
    QTest.keyClick(window.panel("photosPanel").list, Qt.Key.Key_T, shift)
    assert asked == []
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_T, shift)
    assert asked == [1]
