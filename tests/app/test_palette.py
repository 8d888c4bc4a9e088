"""Claims about the command palette: everything is in it, a few letters find it, no mouse is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from resatt_studio.app.fuzzy import match
from resatt_studio.app.keymap import plain
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.palette import MOST_SHOWN, Entry, entries, ranked
from resatt_studio.app.panels.registry import PANELS

TEXTS = st.text("abc dE-1", max_size=14)


@given(TEXTS, st.data())
def test_letters_in_their_order_are_found(text: str, data: Any) -> None:
    chosen = [letter for letter in text if not letter.isspace() and data.draw(st.booleans())]
    found = match("".join(chosen), text)
    assert found is not None
    assert "".join(text[at] for at in sorted(found.places)).casefold() == "".join(chosen).casefold()


@given(TEXTS, TEXTS)
def test_what_fits_has_every_word_with_its_letters_in_order(query: str, text: str) -> None:
    def within(word: str) -> bool:
        letters = iter(text.casefold())
        return all(letter in letters for letter in word)

    assert (match(query, text) is not None) == all(map(within, query.casefold().split()))


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("app", "Approve correction", "Reappear"),
        ("ac", "Approve correction", "Place"),
        ("undo", "Undo", "Undo everything of the photo"),
        ("next doubt", "Next doubtful place", "The doubt of the next photo is not so near"),
        ("12", "IMG_0012.jpg", "IMG_0102.jpg"),
    ],
)
def test_the_better_fit_scores_higher(query: str, better: str, worse: str) -> None:
    first, second = match(query, better), match(query, worse)
    assert first is not None and second is not None and first.score > second.score


def test_of_ten_thousand_photos_the_best_are_shown() -> None:
    offered = [Entry("photo", f"bridge_IMG_{n:05d}.jpg", lambda: None, "/photos") for n in range(10_000)]
    found = ranked("img 4711", offered)
    assert found[0].text == "bridge_IMG_04711.jpg" and len(found) <= MOST_SHOWN


def opened_palette(studio: Any) -> Any:
    studio.window.show_palette()
    return next(c for c in studio.window.children() if type(c).__name__ == "PaletteDialog")


@pytest.mark.gui
def test_every_action_tool_panel_project_and_photo_is_in_the_palette(
    looking: Any, full_project: Path
) -> None:
    dialog = opened_palette(looking)
    offered = {(entry.kind, entry.text) for entry in dialog._offered}
    for id, spec in looking.window.actions_.specs.items():
        kind = "tool" if id.startswith("tool_") else "action"
        assert (kind, plain(spec.text)) in offered or id == "palette"
    assert {("panel", f"Show {panel.title}") for panel in PANELS} <= offered
    assert {("photo", entry.name) for entry in looking.parts.session.state.entries} <= offered
    assert ("project", full_project.stem) in offered
    dialog.close()


@pytest.mark.gui
def test_every_entry_is_the_first_one_found_by_its_own_name(looking: Any) -> None:
    offered = entries(looking.parts, looking.window.actions_, {})
    for entry in offered:
        found = [(other.kind, other.text) for other in ranked(entry.text, offered)]
        assert (entry.kind, entry.text) in found[:3], entry.text


@pytest.mark.gui
def test_the_keyboard_alone_opens_a_photo_by_name(looking: Any) -> None:
    window, session = looking.window, looking.parts.session
    window.activateWindow()
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    dialog = next(c for c in window.children() if type(c).__name__ == "PaletteDialog")
    QTest.keyClicks(dialog.field, "wall_3")
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)
    assert wait_for(lambda: session.entry is not None and session.entry.name == "wall_3.jpg", 60)


@pytest.mark.gui
def test_the_arrow_keys_go_round_and_what_cannot_be_done_says_so(studio: Any) -> None:
    dialog = opened_palette(studio)
    QTest.keyClick(dialog.field, Qt.Key.Key_Up)
    assert dialog.list.currentRow() == dialog.list.count() - 1
    QTest.keyClick(dialog.field, Qt.Key.Key_Down)
    assert dialog.list.currentRow() == 0
    QTest.keyClicks(dialog.field, "approve correction")
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)
    assert dialog.isVisible() and "cannot be done now" in dialog.words.text()
    dialog.field.setText("qqqq zzzz")
    assert dialog.list.count() == 0 and dialog.words.text().startswith("Nothing fits")
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)
    assert dialog.isVisible()
    QTest.keyClick(dialog.field, Qt.Key.Key_Escape)
    settle(0.05)
    assert not [c for c in studio.window.children() if type(c).__name__ == "PaletteDialog"]
