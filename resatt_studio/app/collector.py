"""Python's collector of reference cycles, in the window's own thread and not in a stroke."""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

from resatt_studio.workflow.courtesy import Courtesy

EVERY_S = 1.0
_MADE = 700  # objects since the last look: fewer are not worth one (Python's own number)
_LOADED = 5_000  # objects since the last look: so many come with a library
_YOUNG_LOOKS = 30  # between two looks at all objects
_LONG_S = 0.02


class Collector(QObject):
    """Runs Python's collector from the event loop, instead of wherever an object happens to be made.

    Left to itself it runs in the thread that makes an object, the network's as well, and holds up all others
    for as long as it looks at everything that Qt and torch consist of: a quarter of a second. It may also
    destroy a Qt object in another thread than the object's, or inside Qt, which may hold the very lock that
    the object's end waits for (seen with PySide 6.11).

    Here young objects are looked at every second, and all of them while nobody paints. What comes in great
    numbers, or took long to be looked at and is still there, is a library's and stays to the end: it is set
    aside and not looked at again.

    Args:
        parent: The window. Python's own way stays off when it has gone.
        courtesy: Knows whether somebody paints.
    """

    def __init__(self, parent: QObject, courtesy: Courtesy) -> None:
        super().__init__(parent)
        self._courtesy = courtesy
        self._young_looks = 0
        gc.disable()
        timer = QTimer(self, interval=round(EVERY_S * 1000))
        timer.timeout.connect(self._look)
        timer.start()

    def _look(self) -> None:
        """Look at what was made since the last time, or at everything when that is due."""
        made = gc.get_count()[0]
        if made < _MADE:
            return
        if made >= _LOADED:
            gc.freeze()
        elif self._young_looks < _YOUNG_LOOKS or self._courtesy.painting:
            self._young_looks += 1
            gc.collect(1)
        else:
            self._young_looks = 0
            began = time.perf_counter()
            gc.collect()
            if time.perf_counter() - began > _LONG_S:
                gc.freeze()
