"""Label networks that learn from the inspector's classes: when, how far, and what came of it."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.other_networks import LABEL_MODELS, TITLES
from resatt_studio.app.session import Session
from resatt_studio.app.shelf import Shelf
from resatt_studio.app.worker import Answers, Listed
from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.label_learning import AnswerState, LabelPlan
from resatt_studio.records.training import StepReport
from resatt_studio.records.weights import WeightsVersion
from resatt_studio.words import again, mark, tr
from resatt_studio.workflow.jobs import progress

LEAST_FRESH = 5
FRESH_SHARE = 0.25
"""Learning begins by itself at so many new answers, and at so large a share of all: each lesson is judged by
much the same photos, and the more often it is tried, the likelier is one that passes by chance."""


class LabelLearner(QObject):
    """Runs a lesson for each label network on the network's thread, one after the other.

    With the setting ``learn_labels`` at "auto" it begins by itself, once enough answers are new.

    Args:
        session: What is open.
        shelf: Where the versions stand.
    """

    changed = Signal()
    """Learning or not, further, or with another number of answers."""

    def __init__(self, session: Session, shelf: Shelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shelf = shelf
        self._jobs: dict[str, int] = {}
        self._tried: frozenset[str] = frozenset()
        self._kept: Any = None  # what the networks saw; made where torch may be loaded
        self.reports: dict[str, StepReport] = {}
        self.troubles: dict[str, StudioError] = {}
        session.state_read.connect(lambda _: self._look())
        session.project_changed.connect(lambda _: self._forget())

    # -- what holds now --

    @property
    def answers(self) -> AnswerState:
        """The project's answers."""
        return self._session.state.answers

    @property
    def learning(self) -> bool:
        return bool(self._jobs)

    @property
    def can_learn(self) -> bool:
        return self._session.project is not None and not self.learning and self.answers.enough

    @property
    def fresh(self) -> int:
        """Answers that one of the networks has not learned from."""
        return max(self.answers.fresh(model) for model in LABEL_MODELS)

    def outcome(self, model: str) -> WeightsVersion | None:
        """The version that a network's newest lesson made; its reason says what became of it."""
        return next((version for version in self._shelf.versions(model) if version.labels), None)

    # -- acts --

    def learn(self) -> None:
        """Teach both networks every class that was said."""
        project = self._session.project
        if project is None or not self.can_learn:
            return
        self._tried = self.answers.answers
        self.reports, self.troubles = {}, {}
        courtesy, settings = self._session.predictor.courtesy, self._session.settings

        def job(model: str) -> Generator[JobProgress, None, Any]:
            from resatt_studio.workflow.learn_labels import learn_project_labels, make_kept_looks

            yield progress(0, 0, message=mark("Preparing to learn"))
            self._kept = self._kept or make_kept_looks()
            return (
                yield from learn_project_labels(
                    project,
                    LabelPlan(model),
                    device=settings.device,
                    threads=courtesy.threads_now,
                    kept=self._kept,
                    author=settings.author,
                )
            )

        for model in LABEL_MODELS:
            answers = Answers(
                self._done, partial(self._step, model), partial(self._fail, model), partial(self._end, model)
            )
            listed = Listed(mark("Learn classes, {network}").format(network=TITLES[model]))
            self._jobs[model] = self._session.gpu.submit(
                partial(job, model), Urgency.LEARN_LABELS, self._session.while_open(answers), listed=listed
            )
        self.changed.emit()

    def stop(self) -> None:
        """End the lessons at once and keep nothing of them."""
        for job_id in self._jobs.values():
            self._session.gpu.cancel(job_id)

    # -- inside --

    def _look(self) -> None:
        self.changed.emit()
        new = len(self.answers.answers - self._tried)
        wanted = max(LEAST_FRESH, FRESH_SHARE * len(self.answers.answers))
        if self._session.settings.learn_labels == "auto" and min(new, self.fresh) >= wanted:
            self.learn()

    def _step(self, model: str, told: JobProgress) -> None:
        if isinstance(told.detail, StepReport):
            self.reports[model] = told.detail
            self.changed.emit()

    def _done(self, outcome: Any) -> None:
        if outcome.verdict.promoted:
            self._session.told.emit(
                tr("{name} learned from your answers. {reason}").format(
                    name=outcome.version.name, reason=again(outcome.verdict.reason)
                )
            )
        self._session.refresh()

    def _fail(self, model: str, error: Exception) -> None:
        if isinstance(error, StudioError):
            self.troubles[model] = error  # the panel says it; nobody may have asked for this lesson
            self._session.refresh()
        else:
            self._session.failed.emit(error)

    def _end(self, model: str) -> None:
        self._jobs.pop(model, None)
        self.reports.pop(model, None)
        self.changed.emit()
        self._session.changed.emit()

    def _forget(self) -> None:
        self.stop()
        self._tried, self._kept = frozenset(), None
        self.reports, self.troubles = {}, {}
        self.changed.emit()
