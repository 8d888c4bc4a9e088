"""The two versions that are compared, and how both do on the same photos."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.newest import NewestJob
from resatt_studio.app.session import Session
from resatt_studio.app.worker import Listed
from resatt_studio.errors import StudioError
from resatt_studio.records.comparison import VersionComparison
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.weights import WeightsState, WeightsVersion, automatic_threshold
from resatt_studio.words import mark
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.lineage import parent_of


class Scope(StrEnum):
    """Which photos two versions are compared on."""

    JUDGING = "judging"
    """Those held back to judge by; all approved ones while none is."""
    APPROVED = "approved"
    SHOWN = "shown"


Pair = tuple[WeightsVersion, WeightsVersion]


class VersionPair(QObject):
    """Two versions of the segmenter, and on request their scores on the photos that judge.

    Two versions that were chosen are compared with each other; one is compared with its parent; without a
    choice, or where the one has no parent, the version in use is compared with its own.

    Args:
        session: What is open; its network's thread does the comparing.
    """

    changed = Signal()
    """Another pair, asked, progressed, answered, or refused with a reason."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._chosen: tuple[str, ...] = ()
        self._job = NewestJob(session.gpu)
        self._asked = ("", "")
        self._told: VersionComparison | None = None
        self.scope = Scope.JUDGING
        self.report: JobProgress | None = None
        self.trouble: StudioError | None = None
        session.state_read.connect(lambda _: self._follow())
        session.project_changed.connect(lambda _: self._forget())

    # -- what holds now --

    @property
    def versions(self) -> Pair | None:
        """Before and after; None where there are no two to compare."""
        known = self._session.state.versions
        chosen = sorted((v for v in known if v.weights_id in self._chosen), key=lambda v: v.number)
        if len(chosen) == 2:
            return chosen[0], chosen[1]
        active = [version for version in known if version.state is WeightsState.ACTIVE]
        for version in (*chosen, *active):
            parent = parent_of(version, known)
            if parent is not None:
                return parent, version
        return None

    @property
    def ids(self) -> tuple[str, str]:
        """Weights ids of the two; empty where there are no two."""
        return ("", "") if (pair := self.versions) is None else (pair[0].weights_id, pair[1].weights_id)

    @property
    def thresholds(self) -> tuple[float, float] | None:
        """At which each of the two would draw its mask now if it were in use; None where there are no two."""
        pair, own = self.versions, self._session.own_threshold
        if pair is None:
            return None
        old, new = (automatic_threshold(version) if own is None else own for version in pair)
        return old, new

    @property
    def running(self) -> bool:
        """Whether the pair is being compared."""
        return self._job.running

    @property
    def result(self) -> VersionComparison | None:
        """How the pair did; None while that is not known."""
        return self._told if self._asked == self.ids else None

    # -- acts --

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of what was chosen, none to two."""
        return self._chosen

    def choose(self, weights_ids: Sequence[str]) -> None:
        """Compare these, one or two, from now on; any other number leaves it to the version in use."""
        wanted = tuple(sorted(weights_ids)) if len(weights_ids) <= 2 else ()
        if wanted != self._chosen:
            self._chosen = wanted
            self._follow()

    def set_scope(self, scope: Scope) -> None:
        """Compare on other photos from now on; scores on the former ones are put away."""
        if scope is not self.scope:
            self.scope = scope
            self._withdraw()
            self.changed.emit()

    def compare(self) -> None:
        """Score both on the photos of the scope, behind whatever is looked at."""
        project, pair, entry, scope = self._session.project, self.versions, self._session.entry, self.scope
        if project is None or pair is None or (scope is Scope.SHOWN and entry is None):
            return
        self._withdraw()
        self._asked = self.ids
        predictor, author = self._session.predictor, self._session.settings.author

        def job() -> Job[VersionComparison]:
            yield progress(0, 0, message=mark("Waking the network"))
            from resatt_studio.workflow.compare import compare_versions

            photos = (
                None if scope is Scope.JUDGING else [sample.photo_id for sample in project.store.samples()]
            )
            if scope is Scope.SHOWN and entry is not None:
                photos = [entry.photo_id]
            comparison = yield from compare_versions(
                project,
                *pair,
                photos,
                device=predictor.device,
                threads=predictor.courtesy.threads_now,
                engine_path=predictor.engine_path,
                author=author,
            )
            return comparison

        listed = Listed(mark("Compare two versions"), stop=self.stop)
        self._job.submit(job, Urgency.EVALUATE, self._answered, self._progressed, self._refused, listed)
        self.changed.emit()

    def stop(self) -> None:
        """Compare no further; predictions that are finished stay in the project."""
        if self.running:
            self._withdraw()
            self.changed.emit()

    # -- inside --

    def _follow(self) -> None:
        if self._asked != self.ids and (self.running or self.trouble is not None):
            self._withdraw()
        self.changed.emit()

    def _forget(self) -> None:
        self._chosen = ()
        self._withdraw()
        self.changed.emit()

    def _withdraw(self) -> None:
        self._job.withdraw()
        self._told = self.report = self.trouble = None

    def _answered(self, result: VersionComparison) -> None:
        self.report, self._told = None, result
        self._session.refresh()  # the event log is a line longer
        self.changed.emit()

    def _progressed(self, report: JobProgress) -> None:
        self.report = report
        self.changed.emit()

    def _refused(self, error: Exception) -> None:
        self.report = None
        if isinstance(error, StudioError):
            self.trouble = error
        else:
            self._session.failed.emit(error)
        self.changed.emit()
