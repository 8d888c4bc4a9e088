"""Where strokes are measured: the bare canvas, or the whole app with a project in its real window."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SIZES = {12: (3000, 4000), 50: (5774, 8660), 200: (11_548, 17_320)}


def photo(megapixels: int) -> np.ndarray:
    """A grainy photo of that size, H x W x 3 uint8."""
    height, width = SIZES[megapixels]
    tile = np.random.default_rng(0).integers(60, 200, (1024, 1024, 3), np.uint8)
    tile = cv2.GaussianBlur(tile, (0, 0), 1.2)
    return np.tile(tile, (-(-height // 1024), -(-width // 1024), 1))[:height, :width].copy()


def write_photo(path: Path, megapixels: int) -> None:
    """The same photo as a file."""
    if not cv2.imwrite(str(path), photo(megapixels)[:, :, ::-1]):
        raise OSError(f"{path} cannot be written")


def probability(height: int, width: int) -> np.ndarray:
    """A prediction with cracks through the whole photo, H x W uint8."""
    values = np.zeros((height, width), np.uint8)
    rng = np.random.default_rng(1)
    for _ in range(12):
        points = np.cumsum(rng.normal(0, width / 60, (60, 2)), 0) + rng.uniform(0, 1, 2) * (width, height)
        cv2.polylines(values, [points.astype(np.int32)], False, 255, 5)
    return values


class CanvasStage:
    """The canvas alone in a main window; learning is stepped by the app's own runner."""

    def __init__(self, learn: bool, courtesy: bool) -> None:
        from PySide6.QtWidgets import QApplication, QMainWindow

        from resatt_studio.app.canvas.view import PhotoCanvas
        from resatt_studio.app.collector import Collector
        from resatt_studio.workflow.courtesy import Courtesy

        self.application = QApplication([])
        self.window, self.canvas = QMainWindow(), PhotoCanvas()
        self.window.setCentralWidget(self.canvas)
        self._hand = Courtesy()
        Collector(self.window, self._hand)
        self._learning = Learning(courtesy) if learn else None

    def start(self, megapixels: list[int], wait: Callable[[Callable[[], bool]], None]) -> None:
        self.window.show()
        if self._learning is not None:
            self._learning.start()
            wait(lambda: self._learning.steps >= 2 or bool(self._learning.failures))
            self._learning.check()

    def show(self, megapixels: int, wait: Callable[[Callable[[], bool]], None]) -> None:
        """Put a photo of that size with a prediction on the canvas."""
        from resatt_studio.records.prediction import Prediction

        pixels = photo(megapixels)
        self._name, self._size = f"{megapixels:064d}", pixels.shape[:2]
        self.canvas.set_photo(pixels, photo_id=self._name)
        self.canvas.set_prediction(Prediction(self._name, "w" * 64, probability(*self._size), 0.1))
        wait(lambda: not self.canvas.background.busy)

    def take(self, tool: str, brush_px: float) -> None:
        """A fresh correction, and a tool with a brush of that diameter."""
        from resatt_studio.annotation.document import CorrectionDocument
        from resatt_studio.records.correction import Label

        self.canvas.set_document(CorrectionDocument(self._name, *self._size))
        self.canvas.set_tool(tool)
        self.canvas.set_brush(Label.CRACK, brush_px / 2)

    def painted(self) -> None:
        self._hand.painted()
        if self._learning is not None and self._learning.courtesy is not None:
            self._learning.courtesy.painted()

    @property
    def learning_steps(self) -> int | None:
        return None if self._learning is None else self._learning.steps

    def close(self) -> None:
        self.canvas.background.stop()
        if self._learning is not None:
            self._learning.stop()
        self.window.close()


class WindowStage:
    """The app as it is started, with a project of drawn photos, corrections and one large photo of each size.

    Every stroke goes to the project on the disk; learning is what the Learn button starts.
    """

    def __init__(self, learn: bool, courtesy: bool) -> None:
        from PySide6.QtCore import QSettings

        from resatt_studio import settings
        from resatt_studio.app.collector import Collector
        from resatt_studio.app.main import make_application, make_studio

        self._folder = tempfile.TemporaryDirectory(prefix="stroke-latency-")
        self._home = Path(self._folder.name)
        self.application = make_application()
        state = QSettings(str(self._home / "window.ini"), QSettings.Format.IniFormat)
        preferences = replace(
            settings.load_settings().settings, learn_seconds=3600.0, learn_cracks="auto" if learn else "ask"
        )
        studio = make_studio(self.application, preferences, state)
        self.window, self._parts = studio.window, studio.parts
        self.canvas = self.window.canvas
        Collector(self.window, self._parts.session.predictor.courtesy)
        self._learn, self._steps, self._ids = learn, 0, {}
        if not learn:
            self._parts.session.predictor.predict_ahead = lambda project, entries: None
        if not courtesy:
            self._parts.session.predictor.courtesy.painted = lambda: None

    def start(self, megapixels: list[int], wait: Callable[[Callable[[], bool]], None]) -> None:
        folder = self._make_project(megapixels)
        session, learner = self._parts.session, self._parts.learner
        self.window.show()
        session.start()
        session.open_project(folder)
        wait(lambda: len(session.state.entries) == 5 + len(megapixels) and session.has_samples)
        learner.stepped.connect(self._note)
        if self._learn:
            learner.learn()  # unless it began by itself
            wait(lambda: self._steps >= 2)

    def _note(self, report: Any) -> None:
        self._steps = max(self._steps, getattr(report, "step", 0))

    def _make_project(self, megapixels: list[int]) -> Path:
        from resatt_studio.records.prediction import Prediction
        from resatt_studio.synthesis.scenes import render_scene
        from resatt_studio.workflow.jobs import drain
        from resatt_studio.workflow.load import add_photos
        from resatt_studio.workflow.project import create_project

        photos, masks, large = (self._home / name for name in ("photos", "masks", "large"))
        for each in (photos, masks, large):
            each.mkdir()
        for seed in range(5):
            scene = render_scene(seed, 512, 512)
            cv2.imwrite(str(photos / f"wall{seed}.png"), scene.pixels[:, :, ::-1])
            cv2.imwrite(str(masks / f"wall{seed}.png"), scene.mask.astype(np.uint8) * 255)
        for size in megapixels:
            write_photo(large / f"deck{size}.jpg", size)
        with create_project(self._home / "latency.resatt") as project:
            drain(add_photos(project, [photos], masks))
            drain(add_photos(project, [large]))
            active = project.shelf.active("r2aunet").weights_id
            for entry in project.store.photos():
                facts = entry.facts
                if facts.path.parent == large:
                    self._ids[int(facts.path.stem[4:])] = entry.photo_id
                values = probability(facts.height, facts.width)
                project.store.put_prediction(Prediction(entry.photo_id, active, values, 0.1))
        return self._home / "latency.resatt"

    def show(self, megapixels: int, wait: Callable[[Callable[[], bool]], None]) -> None:
        """Open the photo of that size and wait for its prediction; without learning, until nothing works."""
        session = self._parts.session
        session.open_photo(self._ids[megapixels])
        wait(
            lambda: (
                session.document is not None
                and session.document.photo_id == self._ids[megapixels]
                and session.prediction is not None
                and not self.canvas.background.busy
                and (self._learn or not (session.gpu.busy or session.files.busy))
            )
        )

    def look_beside(self, look: str, settle: Callable[[], None]) -> None:
        """A second view that shows this line of its list, or none and a window so much narrower."""
        view = self._parts.view
        view.set_sides(on=True, right=look or view.sides.right)
        self.window.resize(1400, 900)
        settle()
        if not look:
            width = self.canvas.width()
            view.set_sides(on=False)
            settle()
            self.window.resize(1400 - self.canvas.width() + width, 900)
            settle()

    def take(self, tool: str, brush_px: float) -> None:
        """Undo what was painted, and take a tool with a brush of that diameter."""
        from resatt_studio.records.correction import Label

        while self._parts.session.document.can_undo:
            self._parts.session.undo()
        self._parts.view.set_brush(tool=tool, label=Label.CRACK, radius_px=brush_px / 2)

    def painted(self) -> None:
        """The window tells the worker itself."""

    @property
    def learning_steps(self) -> int | None:
        return self._steps if self._learn else None

    def close(self) -> None:
        self._parts.learner.drop()
        self._parts.session.shut_down(20.0)
        self.canvas.background.stop()
        self.window.deleteLater()
        self._folder.cleanup()


class Learning:
    """Fine-tuning in this process, stepped by the app's own runner."""

    def __init__(self, with_courtesy: bool) -> None:
        from resatt_studio.workflow.courtesy import Courtesy
        from resatt_studio.workflow.jobs import JobRunner

        self.courtesy = Courtesy() if with_courtesy else None
        self.steps = 0
        self._finish = threading.Event()
        self.runner = JobRunner()
        self.failures: list[BaseException] = []

    def start(self) -> None:
        from resatt_studio.records.jobs import JobFailed, Urgency
        from resatt_studio.workflow.courtesy import stand_back

        def emit(report: Any) -> None:
            if isinstance(report, JobFailed) and report.error is not None:
                self.failures.append(report.error)

        self.runner.start(emit, first=stand_back if self.courtesy else None)
        self.runner.submit(self._job, Urgency.FINE_TUNE)

    def _job(self) -> Generator[Any, None, None]:
        from resatt_studio.learning.finetune import fine_tune
        from resatt_studio.learning.reference import ReferenceSet
        from resatt_studio.records.training import FineTunePlan
        from resatt_studio.workflow.jobs import progress

        threads = None if self.courtesy is None else self.courtesy.threads_now
        while not self._finish.is_set():
            run = fine_tune(
                weights(), samples(), FineTunePlan(seconds=3600), ReferenceSet(()), device="cpu",
                finish_early=self._finish, threads=threads,
            )  # fmt: skip
            for report in run:
                self.steps = max(self.steps, report.step)
                yield progress(report.step, report.steps)

    def check(self) -> None:
        """Raise what ended learning, if anything did."""
        if self.failures:
            raise self.failures[0]

    def stop(self) -> None:
        self._finish.set()
        self.runner.stop(20)
        self.check()


def weights() -> Any:
    """The shipped weights, or a new network of the default size while there are none."""
    from resatt_studio.models.state import load_weights, pack_weights
    from resatt_studio.resources import assets_folder

    shipped = sorted(assets_folder().glob("weights/r2aunet*.safetensors"))
    if shipped:
        return load_weights(shipped[0])
    from resatt_studio.models import create_model

    config = {"base_width": 16, "t": 2, "stem": 2}
    return pack_weights("r2aunet", config, create_model("r2aunet", **config).state_dict(), {})


def samples() -> list[Any]:
    """Five drawn photos with their masks as corrections."""
    from resatt_studio.records.photo import Split
    from resatt_studio.records.sample import Sample
    from resatt_studio.synthesis.scenes import render_scene

    made = []
    for seed in range(5):
        scene = render_scene(seed, 512, 512)
        labels = np.where(scene.mask, 1, 2).astype(np.uint8)
        split = Split.VALIDATION if seed == 4 else Split.TRAIN
        made.append(Sample(f"s{seed}", f"p{seed}", f"g{seed}", split, scene.pixels, labels))
    return made
