"""Learning in the background: start, curves, stop, and what becomes of the candidate."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal

from resatt_studio.app import jobs
from resatt_studio.app.session import Session
from resatt_studio.app.shelf import Shelf
from resatt_studio.app.worker import Answers, Listed
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.photo import Split
from resatt_studio.records.training import FineTunePlan, StepReport
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.words import mark
from resatt_studio.workflow.jobs import progress

IDLE_S = 60.0
"""For so long nothing is approved before the longer run begins."""
THOROUGH_AFTER = 3
"""So many short runs call for a longer one when the window is idle."""


class Learner(QObject):
    """Runs at most one fine-tuning at a time, on the network's thread, beside predictions.

    With the setting ``learn_cracks`` at "auto" it begins by itself: a short run after each approval, and
    after several of them, once the window is idle, one that takes twice as long. Both begin with the weights
    that all learning in the project began with, and only ever make candidates; the gate decides.

    Args:
        session: What is open; told when other weights come into use.
        shelf: Where the candidate is used or put aside.
    """

    changed = Signal()
    """Running or not, candidate or not, another number of new corrections."""
    stepped = Signal(object)
    """A StepReport of the run under way."""
    ended = Signal(object)
    """The run's outcome, or None when it failed or was dropped."""

    def __init__(self, session: Session, shelf: Shelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shelf = shelf
        self._job_id: int | None = None
        self._finish = threading.Event()
        self.report: StepReport | None = None
        self.outcome: Any = None
        self.problem = ""
        self.notices: list[str] = []
        self._began_with: WeightsVersion | None = None
        self.losses: list[tuple[int, float]] = []
        self.dices: list[tuple[int, float]] = []
        self._tried: frozenset[str] = frozenset()
        self._just_opened = True
        self._short_runs = 0
        self._idle = QTimer(self, singleShot=True, interval=round(IDLE_S * 1000))
        self._idle.timeout.connect(self._look_when_idle)
        session.state_read.connect(lambda _: self._look())
        session.project_changed.connect(lambda _: self._forget())

    # -- what holds now --

    @property
    def learning(self) -> bool:
        return self._job_id is not None

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to end and keeps its best."""
        return self.learning and self._finish.is_set()

    @property
    def pending(self) -> int:
        """Approved corrections that no weights have learned from; those held back to judge do not count."""
        return self._session.state.pending_samples

    @property
    def untried(self) -> int:
        """Of these, how many are new since the newest run began: what a refused run learned from is pending
        still, and what was rolled back is again, but alone would only make the same weights once more."""
        return min(self.pending, len(self._approved() - self._tried))

    @property
    def held_back(self) -> int:
        """Approved corrections that judge and never teach."""
        return sum(
            entry.split is Split.VALIDATION and self._session.state.counts(entry)
            for entry in self._session.state.entries
        )

    @property
    def can_learn(self) -> bool:
        return self._session.project is not None and not self.learning and self._session.has_samples

    @property
    def candidate(self) -> WeightsVersion | None:
        """The newest version that waits for a decision."""
        waiting = [v for v in self._session.state.versions if v.state is WeightsState.CANDIDATE]
        return max(waiting, key=lambda v: v.number, default=None)

    @property
    def can_roll_back(self) -> bool:
        return not self.learning and self._session.can_roll_back

    # -- acts --

    def learn(self) -> None:
        """Let a copy of the project's weights learn from every approved correction."""
        if self._learn(self._session.settings.learn_seconds):
            self._short_runs += 1

    def learn_thoroughly(self) -> None:
        """The same for twice as long."""
        if self._learn(2 * self._session.settings.learn_seconds):
            self._short_runs = 0

    def _learn(self, seconds: float) -> bool:
        """Begin a run, unless there is nothing to learn from or one is under way; return whether it began."""
        project = self._session.project
        if project is None or not self.can_learn:
            return False
        self._tried = self._approved()
        self._finish = threading.Event()
        self._clear()
        plan = FineTunePlan(seconds=seconds)
        finish, courtesy = self._finish, self._session.predictor.courtesy
        device, author = self._session.settings.device, self._session.settings.author
        rules = self._session.settings.gate_rules
        self._began_with = self._session.active

        def job() -> Generator[JobProgress, None, Any]:
            from resatt_studio.workflow.finetune import fine_tune_project

            yield progress(0, 0, message=mark("Preparing to learn"))
            return (
                yield from fine_tune_project(
                    project,
                    plan,
                    device=device,
                    threads=courtesy.threads_now,
                    finish_early=finish,
                    author=author,
                    rules=rules,
                )
            )

        answers = self._session.while_open(Answers(self._done, self._step, self._fail, self._end))
        listed = Listed(mark("Learn from corrections"), stop=self.stop)
        self._job_id = self._session.gpu.submit(job, Urgency.FINE_TUNE, answers, listed=listed)
        self.changed.emit()
        return True

    def stop(self) -> None:
        """End the run within two seconds; its best weights are judged and kept."""
        if self.learning:
            self._finish.set()
            self.changed.emit()

    def drop(self) -> None:
        """End the run at once and keep nothing of it."""
        if self._job_id is not None:
            self._session.gpu.cancel(self._job_id)

    def finish(self, timeout_s: float) -> bool:
        """Stop and wait, with the window alive, for the candidate; return whether it came in time."""
        self.stop()
        loop = QEventLoop()
        self.ended.connect(loop.quit)
        QTimer.singleShot(round(timeout_s * 1000), loop.quit)
        if self.learning:
            loop.exec()
        return not self.learning

    def promote(self, weights_id: str) -> None:
        """Use a version from now on."""
        self._shelf.use(jobs.MODEL, weights_id)

    def promote_newest(self) -> None:
        if self.candidate is not None:
            self.promote(self.candidate.weights_id)

    def roll_back(self) -> None:
        """Use the version again that was in use before."""
        self._shelf.roll_back(jobs.MODEL)

    # -- inside --

    def _look(self) -> None:
        """Begin by itself when something new was approved and nothing was tried with it yet."""
        opened = self._session.project is not None
        if opened and self._just_opened:
            self._just_opened, self._tried = False, self._tried_before()
        self.changed.emit()
        if not opened or self._session.settings.learn_cracks != "auto":
            return
        self._idle.start()
        if self.untried:
            self.learn()

    def _approved(self) -> frozenset[str]:
        """sample_ids of the approved corrections that count; the same ones promise no other end. An approval
        that is still being written has none."""
        state = self._session.state
        reviews = (e.review for e in state.entries if state.counts(e))
        return frozenset(review.sample_id for review in reviews if review and review.sample_id)

    def _tried_before(self) -> frozenset[str]:
        """Of these, what was there already when the newest run began that came to its end."""
        reviews = (e.review for e in self._session.state.entries if e.review)
        old = {review.sample_id for review in reviews if review.made_at <= self._session.learned_at}
        return self._approved() & old

    def _look_when_idle(self) -> None:
        """Begin the longer run when it is due and nobody paints."""
        if self._session.predictor.courtesy.painting or self.learning:
            self._idle.start()
        elif (
            self._session.settings.learn_cracks == "auto"  # it may have been changed meanwhile
            and not self.untried
            and self._short_runs >= THOROUGH_AFTER
        ):
            self.learn_thoroughly()

    def _step(self, told: JobProgress) -> None:
        report = told.detail
        if not isinstance(report, StepReport):
            return
        self.report = report
        if report.notice:
            self.notices.append(report.notice)
        if report.loss is not None:
            self.losses.append((report.step, report.loss))
        if report.dice is not None:
            self.dices.append((report.step, report.dice))
        self.stepped.emit(report)

    def _done(self, outcome: Any) -> None:
        self.outcome = outcome
        self._session.told.emit(outcome.told)
        if outcome.promoted:
            self._session.weights_changed()
        else:
            self._session.refresh()

    def _fail(self, error: Exception) -> None:
        self.problem = str(error)
        self._session.failed.emit(error)
        self._session.refresh()

    def _end(self) -> None:
        self._job_id = None
        if self.outcome is None:  # it failed or was dropped; an earlier candidate may be in use all the same
            self._session.refresh(self._look_what_is_in_use)
        self.changed.emit()
        self.ended.emit(self.outcome)
        self._session.changed.emit()

    def _look_what_is_in_use(self) -> None:
        began, now = self._began_with, self._session.active
        if began is not None and now is not None and now.weights_id != began.weights_id:
            self._session.weights_changed()

    def _forget(self) -> None:
        self.drop()
        self._tried, self._began_with, self._short_runs = frozenset(), None, 0
        self._just_opened = True
        self._clear()
        self.changed.emit()

    def _clear(self) -> None:
        self.report, self.outcome, self.problem = None, None, ""
        self.notices, self.losses, self.dices = [], [], []
