"""An inspector calls photos by key until the label networks learn by themselves, and goes back by mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from resatt_studio.app.main import settle, wait_for
from resatt_studio.records.label_learning import LEAST_JUDGES, LEAST_TAUGHT
from resatt_studio.records.training import Verdict
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import create_project, open_project

pytestmark = pytest.mark.gui
PHOTOS = 16


@pytest.fixture
def folder(
    tmp_path: Path,
    tiny_weights: Path,
    small_weights: Callable[..., Any],
    draw_squares: Callable[..., Path],
) -> Path:
    """A closed project of photos with and without a dark bar, in turn, and small label networks."""
    photos = draw_squares(tmp_path / "squares", PHOTOS, 64)
    with create_project(tmp_path / "wall.resatt", tiny_weights) as project:
        drain(add_photos(project, [photos]))
        for model in ("rmt", "revit"):
            project.shelf.add(small_weights(model), state=WeightsState.ACTIVE, name=f"small {model}")
    return tmp_path / "wall.resatt"


@pytest.fixture
def opened(studio: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The window with that project open; the gate passes RMT and refuses ReViT, the segmenter is silent."""

    def judge(result: Any) -> Verdict:
        good = result.weights.model == "rmt"
        return Verdict(good, "Promoted: better." if good else "Not promoted: which may be chance.")

    monkeypatch.setattr("resatt_studio.learning.label_gate.judge_labels", judge)
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    session.open_project(folder)
    assert wait_for(lambda: session.photo is not None, 60)
    return studio


def answer_by_key(studio: Any, count: int) -> None:
    """Answer photo after photo: the even ones show no crack, the others a transverse one."""
    session, canvas = studio.parts.session, studio.window.canvas
    for _ in range(count):
        number = int(session.entry.name[:2])
        QTest.keyClick(canvas, Qt.Key.Key_3 if number % 2 else Qt.Key.Key_1)
        QTest.keyClick(canvas, Qt.Key.Key_D)
        if number + 1 < PHOTOS:
            assert wait_for(
                lambda n=number: session.photo is not None and int(session.entry.name[:2]) == n + 1, 60
            )
    assert wait_for(lambda: not session.files.busy, 60)


def test_answers_by_key_teach_the_networks_and_the_panel_says_what_came_of_it(opened: Any) -> None:
    parts, window = opened.parts, opened.window
    learner, session = parts.label_learner, parts.session
    answer_by_key(opened, 3)
    panel = window.panel("labelsPanel")
    box = panel.learning
    assert "3 photos answered: 2 teach, 1 judges." in box.words.text()
    assert f"{LEAST_TAUGHT} that teach and {LEAST_JUDGES} that judge" in box.words.text()
    assert not box.learn.isEnabled() and not window.actions_["learn_labels"].isEnabled()
    assert wait_for(lambda: len(parts.labels.labellings) == 2, 60)
    answer_by_key(opened, PHOTOS - 3)
    assert wait_for(lambda: learner.outcome("revit") is not None and not learner.learning, 200)
    assert wait_for(lambda: box.rows["rmt"].version.text().endswith("in use"), 60)
    rmt, revit = learner.outcome("rmt"), learner.outcome("revit")
    assert rmt.state is WeightsState.ACTIVE and revit.state is WeightsState.REFUSED
    assert "Promoted: better." in window.notice.news.text  # also when its time is over
    before, after = rmt.labels.before, rmt.labels.after
    assert before.photos in (5, 6), "the lesson begins by itself with the first answers that are enough"
    assert (
        box.rows["rmt"].change.text()
        == f"{before.right} of {before.photos} → {after.right} of {after.photos}"
    )
    assert box.rows["revit"].version.text() == f"ReViT {revit.name} refused"
    assert "may be chance" in box.rows["revit"].reason.text()
    assert panel.minimumSizeHint().width() < 340, "the outcome must not widen the dock"
    told = wait_for(
        lambda: len(parts.labels.labellings) == 2 and parts.labels.labellings[0].weights_id == rmt.weights_id,
        60,
    )
    assert told, "the photo is labelled anew"
    window.bring("learningPanel")
    versions = window.panel("learningPanel").versions
    versions.network.setFocus()
    QTest.keyClick(versions.network, Qt.Key.Key_Home)
    QTest.keyClick(versions.network, Qt.Key.Key_Down)
    assert versions.network.currentData() == "rmt"
    QTest.mouseClick(versions.back, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: parts.shelf.active("rmt").name == "small rmt", 60)
    settle(0.05)
    assert box.rows["rmt"].version.text() == f"RMT {rmt.name} used before"
    assert session.active is not None


def test_with_the_setting_at_ask_a_key_begins_and_stop_ends(opened: Any, folder: Path) -> None:
    learner = opened.parts.label_learner
    opened.window.ask.change_settings(learn_labels="ask")
    answer_by_key(opened, PHOTOS)
    box = opened.window.panel("labelsPanel").learning
    assert wait_for(box.learn.isEnabled, 60)
    settle(0.2)
    assert not learner.learning and box.learn.text() == f"Learn from {PHOTOS} new answers"
    QTest.keyClick(
        opened.window.canvas,
        Qt.Key.Key_L,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert learner.learning and not box.learn.isEnabled() and box.stop.isVisible()
    QTest.mouseClick(box.stop, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: not learner.learning, 60)
    assert learner.outcome("rmt") is None and not box.stop.isVisible()
    QTest.mouseClick(box.learn, Qt.MouseButton.LeftButton)
    assert wait_for(lambda: not learner.learning, 200)
    assert wait_for(lambda: learner.fresh == 0, 60) and learner.outcome("rmt") is not None
    assert box.learn.text() == "Learn from answers"
    opened.window.close()
    with open_project(folder) as project:
        assert {run.model for run in project.store.runs()} == {"rmt", "revit"}
        assert not any(run.state == "running" for run in project.store.runs())


def test_weights_that_are_missing_are_told_in_the_panel_without_alarm(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.errors import WeightsError

    def missing(*_: object) -> None:
        raise WeightsError("This installation has no weights.", "Import some.")

    monkeypatch.setattr("resatt_studio.workflow.learn_labels._in_use", missing)
    answer_by_key(opened, PHOTOS)
    learner = opened.parts.label_learner
    assert wait_for(lambda: len(learner.troubles) == 2 and not learner.learning, 100)
    box = opened.window.panel("labelsPanel").learning
    assert "RMT: This installation has no weights." in box.words.text()
    assert "no weights" not in opened.window.notice.text
