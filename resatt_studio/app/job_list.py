"""Everything that runs in the background, with its pace, and everything that failed; no widget in sight."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from resatt_studio.app.pace import Pace, clock
from resatt_studio.app.session import Session
from resatt_studio.app.worker import Listed, Worker
from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import JobDone, JobProgress, JobReport
from resatt_studio.words import mark, tr

if TYPE_CHECKING:
    from resatt_studio.workflow.sources import Refused

TELL_MS = 150
"""Reports come faster than anybody reads."""
SHORT_S = 0.4
"""What is over sooner is not shown: it would only flicker."""
MOST_FAILURES = 200


COUNTED: dict[str, str] = {
    "": mark("{done} of {total}"),
    "photos": mark("{done} of {total} photos"),
    "tiles": mark("{done} of {total} tiles"),
    "steps": mark("{done} of {total} steps"),
    "files": mark("{done} of {total} files"),
}
"""How far a job is, by its unit."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong.

    Attributes:
        at: Time of the day, HH:MM.
        title: Of the job, or "".
        words: What happened and what helps.
    """

    at: str
    title: str
    words: str


@dataclass(eq=False, slots=True)
class RunningJob:
    """One job on its way; changes while it runs."""

    listed: Listed
    cancel: Callable[[], None]
    began_s: float
    message: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    started: bool = False
    stopping: bool = False
    pace: Pace = field(default_factory=Pace)

    @property
    def title(self) -> str:
        return self.listed.title

    @property
    def stoppable(self) -> bool:
        return self.listed.stoppable and not self.stopping

    def words(self, now_s: float) -> str:
        """Where it stands, such as "12 of 40 photos · 3.1 a second · 0:09 left"."""
        if self.stopping:
            return tr("Ending…")
        if not self.started:
            return tr("Waits for its turn")
        parts = [self.message] if self.message else []
        if self.total > 1 or (self.total and self.unit in ("tiles", "photos", "files")):
            counted = COUNTED.get(self.unit, COUNTED[""])
            parts.append(tr(counted).format(done=self.done, total=self.total))
        rate, left = self.pace.rate(now_s), self.pace.seconds_left(self.total, now_s)
        if rate is not None and self.unit:
            parts.append(
                tr("{rate:.1f} a second").format(rate=rate)
                if rate >= 1
                else tr("{rate:.1f} a minute").format(rate=60 * rate)
            )
        if left is not None and self.done < self.total:
            parts.append(tr("{time} left").format(time=clock(left)))
        return " · ".join(parts) or tr("Under way")


class JobList(QObject):
    """Follows the workers and what the session tells of failures.

    Args:
        session: Whose workers.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: dict[tuple[Worker, int], RunningJob] = {}
        self._failures: list[Failure] = []
        self._told: list[Exception] = []  # those that are listed: a job's error is told by the session too
        self._tell = QTimer(self, singleShot=True, interval=TELL_MS)
        self._tell.timeout.connect(self.changed)
        for worker in (session.files, session.gpu, session.tile_worker):
            worker.listed.connect(partial(self._begin, worker))
            worker.reported.connect(partial(self._hear, worker))
        session.failed.connect(self._fail)

    @property
    def running(self) -> tuple[RunningJob, ...]:
        """Jobs that take more than a moment, in the order in which they were asked for."""
        now = time.monotonic()
        return tuple(job for job in self._running.values() if now - job.began_s >= SHORT_S)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What went wrong since the window was opened or the list was cleared, newest first."""
        return tuple(reversed(self._failures))

    def stop(self, job: RunningJob) -> None:
        """End a job in its own way; it stays listed until it has ended."""
        if job.stoppable:
            job.stopping = True
            (job.listed.stop or job.cancel)()
            self.changed.emit()

    def clear_failures(self) -> None:
        """Forget what went wrong."""
        self._failures.clear()
        self.changed.emit()

    # -- inside --

    def _begin(self, worker: Worker, job_id: int, listed: Listed) -> None:
        job = RunningJob(listed, partial(worker.cancel, job_id), time.monotonic())
        self._running[(worker, job_id)] = job
        QTimer.singleShot(round(1000 * SHORT_S) + 20, self, self.changed.emit)

    def _hear(self, worker: Worker, report: JobReport) -> None:
        key = (worker, report.job_id)
        job = self._running.get(key)
        if job is None:
            return
        if isinstance(report, JobProgress):
            now = time.monotonic()
            job.started, job.message, job.unit = True, report.message, report.unit
            job.done, job.total = report.done, report.total
            job.pace.note(report.done, now)
        else:
            del self._running[key]
            self._conclude(job.title, report)
        self._tell_soon()

    def _conclude(self, title: str, report: Any) -> None:
        if isinstance(report, JobDone):
            for refused in _refused(report.result):
                self._add(title, f"{refused.path.name}: {refused.reason}")
        elif report.error is not None:
            self._fail(report.error, title)

    def _fail(self, error: Exception, title: str = "") -> None:
        if any(error is told for told in self._told):
            return
        self._told = [*self._told[-20:], error]
        told = f"{error.message} {error.hint}" if isinstance(error, StudioError) else repr(error)
        self._add(title, told.strip())
        self._tell_soon()

    def _tell_soon(self) -> None:
        if not self._tell.isActive():  # starting it again would put it off
            self._tell.start()

    def _add(self, title: str, words: str) -> None:
        self._failures.append(Failure(datetime.now().strftime("%H:%M"), title, words))
        del self._failures[:-MOST_FAILURES]


def _refused(result: Any) -> tuple[Refused, ...]:
    """Photos that a job left out, where its result says so."""
    found = getattr(result, "refused", result)
    if not isinstance(found, tuple) or not found:
        return ()
    from resatt_studio.workflow.sources import Refused  # loaded by whichever job has left something out

    return found if all(isinstance(one, Refused) for one in found) else ()
