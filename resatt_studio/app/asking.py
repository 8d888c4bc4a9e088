"""One question to a network about the open photo: waiting, answered, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.newest import NewestJob
from resatt_studio.app.other_networks import OtherNetworks, Told
from resatt_studio.app.session import Session
from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.photo import Photo
from resatt_studio.workflow.jobs import Job

Ask = Callable[[OtherNetworks, Any, Photo], Job[Told[Any]]]
"""Makes a job of the networks, the open project and the open photo."""


class Asking(QObject):
    """Asks one network at a time on the network's thread; a later question replaces an earlier one.

    An answer that is outdated when it comes (another photo is open, other weights came into use, something
    else was asked) is dropped.

    Args:
        session: What is open.
        networks: Who answers.
        urgency: Of the questions.
    """

    changed = Signal()
    """Asked, progressed, answered, refused or forgotten."""
    outdated = Signal()
    """Other weights came into use: the answer that was shown is forgotten and may be asked for again."""

    def __init__(
        self, session: Session, networks: OtherNetworks, urgency: Urgency, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._networks = networks
        self._urgency = urgency
        self._job = NewestJob(session.gpu)
        self._model = ""
        self._in_use = ""
        self.told: Told[Any] | None = None
        self.trouble: StudioError | None = None
        self.report: JobProgress | None = None
        session.photo_changed.connect(lambda _: self.forget())
        session.state_read.connect(lambda _: self._look_at_weights())

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way."""
        return self._job.running

    def ask(self, model: str, ask: Ask) -> None:
        """Ask about the open photo; without one nothing happens.

        Args:
            model: Whom, by registry name.
            ask: What.
        """
        project, photo = self._session.project, self._session.photo
        if project is None or photo is None:
            return
        self._model, self._in_use = model, self._weights_of(model)
        self.trouble = self.report = None
        self._job.submit(
            lambda: ask(self._networks, project, photo),
            self._urgency,
            self._answered,
            self._progressed,
            self._refused,
        )
        self.changed.emit()

    def forget(self) -> None:
        """Withdraw the question and put the answer away."""
        self._withdraw()
        if self.told is not None or self.trouble is not None or self.report is not None:
            self.told = self.trouble = self.report = None
            self.changed.emit()

    def refuse(self, error: StudioError) -> None:
        """Say why the question is not asked, in place of an answer."""
        self._withdraw()
        self.told, self.trouble = None, error
        self.changed.emit()

    def withdraw(self) -> None:
        """Wait for an answer no longer; the one that was given before stays."""
        if self.waiting:
            self._withdraw()
            self.changed.emit()

    def _withdraw(self) -> None:
        self._job.withdraw()
        self.report = None

    def _answered(self, told: Told[Any]) -> None:
        self.report = None
        self.told = told
        self.changed.emit()

    def _progressed(self, report: JobProgress) -> None:
        self.report = report
        self.changed.emit()

    def _refused(self, error: Exception) -> None:
        self.told = self.report = None
        if isinstance(error, StudioError):
            self.trouble = error
        else:
            self._session.failed.emit(error)
        self.changed.emit()

    def _weights_of(self, model: str) -> str:
        return self._session.state.in_use.get(model, "")

    def _look_at_weights(self) -> None:
        asked = self.waiting or self.told is not None or self.trouble is not None
        if asked and self._weights_of(self._model) != self._in_use:
            self.forget()
            self.outdated.emit()
