"""The main job in the real window, with real mouse and key events, from opening a project to its export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from resatt_studio.app.main import settle, wait_for
from resatt_studio.errors import StoreError
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.project import RunState
from resatt_studio.records.training import Verdict
from resatt_studio.records.weights import WeightsState
from resatt_studio.settings import load_settings
from resatt_studio.workflow.project import open_project

pytestmark = pytest.mark.gui


def shown(studio: Any, count: int = 4) -> bool:
    session = studio.parts.session
    return wait_for(
        lambda: (
            session.document is not None
            and session.prediction is not None
            and len(session.state.entries) == count
        ),
        60,
    )


def stroke(studio: Any, *fractions: tuple[float, float]) -> None:
    """Drag with the left button through points given as fractions (row, column) of the photo."""
    canvas = studio.window.canvas
    ratio = canvas.devicePixelRatioF()
    height, width = studio.parts.session.photo.pixels.shape[:2]
    points = []
    for row, column in fractions:
        view_row, view_column = canvas.viewport.to_view(row * height, column * width)
        points.append(QPoint(round(view_column / ratio), round(view_row / ratio)))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=points[0])
    for point in points[1:]:
        QTest.mouseMove(canvas, point)
        settle(0.02)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=points[-1])
    settle(0.02)


def press(studio: Any, key: Qt.Key, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(studio.window.canvas, key, modifier)
    settle(0.02)


def test_an_opened_project_is_predicted_painted_undone_and_saved(studio: Any, project_folder: Path) -> None:
    session, window = studio.parts.session, studio.window
    session.open_project(project_folder)
    assert shown(studio)
    first = session.entry.photo_id
    press(studio, Qt.Key.Key_Q)
    stroke(studio, (0.3, 0.2), (0.3, 0.8))
    assert session.can_undo
    assert "*" in window.windowTitle() or window.isWindowModified() or not session.saving
    labels = session.document.labels.to_array()
    assert labels[round(0.3 * 96), 60] == Label.CRACK
    press(studio, Qt.Key.Key_W)
    stroke(studio, (0.7, 0.2), (0.7, 0.8))
    assert (session.document.labels.to_array() == Label.NOT_CRACK).any()
    press(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(session.document.labels.to_array(), labels)
    press(studio, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert session.document.edit_count == 2
    assert wait_for(lambda: not session.saving and not window.isWindowModified(), 60)
    press(studio, Qt.Key.Key_D)
    assert wait_for(lambda: session.document is not None and session.entry.photo_id != first, 60)
    press(studio, Qt.Key.Key_A)
    assert wait_for(lambda: session.document is not None and session.entry.photo_id == first, 60)
    assert session.document.edit_count == 2
    assert session.entry.state is ReviewState.CORRECTING


def test_undo_outlives_a_restart_of_the_window(studio: Any, project_folder: Path) -> None:
    session = studio.parts.session
    session.open_project(project_folder)
    assert shown(studio)
    stroke(studio, (0.5, 0.1), (0.5, 0.9))
    painted = session.document.labels.to_array()
    session.close_project()
    assert wait_for(lambda: not session.files.busy, 60)
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None, 60)
    assert np.array_equal(session.document.labels.to_array(), painted)
    press(studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not session.document.labels.to_array().any()


def test_approve_learn_promote_and_export(studio: Any, project_folder: Path, tmp_path: Path) -> None:
    session, learner, window = studio.parts.session, studio.parts.learner, studio.window
    session.settings = replace(session.settings, learn_seconds=6)
    session.open_project(project_folder)
    assert shown(studio)
    assert not learner.can_learn
    for _ in range(2):
        first = session.entry.photo_id
        press(studio, Qt.Key.Key_Q)
        stroke(studio, (0.5, 0.1), (0.5, 0.9))
        press(studio, Qt.Key.Key_W)
        stroke(studio, (0.2, 0.1), (0.2, 0.9))
        press(studio, Qt.Key.Key_Return)
        assert wait_for(lambda first=first: session.entry is not None and session.entry.photo_id != first, 60)
        assert wait_for(lambda: session.document is not None and session.prediction is not None, 60)
    assert wait_for(lambda: learner.pending == 2, 60), "the first photos all teach"
    states = [entry.state for entry in session.state.entries]
    assert states.count(ReviewState.APPROVED) == 2
    outcomes: list[Any] = []
    learner.ended.connect(outcomes.append)
    press(studio, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert learner.learning
    stroke(studio, (0.8, 0.1), (0.8, 0.5))
    assert session.can_undo, "painting goes on while the network learns"
    assert wait_for(lambda: bool(outcomes), 60)
    assert outcomes[0] is not None
    assert learner.losses
    panel = window.panel("learningPanel")
    assert panel.curves.plotted
    assert outcomes[0].verdict.reason in panel.words.text()
    assert wait_for(lambda: len(session.state.versions) == 2, 60)
    candidate = outcomes[0].version.weights_id
    if not outcomes[0].verdict.promoted:
        learner.promote(candidate)
    assert wait_for(lambda: session.active is not None and session.active.weights_id == candidate, 60)
    assert wait_for(lambda: session.prediction is not None and session.prediction.weights_id == candidate, 60)
    learner.roll_back()
    assert wait_for(lambda: session.active.weights_id != candidate, 60)
    states = {version.weights_id: version.state for version in session.state.versions}
    assert list(states.values()).count(WeightsState.ACTIVE) == 1
    window.ask.export()
    dialog = _dialog(window, "ExportDialog")
    dialog.folder.setText(str(tmp_path / "out"))
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: len(list((tmp_path / "out").rglob("*.png"))) == 4, 60)
    assert wait_for(lambda: "written" in dialog.words.text(), 60)
    dialog.close()


def test_the_first_start_offers_the_sample_project_and_the_next_one_opens_it_again(
    studio: Any, own_settings: Path
) -> None:
    session, window = studio.parts.session, studio.window
    QTest.mouseClick(window.welcome.sample, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: len(session.state.entries) == 12 and session.document is not None, 120)
    assert session.active.name == "factory"
    assert not window.welcome.isVisible()
    photo = session.photo
    assert photo.pixels.shape[2] == 3
    folder = session.project.folder
    assert load_settings().settings.recent_projects == (folder,)
    session.close_project()
    assert wait_for(lambda: not session.files.busy, 60)
    assert window.welcome.isVisible()
    session.open_sample()
    assert wait_for(lambda: session.document is not None, 60)
    assert session.project.folder == folder


def test_closing_while_learning_keeps_the_best_as_a_candidate(
    studio: Any, project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, learner = studio.parts.session, studio.parts.learner
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None, 60)
    press(studio, Qt.Key.Key_Q)
    stroke(studio, (0.5, 0.1), (0.5, 0.9))
    press(studio, Qt.Key.Key_Return)
    assert wait_for(lambda: learner.pending == 1, 60)
    assert _learn_button(studio) == "Learn from 1 new correction"
    press(studio, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert wait_for(lambda: len(learner.losses) >= 3, 120)
    asked: list[str] = []

    def answer(question: QMessageBox) -> int:
        asked.append(question.text())
        question.buttons()[0].click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    monkeypatch.setattr("resatt_studio.app.window.FINISH_LEARNING_S", 120.0)
    studio.window.close()
    assert asked == ["The network is still learning."]
    with open_project(project_folder) as project:
        versions = project.shelf.versions()
        assert len(versions) == 2, "the best so far stands on the shelf"
        assert [run.state for run in project.store.runs()] == [RunState.FINISHED]


def _learn_button(studio: Any) -> str:
    return studio.window.panel("learningPanel").learn.text()


def _dialog(window: Any, name: str) -> Any:
    return next(child for child in window.children() if type(child).__name__ == name)


def test_learning_begins_by_itself_after_an_approval_and_no_second_time(
    studio: Any, project_folder: Path
) -> None:
    session, learner = studio.parts.session, studio.parts.learner
    session.settings = replace(session.settings, learn_seconds=6, learn_cracks="auto")
    session.open_project(project_folder)
    assert shown(studio)
    outcomes: list[Any] = []
    learner.ended.connect(outcomes.append)
    for approved in (1, 2):
        approve_with_a_stroke(studio)
        assert wait_for(lambda approved=approved: held_or_taught(session) == approved, 60)
    # the second photo may have come while the first taught: then it gets a lesson of its own
    assert wait_for(lambda: bool(outcomes) and not learner.learning and not session.files.busy, 200)
    lessons = len(outcomes)
    assert 1 <= lessons <= 2
    session.refresh()
    assert wait_for(lambda: not session.files.busy, 60)
    assert not learner.learning and len(outcomes) == lessons, "nothing new was approved"


def test_what_was_refused_is_tried_again_with_something_new_alone(
    studio: Any, project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Verdict(False, "as the test wants")
    monkeypatch.setattr("resatt_studio.learning.gate.judge", lambda result, rules: refused)
    session, learner = studio.parts.session, studio.parts.learner
    session.settings = replace(session.settings, learn_seconds=3, learn_cracks="auto")
    session.open_project(project_folder)
    assert shown(studio)
    outcomes: list[Any] = []
    learner.ended.connect(outcomes.append)

    def quiet() -> bool:
        return not learner.learning and not session.files.busy

    for approved in (1, 2):
        approve_with_a_stroke(studio)
        assert wait_for(lambda approved=approved: len(outcomes) >= approved and quiet(), 200)
        assert [len(outcome.version.samples) for outcome in outcomes] == [*range(1, approved + 1)]
    assert learner.pending == 2
    assert _learn_button(studio) == "Learn again", "both were tried"
    session.close_project()
    session.open_project(project_folder)
    assert shown(studio) and wait_for(quiet, 60)
    assert len(outcomes) == 2, "nothing is new in it"
    assert _learn_button(studio) == "Learn again"


def test_a_project_that_is_closed_while_it_learns_is_closed_behind_it(
    studio: Any, project_folder: Path
) -> None:
    session, learner, cut_off = studio.parts.session, studio.parts.learner, []
    session.learning_cut_off.connect(lambda: cut_off.append(1))
    session.open_project(project_folder)
    assert shown(studio)
    stroke(studio, (0.5, 0.1), (0.5, 0.9))
    press(studio, Qt.Key.Key_Return)
    assert wait_for(lambda: held_or_taught(session) == 1 and session.has_samples, 60)
    learner.learn()
    assert wait_for(lambda: bool(learner.losses), 200)
    closed = session.project
    session.close_project()
    session.open_project(project_folder)
    assert shown(studio)
    assert [run.state for run in session.project.store.runs()] == [RunState.STOPPED], "and it is told so"
    assert not cut_off and not closed.is_open
    with pytest.raises(StoreError, match="was closed"):
        closed.store.runs()


def approve_with_a_stroke(studio: Any) -> None:
    """Correct the open photo, approve it, and see the next one with its mask."""
    session = studio.parts.session
    first = session.entry.photo_id
    stroke(studio, (0.5, 0.1), (0.5, 0.9))
    press(studio, Qt.Key.Key_Return)
    assert wait_for(lambda: session.entry is not None and session.entry.photo_id != first, 60)
    assert wait_for(lambda: session.document is not None and session.prediction is not None, 60)


def held_or_taught(session: Any) -> int:
    return [entry.state for entry in session.state.entries].count(ReviewState.APPROVED)


def test_a_project_that_is_opened_with_new_corrections_is_learned_from(
    studio: Any, project_folder: Path
) -> None:
    session, learner = studio.parts.session, studio.parts.learner
    session.settings = replace(session.settings, learn_seconds=6, learn_cracks="ask")
    session.open_project(project_folder)
    assert shown(studio)
    stroke(studio, (0.5, 0.1), (0.5, 0.9))
    press(studio, Qt.Key.Key_Return)
    assert wait_for(lambda: held_or_taught(session) == 1 and session.has_samples, 60)
    session.close_project()
    session.settings = replace(session.settings, learn_cracks="auto")
    outcomes: list[Any] = []
    learner.ended.connect(outcomes.append)
    session.open_project(project_folder)
    assert wait_for(lambda: any(outcome is not None for outcome in outcomes), 200)
