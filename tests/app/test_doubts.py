"""Claims about N: it leads to the doubtful places one by one, past corrected ones, and to the next photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from resatt_studio.app.doubts import NOTHING_WORDS, WAITING_WORDS
from resatt_studio.app.main import settle, wait_for
from resatt_studio.records.arrays import UInt8Array, read_only
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import Prediction

pytestmark = pytest.mark.gui
NOTHING_TOLD = NOTHING_WORDS.replace("{next_doubt}", "N")

SMALL, LARGE = Box(20, 20, 26, 34), Box(70, 60, 77, 90)


@pytest.fixture
def opened(studio: Any, project_folder: Path) -> Any:
    """The window with wall_0 open, of which two places are in doubt; wall_1 has one, the others none. The
    network stays silent."""
    from resatt_studio.workflow.project import open_project

    with open_project(project_folder) as project:
        weights_id = project.shelf.active().weights_id
        for entry, boxes in zip(project.store.photos(), ((SMALL, LARGE), (LARGE,), (), ()), strict=True):
            values = probability(*boxes)
            project.store.put_prediction(Prediction(entry.photo_id, weights_id, values, 0.1))
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    session.open_project(project_folder)
    assert wait_for(lambda: session.prediction is not None, 60)
    return studio


def probability(*boxes: Box) -> UInt8Array:
    values = np.zeros((96, 128), np.uint8)
    for box in boxes:
        values[box.slices] = 120
    return read_only(values)


def press(studio: Any, back: bool = False) -> None:
    keys = Qt.KeyboardModifier.ShiftModifier if back else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(studio.window.canvas, Qt.Key.Key_N, keys)
    settle(0.02)
    assert wait_for(lambda: not studio.parts.session.files.busy, 60)
    settle(0.02)


def shown(studio: Any) -> tuple[str, Box | None]:
    return studio.window.status.doubt.text(), studio.window.canvas.place


def test_n_goes_from_the_largest_doubt_to_the_next_and_shift_n_back(opened: Any) -> None:
    assert shown(opened) == ("", None)
    press(opened)
    assert shown(opened) == ("doubtful place 1 of 2", LARGE)
    press(opened)
    assert shown(opened) == ("doubtful place 2 of 2", SMALL)
    press(opened, back=True)
    assert shown(opened) == ("doubtful place 1 of 2", LARGE)
    press(opened, back=True)
    assert shown(opened) == ("doubtful place 1 of 2", LARGE)
    assert "most doubtful" in opened.window.notice.text


def test_the_place_is_in_the_middle_of_the_view_and_enlarged(opened: Any) -> None:
    canvas = opened.window.canvas
    before = canvas.scale
    press(opened)
    view = canvas.viewport
    row, column = view.to_view((LARGE.top + LARGE.bottom) / 2, (LARGE.left + LARGE.right) / 2)
    assert abs(row - view.view_height / 2) <= 1 and abs(column - view.view_width / 2) <= 1
    assert canvas.scale >= before
    assert view.visible.intersection(LARGE) == LARGE


def test_after_the_last_place_the_next_photo_shows_its_first(opened: Any) -> None:
    session = opened.parts.session
    press(opened)
    press(opened)
    press(opened)
    assert wait_for(lambda: shown(opened) == ("doubtful place 1 of 1", LARGE), 60)
    assert session.entry.name == "wall_1.jpg"


def test_a_photo_without_doubt_says_so_and_is_left_by_the_next_press(opened: Any) -> None:
    session = opened.parts.session
    session.open_photo(next(e.photo_id for e in session.listed if e.name == "wall_2.jpg"))
    assert wait_for(lambda: session.prediction is not None, 60)
    press(opened)
    assert shown(opened) == (NOTHING_TOLD, None) and session.entry.name == "wall_2.jpg"
    press(opened)
    assert wait_for(lambda: session.entry.name == "wall_3.jpg" and session.prediction is not None, 60)
    assert wait_for(lambda: shown(opened) == (NOTHING_TOLD, None), 60)
    press(opened)
    assert session.entry.name == "wall_3.jpg" and "last photo" in opened.window.notice.text


@pytest.mark.parametrize("already", [True, False])
def test_what_was_corrected_is_passed_over(opened: Any, already: bool) -> None:
    document = opened.parts.session.document
    if not already:
        press(opened)
    document.begin("brush", Label.NOT_CRACK, 6.0)
    document.extend([(SMALL.top + 3.0, SMALL.left - 2.0), (SMALL.top + 3.0, SMALL.right + 2.0)])
    document.end()
    if already:
        press(opened)
        assert shown(opened) == ("doubtful place 1 of 1", LARGE)
    press(opened)
    assert wait_for(lambda: opened.parts.session.entry.name == "wall_1.jpg", 60)


def test_asked_before_the_mask_is_there_it_shows_the_place_when_it_comes(opened: Any) -> None:
    session = opened.parts.session
    answer = session.prediction
    session._set_prediction(None)
    press(opened)
    assert shown(opened) == (WAITING_WORDS, None)
    session._set_prediction(answer)
    assert wait_for(lambda: shown(opened) == ("doubtful place 1 of 2", LARGE), 60)


def test_another_mask_or_another_photo_takes_the_frame_away(opened: Any) -> None:
    session = opened.parts.session
    press(opened)
    session._set_prediction(None)
    assert shown(opened) == ("", None)


def test_the_frame_is_drawn_around_the_place_and_not_while_the_bare_photo_is_wanted(opened: Any) -> None:
    canvas = opened.window.canvas
    press(opened)
    canvas.set_peek(True)
    bare = canvas.grab().toImage()
    canvas.set_peek(False)
    view, ratio = canvas.viewport, canvas.devicePixelRatioF()
    framed = canvas.grab().toImage()
    canvas.place = None
    unframed = canvas.grab().toImage()
    differing = [
        (row, column)
        for row in range(framed.height())
        for column in range(0, framed.width(), 3)
        if framed.pixel(column, row) != unframed.pixel(column, row)
    ]
    rows = [row for row, _ in differing]
    top, bottom = (view.to_view(edge, 0)[0] for edge in (LARGE.top, LARGE.bottom))
    assert top - 16 * ratio <= min(rows) < top and bottom < max(rows) <= bottom + 16 * ratio
    assert bare.size() == framed.size() and bare != framed


def test_the_words_name_the_key_in_force(opened: Any) -> None:
    session, status = opened.parts.session, opened.window.status
    session.open_photo(next(e.photo_id for e in session.listed if e.name == "wall_2.jpg"))
    assert wait_for(lambda: session.prediction is not None, 60)
    press(opened)
    assert status.doubt.text() == NOTHING_TOLD
    opened.parts.keys.set_keys("next_doubt", ["Ctrl+B"])
    assert "Ctrl+B goes on" in status.doubt.text()
