"""Which window the open 16-bit photo is seen through, and its samples once they are wished for."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from resatt_studio.app import jobs
from resatt_studio.app.canvas.tile_memory import MAP_BYTES_A_PIXEL, MORE_MEMORY
from resatt_studio.app.canvas.tone import Tone
from resatt_studio.app.session import Session
from resatt_studio.app.tool_options import REMEMBER_MS
from resatt_studio.app.view_state import ViewState
from resatt_studio.imaging.depth import Window
from resatt_studio.records.photo import DeepPhoto, Photo
from resatt_studio.words import joined, mark, tr

MOST_WINDOWS = 500
"""Photos whose window is remembered; those that it was set for longest ago go first."""

TOO_LARGE = mark(
    "The samples of this photo do not fit into the memory that photos may take; 8 bits stand in for them."
)
_LEAST_BYTES_A_PIXEL = 2 * MAP_BYTES_A_PIXEL


class PhotoTone(QObject):
    """Keeps a window for each photo, and reads the samples of one that is held whole when it has one.

    Brightness and contrast are the same for every photo; a window is a photo's own, because its samples are.

    Args:
        session: What is open.
        view: How it is shown.

    Attributes:
        window: Of the open photo: samples that are 0 and 255 in the 8-bit pixels that networks and tools are
            given; None for a photo of 8 bits, or none.
        keep: Called with the new :attr:`text` once no photo's window changed for a moment.
        reading: Whether samples are on their way.
    """

    changed = Signal()
    """Another photo is open, or its samples are asked for, or there."""
    deep_ready = Signal(object)
    """The ``DeepPhoto`` of the open photo."""
    fit_wanted = Signal()
    """Somebody wants the tone fitted to what the canvas shows."""

    def __init__(self, session: Session, view: ViewState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self.window: Window | None = None
        self.keep: Callable[[str], None] = lambda text: None
        self._windows: OrderedDict[str, Window] = OrderedDict()
        self._photo_id = ""
        self._whole_px = 0
        self._asked = self.reading = False
        self._timer = QTimer(self, interval=REMEMBER_MS, singleShot=True)
        self._timer.timeout.connect(self.flush)
        session.photo_changed.connect(lambda _: self._open("", None))
        session.photo_ready.connect(lambda photo, document: self._opened(photo))
        session.tiles_ready.connect(lambda tiles, document: self._open(tiles.photo_id, tiles.window))
        view.tone_changed.connect(self._toned)

    @property
    def text(self) -> str:
        """The windows of all photos as JSON."""
        rows = [[photo_id, *window] for photo_id, window in self._windows.items()]
        return json.dumps(rows, separators=(",", ":"))

    def recall(self, text: str) -> None:
        """Remember what :attr:`text` was in an earlier session; what is not understood of it is left out."""
        try:
            rows = json.loads(text) if text else []
        except ValueError:
            rows = []
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, list) and len(row) == 3 and isinstance(row[0], str) and _is_window(row[1:]):
                self._windows[row[0]] = (float(row[1]), float(row[2]))

    def set_window(self, window: Window | None) -> None:
        """See the open photo through another window; None for the one that the networks' pixels have."""
        self._view.set_tone(replace(self._view.tone, window=window))

    def flush(self) -> None:
        """Have the windows kept now."""
        self._timer.stop()
        self.keep(self.text)

    # -- inside --

    def _opened(self, photo: Photo) -> None:
        self._open(photo.photo_id, photo.window, whole_px=photo.height * photo.width)

    def _open(self, photo_id: str, window: Window | None, whole_px: int = 0) -> None:
        """Another photo is open; ``whole_px`` is 0 for one that is shown by tiles, which are samples."""
        self._photo_id, self.window, self._whole_px = "", window, whole_px
        self._asked = self.reading = False
        kept = self._windows.get(photo_id) if window is not None else None
        self._view.set_tone(replace(self._view.tone, window=kept))
        self._photo_id = photo_id
        self._read_if_wanted()
        self.changed.emit()

    def _toned(self, tone: Tone) -> None:
        if self.window is None or not self._photo_id or self._windows.get(self._photo_id) == tone.window:
            return
        self._windows.pop(self._photo_id, None)
        if tone.window is not None:
            self._windows[self._photo_id] = tone.window
        while len(self._windows) > MOST_WINDOWS:
            self._windows.popitem(last=False)
        self._timer.start()
        self._read_if_wanted()

    def _read_if_wanted(self) -> None:
        session, photo_id = self._session, self._photo_id
        project = session.project
        if self._view.tone.window is None or self._asked or not self._whole_px or project is None:
            return
        self._asked = True  # once for each photo, whatever comes of it
        if not session.memory.has_room(self._whole_px * _LEAST_BYTES_A_PIXEL):
            session.told.emit(joined((tr(TOO_LARGE), tr(MORE_MEMORY))))
            return
        self.reading = True
        session.ask(
            lambda: jobs.read_deep(project, photo_id),
            lambda photo: self._take(photo_id, photo),
            lambda error: self._fail(photo_id, error),
            key="deep",
        )
        self.changed.emit()

    def _take(self, photo_id: str, photo: DeepPhoto | None) -> None:
        if photo_id == self._photo_id:
            self.reading = False
            if photo is not None:
                self.deep_ready.emit(photo)
            self.changed.emit()

    def _fail(self, photo_id: str, error: Exception) -> None:
        if photo_id == self._photo_id:
            self.reading = False
            self._session.failed.emit(error)
            self.changed.emit()


def _is_window(numbers: list[object]) -> bool:
    low, high = numbers
    plain = all(isinstance(n, int | float) and math.isfinite(n) for n in (low, high))
    return plain and 0 <= float(str(low)) < float(str(high)) <= 65535
