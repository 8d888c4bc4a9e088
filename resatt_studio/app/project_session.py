"""The open project: its photos, versions and counters; opening, closing, adding, listing.

Slow things are jobs on the files worker, one after the other in the order they were asked for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import platformdirs
from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal

from resatt_studio import settings
from resatt_studio.app import jobs
from resatt_studio.app.canvas.tile_memory import TileMemory
from resatt_studio.app.listing import Listing
from resatt_studio.app.predictor import Predictor
from resatt_studio.app.thumbnails import Thumbnails
from resatt_studio.app.worker import Answers, Listed, Worker, once
from resatt_studio.errors import BugError, StudioError
from resatt_studio.imaging.pyramid_cache import PyramidCache
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.records.weights import (
    USUAL_THRESHOLD,
    WeightsState,
    WeightsVersion,
    automatic_threshold,
)
from resatt_studio.words import mark, tr, trn
from resatt_studio.workflow.jobs import JobFactory

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

WRITE_WAIT_S = 10.0
_MEGABYTE = 1_000_000
_Result = TypeVar("_Result")
_NOTHING = jobs.ProjectState((), (), 0)


def tile_folder() -> Path:
    """Where tiles of huge photos are kept: in the user's cache folder."""
    return platformdirs.user_cache_path("resatt-studio", appauthor=False) / "tiles"


class ProjectSession(QObject):
    """Project and photo list; :class:`~resatt_studio.app.session.Session` adds the open photo.

    Args:
        preferences: Settings of this person.
    """

    changed = Signal()
    """Anything that decides which actions are enabled, or the title."""
    project_changed = Signal(object)
    state_read = Signal(object)
    """A fresh ``jobs.ProjectState``."""
    listed_changed = Signal()
    told = Signal(str)
    failed = Signal(object)
    """A StudioError or any other exception."""
    progressed = Signal(str, int, int)
    learning_cut_off = Signal()
    """The project's last learning was ended by a crash; it can go on from where it was."""
    _written = Signal()

    def __init__(self, preferences: settings.Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = preferences
        self.files = Worker("files", self)
        self.gpu = Worker("network", self, behind=True)
        self.tile_worker = Worker("tiles", self)
        self.memory = TileMemory(preferences.photo_memory_mb * _MEGABYTE)
        self.tile_cache = PyramidCache(tile_folder(), preferences.tile_cache_mb * _MEGABYTE)
        self.thumbnails = Thumbnails(self.files, self)
        self.predictor = Predictor(
            self.gpu, preferences.device, preferences.threads, self, preferences.engine_path
        )
        self.predictor.photo_input = preferences.photo_input
        self.project: Project | None = None
        self.state = _NOTHING
        self.listing = Listing()
        self.listed: tuple[PhotoEntry, ...] = ()
        usual = preferences.threshold == USUAL_THRESHOLD
        self.own_threshold: float | None = None if usual else preferences.threshold
        self.learned_at = ""
        self._opening: object = None  # the newest wish for another project
        self._counting: int | None = None
        self._adding: int | None = None
        self._writes = 0
        self.files.broke.connect(self.failed)
        self.gpu.broke.connect(self.failed)
        self.tile_worker.broke.connect(self.failed)
        self.predictor.failed.connect(self.failed)
        self.predictor.progressed.connect(self.progressed)

    def start(self) -> None:
        """Start the workers; called after the first paint."""
        self.files.start()
        self.gpu.start()
        self.tile_worker.start()

    def set_photo_memory(self) -> None:
        """Take over what the settings say about memory and disk; photos that are open stay as they are."""
        self.memory.bound_bytes = self.settings.photo_memory_mb * _MEGABYTE
        self.tile_cache.most_bytes = self.settings.tile_cache_mb * _MEGABYTE

    # -- what holds now --

    @property
    def active(self) -> WeightsVersion | None:
        """The weights in use."""
        return next((v for v in self.state.versions if v.state is WeightsState.ACTIVE), None)

    @property
    def threshold(self) -> float:
        """Probability above which a pixel counts as crack, in [0, 1]: the inspector's own, or the one that
        the weights in use bring along."""
        return automatic_threshold(self.active) if self.own_threshold is None else self.own_threshold

    @property
    def has_samples(self) -> bool:
        """Whether anything was approved that networks learn from."""
        return any(map(self.state.counts, self.state.entries))

    @property
    def can_roll_back(self) -> bool:
        """Whether other weights were in use before these."""
        return jobs.MODEL in self.state.earlier

    def while_open(self, answers: Answers) -> Answers:
        """The same answers for as long as the project that is open now stays open: what becomes of a job
        while its project is being closed is no news in another one. That it ended is heard all the same, and
        so are errors that are bugs."""
        project = self.project

        def here(act: Callable[[Any], None] | None) -> Callable[[Any], None] | None:
            if act is None:
                return None
            return lambda told: act(told) if self.project is project else None

        def failed(error: Exception) -> None:
            if self.project is project:
                (answers.failed or self.failed.emit)(error)
            elif not isinstance(error, StudioError):
                self.failed.emit(error)

        return Answers(here(answers.done), here(answers.progress), failed, answers.ended, answers.unheard)

    # -- opening and closing --

    def open_project(self, folder: Path, then: Callable[[], None] | None = None) -> None:
        """Open a project and its first photo, or do ``then`` instead; one that is open stays so until the new
        one is there, and for good when that cannot be opened."""
        here = self.project
        if here is not None and here.folder.resolve() == folder.resolve():  # nobody could open it twice
            self._opening = None  # the newest wish counts
            if then is None:
                self.told.emit(tr("{name} is open already.").format(name=folder.name))
            else:
                then()
            return
        self._open(folder, create=False, then=then)

    def create_project(self, folder: Path, sources: Sequence[Path]) -> None:
        """Make a project in ``folder`` (NAME.resatt) and add photos to it."""
        self._open(folder, create=True, then=lambda: self.add(sources))

    def open_sample(self) -> None:
        """Open the project of the bundled photos; make it at the first time."""
        folder = jobs.sample_folder()
        if folder.exists():
            self.open_project(folder)
        else:
            self.create_project(folder, [jobs.sample_photos()])

    def close_project(self) -> bool:
        """Write what is in flight and show the start page; False where the disk refuses: then nothing has
        changed."""
        if self.project is None:
            return True
        try:
            self.flush()
        except StudioError as error:
            self.failed.emit(error)
            return False
        project, self.project = self.project, None
        self.leave_photo()
        self.predictor.forget()
        self.files.cancel(self._counting)
        self.files.cancel(self._adding)
        self.state = _NOTHING
        self.listing = replace(self.listing, search="")  # of this project's photos
        self.thumbnails.clear()
        let_go = threading.Event()
        self._submit(lambda: jobs.close_project(project, let_go), mark("Closing"), must=True)
        self._relist()
        self.project_changed.emit(None)
        # Everybody has dropped now what they asked of the network. What writes at its end is waited for.
        if self.gpu.has(Urgency.LEARN_LABELS, Urgency.FINE_TUNE, Urgency.PREDICT_HUGE):
            self.gpu.submit(once(let_go.set), Urgency.PREDICT_SHOWN)
        else:
            let_go.set()
        self.changed.emit()
        return True

    def flush(self) -> None:
        """Wait until every stroke is on the disk, also of photos that were left.

        Raises:
            StoreError: The disk refuses; the strokes stay in memory and are tried again.
        """
        if self.project is not None:
            self.project.flush()

    def shut_down(self, timeout_s: float = 2.0) -> bool:
        """Write what was asked for, stop the threads, close the project; whether all ended in time."""
        self._finish_writing()
        deadline = time.monotonic() + timeout_s
        ended = self.gpu.stop(max(0.1, deadline - time.monotonic()))
        ended &= self.tile_worker.stop(max(0.1, deadline - time.monotonic()))
        ended &= self.files.stop(max(0.1, deadline - time.monotonic()))
        project, self.project = self.project, None
        if project is not None:
            project.close()
        return ended

    def leave_photo(self) -> None:
        """Put the open photo away, if there is one."""
        raise BugError("a session without a desk has no photo to put away or open")

    def next_photo(self) -> None:
        """Open the photo below in the list."""
        raise BugError("a session without a desk has no photo to put away or open")

    # -- photos of the project --

    def add(self, sources: Sequence[Path]) -> None:
        """Add photos and folders to the open project."""
        project = self.project
        if project is not None and sources:
            author = self.settings.author
            stopped = lambda: self.refresh(self._after_adding)  # noqa: E731 - what was added stays
            listed = Listed(mark("Add photos"), stopped=stopped)
            self._adding = self._submit(
                lambda: jobs.add(project, sources, author),
                mark("Adding photos"),
                self._added,
                listed=listed,
                urgency=Urgency.PREDICT_AHEAD,  # what is opened and approved meanwhile does not wait for it
            )

    def refresh(self, then: Callable[[], None] | None = None) -> None:
        """Read list, versions and counters again; do ``then`` when they are there."""
        project = self.project
        if project is None:
            return

        def done(state: jobs.ProjectState) -> None:
            if self.project is project:
                self._take_state(state)
                if then is not None:
                    then()

        ranked = self._ranked
        self._submit(once(lambda: jobs.read_state(project, ranked)), "", done, key="" if then else "state")

    def set_listing(self, **changes: str) -> None:
        """Change sort, filter or search of the list."""
        before, self.listing = self.listing, replace(self.listing, **changes)
        self._relist()
        if self._ranked and before.sort != self.listing.sort:
            self.refresh(self._tell_unranked)

    # -- inside --

    def _open(self, folder: Path, create: bool, then: Callable[[], None] | None = None) -> None:
        opening = self._opening = object()
        preferences, ranked = self.settings, self._ranked

        def opened(result: jobs.OpenedProject) -> None:
            superseded = opening is not self._opening  # another one was asked for meanwhile
            if superseded or not self.close_project():
                self._submit(once(result.project.close), "", must=True)
                return
            self.project = result.project
            self.own_threshold, self.learned_at = result.own_threshold, result.learned_at
            self.state = result.state
            self._remember(result.project.folder)
            # First: what its state makes somebody begin must not be forgotten with the project before.
            self.project_changed.emit(result.project)
            self._take_state(result.state)
            if result.cut_off:
                self.learning_cut_off.emit()
            (then or self.next_photo)()
            self._count_predictions(result.project)

        job = lambda: jobs.open_or_create(folder, create, preferences, ranked)  # noqa: E731 - a job factory
        words = mark("Opening {name}").format(name=folder.name)
        self._submit(job, words, opened, key="project", unheard=lambda result: result.project.close())

    @property
    def _ranked(self) -> bool:
        """Whether the list wants to know what correcting a photo would bring."""
        return self.listing.sort == "next"

    def _count_predictions(self, project: Project) -> None:
        """Older versions did not count what photos are ranked by; behind everything else that reads files."""
        answers = Answers(lambda counted: self.refresh() if counted else None, None, self.failed.emit)
        job = lambda: jobs.count_predictions(project)  # noqa: E731 - a job factory
        self._counting = self.files.submit(job, Urgency.PREDICT_AHEAD, answers, key="counts")

    def _tell_unranked(self) -> None:
        new = sum(entry.state is ReviewState.NEW for entry in self.state.entries)
        if new:
            self.told.emit(
                trn(
                    "1 photo is not predicted yet and cannot be ranked; “Predict all photos” does.",
                    "{count} photos are not predicted yet and cannot be ranked; “Predict all photos” does.",
                    new,
                ).format(count=new)
            )

    def _remember(self, folder: Path) -> None:
        try:
            recent = settings.remember_project(folder).recent_projects
        except StudioError as error:  # the list of recent projects never stops work
            self.failed.emit(error)
        else:
            # The file's other values stay out: variables of the environment win over them.
            self.settings = replace(self.settings, recent_projects=recent)

    def _added(self, added: Any) -> None:
        count = len(added.refused)
        words = trn("1 photo added.", "{count} photos added.", added.new).format(count=added.new)
        if count:
            words += " " + trn(
                "{count} could not be read; the list says why.",
                "{count} could not be read; the list says why.",
                count,
            ).format(count=count)
        self.told.emit(words)
        self.refresh(self._after_adding)

    def _after_adding(self) -> None:
        """Nothing more for a project without a desk."""

    def _patch_entry(self, entry: PhotoEntry) -> None:
        """Show a change at once; the store's own word follows with the next refresh."""
        entries = tuple(entry if e.photo_id == entry.photo_id else e for e in self.state.entries)
        self._take_state(replace(self.state, entries=entries))

    def _take_state(self, state: jobs.ProjectState) -> None:
        self.state = state
        self.state_read.emit(state)
        self._relist()
        self.changed.emit()

    def _relist(self) -> None:
        self.listed = self.listing.of(self.state.entries, self.state.ranks, self.state.answers.by_photo)
        self.listed_changed.emit()

    def _write(
        self,
        act: Callable[[], _Result],
        words: str = "",
        key: str = "",
        then: Callable[[_Result], str] | None = None,
    ) -> None:
        """Have something written that closing the window must wait for; when it is done, tell what ``then``
        makes of the result."""

        def done(result: _Result) -> None:
            if then is not None:
                self.told.emit(then(result))
            self.refresh()

        self._submit(once(act), words, done, key=key, must=True)

    def _submit(
        self,
        factory: JobFactory,
        words: str,
        done: Callable[[Any], None] | None = None,
        detail: Callable[[Any], None] | None = None,
        failed: Callable[[], None] | None = None,
        key: str = "",
        must: bool = False,
        listed: Listed | None = None,
        unheard: Callable[[Any], None] | None = None,
        urgency: Urgency = Urgency.PREDICT_SHOWN,
    ) -> int:
        """Queue a job on the files worker and return its id.

        Args:
            factory: Makes the job.
            words: For the status bar; "" shows nothing.
            done: Hears the result.
            detail: Hears the detail of a report.
            failed: Called when it failed, after the error was told.
            key: A later job of the same key replaces it.
            must: Closing the window waits for it.
            listed: How it stands in the list of jobs; by default its words, without a way to stop it.
            unheard: As for ``Answers``.
            urgency: When it is stepped among the others.
        """

        def progress(report: JobProgress) -> None:
            if report.detail is not None and detail is not None:
                detail(report.detail)
            if words:
                self.progressed.emit(report.message or words, report.done, report.total)

        def fail(error: Exception) -> None:
            self.failed.emit(error)
            if must:
                self.refresh()  # what was shown ahead of the store is taken back
            if failed is not None:
                failed()

        def ended() -> None:
            if words:
                self.progressed.emit("", 0, 0)
            if must:
                self.release()

        if must:
            self.hold()
        if words:
            self.progressed.emit(words, 0, 0)
        if listed is None and words:
            listed = Listed(words, stoppable=False)
        answers = Answers(done, progress, fail, ended, unheard)
        return self.files.submit(factory, urgency, answers, key, listed)

    def ask(
        self,
        act: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        key: str = "",
        must: bool = False,
    ) -> None:
        """Read or write something small of the project on the files worker, in the order of asking.

        Args:
            act: Takes well under 0.2 s.
            done: Hears its result.
            failed: Hears its error; by default it is told by ``failed``.
            key: A later wish of the same key replaces this one.
            must: Closing the window waits for it.
        """
        if must:
            self.hold()
        answers = Answers(done, None, failed or self.failed.emit, self.release if must else None)
        self.files.submit(once(act), Urgency.PREDICT_SHOWN, answers, key)

    def hold(self) -> None:
        """Something has begun that closing the window must wait for."""
        self._writes += 1

    def release(self) -> None:
        """It is done, or failed."""
        self._writes -= 1
        self._written.emit()

    def _finish_writing(self) -> None:
        """Keep the event loop alive until what must be written is written, or the disk takes far too long."""
        if not self._writes:
            return
        loop = QEventLoop()
        self._written.connect(lambda: None if self._writes else loop.quit())
        QTimer.singleShot(round(WRITE_WAIT_S * 1000), loop.quit)
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
