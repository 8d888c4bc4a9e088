"""What other weights changed in the open photo's mask, once its layer is looked at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from resatt_studio.app import jobs
from resatt_studio.app.asking import Asking
from resatt_studio.app.other_networks import OtherNetworks, Told
from resatt_studio.app.session import Session
from resatt_studio.app.version_pair import VersionPair
from resatt_studio.app.view_state import ViewState
from resatt_studio.app.worker import Answers, once
from resatt_studio.imaging.changes import change_map
from resatt_studio.records.comparison import ChangeMap
from resatt_studio.records.jobs import Urgency
from resatt_studio.records.photo import Photo
from resatt_studio.records.prediction import Prediction
from resatt_studio.workflow.jobs import Job

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

LAYER = "change"

Two = tuple[Prediction, Prediction]


class PhotoChanges(QObject):
    """Asks both versions of the pair about the open photo while the layer is visible.

    Args:
        session: What is open.
        view: Whether the layer is looked at.
        pair: Which versions are compared.
        networks: Hands the question to the networks' thread.
    """

    changed = Signal()
    """Asked, progressed, answered, refused, drawn anew, or shown or hidden."""

    def __init__(
        self,
        session: Session,
        view: ViewState,
        pair: VersionPair,
        networks: OtherNetworks,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._pair = pair
        self._ids = ("", "")
        self._drawn_for: tuple[object, object] | None = None
        self.change: ChangeMap | None = None
        self.asking = Asking(session, networks, Urgency.DEHAZE_SHOWN, self)
        self.asking.changed.connect(self._draw)
        self.asking.outdated.connect(self._follow)
        pair.changed.connect(self._pair_changed)
        session.photo_ready.connect(lambda photo, document: self._follow())
        session.input_changed.connect(lambda _: self.ask_again())
        session.threshold_changed.connect(lambda _: self._draw())
        view.layer_changed.connect(lambda layer: self._layer_changed() if layer.name == LAYER else None)

    @property
    def wanted(self) -> bool:
        """Whether the layer is visible."""
        return self._view.shows(LAYER)

    def _layer_changed(self) -> None:
        if self.asking.trouble is not None and not self.wanted:
            self.asking.forget()  # showing the layer again asks again
        self._follow()
        self.changed.emit()

    def _pair_changed(self) -> None:
        if self._pair.ids != self._ids:
            self._ids = self._pair.ids
            self.ask_again()

    def ask_again(self) -> None:
        """Put away what was said, also a refusal, and ask anew."""
        self.asking.forget()
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        asking, pair = self.asking, self._pair.versions
        if not self.wanted:
            asking.withdraw()
        elif pair is not None and asking.told is None and asking.trouble is None and not asking.waiting:
            before, after = pair
            predictor = self._session.predictor

            def job(networks: OtherNetworks, project: Project, photo: Photo) -> Job[Told[Two]]:
                return Told((yield from predictor.both_versions(project, photo, before, after)), after.name)

            asking.ask(jobs.MODEL, job)

    def _draw(self) -> None:
        """Compare both masks at the thresholds of now; a large photo takes a while, so not in this thread."""
        told, thresholds = self.asking.told, self._pair.thresholds
        wanted = None if told is None or thresholds is None else (told.answer, thresholds)
        if wanted == self._drawn_for:
            self.changed.emit()
            return
        self._drawn_for = wanted
        if wanted is None:
            self.change = None
        else:
            (before, after), thresholds = wanted

            def drawn(change: ChangeMap) -> None:
                if wanted == self._drawn_for:
                    self.change = change
                    self.changed.emit()

            act = once(partial(change_map, before, after, thresholds))
            answers = Answers(drawn, None, self._session.failed.emit)
            self._session.files.submit(act, Urgency.PREDICT_SHOWN, answers, key="change")
        self.changed.emit()
