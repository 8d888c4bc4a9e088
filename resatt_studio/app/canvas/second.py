"""A second view beside the canvas: looks at the same photo without copying it, or at a photo of its own."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.app.canvas.split import Split
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.records.geometry import Box
from resatt_studio.words import tr

_NOTHING = Box(0, 0, 0, 0)
FOLLOWS_AFTER_MS = 40
"""Strokes are taken over when the hand rests for so long ..."""
FOLLOWS_STROKE_MS = 400
"""... or has painted for so long: the stroke itself must never wait for this view."""


class SecondView(PhotoCanvas):
    """Nothing can be painted here; the pointer moves the photo.

    Args:
        main: The canvas beside it, where people paint.

    Attributes:
        leads: Whether what it shows now was chosen here, by hand; not while its size changes.
    """

    def __init__(self, main: PhotoCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._main = main
        self.leads = True
        self._shows_main = False
        self._labels_shown = False
        self._stale = _NOTHING
        self._late = QTimer(self, singleShot=True)
        self._late.timeout.connect(self._follow_strokes)
        self.set_tool("pan")
        self.set_split(Split(on=False))
        main.stroke_finished.connect(lambda _: self._follow_soon(FOLLOWS_AFTER_MS))

    def say_names(self) -> None:
        """As of the canvas."""
        super().say_names()
        self.setAccessibleName(tr("Second view"))
        self.setAccessibleDescription(tr("Shows the photo another way, or another photo; drag to move it."))

    # -- the photo of the canvas --

    def show_main(self, labels: bool) -> None:
        """Look at what the canvas holds, by this view's own layers.

        Args:
            labels: Whether what was painted is shown too.
        """
        main = self._main
        if not self._shows_main or (main.photo_id, main.photo_size) != (self.photo_id, self.photo_size):
            self.leave()
            self.set_photo(None, None, main.photo_id, main.photo_size)
        self._shows_main, self._labels_shown = True, labels
        main.share_with(self.scene)
        main.scene.labels_changed = self._note_stroke if labels else None
        self.scene.share(main.scene, labels)
        self._prepared()

    def show_own(self, labels: TiledLabels | None) -> None:
        """Look at the photo that :meth:`set_photo` or :meth:`set_tiles` gave to this view.

        Args:
            labels: What was painted on it, where that is shown.
        """
        self.scene.set_labels(labels)
        self.update()

    def leave(self) -> None:
        """Show nothing, and share nothing any longer."""
        if self._shows_main:
            self._shows_main = False
            self._main.scene.labels_changed = None
            self._main.share_with(None)
        self._stale = _NOTHING
        self.scene.keep_own()
        self.set_photo(None)
        self.scene.set_labels(None)

    @property
    def shows_main(self) -> bool:
        """Whether it is the canvas's photo that is seen."""
        return self._shows_main

    def _note_stroke(self, box: Box) -> None:
        self._stale = self._stale.union(box)
        self._follow_soon(FOLLOWS_STROKE_MS if self._main.in_stroke else FOLLOWS_AFTER_MS)

    def _follow_soon(self, milliseconds: int) -> None:
        if not self._stale.empty and (not self._late.isActive() or self._late.remainingTime() > milliseconds):
            self._late.start(milliseconds)

    def _follow_strokes(self) -> None:
        box, self._stale = self._stale, _NOTHING
        self._update_view(self.scene.show_labels(box))

    # -- what differs from a canvas --

    def prepare_wanted(self) -> None:
        """What is shared is made by the canvas that holds it."""
        if self._shows_main:
            self._main.prepare_wanted()
        else:
            super().prepare_wanted()

    def _count_memory(self) -> None:
        if self.memory is not None:
            self.memory.beside_bytes = self.scene.nbytes

    def _resize_view(self) -> None:
        self.leads = False
        super()._resize_view()
        self.leads = True
