"""What RMT and ReViT call the open photo, and what the inspector calls it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.asking import Ask, Asking
from resatt_studio.app.other_networks import LABEL_MODELS, OtherNetworks
from resatt_studio.app.session import Session
from resatt_studio.records.jobs import Urgency
from resatt_studio.records.labelling import Labelling
from resatt_studio.records.labels import CrackType
from resatt_studio.records.project import LabelAnswer


class PhotoLabels(QObject):
    """Asks both networks about every photo that is opened while somebody looks; keeps the inspector's answer.

    Args:
        session: What is open.
        networks: Who answers.
    """

    changed = Signal()
    """A network was asked or has answered, or the inspector's answer is another."""
    answered = Signal()
    """The inspector chose a class or took the choice back, just now."""

    def __init__(self, session: Session, networks: OtherNetworks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._watched = False
        self._choices = 0
        self.answer: LabelAnswer | None = None
        self.asking: dict[str, Asking] = {}
        for model in LABEL_MODELS:
            asking = self.asking[model] = Asking(session, networks, Urgency.LOOK_SHOWN, self)
            asking.changed.connect(self.changed)
            asking.outdated.connect(self.look)
        session.photo_changed.connect(lambda _: self._set_answer(None))
        session.document_ready.connect(lambda _: self._read_answer())
        session.photo_ready.connect(lambda photo, document: self.look())

    # -- what holds now --

    @property
    def labellings(self) -> tuple[Labelling, ...]:
        """The answers that are there, in the order of the networks."""
        return tuple(asking.told.answer for asking in self.asking.values() if asking.told is not None)

    @property
    def chosen(self) -> CrackType | None:
        """The inspector's answer."""
        return None if self.answer is None else CrackType(self.answer.answer)

    # -- the networks --

    def watch(self, on: bool) -> None:
        """Somebody looks at the labels, or no longer: without them no network is asked."""
        self._watched = on
        if on:
            self.look()

    def look(self) -> None:
        """Ask the networks that have not been asked about the open photo."""
        if not self._watched:
            return
        for model, asking in self.asking.items():
            if asking.told is None and asking.trouble is None and not asking.waiting:
                asking.ask(model, _question_to(model))

    def look_again(self) -> None:
        """Ask those again that could not answer."""
        for asking in self.asking.values():
            if asking.trouble is not None:
                asking.forget()
        self.look()

    # -- the inspector --

    def choose(self, kind: CrackType | None) -> None:
        """Call the open photo so; None takes the answer back. It is kept in the project at once."""
        project, document = self._session.project, self._session.document
        if project is None or document is None:
            return
        self.answered.emit()
        if kind == self.chosen:
            return
        photo_id, author = document.photo_id, self._session.settings.author
        # At once; the store's own word follows, unless another choice came in between.
        self._set_answer(None if kind is None else LabelAnswer(photo_id, "", kind.value, author))
        self._choices += 1
        choice = self._choices

        def act() -> LabelAnswer | None:
            from resatt_studio.workflow.answers import answer_crack_type, crack_type_answer

            answer_crack_type(project, photo_id, kind, author)
            return crack_type_answer(project, photo_id)

        def done(answer: LabelAnswer | None) -> None:
            if choice == self._choices:
                self._take(photo_id, answer)
            self._session.refresh()

        def failed(error: Exception) -> None:
            self._session.failed.emit(error)
            self._read_answer()  # what was shown ahead of the store is taken back

        self._session.ask(act, done, failed, must=True)

    def clear(self) -> None:
        """Take the answer back."""
        self.choose(None)

    # -- inside --

    def _read_answer(self) -> None:
        project, document = self._session.project, self._session.document
        if project is None or document is None:
            return
        photo_id = document.photo_id

        def read() -> LabelAnswer | None:
            from resatt_studio.workflow.answers import crack_type_answer

            return crack_type_answer(project, photo_id)

        self._session.ask(read, lambda answer: self._take(photo_id, answer), key="answer")

    def _take(self, photo_id: str, answer: LabelAnswer | None) -> None:
        document = self._session.document
        if document is not None and document.photo_id == photo_id:
            self._set_answer(answer)

    def _set_answer(self, answer: LabelAnswer | None) -> None:
        if answer != self.answer:
            self.answer = answer
            self.changed.emit()


def _question_to(model: str) -> Ask:
    return lambda networks, project, photo: networks.label(project, photo, model)
