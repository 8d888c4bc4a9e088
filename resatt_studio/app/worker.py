"""Threads beside the window: for the network, for files, for tiles; they only ever emit records."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import JobDone, JobFailed, JobProgress, JobReport, Urgency
from resatt_studio.workflow.courtesy import stand_back
from resatt_studio.workflow.jobs import JobFactory, JobRunner


def once(act: Callable[[], Any]) -> JobFactory:
    """Make a job of one step from a plain function, for acts that take well under 0.2 s."""

    def job() -> Generator[JobProgress, None, Any]:
        yield from ()
        return act()

    return job


@dataclass(frozen=True, slots=True)
class Answers:
    """Who in the window hears what became of a job; each is called in the window's thread.

    Attributes:
        done: Hears the result.
        progress: Hears of every step.
        failed: Hears the error.
        ended: Called after either.
        unheard: Takes a result that came too late to be heard, because the worker was stopped; for results
            that hold a file.
    """

    done: Callable[[Any], None] | None = None
    progress: Callable[[JobProgress], None] | None = None
    failed: Callable[[Exception], None] | None = None
    ended: Callable[[], None] | None = None
    unheard: Callable[[Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """How a job stands in the list of jobs.

    Attributes:
        title: What it does, for people.
        stop: Ends it in its own way, keeping what there is; None cancels it.
        stopped: Called when it was cancelled, in place of ``Answers.done``.
        stoppable: Whether people may end it.
    """

    title: str
    stop: Callable[[], None] | None = None
    stopped: Callable[[], None] | None = None
    stoppable: bool = True


class Worker(QObject):
    """A thread that steps one runner, and the switchboard that brings its reports to the window.

    Args:
        name: Of the thread, for people who look at a stack dump.
        behind: Whether the window goes before it where both want a core.
    """

    broke = Signal(object)
    """A job failed and nobody had asked to hear of it; carries the exception."""
    busy_changed = Signal(bool)
    listed = Signal(int, object)
    """A job was queued that stands in the list of jobs: its id and its ``Listed``."""
    reported = Signal(object)
    """A report of such a job."""
    _reported = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None, behind: bool = False) -> None:
        super().__init__(parent)
        self._runner = JobRunner()
        self._name = name
        self._behind = behind
        self._stopped = False
        self._answers: dict[int, Answers] = {}
        self._left: dict[int, Answers] = {}
        self._urgencies: dict[int, Urgency] = {}
        self._listed: dict[int, Listed] = {}
        self._unheard: dict[int, Any] = {}
        # Queued also when the emitting thread is Python's own: the slot must run in the window's thread.
        self._reported.connect(self._dispatch, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        self._runner.start(self._report, self._name, first=stand_back if self._behind else None)

    def has(self, *urgencies: Urgency) -> bool:
        """Whether a job of one of these waits or runs."""
        return any(urgency in urgencies for urgency in self._urgencies.values())

    @property
    def busy(self) -> bool:
        """Whether a job waits or runs."""
        return bool(self._answers)

    def submit(
        self,
        factory: JobFactory,
        urgency: Urgency,
        answers: Answers | None = None,
        key: str = "",
        listed: Listed | None = None,
    ) -> int:
        """Queue a job and return its id; a later job of the same key replaces it.

        Called from the window's thread only.
        """
        was_busy = self.busy
        job_id = self._runner.submit(factory, urgency, key)
        # The report of even the quickest job waits for the event loop, so it finds its answers here.
        self._answers[job_id] = answers or Answers()
        self._urgencies[job_id] = urgency
        if listed is not None:
            self._listed[job_id] = listed
            self.listed.emit(job_id, listed)
        if not was_busy:
            self.busy_changed.emit(True)
        return job_id

    def cancel(self, job_id: int | None) -> None:
        """Close a job; a job that is over, or none, is no error."""
        if job_id is not None:
            self._runner.cancel(job_id)

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Close every job and end the thread; return whether it ended in time. May be asked again."""
        if not self._stopped:
            self._stopped = True  # reports that still wait in the event loop find no answers
            self._left, self._answers = self._answers, {}
        ended = self._runner.stop(timeout_s)
        while ended and self._unheard:
            job_id, result = self._unheard.popitem()
            answers = self._left.get(job_id)
            if answers is not None and answers.unheard is not None:
                answers.unheard(result)
        return ended

    def _report(self, report: JobReport) -> None:
        """On the runner's thread."""
        if isinstance(report, JobDone):
            self._unheard[report.job_id] = report.result
        self._reported.emit(report)

    @Slot(object)
    def _dispatch(self, report: JobReport) -> None:
        answers = self._answers.get(report.job_id)
        if answers is None:
            return
        listed = self._listed.get(report.job_id)
        if listed is not None:
            self.reported.emit(report)
        if isinstance(report, JobProgress):
            if answers.progress is not None:
                answers.progress(report)
            return
        self._unheard.pop(report.job_id, None)
        del self._answers[report.job_id], self._urgencies[report.job_id]
        self._listed.pop(report.job_id, None)
        try:
            self._conclude(report, answers)
            if isinstance(report, JobFailed) and report.cancelled and listed and listed.stopped:
                listed.stopped()
        finally:
            if answers.ended is not None:
                answers.ended()
            if not self._answers:
                self.busy_changed.emit(False)

    def _conclude(self, report: JobDone | JobFailed, answers: Answers) -> None:
        if isinstance(report, JobDone):
            if answers.done is not None:
                answers.done(report.result)
        elif report.error is not None and not (report.cancelled and isinstance(report.error, StudioError)):
            if answers.failed is not None:
                answers.failed(report.error)
            else:
                self.broke.emit(report.error)
