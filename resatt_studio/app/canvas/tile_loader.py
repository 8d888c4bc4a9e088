"""Brings tiles of a huge photo as they are looked at, and builds its smaller sizes meanwhile."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.canvas.tile_pyramid import TilePyramid
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.app.worker import Answers, Listed, Worker
from resatt_studio.imaging.pyramid_cache import TileKey
from resatt_studio.records.geometry import Box
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.words import mark
from resatt_studio.workflow.jobs import progress


class TileLoader(QObject):
    """Asks a worker for what the view misses; the newest look replaces the one before.

    Args:
        worker: A thread for tiles alone, so that a look never waits for another file.
        name: Tells its jobs from those of another loader on the same worker.
    """

    better = Signal(object)
    """Box of photo pixels that look better now."""
    grew = Signal(object)
    """Box of photo pixels whose smaller sizes were built now, for another view of the same photo."""
    damaged = Signal(int)
    """So many tiles of the file cannot be decoded; each number is told once."""
    failed = Signal(object)

    def __init__(self, worker: Worker, parent: QObject | None = None, name: str = "") -> None:
        super().__init__(parent)
        self._worker = worker
        self._name = name
        self._pyramid: TilePyramid | None = None
        self._jobs: dict[str, int] = {}  # by the worker's key, under which a new job replaces the old one
        self._viewport: Viewport | None = None
        self._damaged = 0

    def show(self, pyramid: TilePyramid | None, builds: bool = True) -> None:
        """Serve this photo from now on, or none; what was asked for about another one is dropped.

        Args:
            builds: Whether its smaller sizes are built here; of two loaders of one photo one does it.
        """
        for job_id in self._jobs.values():
            self._worker.cancel(job_id)
        self._jobs.clear()
        self._pyramid, self._viewport, self._damaged = pyramid, None, 0
        if pyramid is None or not builds or pyramid.built:
            return

        def build() -> Generator[JobProgress, None, None]:
            for done, total, box in pyramid.building():
                yield progress(done, total, "rows", detail=box)

        def built(_: object) -> None:
            if self._pyramid is pyramid:
                self._look_again()

        def step(report: JobProgress) -> None:
            if self._pyramid is pyramid and not report.detail.empty:
                self._improve(pyramid, report)
                self._look_again()
                self.grew.emit(report.detail)

        answers = Answers(built, step, lambda error: self._fail(pyramid, error))
        listed = Listed(mark("Build smaller sizes"))
        self._jobs["build"] = self._worker.submit(
            build, Urgency.FINE_TUNE, answers, key=f"{self._name}build", listed=listed
        )

    def look(self, viewport: Viewport) -> None:
        """The view shows this now: bring what it misses, the middle first."""
        pyramid, self._viewport = self._pyramid, viewport
        if pyramid is None:
            return
        self._bring(pyramid, pyramid.wanted(viewport), "look")

    def fetch(self, box: Box) -> None:
        """A tool asks for the photo's own pixels in a box: bring what is missing."""
        if self._pyramid is not None:
            self._bring(self._pyramid, self._pyramid.missing(box), "fetch")

    def _bring(self, pyramid: TilePyramid, keys: Sequence[TileKey], key: str) -> None:
        if keys:
            answers = Answers(
                progress=lambda report: self._improve(pyramid, report),
                failed=lambda error: self._fail(pyramid, error),
            )
            self._jobs[key] = self._worker.submit(
                lambda: _load(pyramid, keys), Urgency.PREDICT_SHOWN, answers, key=self._name + key
            )

    def _look_again(self) -> None:
        if self._viewport is not None:
            self.look(self._viewport)

    def _improve(self, pyramid: TilePyramid, report: JobProgress) -> None:
        if self._pyramid is not pyramid:
            return
        self.better.emit(report.detail)
        count = len(pyramid.photo.damaged)
        if count > self._damaged:
            self._damaged = count
            self.damaged.emit(count)

    def _fail(self, pyramid: TilePyramid, error: Exception) -> None:
        if self._pyramid is pyramid:  # else its file was closed under a step that was in hand
            self.failed.emit(error)


def _load(pyramid: TilePyramid, keys: Sequence[TileKey]) -> Generator[JobProgress, None, None]:
    for done, key in enumerate(keys, 1):
        box = pyramid.load(key)
        yield progress(done, len(keys), "tiles", detail=box)
