"""The tour of the window: one callout after the other, each until its step is done or passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.parts import Parts
from resatt_studio.app.tour_callout import TourCallout, TourFrame
from resatt_studio.app.tour_steps import STEPS
from resatt_studio.words import mark, tr

if TYPE_CHECKING:
    from resatt_studio.app.window import MainWindow

SHOWN_KEY = "tour-shown"
LOOK_MS = 200
"""Panels can be moved at any time; the callout looks so often where its target is now."""
OVER_WORDS = mark("That was the tour; the Help menu has it again.")


class Tour(QObject):
    """Follows what the inspector does in the real window; stops nothing and nobody.

    Args:
        window: Where it points.
        parts: Behind the window.
        state: Remembers that it was shown.

    Attributes:
        callout, frame: What is shown of it.
    """

    def __init__(self, window: MainWindow, parts: Parts, state: QSettings) -> None:
        super().__init__(window)
        self._window = window
        self._parts = parts
        self._state = state
        self._place: int | None = None
        self.callout = TourCallout(window)
        self.frame = TourFrame(window)
        self.callout.went.connect(self._go)
        self.callout.left.connect(self.stop)
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._follow)
        parts.keys.changed.connect(self._say)

    @property
    def step(self) -> str:
        """The step that is shown, "" when none is."""
        return "" if self._place is None else STEPS[self._place].id

    def start(self) -> None:
        """Begin with the first step that is not done already."""
        self._state.setValue(SHOWN_KEY, "true")
        self._show(0 if self._parts.session.project is None else 1)
        self.callout.next.setFocus()

    def start_once(self) -> None:
        """Begin, unless it was ever shown on this machine."""
        if str(self._state.value(SHOWN_KEY, "")) != "true":
            self.start()

    def stop(self) -> None:
        """Put it away."""
        focused = QApplication.focusWidget()
        held = focused is not None and self.callout.isAncestorOf(focused)
        self._place = None
        self._look.stop()
        self.callout.hide()
        self.frame.hide()
        if held:
            self._window.canvas.setFocus()

    def listen(self) -> None:
        """Let what somebody does in the window lead on from its step; once, when the window is built."""
        actions, canvas = self._window.actions_, self._window.canvas
        self._parts.session.document_ready.connect(lambda _: self._done("open"))
        self._parts.view.layer_changed.connect(self._layer_changed)
        canvas.stroke_finished.connect(lambda edit: self._done("paint") if edit is not None else None)
        actions["approve"].triggered.connect(lambda: self._done("approve"))
        actions["learn"].triggered.connect(lambda: self._done("learn"))
        actions["export"].triggered.connect(lambda: self._done("export"))
        self.listen_to_panels()

    def listen_to_panels(self) -> None:
        """The same of what stands in panels; whenever they are built."""
        panel = self._window.panel("learningPanel")
        panel.learn.clicked.connect(lambda: self._done("learn"))
        panel.versions.tree.clicked.connect(lambda _: self._done("versions"))

    # -- inside --

    def _layer_changed(self, layer: Layer) -> None:
        if layer.name == "mask" and layer.visible:
            self._done("mask")

    def _done(self, id: str) -> None:
        if self.step == id:
            # After everybody else has heard of it: what the next step points at may just be coming.
            QTimer.singleShot(0, lambda: self._advance(id))

    def _advance(self, id: str) -> None:
        if self._place is not None and self.step == id:
            self._show(self._place + 1)

    def _go(self, way: int) -> None:
        if self._place is None:
            return
        if self.step == "open" and way > 0 and self._parts.session.project is None:
            self._parts.session.open_sample()  # nothing after it could be pointed at
        else:
            self._show(self._place + way)

    def _show(self, place: int) -> None:
        if place >= len(STEPS):
            self.stop()
            self._parts.session.told.emit(tr(OVER_WORDS))
            return
        self._place = max(0, place)
        STEPS[self._place].bring(self._window)
        self.frame.raise_()  # a panel that comes to the front would lie above it
        self._say()
        self._follow()
        self._look.start()

    def _say(self) -> None:
        if self._place is not None:
            step = STEPS[self._place]
            words = self._parts.keys.words(tr(step.words))
            self.callout.say(self._place + 1, len(STEPS), tr(step.title), words)

    def _follow(self) -> None:
        """Stand beside what the step speaks of, wherever it is now."""
        if self._place is None:
            return
        step, within = STEPS[self._place], self._window.rect().adjusted(8, 8, -8, -8)
        target = step.where(self._window)
        self.frame.setVisible(not target.isEmpty())
        self.frame.surround(target)
        self.callout.stand_beside(target, within, step.side)
