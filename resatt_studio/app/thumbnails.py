"""Thumbnails on demand: the newest wish first, decoded beside the window, kept within a bound."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Generator
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.worker import Answers, Worker
from resatt_studio.errors import PhotoError
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.workflow.jobs import progress

SIDE_PX = 160
KEPT = 800


class Thumbnails(QObject):
    """Gives thumbnails that are at hand and fetches those that are not.

    Args:
        files: The worker that reads photos.
    """

    ready = Signal(str)
    """A thumbnail arrived; carries its photo_id."""

    def __init__(self, files: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files = files
        self._kept: OrderedDict[str, UInt8Array] = OrderedDict()
        self._wished: deque[tuple[str, Path]] = deque()
        self._asked: set[str] = set()
        self._fetching = False

    def get(self, photo_id: str, path: Path) -> UInt8Array | None:
        """Return h x w x 3 uint8 RGB with a longer side of at most 160 px, or None and fetch it."""
        found = self._kept.get(photo_id)
        if found is not None:
            self._kept.move_to_end(photo_id)
            return found
        if photo_id not in self._asked:
            self._asked.add(photo_id)
            self._wished.append((photo_id, path))
            self._fetch()
        return None

    def at_hand(self, photo_id: str) -> UInt8Array | None:
        """As :meth:`get` without fetching."""
        return self._kept.get(photo_id)

    def clear(self) -> None:
        """Forget everything, as when another project is opened."""
        self._wished.clear()
        self._kept.clear()
        self._asked.clear()

    def _fetch(self) -> None:
        if self._fetching:
            return
        self._fetching = True
        answers = Answers(progress=self._keep, ended=self._ended)
        self._files.submit(self._job, Urgency.PREDICT_AHEAD, answers)

    def _job(self) -> Generator[JobProgress, None, None]:
        from resatt_studio.imaging.files import previewing

        while True:
            try:
                photo_id, path = self._wished.pop()  # the newest wish is what the list shows now
            except IndexError:
                return
            try:
                for pixels in previewing(path, SIDE_PX):
                    yield progress(0, 0, detail=None if pixels is None else (photo_id, pixels))
            except PhotoError:
                continue  # a photo that went missing says so when it is opened; the list shows a blank

    def _keep(self, report: JobProgress) -> None:
        if report.detail is None:
            return
        photo_id, pixels = report.detail
        self._kept[photo_id] = pixels
        while len(self._kept) > KEPT:
            dropped, _ = self._kept.popitem(last=False)
            self._asked.discard(dropped)
        self.ready.emit(photo_id)

    def _ended(self) -> None:
        self._fetching = False
        if self._wished:
            self._fetch()
