"""How networks leave cores to others: one to the window while somebody paints, and to other programs what
these use."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

PAINTING_SECONDS = 2.0
"""For so long after a stroke the window counts as busy."""
NICENESS = 10
"""Of the thread that computes: where both want a core, the window's gets nine tenths of it."""
LOOK_SECONDS = 1.0
NEARLY = 0.3
"""A core that others use this much counts as free all the same."""


def stand_back() -> None:
    """Let other threads go before the calling one, and before those that it starts from now on.

    On Linux; elsewhere, and where it is forbidden, nothing changes.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


@dataclass(frozen=True, slots=True)
class CpuSeconds:
    """What all cores together did since some moment.

    Attributes:
        machine: Seconds that any program had a core, or another guest of the host had it.
        own: Of them, this process's.
    """

    machine: float
    own: float


def read_cpu() -> CpuSeconds:
    """Ask the system."""
    import psutil

    told = psutil.cpu_times()
    idle = told.idle + getattr(told, "iowait", 0.0)
    twice = getattr(told, "guest", 0.0) + getattr(told, "guest_nice", 0.0)  # part of user and nice as well
    own = psutil.Process().cpu_times()
    return CpuSeconds(sum(told) - idle - twice, own.user + own.system)


class SpareCores:
    """How many threads fit beside what other programs do, looked at once a second.

    A network's threads wait for each other after every layer, and waiting they keep their cores. Where other
    programs take these, all wait for the thread that has none: beside two programs that compute without
    pause, two threads on two cores learn at a third of the speed of one (docs/BENCHMARKS-learning.md).

    Args:
        clock: Monotonic seconds.
        read: What the cores did.
        cores: Of the whole machine; None asks the system.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        read: Callable[[], CpuSeconds] = read_cpu,
        cores: int | None = None,
    ) -> None:
        self._clock = clock
        self._read = read
        self._cores = cores or os.cpu_count() or 1
        self._spare = self._cores
        self._seen: tuple[float, CpuSeconds] | None = None

    def now(self) -> int:
        """Threads that the next piece of work should use, at least 1."""
        moment = self._clock()
        if self._seen is None or moment - self._seen[0] >= LOOK_SECONDS:
            told = self._read()
            if self._seen is not None:
                began, before = self._seen
                others = (told.machine - before.machine) - (told.own - before.own)
                self._spare = int(self._cores - others / (moment - began) + NEARLY)
            self._seen = moment, told
        return max(1, self._spare)


class Courtesy:
    """Told of strokes by the window's thread, asked for threads by the worker's; neither waits for the other.

    Args:
        threads: Most threads of the networks; 0 for as many as there are cores.
        clock: Monotonic seconds.
        spare: What other programs leave; None asks the system.
    """

    def __init__(
        self,
        threads: int = 0,
        clock: Callable[[], float] = time.monotonic,
        spare: Callable[[], int] | None = None,
    ) -> None:
        self.threads = threads
        self._clock = clock
        self._spare = spare or SpareCores(clock).now
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
        most = min(self.threads or cores, cores, self._spare())
        return max(1, min(most, cores - 1)) if self.painting else most
