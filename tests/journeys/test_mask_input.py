"""The choice of what segmentation sees, in the real window: made, kept, and both masks compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from resatt_studio.app.main import wait_for
from resatt_studio.settings import load_settings

pytestmark = pytest.mark.gui


@pytest.fixture
def opened(studio: Any, project_folder: Path, small_weights: Any) -> Any:
    """The window with a predicted photo open and small weights of the dehazing network in use."""
    from resatt_studio.records.weights import WeightsState
    from resatt_studio.workflow.project import open_project

    with open_project(project_folder) as project:
        project.shelf.add(small_weights("dhformer"), state=WeightsState.ACTIVE, name="small")
    session = studio.parts.session
    session.open_project(project_folder)
    assert wait_for(lambda: session.prediction is not None, 60)
    return studio


def panel(studio: Any) -> Any:
    return studio.window.panel("layersPanel").input


def choose(studio: Any, steps: int) -> None:
    """Go down (or up, where negative) in the list with the arrow keys."""
    key = Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up
    for _ in range(abs(steps)):
        QTest.keyClick(panel(studio).choice, key)


def predicted(studio: Any, kind: str) -> bool:
    session = studio.parts.session
    return wait_for(lambda: session.prediction is not None and session.prediction.input == kind, 60)


def compare(studio: Any) -> None:
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(studio.window.canvas, Qt.Key.Key_C, keys)


def test_the_chosen_input_is_segmented_said_stored_and_kept_as_a_setting(opened: Any) -> None:
    session = opened.parts.session
    raw = session.prediction
    assert raw.input == "raw" and "original photo" in panel(opened).state.text()
    choose(opened, 1)
    assert session.prediction is None, "the old mask is not taken for the new one"
    assert predicted(opened, "dehazed")
    dehazed = session.prediction
    assert (
        "dehazed photo" in panel(opened).state.text() and dehazed.dehazer_id[:8] in panel(opened).state.text()
    )
    assert load_settings().settings.photo_input == "dehazed"
    kept = session.project.store.prediction(raw.photo_id, raw.weights_id, dehazed.dehazer_id)
    assert np.array_equal(kept.probability_8bit, dehazed.probability_8bit)
    assert session.project.store.prediction(raw.photo_id, raw.weights_id) == raw
    canvas = opened.window.canvas
    assert np.array_equal(canvas.scene.probability.values, dehazed.probability_8bit)
    choose(opened, -1)
    assert predicted(opened, "raw")
    assert load_settings().settings.photo_input == "raw"


def test_the_next_photos_are_segmented_from_the_chosen_input(opened: Any) -> None:
    session = opened.parts.session
    choose(opened, 1)
    assert predicted(opened, "dehazed")
    first = session.prediction.photo_id
    QTest.keyClick(opened.window.canvas, Qt.Key.Key_D)
    assert wait_for(lambda: session.photo is not None and session.photo.photo_id != first, 60)
    assert predicted(opened, "dehazed")
    assert session.prediction.photo_id == session.photo.photo_id


def test_a_photo_without_haze_is_segmented_as_it_is_where_the_haze_decides(opened: Any) -> None:
    choose(opened, 2)
    assert predicted(opened, "raw")
    assert load_settings().settings.photo_input == "auto"


def test_both_masks_are_seen_on_their_sides_of_the_divider(opened: Any) -> None:
    session, canvas, comparison = opened.parts.session, opened.window.canvas, opened.parts.comparison
    compare(opened)
    assert panel(opened).compare.isChecked() and opened.parts.view.split.on
    assert wait_for(lambda: comparison.other is not None, 60)
    assert (session.prediction.input, comparison.other.input) == ("raw", "dehazed")
    scene = canvas.scene
    assert scene.compares
    scene.compose()
    left, right = scene.overlay_sides
    assert left is scene.overlay_picture and right is scene.compared_picture
    choose(opened, 1)
    assert predicted(opened, "dehazed")
    assert wait_for(lambda: comparison.other is not None and comparison.other.input == "raw", 60)
    assert "Approving keeps the mask made from the dehazed photo" in panel(opened).state.text()
    left, right = scene.overlay_sides
    assert left is scene.compared_picture and right is scene.overlay_picture, "sides never change places"
    compare(opened)
    assert comparison.other is None and not scene.compares
    assert not panel(opened).compare.isChecked()


def test_another_photo_is_compared_by_itself_while_comparing(opened: Any) -> None:
    session, comparison = opened.parts.session, opened.parts.comparison
    panel(opened).compare.click()
    assert wait_for(lambda: comparison.other is not None, 60)
    first = session.photo.photo_id
    QTest.keyClick(opened.window.canvas, Qt.Key.Key_D)
    assert wait_for(lambda: session.photo is not None and session.photo.photo_id != first, 60)
    assert wait_for(lambda: comparison.other is not None and comparison.other.photo_id != first, 60)


def test_an_approved_mask_of_the_dehazed_photo_says_so(opened: Any) -> None:
    session = opened.parts.session
    project, first = session.project, session.photo.photo_id
    choose(opened, 1)
    assert predicted(opened, "dehazed")
    dehazer_id = session.prediction.dehazer_id
    session.approve()
    assert wait_for(lambda: bool(project.store.samples()), 60)
    assert [(s.photo_id, s.dehazer_id) for s in project.store.samples()] == [(first, dehazer_id)]
