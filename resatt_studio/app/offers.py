"""Good news with a button: use the candidate all the same, go on learning, use what was imported."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from resatt_studio.app.jobs import MODEL
from resatt_studio.app.notices import NoticeArea
from resatt_studio.app.parts import Parts
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.words import tr


class Offers(QObject):
    """Listens to learner, shelf and session, and offers in the notice bar what may come next.

    Args:
        parts: Behind the window.
        notice: Where it is offered; also owns this.
    """

    def __init__(self, parts: Parts, notice: NoticeArea) -> None:
        super().__init__(notice)
        self._parts = parts
        self._notice = notice
        parts.learner.ended.connect(self._offer_candidate)
        parts.session.learning_cut_off.connect(self._offer_resume)
        parts.shelf.brought_in.connect(self._offer_weights)

    def _offer_candidate(self, outcome: Any) -> None:
        if outcome is not None and not outcome.verdict.promoted:
            version = outcome.version
            self._notice.tell(outcome.told, tr("Use it all the same"), lambda: self._use(version))

    def _offer_resume(self) -> None:
        words = tr("Learning was cut off when the app ended last time. It can go on from where it was.")
        self._notice.tell(words, tr("Go on learning"), self._parts.learner.learn)

    def _offer_weights(self, version: WeightsVersion, new: bool) -> None:
        title = NETWORKS[version.model]
        if version.state is WeightsState.ACTIVE:
            self._notice.tell(
                tr("These are {title} {name}, which is in use already.").format(
                    title=title, name=version.name
                )
            )
            return
        words = (
            tr("{title} {name} is on the shelf.").format(title=title, name=version.name)
            if new
            else tr("These are {title} {name}.").format(title=title, name=version.name)
        )
        self._notice.tell(words, tr("Use it"), lambda: self._use(version))

    def _use(self, version: WeightsVersion) -> None:
        """Use a version, unless learning compares its candidate with the weights that it would replace."""
        if version.model == MODEL and self._parts.learner.learning:
            words = tr("{name} can be used when learning has ended; the Learning panel lists it.").format(
                name=version.name
            )
            self._notice.tell(words)
        else:
            self._parts.shelf.use(version.model, version.weights_id)
