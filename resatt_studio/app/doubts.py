"""Leads from one doubtful place of the open photo to the next, and on to the next photo."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.session import Session
from resatt_studio.app.worker import Answers, once
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.doubt import DoubtfulPlace
from resatt_studio.records.geometry import Box
from resatt_studio.records.jobs import Urgency
from resatt_studio.records.prediction import Prediction
from resatt_studio.words import mark, tr

_SETTLED_WITHIN_PX = 3
WAITING_WORDS = mark("doubtful places come with the mask")
NOTHING_WORDS = mark("nothing in doubt here; {next_doubt} goes on")


class PhotoDoubts(QObject):
    """Finds the places when they are first asked for, most doubtful first; those that were corrected since
    are passed over.

    Args:
        session: What is open.
    """

    changed = Signal()
    """Another place is looked at, or none."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._places: tuple[DoubtfulPlace, ...] | None = None
        self._at: int | None = None
        self._step = 0  # asked for before the places were known
        self._told_nothing = False
        session.photo_changed.connect(lambda _: self._forget())
        session.tiles_ready.connect(lambda tiles, document: self._forget())  # of a huge photo no mask comes
        session.prediction_changed.connect(lambda _: self._predicted())

    @property
    def place(self) -> DoubtfulPlace | None:
        """The place that is looked at now."""
        return None if self._at is None or self._places is None else self._places[self._at]

    @property
    def words(self) -> str:
        """For the status bar and ``Keymap.words``, such as "doubtful place 3 of 12"."""
        if self._at is not None and self._places is not None:
            return tr("doubtful place {place} of {count}").format(place=self._at + 1, count=len(self._places))
        if self._waiting:
            return tr(WAITING_WORDS)
        return tr(NOTHING_WORDS) if self._told_nothing else ""

    @property
    def _waiting(self) -> bool:
        return bool(self._step) and self._session.prediction is None

    def next_place(self) -> None:
        """Look at the next place; after the last one, at the first of the next photo to review."""
        self._go(+1)

    def previous_place(self) -> None:
        """Look at the place before."""
        self._go(-1)

    # -- inside --

    def _go(self, step: int) -> None:
        places = self._places
        if places is None:
            self._step = step
            self._find()
            return
        start = self._at if self._at is not None else (-1 if step > 0 else len(places))
        at = start + step
        while 0 <= at < len(places) and self._settled(places[at]):
            at += step
        if 0 <= at < len(places):
            self._at = at
            self.changed.emit()
        elif not places and not (self._told_nothing and step > 0):
            # Not on by itself: through photos without doubt it would run to the end of the list.
            self._told_nothing = True
            self.changed.emit()
        elif step < 0:
            self._session.told.emit(tr("This is the most doubtful place of the photo."))
        else:
            self._leave()

    def _leave(self) -> None:
        before = self._session.entry
        self._session.next_unchecked()
        after = self._session.entry
        if before is not None and after is not None and after.photo_id != before.photo_id:
            self._step = +1

    def _find(self) -> None:
        session, prediction = self._session, self._session.prediction
        if prediction is None or session.document is None:
            self.changed.emit()
            return  # it goes on when the mask is there
        said = session.document.labels.to_array()

        def found(places: tuple[DoubtfulPlace, ...]) -> None:
            if session.prediction is prediction and self._places is None:
                self._places = places
                step, self._step = self._step, 0
                if step:
                    self._go(step)

        job = once(lambda: _places(prediction, said))
        answers = Answers(found, None, session.failed.emit)
        session.files.submit(job, Urgency.PREDICT_SHOWN, answers, key="doubts")

    def _settled(self, place: DoubtfulPlace) -> bool:
        """Whether the inspector has said something where the doubt is greatest."""
        document = self._session.document
        if document is None:
            return False
        peak = Box(place.row, place.column, place.row + 1, place.column + 1)
        around = peak.expanded(_SETTLED_WITHIN_PX).clipped(document.height, document.width)
        return bool(document.labels.read(around).any())

    def _predicted(self) -> None:
        step = self._step
        self._forget()
        self._step = step
        if step:
            self._find()

    def _forget(self) -> None:
        self._places, self._at, self._step, self._told_nothing = None, None, 0, False
        self.changed.emit()


def _places(prediction: Prediction, said: UInt8Array) -> tuple[DoubtfulPlace, ...]:
    from resatt_studio.imaging.doubt import doubtful_places

    return doubtful_places(prediction.probability_8bit, said)
