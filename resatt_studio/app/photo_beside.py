"""The photo on the right where two photos are compared: read in the background, put away when it is left."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from resatt_studio.app import jobs
from resatt_studio.app.canvas.tile_memory import WHOLE_BYTES_A_PIXEL
from resatt_studio.app.session import Session
from resatt_studio.app.view_state import ViewState
from resatt_studio.app.worker import Answers
from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import Urgency
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.words import mark


class BesidePhoto(QObject):
    """Holds the chosen other photo as long as both are looked at and it is not the open one.

    Args:
        session: What is open.
        view: Which photo is wanted on the right.
    """

    changed = Signal()
    """Asked for, there, refused with a reason, or put away."""

    def __init__(self, session: Session, view: ViewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._job: int | None = None
        self._asked = ""
        self._whole = False
        self.photo: jobs.PhotoBeside | None = None
        self.trouble: StudioError | None = None
        view.sides_changed.connect(lambda _: self._follow())
        session.document_ready.connect(lambda _: self._follow())
        session.state_read.connect(lambda _: self._follow())
        session.photo_changed.connect(self._left_changed)
        session.project_changed.connect(lambda _: self._leave())

    @property
    def entry(self) -> PhotoEntry | None:
        """The photo that is wanted on the right; None where that is the open one."""
        wanted, opened = self._view.sides, self._session.entry
        if not wanted.on or not wanted.photo_id or (opened and opened.photo_id == wanted.photo_id):
            return None
        entries = self._session.state.entries
        return next((entry for entry in entries if entry.photo_id == wanted.photo_id), None)

    def shut_down(self) -> None:
        """The threads have ended: let go of its file."""
        photo, self.photo = self.photo, None
        if photo is not None:
            photo.close()

    # -- inside --

    def _left_changed(self, opened: PhotoEntry | None) -> None:
        """The canvas gets another photo, which has the first claim on the memory."""
        if opened is None:
            return
        same = opened.photo_id == self._asked
        if same or (self._whole and self.entry is not None and not self._fits(self.entry)):
            self._leave()

    def _follow(self) -> None:
        entry, project = self.entry, self._session.project
        if entry is None or project is None:
            self._leave()
            return
        if entry.photo_id == self._asked or self._session.document is None:
            return  # what is open counts first; how much it takes is known when it is there
        self._leave()
        # What else the open photo holds by now (samples of 16 bits, what dehazing made) counts as well.
        needed = entry.facts.height * entry.facts.width * WHOLE_BYTES_A_PIXEL
        self._asked, self._whole = entry.photo_id, self._fits(entry) and self._session.memory.has_room(needed)
        whole = self._whole
        if entry.state is ReviewState.BROKEN:
            self.trouble = StudioError(mark("{name} cannot be shown.").format(name=entry.name), entry.reason)
            self.changed.emit()
            return
        session = self._session
        self._job = session.files.submit(
            lambda: jobs.open_beside(project, entry, whole, session.memory, session.tile_cache),
            Urgency.PREDICT_SHOWN,
            Answers(
                self._opened,
                failed=lambda error: self._refused(entry, error),
                unheard=lambda photo: photo.close(),
            ),
        )
        self.changed.emit()

    def _fits(self, entry: PhotoEntry) -> bool:
        """Whether it may be held whole beside the open photo."""
        opened, memory = self._session.entry, self._session.memory
        count_px = entry.facts.height * entry.facts.width
        if opened is None:
            return memory.fits_whole(count_px)
        open_px = opened.facts.height * opened.facts.width
        if memory.fits_whole(open_px):
            return memory.fits_whole(open_px + count_px)
        return memory.has_room(count_px * WHOLE_BYTES_A_PIXEL)

    def _opened(self, photo: jobs.PhotoBeside) -> None:
        if photo.entry.photo_id != self._asked or self.photo is not None:
            self._close(photo)
            return
        self._job = None
        self.photo = photo
        self.changed.emit()

    def _refused(self, entry: PhotoEntry, error: Exception) -> None:
        if entry.photo_id != self._asked:
            return
        self._job = None
        if isinstance(error, StudioError):
            self.trouble = error
        else:
            self._session.failed.emit(error)
        self.changed.emit()

    def _leave(self) -> None:
        self._session.files.cancel(self._job)
        self._job = None
        photo, self.photo = self.photo, None
        was, self._asked, self.trouble = self._asked, "", None
        if was:
            self.changed.emit()  # first, so that nobody looks at tiles that are closed
        if photo is not None:
            self._close(photo)

    def _close(self, photo: jobs.PhotoBeside) -> None:
        if photo.tiles is not None:
            self._session.close_tiles(photo.tiles)
