"""Other weights for any network, by mouse and keys: what is shown is asked for anew, and back again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from resatt_studio.app.main import settle, wait_for
from resatt_studio.models.state import state_of
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow.project import open_project

pytestmark = pytest.mark.gui


@pytest.fixture
def opened(studio: Any, project_folder: Path, small_weights: Callable[..., Any]) -> Any:
    """The window with a photo open; small weights of three networks are in use, the segmenter is silent."""
    with open_project(project_folder) as project:
        for model in ("rmt", "revit", "dhformer"):
            project.shelf.add(small_weights(model), state=WeightsState.ACTIVE, name=f"small {model}")
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    session.open_project(project_folder)
    assert wait_for(lambda: session.photo is not None, 60)
    return studio


def click(button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(0.02)


def bring_in(studio: Any, model: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose the network by keys, press Import and, when the notice says so, Use it."""
    box = studio.window.panel("learningPanel").versions
    studio.window.bring("learningPanel")
    box.network.setFocus()
    QTest.keyClick(box.network, Qt.Key.Key_Home)
    while box.network.currentData() != model:
        QTest.keyClick(box.network, Qt.Key.Key_Down)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    click(box.bring_in)
    notice = studio.window.notice
    assert wait_for(lambda: "is on the shelf" in notice.text, 60), notice.text
    row = [box.tree.item(row, 0).text() for row in range(box.tree.rowCount())]
    assert any("candidate" in text for text in row)
    click(notice.news._act)


def test_labels_attention_and_the_dehazed_photo_follow_the_weights_and_come_back(
    opened: Any, small_weights: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, window = opened.parts, opened.window
    labels, attention, dehazing = parts.labels, parts.attention, parts.dehazing
    box = window.panel("learningPanel").versions
    window.bring("labelsPanel")
    QTest.keyClick(window.canvas, Qt.Key.Key_C)
    QTest.keyClick(window.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    assert wait_for(lambda: len(labels.labellings) == 2, 60)
    assert wait_for(lambda: attention.heat is not None and dehazing.dehazing is not None, 60)
    heat, dehazed, told = attention.heat, dehazing.dehazing, labels.asking["rmt"].told
    other = tmp_path / "other-rmt.pth"
    torch.save(state_of(small_weights("rmt", seed=3)), other)
    bring_in(opened, "rmt", other, monkeypatch)
    assert wait_for(lambda: attention.heat is not None and attention.heat is not heat, 60)
    rmt = parts.shelf.active("rmt")
    assert attention.heat.weights_id == rmt.weights_id != heat.weights_id
    assert not np.array_equal(attention.heat.grid, heat.grid)
    assert dehazing.dehazing is dehazed, "its network's weights are as they were"
    window.bring("labelsPanel")
    assert wait_for(lambda: len(labels.labellings) == 2, 60)
    assert labels.asking["rmt"].told.answer.probabilities != told.answer.probabilities
    foot = window.panel("labelsPanel").foot.text()
    assert f"RMT {rmt.name} {rmt.weights_id[:8]}" in foot and "ReViT small revit" in foot
    clearer = tmp_path / "other.safetensors"
    clearer.write_bytes(small_weights("dhformer", seed=3).data)
    bring_in(opened, "dhformer", clearer, monkeypatch)
    assert wait_for(lambda: dehazing.dehazing is not None and dehazing.dehazing is not dehazed, 60)
    assert f"weights {parts.shelf.active('dhformer').name}" in window.panel("layersPanel").haze.state.text()
    assert window.canvas.scene.haze.pyramids["dehazed"].pixels is dehazing.dehazing.pixels
    click(box.back)
    assert wait_for(
        lambda: dehazing.dehazing is not None and dehazing.dehazing.weights_id == dehazed.weights_id, 60
    )
    assert np.array_equal(dehazing.dehazing.pixels, dehazed.pixels)
    box.tree.choose_row(0)
    assert box.use.isEnabled(), "what was rolled back can be used again"
    box.use.setFocus()
    QTest.keyClick(box.use, Qt.Key.Key_Space)
    assert wait_for(lambda: parts.shelf.active("dhformer").weights_id != dehazed.weights_id, 60)


def test_other_segmenter_weights_predict_the_photo_anew(
    studio: Any, project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, shelf = studio.parts.session, studio.parts.shelf
    session.open_project(project_folder)
    assert wait_for(lambda: session.prediction is not None, 60)
    first = session.prediction.weights_id
    state = state_of(session.project.shelf.load(first))
    other = {key: value + 0.01 * value.is_floating_point() for key, value in state.items()}
    path = tmp_path / "shifted.pth"
    torch.save({"state_dict": other}, path)
    bring_in(studio, "r2aunet", path, monkeypatch)
    assert wait_for(lambda: session.prediction is not None and session.prediction.weights_id != first, 60)
    assert session.prediction.weights_id == shelf.active("r2aunet").weights_id
    assert studio.parts.learner.can_roll_back
    studio.window.actions_["roll_back"].trigger()
    assert wait_for(lambda: session.prediction is not None and session.prediction.weights_id == first, 60)
