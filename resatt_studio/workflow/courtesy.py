"""How the worker leaves a core to the window while somebody paints."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable

PAINTING_SECONDS = 2.0
"""For so long after a stroke the window counts as busy."""
NICENESS = 10
"""Of the thread that computes: where both want a core, the window's gets nine tenths of it."""


def stand_back() -> None:
    """Let other threads go before the calling one, and before those that it starts from now on.

    On Linux; elsewhere, and where it is forbidden, nothing changes.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


class Courtesy:
    """Told of strokes by the window's thread, asked for threads by the worker's; neither waits for the other.

    Args:
        threads: Most threads of the networks; 0 for as many as there are cores.
        clock: Monotonic seconds.
    """

    def __init__(self, threads: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.threads = threads
        self._clock = clock
        self._busy_until = float("-inf")

    def painted(self) -> None:
        """Somebody moved the brush just now."""
        self._busy_until = self._clock() + PAINTING_SECONDS

    @property
    def painting(self) -> bool:
        """Whether the window needs a core for itself."""
        return self._clock() < self._busy_until

    def threads_now(self) -> int:
        """Threads that the next piece of work may use; asked before each tile and each training step."""
        from resatt_studio.inference.device import core_count

        cores = core_count()
        most = min(self.threads, cores) if self.threads else cores
        return max(1, min(most, cores - 1)) if self.painting else most
