"""The runner that steps generators: the most urgent job first, one thread, every outcome reported.

A job is a generator that yields :class:`JobProgress` at least every 0.2 s and returns its result. It is
stepped on the runner's thread alone, so it may use torch without locks; closing it cancels it, therefore it
cleans up in ``finally``. Across a yield a job holds nothing that others need (no torch mode, no
transaction, no global seed), because a more urgent job may be stepped in between.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from resatt_studio.errors import BugError
from resatt_studio.records.jobs import JobDone, JobFailed, JobProgress, JobReport, Urgency

_LOG = logging.getLogger(__name__)

T = TypeVar("T")
Job: TypeAlias = Generator[JobProgress, None, T]
JobFactory: TypeAlias = Callable[[], Generator[JobProgress, None, Any]]
Emit: TypeAlias = Callable[[JobReport], None]

STOP_SECONDS = 2.0
"""How long :meth:`JobRunner.stop` waits for the step in hand."""


def progress(done: int, total: int, unit: str = "", message: str = "", detail: object = None) -> JobProgress:
    """A report as a job yields it; the runner fills in the job's id."""
    return JobProgress(0, done, total, unit, message, detail)


def drain(job: Job[T], on_progress: Callable[[JobProgress], None] | None = None) -> T:
    """Step ``job`` to its end on the caller's thread and return its result.

    Whatever ends the loop early (an error in ``on_progress``, Ctrl-C) closes the job first.
    """
    try:
        while True:
            report = next(job)
            if on_progress is not None:
                on_progress(report)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        job.close()


def during(job: Job[T], report: JobProgress) -> Job[T]:
    """Step ``job`` as part of another one, which goes on saying ``report`` meanwhile; return its result."""
    try:
        while True:
            next(job)
            yield report
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        job.close()


def titled(job: Job[T], title: str) -> Job[T]:
    """Step ``job`` as part of another one and put a title before what it says; return its result."""
    try:
        while True:
            report = next(job)
            yield replace(report, message=f"{title}: {report.message}" if report.message else title)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        job.close()


@dataclass(eq=False)
class _Entry:
    """A job and where it stands; ``generator`` is made on the runner's thread at the first step."""

    job_id: int
    factory: JobFactory
    urgency: Urgency
    key: str
    generator: Generator[JobProgress, None, Any] | None = None
    cancelled: bool = field(default=False)


class JobRunner:
    """Steps jobs by urgency, then by order of arrival; every job ends in exactly one done or failed report.

    :meth:`submit`, :meth:`cancel` and :meth:`stop` may be called from any thread. Reports are emitted on the
    runner's thread, never while a lock is held, so that ``emit`` may submit further jobs.
    """

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._entries: dict[int, _Entry] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._emit: Emit | None = None

    def submit(self, factory: JobFactory, urgency: Urgency, key: str = "") -> int:
        """Queue a job and return its id.

        Args:
            factory: Makes the generator; called on the runner's thread when the job is first stepped.
            urgency: Lower values are stepped first, also in the middle of less urgent jobs.
            key: Latest wins: an unfinished job of the same non-empty key is cancelled.

        After :meth:`stop` the job is not run but reported as cancelled at once, on the caller's thread.
        """
        with self._changed:
            entry = _Entry(next(self._ids), factory, urgency, key)
            stopped = self._stopping
            if not stopped:
                for other in self._entries.values():
                    if key and other.key == key:
                        other.cancelled = True
                self._entries[entry.job_id] = entry
                self._changed.notify_all()
        if stopped and self._emit is not None:
            self._emit(JobFailed(entry.job_id, None, cancelled=True))
        return entry.job_id

    def cancel(self, job_id: int) -> None:
        """Ask for a job's end; it is closed after the step in hand. Unknown and finished ids are ignored."""
        with self._changed:
            entry = self._entries.get(job_id)
            if entry is not None:
                entry.cancelled = True
                self._changed.notify_all()

    def cancel_all(self) -> None:
        """Ask for the end of every unfinished job."""
        with self._changed:
            for entry in self._entries.values():
                entry.cancelled = True
            self._changed.notify_all()

    @property
    def unfinished(self) -> tuple[int, ...]:
        """Ids of jobs that are queued or under way, in order of arrival."""
        with self._changed:
            return tuple(self._entries)

    def step(self, emit: Emit) -> bool:
        """Close one cancelled job, or step the most urgent one once; False when there is nothing to do."""
        entry = self._next_entry()
        if entry is None:
            return False
        try:
            was_cancelled = entry.cancelled
            report = _closed(entry) if was_cancelled else _stepped(entry)
            if isinstance(report, JobFailed) and entry.cancelled and not was_cancelled:
                report = replace(report, cancelled=True)  # asked to stop during this very step
        except BaseException as error:
            # Nobody may be left waiting for a job that will never end, whatever ended it.
            self._forget(entry)
            emit(JobFailed(entry.job_id, BugError(f"a job was ended by {type(error).__name__}: {error}")))
            raise
        if not isinstance(report, JobProgress):
            self._forget(entry)
        try:
            emit(report)
        except BaseException:
            self.cancel(entry.job_id)  # nobody hears of it any more
            raise
        return True

    def _forget(self, entry: _Entry) -> None:
        with self._changed:
            del self._entries[entry.job_id]
            self._changed.notify_all()

    def run_forever(self, emit: Emit) -> None:
        """Step jobs on the calling thread until :meth:`stop`; then close what is left and return.

        Nothing else ends it: what a job raises, even ``SystemExit``, is that job's failure, and an ``emit``
        that raises is told to the log and closes the job it spoke of.
        """
        self._emit = emit
        while True:
            with self._changed:
                while not self._entries and not self._stopping:
                    self._changed.wait()
                if self._stopping and not self._entries:
                    return
            try:
                self.step(emit)
            except BaseException:  # noqa: BLE001 - the thread's edge: other jobs still wait for it
                _LOG.exception("the job thread goes on after an error")

    def start(self, emit: Emit, name: str = "jobs", first: Callable[[], None] | None = None) -> None:
        """Run :meth:`run_forever` on a daemon thread, so that a hung step never keeps the app open.

        Args:
            first: Called on that thread before any job.
        """

        def run() -> None:
            if first is not None:
                first()
            self.run_forever(emit)

        self._thread = threading.Thread(target=run, name=name, daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = STOP_SECONDS) -> bool:
        """Cancel everything and wait for the thread; False when its step in hand did not end in time."""
        with self._changed:
            self._stopping = True
            for entry in self._entries.values():
                entry.cancelled = True
            self._changed.notify_all()
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no job is unfinished; False when ``timeout_s`` passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._entries, timeout_s)

    def _next_entry(self) -> _Entry | None:
        with self._changed:
            entries = self._entries.values()
            return min(entries, key=lambda e: (not e.cancelled, e.urgency, e.job_id), default=None)


def _stepped(entry: _Entry) -> JobReport:
    try:
        if entry.generator is None:
            entry.generator = entry.factory()
        report = next(entry.generator)
    except StopIteration as end:
        return JobDone(entry.job_id, end.value)
    except Exception as error:  # noqa: BLE001 - the worker's edge: whatever a job raises is its outcome
        return JobFailed(entry.job_id, error)
    return replace(report, job_id=entry.job_id)


def _closed(entry: _Entry) -> JobFailed:
    try:
        if entry.generator is not None:
            entry.generator.close()
    except Exception as error:  # noqa: BLE001 - an error while cleaning up is told, not lost
        return JobFailed(entry.job_id, error)
    return JobFailed(entry.job_id, None, cancelled=True)
