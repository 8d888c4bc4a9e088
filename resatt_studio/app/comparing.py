"""The open photo's masks of both inputs against each other: the photo itself and the photo without haze."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.asking import Asking
from resatt_studio.app.other_networks import DEHAZE_MODEL, OtherNetworks, Told
from resatt_studio.app.session import Session
from resatt_studio.app.view_state import ViewState
from resatt_studio.records.jobs import Urgency
from resatt_studio.records.photo import Photo
from resatt_studio.records.prediction import Prediction
from resatt_studio.words import mark
from resatt_studio.workflow.jobs import Job

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

INPUT_WORDS = {"raw": mark("original photo"), "dehazed": mark("dehazed photo")}


class MaskComparison(QObject):
    """Asks for the prediction of the other input while masks are compared.

    Args:
        session: What is open; its prediction is that of the chosen input.
        view: Whether masks are compared.
        networks: Who answers.
    """

    changed = Signal()
    """Asked, progressed, answered, refused, or no longer wanted."""

    def __init__(
        self, session: Session, view: ViewState, networks: OtherNetworks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self.asking = Asking(session, networks, Urgency.DEHAZE_SHOWN, self)
        self.asking.changed.connect(self.changed)
        self.asking.outdated.connect(self._follow)
        session.prediction_changed.connect(lambda _: self._follow())
        view.compare_changed.connect(lambda _: self._follow())

    @property
    def other(self) -> Prediction | None:
        """Of the open photo, from the input that is not the session's prediction's; None while unknown."""
        return None if self.asking.told is None else self.asking.told.answer

    def _follow(self) -> None:
        chosen, other = self._session.prediction, self.other
        if not self._view.compare or chosen is None:
            self.asking.forget()
            return
        if other is not None and (other.weights_id != chosen.weights_id or other.input == chosen.input):
            self.asking.forget()
            other = None
        if other is None and not self.asking.waiting and self.asking.trouble is None:
            self._ask("raw" if chosen.input == "dehazed" else "dehazed")

    def _ask(self, shown: str) -> None:
        predictor = self._session.predictor

        def job(networks: OtherNetworks, project: Project, photo: Photo) -> Job[Told[Prediction]]:
            prediction = yield from predictor.other_input(project, photo, shown)
            return Told(prediction, shown)

        self.asking.ask(DEHAZE_MODEL, job)
