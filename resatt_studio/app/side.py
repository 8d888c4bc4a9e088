"""One side of two: what it shows, what has to be asked for it, and what to do meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PySide6.QtCore import QObject, Signal

from resatt_studio.app.asking import Asking
from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.canvas.tile_memory import DEHAZING_BYTES_A_PIXEL, MORE_MEMORY
from resatt_studio.app.dehazing import TOO_LARGE
from resatt_studio.app.newest import NewestJob
from resatt_studio.app.other_networks import DEHAZE_MODEL, OtherNetworks
from resatt_studio.app.photo_beside import BesidePhoto
from resatt_studio.app.session import HUGE_CURE, Session
from resatt_studio.app.sides import AS_LAYERS, SideLook, find_look
from resatt_studio.app.version_pair import VersionPair
from resatt_studio.app.view_state import ViewState
from resatt_studio.app.worker import Listed, once
from resatt_studio.errors import StudioError
from resatt_studio.imaging.changes import change_map
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.comparison import ChangeMap
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.heat import Heat, HeatQuestion
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.records.photo import Photo, PhotoEntry
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import automatic_threshold
from resatt_studio.words import again, mark, tr
from resatt_studio.workflow.jobs import Job, JobFactory, progress
from resatt_studio.workflow.lineage import version_with

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

LEFT, RIGHT = "left", "right"
_NO_PHOTO = mark("Open a photo in the list, or press {next}.")
_HUGE = mark("This photo is shown part by part; this takes a photo that is held whole.")
_APPROVED_AT = 0.5


@dataclass(frozen=True, eq=False)
class SideAnswer:
    """What a side was told; of the photo it is about, only what its look needs.

    Attributes:
        photo_id: Of the photo.
        mask: H x W uint8 probability * 255 that is seen as the mask: a version's, or 0 and 255 as approved.
        prediction: By the weights in use.
        heat, change, dehazing: As their layers show them.
    """

    photo_id: str
    mask: UInt8Array | None = field(repr=False, default=None)
    prediction: Prediction | None = None
    heat: Heat | None = None
    change: ChangeMap | None = None
    dehazing: Dehazing | None = None


class Known(Protocol):
    """Who asks about the open photo anyway while somebody looks, such as the dehazing."""

    asking: Asking

    def ask_again(self) -> None: ...


class Side(QObject):
    """Follows the choice of one side. What the canvas has anyway is not asked for again.

    Args:
        role: :data:`LEFT` or :data:`RIGHT`.
        session: What is open.
        view: What is chosen.
        beside: The other photo, on the right.
        networks: Who answers about haze and attention.
        pair: Which versions are compared.
        known: By look, who asks about the open photo already.
    """

    changed = Signal()
    """Another look or photo, asked, progressed, answered, refused, or stopped."""

    def __init__(
        self,
        role: str,
        session: Session,
        view: ViewState,
        beside: BesidePhoto,
        networks: OtherNetworks,
        pair: VersionPair,
        known: Mapping[str, Known],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._role = role
        self._session = session
        self._view = view
        self._beside = beside
        self._networks = networks
        self._pair = pair
        self._known = known
        self._job = NewestJob(session.gpu)
        self._reading = NewestJob(session.files)  # behind what is still being written there
        self._asked: tuple[object, ...] | None = None
        self._stopped = False
        self.answer: SideAnswer | None = None
        self._report: JobProgress | None = None
        self._trouble: StudioError | None = None
        view.sides_changed.connect(lambda _: self._follow())
        session.document_ready.connect(lambda _: self._follow())
        session.photo_changed.connect(lambda _: self._follow())
        session.state_read.connect(lambda _: self._follow())
        session.input_changed.connect(lambda _: self._follow())
        session.threshold_changed.connect(lambda _: self._follow())
        for signal in (session.prediction_changed, session.huge_predicted):
            signal.connect(lambda _: self.changed.emit())
        pair.changed.connect(self._follow)
        beside.changed.connect(self._follow)
        for part in known.values():
            part.asking.changed.connect(self.changed)

    # -- what holds now --

    @property
    def look(self) -> SideLook:
        """What is chosen for this side."""
        sides = self._view.sides
        id = sides.left if self._role == LEFT else sides.right
        return find_look(id, self._session.state.versions)

    @property
    def entry(self) -> PhotoEntry | None:
        """The photo that is seen on this side."""
        return (self._other or self._session.entry) if self._role == RIGHT else self._session.entry

    @property
    def is_other(self) -> bool:
        """Whether it is another photo than the open one."""
        return self._role == RIGHT and self._other is not None

    @property
    def threshold(self) -> float:
        """Probability in [0, 1] above which the mask of this side is crack."""
        look, session = self.look, self._session
        if look.id == "approved":
            return _APPROVED_AT
        version = version_with(look.weights_id, session.state.versions)
        if version is None or session.own_threshold is not None:
            return session.threshold
        return automatic_threshold(version)

    @property
    def running(self) -> bool:
        """Whether an answer is on its way."""
        if self._asking is not None:
            return self._asking.waiting
        return self._job.running or self._reading.running

    @property
    def report(self) -> JobProgress | None:
        """How far the answer is."""
        return self._asking.report if self._asking is not None else self._report

    @property
    def words(self) -> str:
        """What is missing and what to do, for ``Keymap.words``; "" where everything is seen."""
        if not self._view.sides.on:
            return ""
        asking = self._asking
        trouble = self._trouble if asking is None else asking.trouble
        if self.is_other and self._beside.trouble is not None:
            trouble = self._beside.trouble
        if trouble is not None:
            return again(str(trouble))
        if self.entry is None:
            return tr(_NO_PHOTO)
        if self.running:
            message = "" if self.report is None else self.report.message
            return again(message) or tr("Waiting for the network…")
        if self.is_other and self._beside.photo is None:
            return tr("Opening {name}…").format(name=self.entry.name)
        if self._stopped:
            return tr("Stopped.")
        return "" if self._is_there() else tr(self.look.waits)

    @property
    def can_ask_again(self) -> bool:
        """Whether something was asked, and stopped or refused."""
        trouble = self._trouble if self._asking is None else self._asking.trouble
        return not self.running and (self._stopped or trouble is not None)

    def seen(self, layer: Layer) -> Layer:
        """A layer of the Layers panel as this side shows it now."""
        if not self._view.sides.on:
            return layer
        look, answer = self.look, self.answer
        shown = look.seen(layer, paints=self._role == LEFT)
        if layer.name == "mask" and look.has_own_mask and (answer is None or answer.mask is None):
            return replace(shown, visible=False)  # that of the weights in use would pass for it
        return shown

    # -- acts --

    def stop(self) -> None:
        """Ask no further."""
        if self._asking is not None:
            self._asking.withdraw()
        else:
            self._withdraw()
        self._stopped = True
        self.changed.emit()

    def ask_again(self) -> None:
        """Ask what was stopped or refused once more."""
        self._stopped = False
        if self._asking is not None:
            self._known[self.look.id].ask_again()
        self._asked = None
        self._follow()

    # -- inside --

    @property
    def _other(self) -> PhotoEntry | None:
        return self._beside.entry

    @property
    def _asking(self) -> Asking | None:
        """Who asks about the open photo for the chosen look; None where this side does."""
        part = None if self.is_other else self._known.get(self.look.id)
        return None if part is None else part.asking

    @property
    def _photo(self) -> Photo | None:
        if not self.is_other:
            return self._session.photo
        return None if self._beside.photo is None else self._beside.photo.photo

    @property
    def _is_huge(self) -> bool:
        if not self.is_other:
            return self._session.tiles is not None
        return self._beside.photo is not None and self._beside.photo.tiles is not None

    def _is_there(self) -> bool:
        """Whether what is chosen can be seen."""
        look, session, answer = self.look, self._session, self.answer
        if look.id == "correction":
            document, beside = session.document, self._beside.photo
            labels = document.labels if document is not None else None
            if self.is_other:
                labels = beside.labels if beside is not None else None
            return labels is not None and labels.nbytes > 0
        if look.needs_prediction:
            whole = answer.prediction if self.is_other and answer is not None else None
            return (whole if self.is_other else session.prediction or session.huge) is not None
        if look.id == "change" and not self.is_other:
            return self._pair.versions is not None
        if look.waits:
            return answer is not None and (answer.mask is not None or answer.change is not None)
        return True

    def _question(self) -> tuple[object, ...] | None:
        """What has to be asked, and what the answer depends on; None where nothing has to be."""
        look, entry, session = self.look, self.entry, self._session
        if not self._view.sides.on or entry is None or session.document is None:
            return None
        if self.is_other and self._beside.photo is None:
            return None
        key = (entry.photo_id, look.id)
        if look.weights_id:
            known = any(v.weights_id == look.weights_id for v in session.state.versions)
            return (*key, session.predictor.photo_input) if known else None
        if look.heat_model:
            return (*key, session.state.in_use.get(look.heat_model, ""))
        if look.id == "approved":
            return (*key, entry.state)
        if not self.is_other:
            return None
        if look.id == "dehazed":
            return (*key, session.state.in_use.get(DEHAZE_MODEL, ""))
        if look.id == "change":
            pair = self._pair
            known = pair.versions is not None
            return (*key, pair.ids, pair.thresholds, session.predictor.photo_input) if known else None
        if look.needs_prediction or look.id == AS_LAYERS:
            active = session.active.weights_id if session.active else ""
            return (*key, active, session.predictor.photo_input)
        return None

    def _follow(self) -> None:
        question = self._question()
        if question == self._asked:
            self.changed.emit()
            return
        self._withdraw()
        self._asked, self._stopped = question, False
        self.answer = self._trouble = None
        if question is not None:
            self._ask()
        self.changed.emit()

    def _ask(self) -> None:
        project, entry, look = self._session.project, self.entry, self.look
        if project is None or entry is None:
            return
        if look.id == "approved" and not self._is_huge:
            self._submit(self._reading, lambda: _approved(project, entry.photo_id))
            return
        photo = self._photo
        if photo is None:
            huge = self._is_huge
            self._trouble = StudioError(_HUGE if huge else _NO_PHOTO, HUGE_CURE if huge else "")
            return
        needs = photo.height * photo.width * DEHAZING_BYTES_A_PIXEL
        if look.id == "dehazed" and not self._session.memory.has_room(needs):
            self._trouble = StudioError(TOO_LARGE, MORE_MEMORY)
            return
        what = mark("{what}: {name}").format(what=look.english, name=entry.name)
        listed = Listed(what, stop=self.stop)
        self._submit(self._job, self._job_for(project, photo), listed)

    def _job_for(self, project: Project, photo: Photo) -> JobFactory:
        """Asks a network about a photo; runs on the networks' thread."""
        look, session, networks = self.look, self._session, self._networks
        predictor, photo_id, pair = session.predictor, photo.photo_id, self._pair

        def version() -> Job[SideAnswer]:
            wanted = next(v for v in session.state.versions if v.weights_id == look.weights_id)
            prediction = yield from predictor.by_version(project, photo, wanted)
            return SideAnswer(photo_id, mask=prediction.probability_8bit)

        def heat() -> Job[SideAnswer]:
            told = yield from networks.heat(project, photo, HeatQuestion(look.heat_model))
            return SideAnswer(photo_id, heat=told.answer)

        def dehazed() -> Job[SideAnswer]:
            return SideAnswer(photo_id, dehazing=(yield from networks.dehaze(project, photo)).answer)

        versions, thresholds = pair.versions, pair.thresholds

        def change() -> Job[SideAnswer]:
            if versions is None or thresholds is None:
                return SideAnswer(photo_id)
            before, after = yield from predictor.both_versions(project, photo, *versions)
            yield progress(0, 0)
            return SideAnswer(photo_id, change=change_map(before, after, thresholds))

        def in_use() -> Job[SideAnswer]:
            shown = predictor.photo_input
            return SideAnswer(photo_id, prediction=(yield from predictor.other_input(project, photo, shown)))

        named: dict[str, Callable[[], Job[SideAnswer]]] = {"dehazed": dehazed, "change": change}
        if look.weights_id:
            return version
        return heat if look.heat_model else named.get(look.id, in_use)

    def _submit(self, where: NewestJob, job: JobFactory, listed: Listed | None = None) -> None:
        urgency = Urgency.DEHAZE_SHOWN
        where.submit(job, urgency, self._answered, self._progressed, self._refused, listed)

    def _withdraw(self) -> None:
        if self.answer is not None and self.answer.dehazing is not None:
            act = once(lambda: self._networks.let_dehazings_go(False))
            self._session.gpu.submit(act, Urgency.PREDICT_SHOWN)
        self._job.withdraw()
        self._reading.withdraw()
        self._report = None

    def _answered(self, answer: SideAnswer) -> None:
        self._report, self.answer = None, answer
        self.changed.emit()

    def _progressed(self, report: JobProgress) -> None:
        self._report = report
        self.changed.emit()

    def _refused(self, error: Exception) -> None:
        self._report = None
        if isinstance(error, StudioError):
            self._trouble = error
        else:
            self._session.failed.emit(error)
        self.changed.emit()


def _approved(project: Project, photo_id: str) -> Job[SideAnswer]:
    from resatt_studio.workflow.correct import approved_mask

    yield progress(0, 0)
    mask = approved_mask(project, photo_id)
    return SideAnswer(photo_id, mask=None if mask is None else mask.astype(np.uint8) * np.uint8(255))
