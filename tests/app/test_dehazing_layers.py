"""Claims about dehazing in the window: on demand, behind the split, with its warning, never in the way."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from resatt_studio.app.dehazing import WARNING
from resatt_studio.app.main import settle, wait_for

pytestmark = pytest.mark.gui


@pytest.fixture
def hazy(looking: Any) -> Any:
    """The window with the dehazed layer shown."""
    QTest.keyClick(looking.window.canvas, Qt.Key.Key_C)
    assert wait_for(lambda: looking.parts.dehazing.dehazing is not None, 60)
    return looking


def notes(studio: Any) -> Any:
    return studio.window.panel("layersPanel").haze


def test_nothing_is_dehazed_before_a_layer_is_looked_at(all_four: Any) -> None:
    assert wait_for(lambda: all_four.parts.session.prediction is not None, 60)
    settle(0.1)
    asking = all_four.parts.dehazing.asking
    assert not asking.waiting and asking.told is None
    assert not notes(all_four).isVisible()


def test_the_key_shows_the_dehazed_photo_of_the_open_one(hazy: Any) -> None:
    dehazing, canvas = hazy.parts.dehazing.dehazing, hazy.window.canvas
    assert dehazing.photo_id == hazy.parts.session.photo.photo_id
    assert canvas.scene.shown_of(canvas.scene.haze) == ("dehazed",)
    assert canvas.scene.haze.pyramids["dehazed"].pixels is dehazing.pixels
    assert hazy.window.panel("layersPanel").rows["dehazed"].eye.isChecked()


def test_what_would_not_fit_in_memory_is_refused_with_the_cure(looking: Any) -> None:
    session, photo = looking.parts.session, looking.parts.session.photo
    session.memory.bound_bytes = 7 * photo.height * photo.width
    looking.window.panel("layersPanel").rows["dehazed"].eye.click()
    assert not looking.parts.dehazing.asking.waiting and looking.parts.dehazing.dehazing is None
    assert "Memory for photos" in notes(looking).state.text()
    session.memory.bound_bytes = 100 * photo.height * photo.width
    looking.window.panel("layersPanel").rows["dehazed"].eye.click()
    looking.window.panel("layersPanel").rows["dehazed"].eye.click()
    assert wait_for(lambda: looking.parts.dehazing.dehazing is not None, 60), "asked again once there is room"


@pytest.mark.parametrize("layer", ["dehazed", "transmission", "residual"])
def test_the_warning_stands_beside_each_layer_while_it_is_visible(looking: Any, layer: str) -> None:
    row, said = looking.window.panel("layersPanel").rows[layer], notes(looking)
    row.eye.click()
    assert said.isVisible() and said.warning.text() == WARNING
    for words in ("DHFormer-style", "viewing", "pre-processing", "invented", "original or the dehazed"):
        assert words in WARNING
    assert wait_for(lambda: looking.parts.dehazing.dehazing is not None, 60)
    assert "Haze in this photo" in said.state.text() and "small dhformer" in said.state.text()
    row.eye.click()
    assert not said.isVisible()


def test_the_divider_moves_by_keys_and_the_panel_follows(hazy: Any) -> None:
    canvas, view, said = hazy.window.canvas, hazy.parts.view, notes(hazy)
    before = view.split.place
    QTest.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert view.split.place == pytest.approx(before - 0.05) and canvas.split == view.split
    QTest.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert view.split.place == pytest.approx(before)
    QTest.keyClick(canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    assert not canvas.split.on and not said.split.isChecked()
    said.split.click()
    assert canvas.split.on and hazy.window.actions_["toggle_split"].isChecked()


def test_a_divider_dragged_on_the_photo_is_where_the_view_says(hazy: Any) -> None:
    canvas, view = hazy.window.canvas, hazy.parts.view
    photo = canvas.viewport.photo_in_view
    middle = canvas.rect().center()
    middle.setX(round(canvas.split_column))
    target = middle - canvas.rect().center() / 4
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(canvas, target)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=target)
    assert view.split.place == pytest.approx((target.x() - photo.left) / photo.width, abs=0.01)
    assert canvas.document.edit_count == 0


def test_the_next_photo_is_dehazed_by_itself_while_the_layer_is_visible(hazy: Any) -> None:
    session, dehazing = hazy.parts.session, hazy.parts.dehazing
    session.next_photo()
    assert dehazing.dehazing is None and hazy.window.canvas.scene.haze.pyramids == {}
    assert wait_for(lambda: dehazing.dehazing is not None, 60)
    assert dehazing.dehazing.photo_id == session.photo.photo_id


def test_a_photo_that_is_opened_again_is_not_dehazed_again(hazy: Any) -> None:
    session, dehazing = hazy.parts.session, hazy.parts.dehazing
    first = dehazing.dehazing
    session.next_photo()
    assert wait_for(lambda: dehazing.dehazing is not None, 60)
    session.previous_photo()
    assert wait_for(lambda: dehazing.dehazing is first, 60)


def test_a_dehazed_photo_is_let_go_when_it_is_left_and_no_layer_shows_it(hazy: Any) -> None:
    session, first = hazy.parts.session, weakref.ref(hazy.parts.dehazing.dehazing)
    hazy.parts.view.toggle_dehazed()
    assert first() is not None, "it may be shown again while its photo is open"
    session.next_photo()
    assert wait_for(lambda: session.photo is not None and not session.gpu.busy, 60)
    gc.collect()
    assert first() is None


def test_a_dehazed_photo_beyond_the_budget_is_let_go_also_while_a_layer_is_shown(
    hazy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.app.other_networks.KEPT_DEHAZED_PIXELS", 100)
    session, dehazing = hazy.parts.session, hazy.parts.dehazing
    first = weakref.ref(dehazing.dehazing)
    session.leave_photo()
    assert wait_for(lambda: not session.gpu.busy, 60)
    assert dehazing.wanted
    gc.collect()
    assert first() is None


def test_hiding_the_layer_withdraws_what_is_not_answered_yet(looking: Any) -> None:
    view, asking = looking.parts.view, looking.parts.dehazing.asking
    view.toggle_dehazed()
    assert asking.waiting
    view.toggle_dehazed()
    assert not asking.waiting
    assert wait_for(lambda: not looking.parts.session.gpu.busy, 60)
    assert asking.told is None


def test_dehazing_changes_neither_mask_nor_correction_nor_photo(all_four: Any) -> None:
    session, dehazing = all_four.parts.session, all_four.parts.dehazing
    all_four.parts.view.toggle_dehazed()
    assert wait_for(lambda: session.prediction is not None and dehazing.dehazing is not None, 60)
    assert session.prediction.photo_id == session.photo.photo_id
    dehazed = dehazing.dehazing.pixels
    assert not np.shares_memory(dehazed, session.photo.pixels)
    assert not session.document.labels.to_array().any()


def test_missing_weights_are_said_beside_the_layer_and_break_nothing(bare: Any) -> None:
    bare.parts.view.toggle_dehazed()
    said, asking = notes(bare), bare.parts.dehazing.asking
    assert wait_for(lambda: asking.trouble is not None, 60)
    assert "weights of DHFormer-style" in said.state.text() and "Install" in said.state.text()
    assert not said.bar.isVisible() and not bare.window.notice.isVisible()
    for name in ("transmission", "dehazed"):
        bare.parts.view.set_layer(name, visible=True, opacity=0.4)
    settle(0.05)
    assert not asking.waiting, "another opacity is no reason to ask again"
    assert bare.window.canvas.scene.shown_of(bare.window.canvas.scene.haze) == ()


def test_the_window_does_not_grow_with_the_notes(hazy: Any) -> None:
    hazy.window.resize(1280, 800)
    for panel in ("learningPanel", "labelsPanel", "attentionPanel"):
        hazy.window._docks[panel].raise_()
        settle(0.2)
        assert hazy.window.height() == 800 and hazy.window.width() == 1280
        assert hazy.window._docks["layersPanel"].width() <= 345
        warning = notes(hazy).warning
        assert warning.visibleRegion().boundingRect() == warning.rect(), (
            "the warning is seen without scrolling"
        )
