"""A label whose words change all the time, without its bar being laid out anew for each of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel, QWidget


class SteadyLabel(QLabel):
    """As large as the largest of its texts so far.

    Laying out and painting a status bar takes longer than painting a stroke, and Qt does both whenever a
    label's text changes; it leaves them alone where the label's size is fixed.

    Args:
        width_px: Room that it takes from the beginning.
    """

    def __init__(self, width_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(width_px)

    def setText(self, text: str) -> None:
        if text != self.text():
            super().setText(text)
            self._grow()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._grow()

    def _grow(self) -> None:
        wanted = self.sizeHint()
        if wanted.width() > self.width() or wanted.height() != self.height():
            self.setFixedSize(max(wanted.width(), self.width()), wanted.height())
