"""How many millimetres a pixel of the open photo is, and the length that the ruler measures."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.session import Session
from resatt_studio.words import mark


class PhotoScale(QObject):
    """Reads and keeps the scale of the open photo, or of its project.

    Args:
        session: What is open.

    Attributes:
        mm_per_px: Of the open photo; None while nobody said.
        length_px: What the ruler measures now, in photo pixels; None for nothing.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.mm_per_px: float | None = None
        self.length_px: float | None = None
        session.photo_changed.connect(lambda _: self._take(None))
        session.document_ready.connect(lambda document: self._read(document.photo_id))

    def measured(self, length_px: float | None) -> None:
        """The ruler measures another length, or none."""
        known, self.length_px = self.length_px is not None, length_px
        if known != (length_px is not None):
            self.changed.emit()  # only whether there is one decides what can be done

    def set(self, mm_per_px: float | None, whole_project: bool = False) -> None:
        """Keep the scale of the open photo, or forget it.

        Args:
            mm_per_px: Millimetres per pixel, above 0; None for unknown.
            whole_project: Whether it holds for every photo of the project that has none of its own, this one
                included.
        """
        project, document = self._session.project, self._session.document
        if project is None or document is None:
            return
        photo_id, author = document.photo_id, self._session.settings.author

        def act() -> float | None:
            if whole_project:
                project.settings.set_mm_per_px(None, photo_id)
            project.settings.set_mm_per_px(mm_per_px, "" if whole_project else photo_id)
            unknown, known = mark("scale forgotten"), mark("{scale} mm per pixel")
            words = unknown if mm_per_px is None else known.format(scale=f"{mm_per_px:g}")
            project.store.log("scale", words, "" if whole_project else photo_id, author=author)
            return project.settings.mm_per_px(photo_id)

        self._ask(act, photo_id, must=True)

    def _read(self, photo_id: str) -> None:
        project = self._session.project
        if project is not None:
            self._ask(lambda: project.settings.mm_per_px(photo_id), photo_id)

    def _ask(self, act: Callable[[], float | None], photo_id: str, must: bool = False) -> None:
        session = self._session

        def done(mm_per_px: float | None) -> None:
            if session.document is not None and session.document.photo_id == photo_id:
                self._take(mm_per_px)

        session.ask(act, done, key="" if must else "scale", must=must)

    def _take(self, mm_per_px: float | None) -> None:
        if mm_per_px != self.mm_per_px:
            self.mm_per_px = mm_per_px
            self.changed.emit()
