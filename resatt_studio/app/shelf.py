"""The versions of every network's weights: which is in use, and how that is changed; files in and out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from resatt_studio.app import jobs
from resatt_studio.app.other_networks import FACTORY, TITLES
from resatt_studio.app.session import Session
from resatt_studio.app.worker import Answers, Listed, once
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.words import mark, tr
from resatt_studio.workflow.jobs import progress
from resatt_studio.workflow.lineage import version_with

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

CHOSEN, REFUSED = mark("chosen by the inspector"), mark("refused by the inspector")
"""Reasons that are kept, in English, with a version."""
NETWORKS = {jobs.MODEL: "R2AU-Net", **TITLES}
"""What the networks are called, by registry name."""


class Shelf(QObject):
    """Reads the open project's versions and changes which of them are in use.

    What a change makes outdated is asked for again by those who show it: they hear of it with the session's
    next state.

    Args:
        session: What is open; told when other weights come into use.
    """

    changed = Signal()
    """Another network was chosen, or its versions are others."""
    brought_in = Signal(object, bool)
    """The WeightsVersion of a file, and whether it is new here."""
    import_wanted = Signal(str)
    """Somebody wants to bring in weights of this network and has not said which file."""
    export_wanted = Signal(str, str)
    """Network and weights id of what somebody wants as a file and has not said where; "" is the factory's."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = jobs.MODEL
        session.state_read.connect(lambda _: self.changed.emit())
        session.project_changed.connect(lambda _: self.changed.emit())

    # -- what holds now --

    @property
    def ready(self) -> bool:
        """Whether there is a project whose shelf this is."""
        return self._session.project is not None

    def versions(self, model: str) -> tuple[WeightsVersion, ...]:
        """A network's versions in this project, the newest first."""
        state = self._session.state
        mine = [version for version in (*state.versions, *state.others) if version.model == model]
        return tuple(sorted(mine, key=lambda version: -version.number))

    def active(self, model: str) -> WeightsVersion | None:
        """The version in use; None where the factory's weights are asked, or no project is open."""
        return next((v for v in self.versions(model) if v.state is WeightsState.ACTIVE), None)

    def factory_beside(self, model: str) -> bool:
        """Whether the weights that came with the app can be used, and are not among the versions.

        The segmenter's are there from a project's first day, unless it was made without them.
        """
        known = any(version.name == FACTORY for version in self.versions(model))
        return self.ready and model != jobs.MODEL and not known

    def earlier(self, model: str) -> WeightsVersion | None:
        """The version that rolling back leads to."""
        return version_with(self._session.state.earlier.get(model), self.versions(model))

    # -- acts --

    def choose(self, model: str) -> None:
        """Look at another network's versions."""
        if model != self.model:
            self.model = model
            self.changed.emit()

    def want_import(self) -> None:
        """Have somebody asked for a file of the network that is looked at."""
        self.import_wanted.emit(self.model)

    def use(self, model: str, weights_id: str) -> None:
        """Use a version of a network from now on; "" means the weights that came with the app."""

        def act(project: Project) -> None:
            from resatt_studio.workflow.promote import promote, promote_factory

            reason, author = CHOSEN, self._session.settings.author
            if weights_id:
                promote(project, weights_id, reason, author)
            else:
                promote_factory(project, model, reason, author)

        self._decide(model, act, tr("Other weights of {network} are in use.").format(network=NETWORKS[model]))

    def refuse(self, model: str, weights_id: str) -> None:
        """Put a candidate aside; it stays on the shelf."""

        def act(project: Project) -> None:
            from resatt_studio.workflow.promote import refuse

            refuse(project, weights_id, REFUSED, self._session.settings.author)

        self._decide(model, act, tr("The candidate was put aside."))

    def roll_back(self, model: str) -> None:
        """Use the version again that was in use before."""

        def act(project: Project) -> None:
            from resatt_studio.workflow.promote import rollback

            rollback(project, model, self._session.settings.author)

        self._decide(
            model, act, tr("The version before of {network} is in use again.").format(network=NETWORKS[model])
        )

    def bring_in(self, path: Path, model: str) -> None:
        """Check a weights file of a network and put it on the shelf as a candidate."""
        author = self._session.settings.author

        def act(project: Project) -> tuple[WeightsVersion, bool]:
            from resatt_studio.workflow.promote import import_weights

            known = {version.weights_id for version in project.shelf.versions()}
            version = import_weights(project, path, author=author, model=model)
            return version, version.weights_id not in known

        def done(result: tuple[WeightsVersion, bool]) -> None:
            self._session.refresh(lambda: self.brought_in.emit(*result))

        self._on_files(act, mark("Reading {name}").format(name=path.name), done)

    def export(self, model: str, weights_id: str, path: Path) -> None:
        """Write a version as safetensors with its card; "" means the weights that came with the app."""

        def act(project: Project) -> tuple[Path, ...]:
            from resatt_studio.workflow.weights import export_factory, export_weights

            author = self._session.settings.author
            if weights_id:
                return export_weights(project, weights_id, path, author)
            return export_factory(model, path)

        def done(paths: tuple[Path, ...]) -> None:
            self._session.refresh()
            self._session.told.emit(
                tr("The weights were written to {path}, their card beside them.").format(path=paths[0])
            )

        self._on_files(act, mark("Writing {name}").format(name=path.name), done)

    # -- inside --

    def _decide(self, model: str, act: Callable[[Project], None], words: str) -> None:
        project = self._session.project
        if project is None:
            return

        def done(_: object) -> None:
            self._session.told.emit(words)
            if model == jobs.MODEL:
                self._session.weights_changed()
            else:
                self._session.refresh()

        # On the network's thread, so that the swap falls between two steps of whatever runs there.
        answers = Answers(done, None, self._session.failed.emit, self._session.release)
        self._session.hold()
        self._session.gpu.submit(once(lambda: act(project)), Urgency.DECIDE, answers)

    def _on_files(self, act: Callable[[Project], Any], words: str, done: Callable[[Any], None]) -> None:
        """Have a file read or written that closing the window must wait for."""
        session, project = self._session, self._session.project
        if project is None:
            return

        def job() -> Generator[JobProgress, None, Any]:
            yield progress(0, 0, message=words)
            return act(project)

        def ended() -> None:
            session.progressed.emit("", 0, 0)
            session.release()

        def told(report: JobProgress) -> None:
            session.progressed.emit(report.message, report.done, report.total)

        session.hold()
        answers = Answers(done, told, session.failed.emit, ended)
        session.files.submit(job, Urgency.PREDICT_SHOWN, answers, listed=Listed(words, stoppable=False))
