"""A large photo in the real window: its mask grows from where somebody looks, and the end is the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from resatt_studio.app.main import settle, wait_for
from resatt_studio.records.geometry import Box
from resatt_studio.records.prediction import Prediction, PredictionPart
from resatt_studio.workflow.project import create_project

pytestmark = pytest.mark.gui
HEIGHT, WIDTH, TILES = 1300, 2200, 15


class Gate:
    """Lets the network go through one tile for each permit."""

    def __init__(self) -> None:
        self._permits = threading.Semaphore(0)
        self._open = False

    def let(self, tiles: int) -> None:
        self._permits.release(tiles)

    def let_all(self) -> None:
        self._open = True
        self._permits.release(10 * TILES)

    def wait(self) -> None:
        if not self._open:
            self._permits.acquire(timeout=60)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    from resatt_studio.inference.segmenter import Segmenter

    made = Gate()
    answer = Segmenter.probability

    def probability(self: Segmenter, pixels: Any) -> Any:
        made.wait()
        # Above the threshold everywhere, so that the mask says which tiles are there.
        return np.float32(0.6) + np.float32(0.4) * answer(self, pixels)

    monkeypatch.setattr(Segmenter, "probability", probability)
    yield made
    made.let_all()


@pytest.fixture
def large_project(tmp_path: Path, tiny_weights: Path, tiny_photo: Callable[..., Any]) -> Path:
    """A closed project of two photos of fifteen tiles each."""
    from resatt_studio.workflow.jobs import drain
    from resatt_studio.workflow.load import add_photos

    (tmp_path / "large").mkdir()
    for seed in range(2):
        cv2.imwrite(str(tmp_path / "large" / f"deck_{seed}.png"), tiny_photo(HEIGHT, WIDTH, seed)[0])
    folder = tmp_path / "deck.resatt"
    with create_project(folder, tiny_weights) as project:
        drain(add_photos(project, [tmp_path / "large"]))
    return folder


@pytest.fixture
def parts(studio: Any, large_project: Path, gate: Gate) -> list[PredictionPart]:
    """Opens the first photo, fitted to the window; what is finished of its prediction arrives here."""
    session = studio.parts.session
    session.predictor.predict_ahead = lambda project, entries: None
    seen: list[PredictionPart] = []
    session.prediction_grew.connect(seen.append)
    session.open_project(large_project)
    assert wait_for(lambda: session.photo is not None, 60)
    return seen


def masked_px(studio: Any) -> int:
    canvas = studio.window.canvas
    canvas.scene.compose()
    return int(np.count_nonzero(canvas.scene.overlay_picture))


def middle(part: PredictionPart) -> tuple[float, float]:
    box = Box(0, 0, 0, 0)
    for place, _ in part.pieces:
        box = box.union(place)
    return (box.top + box.bottom) / 2, (box.left + box.right) / 2


def reading_order(photo: Any, weights: Any) -> Prediction:
    """The prediction as the command line makes it."""
    from resatt_studio.inference.sliding import run_to_end
    from resatt_studio.workflow.predict import make_engine

    return run_to_end(make_engine(weights, "cpu", 1).predict(photo))


def test_the_mask_grows_from_the_middle_and_ends_as_it_would_in_reading_order(
    studio: Any, parts: list[PredictionPart], gate: Gate
) -> None:
    session = studio.parts.session
    gate.let(1)
    assert wait_for(lambda: len(parts) == 1, 60)
    first_px = masked_px(studio)
    assert first_px > 0, "the first tile is seen"
    row, column = middle(parts[0])
    assert abs(row - HEIGHT / 2) < 260 and abs(column - WIDTH / 2) < 260
    assert session.prediction is None
    gate.let(5)
    assert wait_for(lambda: len(parts) == 6, 60)
    assert masked_px(studio) > 3 * first_px
    gate.let_all()
    assert wait_for(lambda: session.prediction is not None, 60)
    assert len(parts) == TILES
    project = session.project
    plain = reading_order(session.photo, project.shelf.load(session.active.weights_id))
    kept = project.store.prediction(session.photo.photo_id, session.active.weights_id)
    for prediction in (session.prediction, kept):
        assert np.array_equal(prediction.probability_8bit, plain.probability_8bit)
        assert prediction.mean_entropy == plain.mean_entropy
    assert np.array_equal(studio.window.canvas.scene.probability.values, plain.probability_8bit)


def test_tiles_follow_the_eye_when_it_moves(studio: Any, parts: list[PredictionPart], gate: Gate) -> None:
    canvas = studio.window.canvas
    gate.let(1)
    assert wait_for(lambda: len(parts) == 1, 60)
    # Into the lower right corner: the wheel zooms around the pointer.
    ratio = canvas.devicePixelRatioF()
    view_row, view_column = canvas.viewport.to_view(HEIGHT - 60, WIDTH - 60)
    at = QPointF(view_column / ratio, view_row / ratio)
    for _ in range(8):
        where = (at, canvas.mapToGlobal(at), QPoint(), QPoint(0, 120))
        keys = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
        QApplication.sendEvent(canvas, QWheelEvent(*where, *keys))
    settle(0.05)
    seen = canvas.viewport.visible
    assert seen.top > HEIGHT / 2 and seen.left > WIDTH / 2
    gate.let(2)  # one may have been chosen before the eye moved
    assert wait_for(lambda: len(parts) == 3, 60)
    row, column = middle(parts[2])
    assert row > HEIGHT / 2 and column > WIDTH / 2
    assert masked_px(studio) > 0


def test_going_on_to_another_photo_ends_the_prediction_and_starts_the_other(
    studio: Any, parts: list[PredictionPart], gate: Gate
) -> None:
    session = studio.parts.session
    first = session.photo.photo_id
    gate.let(2)
    assert wait_for(lambda: len(parts) == 2, 60)
    QTest.keyClick(studio.window.canvas, Qt.Key.Key_D)
    assert wait_for(lambda: session.photo is not None and session.photo.photo_id != first, 60)
    assert masked_px(studio) == 0, "nothing of the other photo is left"
    gate.let_all()
    assert wait_for(lambda: session.prediction is not None, 60)
    assert session.prediction.photo_id == session.photo.photo_id
    assert not session.project.store.has_prediction(first, session.active.weights_id)


def test_a_prediction_that_fails_half_way_is_told_and_leaves_no_half_mask(
    studio: Any, parts: list[PredictionPart], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.errors import OutOfMemory
    from resatt_studio.inference.segmenter import Segmenter

    gate.let(1)
    assert wait_for(lambda: len(parts) == 1, 60)

    def refuse(self: Segmenter, pixels: Any) -> Any:
        raise OutOfMemory("Memory ran out.", "Close other programs.")

    monkeypatch.setattr(Segmenter, "probability", refuse)
    gate.let_all()
    assert wait_for(lambda: "Memory ran out." in studio.window.notice.text, 60)
    assert masked_px(studio) == 0
