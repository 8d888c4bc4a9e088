"""Good news with a button: use the candidate all the same, go on learning, use what was imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from resatt_studio.app.jobs import MODEL
from resatt_studio.app.notices import NoticeArea
from resatt_studio.app.parts import Parts
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.words import again, tr


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
        # What was offered is of the project that was open, and no act may reach another one.
        parts.session.project_changed.connect(lambda _: notice.take_back())
        self._over: Callable[[], bool] = lambda: False
        parts.session.state_read.connect(lambda _: self._look_whether_over())
        parts.learner.changed.connect(self._look_whether_over)
        parts.learner.ended.connect(self._offer_candidate)
        parts.session.learning_cut_off.connect(self._offer_resume)
        parts.shelf.brought_in.connect(self._offer_weights)

    def _offer_candidate(self, outcome: Any) -> None:
        if outcome is not None and not outcome.verdict.promoted:
            version, told = outcome.version, outcome.told
            self._offer_use(version, lambda: (again(told), tr("Use it all the same")))

    def _offer_resume(self) -> None:
        learner = self._parts.learner
        self._over = lambda: learner.learning
        self._notice.offer(
            lambda: (
                tr("Learning was cut off when the app ended last time. It can go on from where it was."),
                tr("Go on learning"),
            ),
            learner.learn,
        )

    def _offer_weights(self, version: WeightsVersion, new: bool) -> None:
        title = NETWORKS[version.model]
        if version.state is WeightsState.ACTIVE:
            self._notice.tell(
                tr("These are {title} {name}, which is in use already.").format(
                    title=title, name=version.name
                )
            )
            return

        def write() -> tuple[str, str]:
            words = tr("{title} {name} is on the shelf.") if new else tr("These are {title} {name}.")
            return words.format(title=title, name=version.name), tr("Use it")

        self._offer_use(version, write)

    def _offer_use(self, version: WeightsVersion, write: Callable[[], tuple[str, str]]) -> None:
        def in_use() -> bool:
            active = self._parts.shelf.active(version.model)
            return active is not None and active.weights_id == version.weights_id

        self._over = in_use
        self._notice.offer(write, lambda: self._use(version))

    def _look_whether_over(self) -> None:
        """Somebody may have done in another way what is offered."""
        if self._over():
            self._over = lambda: False
            self._notice.take_back()

    def _use(self, version: WeightsVersion) -> None:
        """Use a version, unless learning compares its candidate with the weights that it would replace."""
        if version.model == MODEL and self._parts.learner.learning:
            words = tr("{name} can be used when learning has ended; the Learning panel lists it.").format(
                name=version.name
            )
            self._notice.tell(words)
        else:
            self._parts.shelf.use(version.model, version.weights_id)
