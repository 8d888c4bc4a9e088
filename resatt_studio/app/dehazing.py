"""What the DHFormer-style network makes of the open photo, once one of its layers is looked at."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.asking import Asking
from resatt_studio.app.canvas.layers import HAZE_LAYERS
from resatt_studio.app.canvas.tile_memory import DEHAZING_BYTES_A_PIXEL, MORE_MEMORY
from resatt_studio.app.other_networks import DEHAZE_MODEL, OtherNetworks
from resatt_studio.app.session import Session
from resatt_studio.app.view_state import ViewState
from resatt_studio.app.worker import once
from resatt_studio.errors import StudioError
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.jobs import Urgency
from resatt_studio.words import mark

WARNING = mark(
    "Dehazed photos (DHFormer-style) are for viewing and optional pre-processing: thin cracks may look "
    "stronger, texture may be invented. Measurements say if they came from the original or the dehazed photo."
)
"""Said beside the layers while one of them is visible."""

TOO_LARGE = mark("This photo is too large to be dehazed in the memory that photos may take.")


class PhotoDehazing(QObject):
    """Dehazes the open photo while one of the layers is visible, and withdraws when none is.

    Args:
        session: What is open.
        view: Which layers are looked at.
        networks: Who answers.
    """

    changed = Signal()
    """Asked, progressed, answered, refused, or another layer is visible."""

    def __init__(
        self, session: Session, view: ViewState, networks: OtherNetworks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._networks = networks
        self._kept = False
        self.asking = Asking(session, networks, Urgency.DEHAZE_SHOWN, self)
        self.asking.changed.connect(self.changed)
        self.asking.outdated.connect(self._follow)
        session.photo_changed.connect(lambda entry: self._left() if entry is None else None)
        session.photo_ready.connect(lambda photo, document: self._follow())
        view.layer_changed.connect(lambda layer: self._layer_changed(layer.name))

    @property
    def wanted(self) -> bool:
        """Whether one of the layers is visible."""
        return any(self._view.shows(name) for name in HAZE_LAYERS)

    @property
    def dehazing(self) -> Dehazing | None:
        """Of the open photo."""
        return None if self.asking.told is None else self.asking.told.answer

    def ask_again(self) -> None:
        """Put away what was said, also a refusal, and ask anew."""
        self.asking.forget()
        self._follow()

    def _layer_changed(self, name: str) -> None:
        if name in HAZE_LAYERS:
            if self.asking.trouble is not None and not self.wanted:
                self.asking.forget()  # showing the layer again asks again
            self._follow()
            self.changed.emit()

    def _left(self) -> None:
        """Have the networks let go of what nobody will look at; on the thread that knows it."""
        if self._kept:
            looking = self._kept = self.wanted
            act = once(lambda: self._networks.let_dehazings_go(looking))
            self._session.gpu.submit(act, Urgency.PREDICT_SHOWN)

    def _follow(self) -> None:
        asking = self.asking
        if not self.wanted:
            asking.withdraw()
        elif asking.told is None and asking.trouble is None and not asking.waiting:
            photo, memory = self._session.photo, self._session.memory
            if photo is not None and not memory.fits_whole(
                photo.height * photo.width, DEHAZING_BYTES_A_PIXEL
            ):
                asking.refuse(StudioError(mark(TOO_LARGE), mark(MORE_MEMORY)))
                return
            self._kept = True
            asking.ask(DEHAZE_MODEL, lambda networks, project, photo: networks.dehaze(project, photo))
