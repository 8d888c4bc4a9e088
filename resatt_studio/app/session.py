"""What is open now: project, photo, document, prediction. This is the one place that changes it.

Slow things are jobs on a worker; their answers carry ids, and an answer that is no longer wanted is dropped
here. Panels and canvas listen to the signals and never change anything themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from resatt_studio import settings
from resatt_studio.app import jobs
from resatt_studio.app.listing import Listing, neighbour
from resatt_studio.app.predictor import Predictor
from resatt_studio.app.thumbnails import Thumbnails
from resatt_studio.app.worker import Answers, Worker, once
from resatt_studio.errors import StudioError
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.photo import Photo, PhotoEntry, ReviewState
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import WeightsState, WeightsVersion

if TYPE_CHECKING:
    from resatt_studio.workflow.correct import StoredDocument
    from resatt_studio.workflow.project import Project

AHEAD = 2
"""How many photos after the open one are predicted before they are asked for."""
SAVE_LOOK_MS = 100
NOW = Urgency.PREDICT_SHOWN


class Session(QObject):
    """Project, photo list, open photo; every change is told by a signal.

    Args:
        preferences: Settings of this person.
    """

    changed = Signal()
    """Anything that decides which actions are enabled, or the title."""
    project_changed = Signal(object)
    state_read = Signal(object)
    """A fresh ``jobs.ProjectState``."""
    listed_changed = Signal()
    photo_changed = Signal(object)
    """Another photo is being opened; carries its PhotoEntry, or None."""
    preview_ready = Signal(object)
    photo_ready = Signal(object, object)
    """Photo and document, or None and None."""
    prediction_changed = Signal(object)
    painted = Signal(object)
    """Box of the photo that undo or redo changed."""
    told = Signal(str)
    failed = Signal(object)
    """A StudioError or any other exception."""
    progressed = Signal(str, int, int)
    learning_cut_off = Signal()
    """The project's last learning was ended by a crash; it can go on from where it was."""
    _unwritten = Signal(object)
    """The journal's thread could not save a stroke; it tries again by itself."""

    def __init__(self, preferences: settings.Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = preferences
        self.files = Worker("files", self)
        self.gpu = Worker("network", self)
        self.thumbnails = Thumbnails(self.files, self)
        self.predictor = Predictor(self.gpu, preferences.device, preferences.threads, self)
        self.project: Project | None = None
        self.state = jobs.ProjectState((), (), 0)
        self.listing = Listing()
        self.listed: tuple[PhotoEntry, ...] = ()
        self.entry: PhotoEntry | None = None
        self.photo: Photo | None = None
        self.document: StoredDocument | None = None
        self.prediction: Prediction | None = None
        self.threshold = preferences.threshold
        self.saved_at = ""
        self._unsaved = QTimer(self, interval=SAVE_LOOK_MS)
        self._unsaved.timeout.connect(self._look_whether_saved)
        self._unwritten.connect(self.failed, Qt.ConnectionType.QueuedConnection)
        self.files.broke.connect(self.failed)
        self.gpu.broke.connect(self.failed)
        self.predictor.predicted.connect(self._take_prediction)
        self.predictor.failed.connect(self.failed)
        self.predictor.progressed.connect(self.progressed)

    def start(self) -> None:
        """Start the workers; called after the first paint."""
        self.files.start()
        self.gpu.start()

    # -- what holds now --

    @property
    def active(self) -> WeightsVersion | None:
        """The weights in use."""
        return next((v for v in self.state.versions if v.state is WeightsState.ACTIVE), None)

    @property
    def can_undo(self) -> bool:
        return self.document is not None and self.document.can_undo

    @property
    def can_redo(self) -> bool:
        return self.document is not None and self.document.can_redo

    @property
    def has_samples(self) -> bool:
        """Whether anything was approved."""
        return any(e.state is ReviewState.APPROVED for e in self.state.entries)

    @property
    def can_roll_back(self) -> bool:
        """Whether other weights were in use before these."""
        return any(v.state is WeightsState.RETIRED for v in self.state.versions)

    @property
    def saving(self) -> bool:
        """Whether a stroke is on its way to the disk."""
        return self._unsaved.isActive()

    # -- project --

    def open_project(self, folder: Path, then: Callable[[], None] | None = None) -> None:
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
            folder.parent.mkdir(parents=True, exist_ok=True)
            self.create_project(folder, [jobs.sample_photos()])

    def close_project(self) -> None:
        """Write what is in flight and show the start page."""
        if self.project is None:
            return
        project = self.project
        self._leave_photo()
        self.predictor.forget()
        self.project = None
        self.state = jobs.ProjectState((), (), 0)
        self.thumbnails.clear()
        self._submit(once(project.close), "Closing")
        self._relist()
        self.project_changed.emit(None)
        self.changed.emit()

    def add(self, sources: Sequence[Path]) -> None:
        """Add photos and folders to the open project."""
        project = self.project
        if project is not None and sources:
            self._submit(
                lambda: jobs.add(project, sources, self.settings.author), "Adding photos", self._added
            )

    def checkpoint(self) -> None:
        """Note a point in the project's history; the strokes themselves are saved as they are painted."""
        project, document = self.project, self.document
        if project is None:
            return

        def note() -> None:
            if document is not None:
                document.flush()
            project.store.log("checkpoint", time.strftime("%Y-%m-%d %H:%M:%S"), author=self.settings.author)

        self._submit(once(note), "Saving", lambda _: self.told.emit("Everything is saved; checkpoint noted."))

    def refresh(self) -> None:
        """Read list, versions and counters again."""
        project = self.project
        if project is not None:
            self._submit(once(lambda: jobs.read_state(project)), "", self._take_state, key="state")

    # -- photo --

    def open_photo(self, photo_id: str) -> None:
        """Open a photo of the list; its preview comes first."""
        entry = next((e for e in self.state.entries if e.photo_id == photo_id), None)
        project = self.project
        if entry is None or project is None or (self.entry and self.entry.photo_id == photo_id):
            return
        self._leave_photo()
        if entry.state is ReviewState.BROKEN:
            self.failed.emit(StudioError(f"{entry.name} cannot be shown.", entry.reason))
            return
        self.entry = entry
        self.photo_changed.emit(entry)
        self.changed.emit()
        weights_id = self.active.weights_id if self.active else ""
        self._submit(
            lambda: jobs.open_photo(project, entry, self.settings.author, weights_id, self._unwritten.emit),
            f"Opening {entry.name}",
            lambda opened: self._show(entry, opened),
            preview=lambda pixels: self._preview(entry, pixels),
            key="photo",
        )

    def next_photo(self) -> None:
        self._go(+1)

    def previous_photo(self) -> None:
        self._go(-1)

    def next_unchecked(self) -> None:
        self._go(+1, unchecked_only=True)

    def previous_unchecked(self) -> None:
        self._go(-1, unchecked_only=True)

    def set_listing(self, **changes: str) -> None:
        """Change sort, filter or search of the list."""
        self.listing = replace(self.listing, **changes)
        self._relist()

    # -- painting --

    def note_edit(self) -> None:
        """A stroke ended: follow it to the disk."""
        if self.document is None or self.entry is None:
            return
        if self.entry.state is not ReviewState.CORRECTING:
            self._patch_entry(replace(self.entry, state=ReviewState.CORRECTING))
        self._unsaved.start()
        self.changed.emit()

    def undo(self) -> None:
        self._step_history("undo")

    def redo(self) -> None:
        self._step_history("redo")

    def set_threshold(self, threshold: float) -> None:
        """Change the probability above which a pixel is shown as crack; kept with the project."""
        self.threshold = threshold
        self.prediction_changed.emit(self.prediction)
        project = self.project
        if project is not None:
            self._submit(once(lambda: setattr(project.settings, "threshold", threshold)), "", key="threshold")

    # -- review --

    def approve(self) -> None:
        """Keep mask and corrections of this photo to learn from, and go on to the next unchecked one."""
        self._approve(complete=False)

    def approve_complete(self) -> None:
        """As :meth:`approve`; every pixel is vouched for."""
        self._approve(complete=True)

    def skip(self) -> None:
        project, entry = self.project, self.entry
        if project is None or entry is None:
            return
        photo_id = entry.photo_id
        self._patch_entry(replace(entry, state=ReviewState.SKIPPED))
        self._submit(
            once(lambda: project.store.set_state(photo_id, ReviewState.SKIPPED)), "", self._refreshed
        )
        self._go(+1, unchecked_only=True)

    # -- prediction --

    def predict_again(self) -> None:
        if self.project is not None and self.photo is not None:
            self.predictor.predict_shown(self.project, self.photo)

    def predict_all(self) -> None:
        if self.project is not None:
            self.predictor.predict_project(self.project)

    def weights_changed(self) -> None:
        """Other weights are in use: what was predicted by the old ones is shown no longer."""
        self.prediction = None
        self.prediction_changed.emit(None)
        self.refresh()
        self.predict_again()

    # -- end --

    def flush(self) -> None:
        """Wait until every stroke of the open photo is on the disk.

        Raises:
            StoreError: The disk refuses; the strokes stay in memory and are tried again.
        """
        if self.document is not None:
            self.document.flush()

    def shut_down(self, timeout_s: float = 2.0) -> bool:
        """Write what is in flight, stop both threads, close the project; whether all ended in time."""
        deadline = time.monotonic() + timeout_s
        self.document = None  # closing the project closes its documents, which writes what is queued
        ended = self.gpu.stop(max(0.1, deadline - time.monotonic()))
        ended &= self.files.stop(max(0.1, deadline - time.monotonic()))
        project, self.project = self.project, None
        if project is not None:
            project.close()
        return ended

    # -- inside --

    def _open(self, folder: Path, create: bool, then: Callable[[], None] | None = None) -> None:
        self.close_project()

        def opened(result: jobs.OpenedProject) -> None:
            self.project = result.project
            self.threshold = result.threshold
            self._take_state(result.state)
            self._remember(result.project.folder)
            if result.cut_off:
                self.learning_cut_off.emit()
            self.project_changed.emit(result.project)
            self.changed.emit()
            if then is not None:
                then()
            else:
                self.next_photo()

        self._submit(
            lambda: jobs.open_or_create(folder, create, self.settings.threshold),
            f"Opening {folder.name}",
            opened,
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
        self.refresh()
        count = len(added.refused)
        words = f"{added.new} photos added."
        self.told.emit(words + (f" {count} could not be read; the list says why." if count else ""))
        if self.entry is None:
            self._submit(once(lambda: None), "", lambda _: self.next_photo())

    def _leave_photo(self) -> None:
        document, self.document = self.document, None
        self._unsaved.stop()
        self.entry, self.photo, self.prediction = None, None, None
        self.photo_changed.emit(None)
        if document is not None:
            self._submit(once(document.close), "")

    def _preview(self, entry: PhotoEntry, pixels: UInt8Array) -> None:
        if self.entry is not None and self.entry.photo_id == entry.photo_id and self.photo is None:
            self.preview_ready.emit(pixels)

    def _show(self, entry: PhotoEntry, opened: jobs.OpenedPhoto) -> None:
        if self.entry is None or self.entry.photo_id != entry.photo_id:
            self._submit(once(opened.document.close), "")
            return
        self.photo, self.document = opened.photo, opened.document
        self.photo_ready.emit(opened.photo, opened.document)
        self._set_prediction(opened.prediction)
        project = self.project
        if project is not None:
            if opened.prediction is None:
                self.predictor.predict_shown(project, opened.photo)
            self._predict_next(project)
        self.changed.emit()

    def _predict_next(self, project: Project) -> None:
        ids = [e.photo_id for e in self.listed]
        place = ids.index(self.entry.photo_id) if self.entry and self.entry.photo_id in ids else -1
        following = [e for e in self.listed[place + 1 :] if e.state is ReviewState.NEW][:AHEAD]
        self.predictor.predict_ahead(project, following)

    def _take_prediction(self, prediction: Prediction) -> None:
        active = self.active
        if active is not None and prediction.weights_id != active.weights_id:
            return
        if self.entry is not None and prediction.photo_id == self.entry.photo_id:
            self._set_prediction(prediction)
        self.refresh()

    def _set_prediction(self, prediction: Prediction | None) -> None:
        self.prediction = prediction
        if self.document is not None:
            self.document.weights_id = prediction.weights_id if prediction is not None else ""
        self.prediction_changed.emit(prediction)

    def _step_history(self, act: str) -> None:
        if self.document is None:
            return
        edit = getattr(self.document, act)()
        if edit is not None:
            box: Box = edit.box
            self.painted.emit(box)
            self.note_edit()

    def _look_whether_saved(self) -> None:
        if self.document is None or self.document.unsaved == 0:
            self._unsaved.stop()
            self.saved_at = time.strftime("%H:%M:%S")
            self.changed.emit()

    def _approve(self, complete: bool) -> None:
        from resatt_studio.workflow.correct import approve

        project, entry, document, prediction = self.project, self.entry, self.document, self.prediction
        if project is None or entry is None or document is None:
            return
        author = self.settings.author
        self.document = None  # the job owns it from here on; the photo is opened anew when asked for
        self._leave_photo()

        def keep() -> None:
            try:
                approve(project, document, prediction, author, complete=complete)
            finally:
                document.close()

        self._patch_entry(replace(entry, state=ReviewState.APPROVED))
        self._submit(once(keep), f"Approving {entry.name}", self._refreshed)
        following = neighbour(self.listed, entry.photo_id, +1, unchecked_only=True)
        self.told.emit(f"{entry.name} is approved.")
        self.open_photo((following or entry).photo_id)

    def _go(self, step: int, unchecked_only: bool = False) -> None:
        here = self.entry.photo_id if self.entry else None
        entry = neighbour(self.listed, here, step, unchecked_only)
        if entry is not None:
            self.open_photo(entry.photo_id)
        elif here is not None:
            self.told.emit(
                "That was the last photo to review." if unchecked_only else "No more photos this way."
            )

    def _patch_entry(self, entry: PhotoEntry) -> None:
        """Show a change at once; the store's own word follows with the next refresh."""
        entries = tuple(entry if e.photo_id == entry.photo_id else e for e in self.state.entries)
        if self.entry is not None and self.entry.photo_id == entry.photo_id:
            self.entry = entry
        self._take_state(replace(self.state, entries=entries))

    def _take_state(self, state: jobs.ProjectState) -> None:
        self.state = state
        if self.entry is not None:
            here = self.entry.photo_id
            self.entry = next((e for e in state.entries if e.photo_id == here), self.entry)
        self.state_read.emit(state)
        self._relist()
        self.changed.emit()

    def _refreshed(self, _: object) -> None:
        self.refresh()

    def _relist(self) -> None:
        self.listed = self.listing.of(self.state.entries)
        self.listed_changed.emit()

    def _submit(
        self,
        factory: Any,
        words: str,
        done: Callable[[Any], None] | None = None,
        preview: Callable[[Any], None] | None = None,
        key: str = "",
    ) -> None:
        def progress(report: JobProgress) -> None:
            if report.detail is not None and preview is not None:
                preview(report.detail)
            if words:
                self.progressed.emit(report.message or words, report.done, report.total)

        def ended() -> None:
            if words:
                self.progressed.emit("", 0, 0)

        if words:
            self.progressed.emit(words, 0, 0)
        self.files.submit(factory, NOW, Answers(done, progress, None, ended), key)
