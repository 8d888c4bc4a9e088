"""Predictions in the background: the open photo first, then the ones that come next."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.worker import Answers, Listed, Worker
from resatt_studio.errors import PhotoError, WeightsError
from resatt_studio.records.geometry import Box
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.photo import Photo, PhotoEntry
from resatt_studio.records.prediction import HugePrediction, Prediction, PredictionPart
from resatt_studio.records.weights import WeightsVersion
from resatt_studio.words import mark
from resatt_studio.workflow.courtesy import Courtesy
from resatt_studio.workflow.jobs import Job, progress

if TYPE_CHECKING:
    from resatt_studio.imaging.tiled_tiff import TiledTiff
    from resatt_studio.workflow.compare import AskedVersion
    from resatt_studio.workflow.photo_input import Clearing, PhotoInput
    from resatt_studio.workflow.project import Project

MODEL = "r2aunet"


class Predictor(QObject):
    """Owns the engine, which is made, used and known on the network's thread alone.

    Args:
        gpu: The worker of the network.
        device: "auto", "cpu", "cuda" or "mps".
        threads: Most CPU threads, 0 for all cores.

    Attributes:
        photo_input: What the crack network is shown, from the next job on: "raw", "dehazed" or "auto".
        clearing: Who takes the haze out of a project's photos, asked on the network's thread.
        open_id: Photo that is open, so that the network's thread knows whose pixels are seen.
        whole_id: Huge photo of which all is being predicted, or "".
    """

    predicted = Signal(object)
    """A Prediction."""
    grew = Signal(object)
    """A PredictionPart of the photo on the screen."""
    broke_off = Signal(str)
    """The photo on the screen, by its id, cannot be predicted; the error is told by ``failed``."""
    progressed = Signal(str, int, int)
    failed = Signal(object)
    device_known = Signal(str)

    def __init__(
        self,
        gpu: Worker,
        device: str,
        threads: int,
        parent: QObject | None = None,
        engine_path: str = "auto",
    ) -> None:
        super().__init__(parent)
        self._gpu = gpu
        self.courtesy = Courtesy(threads)
        self._device = device
        self.engine_path = engine_path
        self._engine: Any = None
        self._engine_device = ""
        self._ahead: dict[str, int] = {}
        self._looked_at: Box | None = None
        self._shown: int | None = None
        self._all: int | None = None
        self._part: int | None = None
        self._whole: int | None = None
        self.open_id = ""
        self.whole_id = ""
        self.photo_input = "raw"
        self.clearing: Callable[[Project], Clearing] | None = None

    @property
    def device(self) -> str:
        """Where networks shall run: "auto", "cpu", "cuda" or "mps"."""
        return self._device

    def set_device(self, device: str, threads: int) -> None:
        """Use another device or number of threads from the next job on."""
        self._device = device
        self.courtesy.threads = threads

    def look_at(self, box: Box) -> None:
        """Photo pixels that are seen now: what is left of the shown photo's tiles is ordered by them."""
        self._looked_at = box  # replaced whole, so the network's thread needs no lock to read it

    def wake(self) -> None:
        """Load the network's libraries ahead of the first photo, when nothing else is to be done."""

        def job() -> Generator[JobProgress, None, None]:
            from resatt_studio.workflow.predict import make_engine

            yield progress(0, 0)
            self._make_engine(make_engine)

        self._gpu.submit(job, Urgency.FINE_TUNE, Answers(failed=self.failed.emit))

    def predict_shown(self, project: Project, photo: Photo) -> None:
        """Predict the photo on the screen, what is seen of it first; an earlier wish is dropped."""
        shown = self.photo_input

        def job() -> Generator[JobProgress, None, Prediction]:
            from resatt_studio.workflow.predict import predict_photo

            yield progress(0, 0, message=self._words())
            engine, how = self._ready_engine(project), self._how(project, shown)
            return (yield from predict_photo(engine, project, photo, lambda: self._looked_at, *how))

        def failed(error: Exception) -> None:
            self.broke_off.emit(photo.photo_id)
            self.failed.emit(error)

        answers = Answers(self.predicted.emit, self._tell_shown, failed, self._quiet)
        broke_off = lambda: self.broke_off.emit(photo.photo_id)  # noqa: E731 - no part passes for the whole
        listed = Listed(mark("Predict the open photo"), stopped=broke_off)
        self._shown = self._gpu.submit(job, Urgency.PREDICT_SHOWN, answers, key="shown", listed=listed)

    @property
    def looked_at(self) -> Box | None:
        """Photo pixels that are seen now; None before anything was."""
        return self._looked_at

    def predict_part(self, project: Project, photo: TiledTiff, photo_id: str, box: Box) -> None:
        """Predict a part of a huge photo on the screen; an earlier wish is dropped."""

        def job() -> Generator[JobProgress, None, None]:
            from resatt_studio.workflow.predict import predict_part

            yield progress(0, 0, message=self._words())
            yield from predict_part(self._ready_engine(project), photo, photo_id, box)

        def failed(error: Exception) -> None:
            if self._part == job_id:  # else the photo was left, and its file closed
                self.failed.emit(error)

        answers = Answers(None, self._tell_shown, failed, self._quiet)
        listed = Listed(mark("Predict what is seen"))
        job_id = self._part = self._gpu.submit(
            job, Urgency.PREDICT_SHOWN, answers, key="shown", listed=listed
        )

    def predict_huge(self, project: Project, entry: PhotoEntry) -> None:
        """Predict all of a huge photo, what is seen of it first; it goes on while other photos are open."""
        photo_id, self.whole_id = entry.photo_id, entry.photo_id

        def looked_at() -> Box | None:
            return self._looked_at if self.open_id == photo_id else None

        def job() -> Generator[JobProgress, None, HugePrediction]:
            from resatt_studio.workflow.predict_huge import predict_huge

            yield progress(0, 0, message=self._words())
            return (yield from predict_huge(self._ready_engine(project), project, photo_id, looked_at))

        def failed(error: Exception) -> None:
            self.broke_off.emit(photo_id)
            self.failed.emit(error)

        def ended() -> None:
            if self._whole == job_id:
                self._whole, self.whole_id = None, ""
            self._quiet()

        answers = Answers(self.predicted.emit, self._tell_shown, failed, ended)
        broke_off = lambda: self.broke_off.emit(photo_id)  # noqa: E731 - no part passes for the whole
        listed = Listed(mark("Predict all of {name}").format(name=entry.name), stopped=broke_off)
        job_id = self._whole = self._gpu.submit(job, Urgency.PREDICT_HUGE, answers, key="huge", listed=listed)

    def drop_whole(self) -> None:
        """Other weights are in use: a huge photo's prediction by the old ones ends; what it made is kept."""
        self._gpu.cancel(self._whole)
        self._whole, self.whole_id = None, ""

    def drop_part(self) -> None:
        """The huge photo is left."""
        self._gpu.cancel(self._part)
        self._part = None

    def other_input(self, project: Project, photo: Photo, shown: str) -> Job[Prediction]:
        """A job that predicts the photo on the screen from another input than the chosen one.

        Args:
            shown: "raw" or "dehazed".
        """
        from resatt_studio.workflow.predict import predict_photo

        yield progress(0, 0)
        engine, how = self._ready_engine(project), self._how(project, shown)
        return (yield from predict_photo(engine, project, photo, lambda: self._looked_at, *how))

    def both_versions(
        self, project: Project, photo: Photo, before: WeightsVersion, after: WeightsVersion
    ) -> Job[tuple[Prediction, Prediction]]:
        """A job that asks two versions about the photo on the screen, shown as the crack network is shown it.

        They run in networks of their own: the engine with the weights in use may be asked meanwhile.
        """
        from resatt_studio.workflow.compare import both_predictions

        yield progress(0, 0)
        shown, clearing = self._how(project, self.photo_input)
        old, new = (self._asked(project, version) for version in (before, after))
        looked_at = lambda: self._looked_at  # noqa: E731 - asked before every batch of tiles
        return (yield from both_predictions(old, new, photo.photo_id, photo, shown, clearing, looked_at))

    def by_version(self, project: Project, photo: Photo, version: WeightsVersion) -> Job[Prediction]:
        """As :meth:`both_versions`, of one version."""
        yield progress(0, 0)
        shown, clearing = self._how(project, self.photo_input)
        asked = self._asked(project, version)
        return (yield from asked.prediction(photo.photo_id, photo, shown, clearing, lambda: self._looked_at))

    def predict_ahead(self, project: Project, entries: Sequence[PhotoEntry]) -> None:
        """Predict photos that are likely to be opened soon; other earlier wishes are dropped."""
        wanted = {entry.photo_id for entry in entries}
        for photo_id in set(self._ahead) - wanted:
            self._gpu.cancel(self._ahead.pop(photo_id))
        for entry in entries:
            if entry.photo_id not in self._ahead:
                self._ahead[entry.photo_id] = self._submit_ahead(project, entry)

    def predict_project(
        self, project: Project, then: Callable[[], None], fits: Callable[[int], bool]
    ) -> None:
        """Predict all photos that the weights in use have not seen; ``then`` is called at the end.

        Args:
            fits: As for ``workflow.predict.predict_project``; called on the network's thread.
        """
        shown = self.photo_input

        def job() -> Generator[JobProgress, None, Any]:
            from resatt_studio.workflow.predict import predict_project

            yield progress(0, 0, message=mark("Predicting all photos"))
            engine = self._ready_engine(project)
            how = self._how(project, shown)
            return (yield from predict_project(engine, project, *how, fits, huge=False))

        answers = Answers(lambda _: then(), self._tell, self.failed.emit, self._quiet)
        listed = Listed(mark("Predict all photos"), stopped=then)
        self._all = self._gpu.submit(job, Urgency.PREDICT_AHEAD, answers, key="all", listed=listed)

    def forget(self) -> None:
        """Drop every wish, as when the project is closed: nothing may work on, or write into, it any more."""
        self.drop_ahead()
        self.drop_part()
        self.drop_whole()
        for job_id in (self._shown, self._all):
            self._gpu.cancel(job_id)
        self._shown = self._all = None

    def drop_ahead(self) -> None:
        """Drop what was likely to be opened soon."""
        for job_id in self._ahead.values():
            self._gpu.cancel(job_id)
        self._ahead.clear()

    def _submit_ahead(self, project: Project, entry: PhotoEntry) -> int:
        shown = self.photo_input

        def job() -> Generator[JobProgress, None, Prediction | None]:
            from resatt_studio.workflow.load import open_photo
            from resatt_studio.workflow.predict import predict_photo

            yield progress(0, 0)
            engine = self._ready_engine(project)
            try:
                photo = open_photo(project, entry.photo_id)
            except PhotoError:
                return None  # told when the photo itself is opened
            yield progress(0, 0)
            return (yield from predict_photo(engine, project, photo, None, *self._how(project, shown)))

        def done(prediction: Prediction | None) -> None:
            if prediction is not None:
                self.predicted.emit(prediction)

        def ended() -> None:
            if self._ahead.get(entry.photo_id) == job_id:  # else a later wish took its place
                del self._ahead[entry.photo_id]

        answers = Answers(done, None, self.failed.emit, ended)
        listed = Listed(mark("Predict {name} ahead").format(name=entry.name))
        job_id = self._gpu.submit(job, Urgency.PREDICT_AHEAD, answers, listed=listed)
        return job_id

    def _asked(self, project: Project, version: WeightsVersion) -> AskedVersion:
        from resatt_studio.workflow.compare import AskedVersion

        return AskedVersion(project, version, self._device, self.courtesy.threads_now, self.engine_path)

    def _how(self, project: Project, shown: str) -> tuple[PhotoInput, Clearing | None]:
        """What the crack network shall be shown, and who clears photos for it; on the network's thread."""
        from resatt_studio.workflow.photo_input import photo_input

        return photo_input(shown), None if self.clearing is None else self.clearing(project)

    def _ready_engine(self, project: Project) -> Any:
        """The engine with the project's active weights; runs on the network's thread."""
        from resatt_studio.workflow.predict import make_engine

        active: WeightsVersion | None = project.shelf.active(MODEL)
        if active is None:
            raise WeightsError(
                mark("This project has no weights to predict with."),
                mark("Import weights, or roll back to a version, in the Learning panel."),
            )
        self._make_engine(make_engine)
        if self._engine.weights_id != active.weights_id:
            self._engine.use(project.shelf.load(active.weights_id))
            self.device_known.emit(self._engine.device_name)
        return self._engine

    def _words(self) -> str:
        return mark("Waking the network") if self._engine is None else mark("Predicting")

    def _make_engine(self, make_engine: Callable[..., Any]) -> None:
        if self._engine is None or self._engine_device != self._device:
            self._engine = make_engine(None, self._device, self.courtesy.threads_now, self.engine_path)
            self._engine_device = self._device

    def _tell(self, report: JobProgress) -> None:
        self.progressed.emit(report.message or mark("Predicting"), report.done, report.total)

    def _tell_shown(self, report: JobProgress) -> None:
        self._tell(report)
        if isinstance(report.detail, PredictionPart):
            self.grew.emit(report.detail)

    def _quiet(self) -> None:
        self.progressed.emit("", 0, 0)
