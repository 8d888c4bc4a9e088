"""What a label network attends to in the open photo: the question as it is put together, and the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from resatt_studio.app.asking import Asking
from resatt_studio.app.other_networks import OtherNetworks
from resatt_studio.app.session import Session
from resatt_studio.app.view_state import ViewState
from resatt_studio.records.heat import (
    HEAT_KINDS,
    POINT_NEEDED,
    POINT_TAKEN,
    Heat,
    HeatKind,
    HeatQuestion,
    HeatStage,
)
from resatt_studio.records.jobs import Urgency
from resatt_studio.words import tr

MIXED_HEADS = frozenset({HeatKind.ROLLOUT, HeatKind.GRADIENT})
"""Kinds of map that mix all heads."""

CLOSE_UP_PX = 448
"""Side of the square that a close-up looks at in full resolution."""


class PhotoAttention(QObject):
    """Asks while the layer is visible; every change of the question asks anew.

    Args:
        session: What is open.
        view: Says whether the layer is visible.
        networks: Who answers.
    """

    changed = Signal()
    """The question, the answer, or how far it is."""
    export_wanted = Signal()
    """Somebody wants the map as a file and has not said where."""

    def __init__(
        self, session: Session, view: ViewState, networks: OtherNetworks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self.wish = HeatQuestion("rmt")
        self._asked: HeatQuestion | None = None
        self._stages: dict[str, tuple[HeatStage, ...]] = {}
        self.asking = Asking(session, networks, Urgency.LOOK_SHOWN, self)
        self.asking.changed.connect(self._heard)
        self.asking.outdated.connect(self._outdated)
        session.photo_changed.connect(lambda _: self._set(point=None))
        session.photo_ready.connect(lambda photo, document: self._follow())
        view.layer_changed.connect(lambda layer: self._layer_changed(layer.name))

    # -- what holds now --

    @property
    def shown(self) -> bool:
        """Whether the heat's layer is visible."""
        return self._view.shows("heat")

    @property
    def heat(self) -> Heat | None:
        """Of the open photo."""
        return None if self.asking.told is None else self.asking.told.answer

    @property
    def stages(self) -> tuple[HeatStage, ...]:
        """What the chosen network can be asked for; empty until it was asked for the first time."""
        return self._stages.get(self.wish.model, ())

    @property
    def takes_point(self) -> bool:
        """Whether a point matters to the question as it is."""
        return self.wish.kind in POINT_TAKEN or self.wish.tile_px is not None

    @property
    def needs_point(self) -> bool:
        """Whether the question waits for a point."""
        wants = self.wish.kind in POINT_NEEDED or self.wish.tile_px is not None
        return wants and self.wish.point is None

    # -- the question --

    def choose(self, **changes: Any) -> None:
        """Change fields of the question; what no longer fits the network goes back to its default."""
        self._set(**changes)
        self.ask()

    def ask_point(self, point: tuple[int, int]) -> None:
        """Ask what a photo pixel (row, column) attends to, and show the answer, or why there is none."""
        if self._session.tiles is not None:
            self._session.told.emit(self._session.huge_words)
            return
        self._set(point=point, kind=self.wish.kind if self.takes_point else HeatKind.POINT)
        if self.shown:
            self.ask()
        else:
            self._view.set_layer("heat", visible=True)

    def ask(self) -> None:
        """Ask about the open photo, if the layer is visible and the question is complete."""
        if not self.shown:
            self.asking.withdraw()
            return
        if self.needs_point:
            self.asking.forget()
            return
        question = self._asked = self._question()
        self.asking.ask(
            question.model, lambda networks, project, photo: networks.heat(project, photo, question)
        )

    # -- files --

    def export(self, path: Path) -> None:
        """Write the map over its photo, with colour bar and caption, as PNG; never over the photo itself."""
        heat, photo, entry = self.heat, self._session.photo, self._session.entry
        if heat is None or photo is None or entry is None:
            return
        source = entry.facts.path

        def act() -> None:
            from resatt_studio.workflow.heatmap import write_heat

            write_heat(path, source, photo, heat)

        def done(_: object) -> None:
            self._session.told.emit(tr("The map was written to {path}.").format(path=path))

        self._session.ask(act, done, must=True)

    # -- inside --

    def _question(self) -> HeatQuestion:
        """The wish without what this kind of map does not take."""
        wish = self.wish
        return replace(
            wish,
            point=wish.point if self.takes_point else None,
            head=None if wish.kind in MIXED_HEADS else wish.head,
            label=wish.label if wish.kind is HeatKind.GRADIENT else None,
        )

    def _set(self, **changes: Any) -> None:
        wish = replace(self.wish, **changes)
        if wish.model != self.wish.model:
            wish = replace(wish, stage=None, block=None, head=None)
        if wish.kind not in HEAT_KINDS[wish.model]:
            wish = replace(wish, kind=HeatKind.RECEIVED)
        if wish.stage != self.wish.stage:
            wish = replace(wish, block=None, head=None)
        if wish != self.wish:
            self.wish = wish
            self.changed.emit()

    def _layer_changed(self, name: str) -> None:
        if name == "heat":
            if not self.shown and self.asking.trouble is not None:
                self.asking.forget()  # showing the layer again asks again
            self._follow()
            self.changed.emit()

    def _follow(self) -> None:
        asking = self.asking
        heard = asking.waiting or asking.told is not None or asking.trouble is not None
        if not (self.shown and heard and self._asked == self._question()):
            self.ask()

    def _outdated(self) -> None:
        self._stages.pop(self.wish.model, None)
        self._follow()

    def _heard(self) -> None:
        told = self.asking.told
        if told is not None:
            self._stages[told.answer.question.model] = told.stages
        self.changed.emit()
