"""The steps of the open photo: listed, gone to one by one while the window stays alive, and named."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from resatt_studio.app.session import Session
from resatt_studio.errors import StudioError
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Checkpoint, Step
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr

if TYPE_CHECKING:
    from resatt_studio.workflow.correct import StoredDocument

SLICE_S = 0.008
"""How long steps are taken before the window may paint and hear keys again."""
SLICE_EVERY_MS = 4
MOST_UNSAVED = 200
"""Steps wait while so many acts are on their way to the disk, each with copies of its tiles."""


class PhotoHistory(QObject):
    """Follows the open photo's correction.

    Args:
        session: What is open.
    """

    changed = Signal()
    """The steps, how many of them are done, or the checkpoints."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.checkpoints: tuple[Checkpoint, ...] = ()
        self._known: tuple[object, int] = (None, 0)
        self._target: int | None = None
        self._steps = QTimer(self, interval=SLICE_EVERY_MS)
        self._steps.timeout.connect(self._take_steps)
        session.photo_changed.connect(lambda _: self._forget())
        session.document_ready.connect(lambda _: self._read())
        session.changed.connect(self._look)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Oldest first; the first :attr:`done_count` are done."""
        document = self._session.document
        return () if document is None else document.steps

    @property
    def done_count(self) -> int:
        document = self._session.document
        return 0 if document is None else document.edit_count

    @property
    def is_open(self) -> bool:
        """Whether there is a photo to paint on."""
        return self._session.document is not None

    @property
    def suggested_name(self) -> str:
        """For the next checkpoint."""
        return tr("Checkpoint {number}").format(number=len(self.checkpoints) + 1)

    def place_of(self, checkpoint: Checkpoint) -> int | None:
        """How many steps were done at a checkpoint; None when other steps took the place of its own."""
        if not checkpoint.edit_id:
            return 0
        ids = [step.edit_id for step in self.steps]
        return ids.index(checkpoint.edit_id) + 1 if checkpoint.edit_id in ids else None

    def go_to(self, edit_count: int) -> None:
        """Undo or redo, in slices, until so many steps are done; a newer wish takes the place of this one."""
        if self._session.document is not None:
            self._target = edit_count
            self._session.stepping = True
            self._session.document.before_edit = self.arrive
            self._steps.start()

    def arrive(self) -> None:
        """Take all steps that are left of the way to the state that was asked for, at once.

        Whoever paints on the way there means that state; an edit on the way would cut off the steps that lie
        ahead, so that they could never be redone.
        """
        document, target = self._session.document, self._target
        if not self._session.stepping or document is None or target is None or document.in_stroke:
            return
        self._halt()
        before = document.edit_count
        try:
            box = document.go_to(target)
        except StudioError as error:
            self._session.failed.emit(error)
            box = document.labels.box  # some steps were taken
        if document.edit_count != before:
            self._session.note_painted(box)

    def add_checkpoint(self, name: str) -> None:
        """Give the photo's present state a name; it is kept with the project."""
        document, name = self._session.document, name.strip() or self.suggested_name
        if document is None:
            return
        self.arrive()  # nobody means what is on the screen on the way there

        def made(checkpoint: Checkpoint) -> None:
            self._session.told.emit(
                tr("Checkpoint “{name}” is saved; the History panel lists it.").format(name=checkpoint.name)
            )
            self._session.refresh()
            if self._session.document is document:
                self._read()

        # Named now, and not when the files worker comes to it: it may be adding photos, and strokes go on.
        self._session.ask(document.checkpoint(name), made, must=True)

    def return_to(self, checkpoint: Checkpoint) -> None:
        """Go back to a named state: along the steps where they still lead there, else as one new step."""
        document, place = self._session.document, self.place_of(checkpoint)
        if place is not None:
            self.go_to(place)
        elif document is not None:
            read = lambda: document.checkpoint_tiles(checkpoint)  # noqa: E731 - a job
            self._session.ask(read, lambda tiles: self._become(document, tiles))

    # -- inside --

    def _become(self, document: StoredDocument, tiles: Mapping[tuple[int, int], UInt8Array]) -> None:
        if self._session.document is not document or document.in_stroke:
            return
        edit = document.become("checkpoint", tiles)
        if edit is not None:
            self._session.note_painted(edit.box)

    def _halt(self) -> None:
        self._steps.stop()
        self._session.stepping = False
        if self._session.document is not None:
            self._session.document.before_edit = None

    def _take_steps(self) -> None:
        document, target = self._session.document, self._target
        if document is None or target is None or document.in_stroke:
            self._halt()
            return
        if document.unsaved > MOST_UNSAVED:
            return
        until, box = time.monotonic() + SLICE_S, Box(0, 0, 0, 0)
        before = document.edit_count
        try:
            while document.edit_count != target and time.monotonic() < until:
                now = document.edit_count
                box = box.union(document.go_to(now + (1 if target > now else -1)))
                if document.edit_count == now:  # there is no further step
                    target = now
        except StudioError as error:
            self._session.failed.emit(error)
            target = document.edit_count
        if document.edit_count == target:
            self._halt()
        if document.edit_count != before:
            self._session.note_painted(box)

    def _look(self) -> None:
        document = self._session.document
        now = (document, 0 if document is None else document.version)
        if now != self._known:
            self._known = now
            self.changed.emit()

    def _forget(self) -> None:
        self.arrive()  # the photo is left as it was asked for, and not on the way there
        self._halt()
        self.checkpoints, self._known, self._target = (), (None, 0), None
        self.changed.emit()

    def _read(self) -> None:
        project, document = self._session.project, self._session.document
        if project is None or document is None:
            return

        def found(checkpoints: tuple[Checkpoint, ...]) -> None:
            if self._session.document is document:
                self.checkpoints = checkpoints
                self.changed.emit()

        self._session.ask(lambda: project.store.checkpoints(document.photo_id), found)
