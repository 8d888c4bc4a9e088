"""A pointer for hands without a mouse: arrow keys move it over the photo, Space is its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter

from resatt_studio.app.canvas.marks import CROSS_PX, paint_cross

if TYPE_CHECKING:
    from resatt_studio.app.canvas.view import PhotoCanvas

STEP_PX, FAR_TIMES = 2, 10
"""A press of an arrow key moves by so many logical pixels of the screen, at least one of the photo; with
Shift that many times as far."""
_MARGIN_PX = 32  # of the view's edge, within which the photo moves along

_WAYS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_PLAIN = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier


class KeyCursor:
    """Does with the tool in the hand what a mouse would do, by the same events.

    Args:
        canvas: On which it is.

    Attributes:
        on: Whether arrow keys and Space are its own; else they move the photo.
    """

    def __init__(self, canvas: PhotoCanvas) -> None:
        self._canvas = canvas
        self.on = False
        self._place: tuple[int, int] | None = None
        self._pressed = False

    @property
    def place(self) -> tuple[int, int]:
        """Photo pixel (row, column) that it points at; before it was moved, the middle of the place that is
        framed, or else of what is seen."""
        if self._place is not None:
            return self._place
        canvas = self._canvas
        if canvas.place is not None:
            box = canvas.place
            return (box.top + box.bottom) // 2, (box.left + box.right) // 2
        view = canvas.viewport
        row, column = view.to_photo(view.view_height / 2, view.view_width / 2)
        return self._inside(int(row), int(column))

    def set_on(self, on: bool) -> None:
        """Take the arrow keys and Space, or give them back."""
        if on != self.on:
            self.let_go()
            self.on, self._place = on, None
            self._canvas.update()
            if on:
                self._send(QEvent.Type.MouseMove)

    def forget(self) -> None:
        """Something else is looked at: begin there."""
        self.let_go()
        self._place = None

    def key_press(self, event: QKeyEvent) -> bool:
        """Take a key that is the cursor's; returns whether it was."""
        if not self.on or not self._canvas.has_photo:
            return False
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat() and not self._pressed:
                self._pressed = True
                self._send(QEvent.Type.MouseButtonPress)
            return True
        if event.key() not in _WAYS or event.modifiers() & ~_PLAIN:
            return False
        down, right = _WAYS[Qt.Key(event.key())]
        far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = max(1, round(STEP_PX * self._canvas.ratio / self._canvas.scale)) * (FAR_TIMES if far else 1)
        row, column = self.place
        self._go(row + down * step, column + right * step)
        return True

    def key_release(self, event: QKeyEvent) -> bool:
        """The same of a key that is let go."""
        if not self.on or event.key() != Qt.Key.Key_Space:
            return False
        if not event.isAutoRepeat():
            self.let_go()
        return True

    def let_go(self) -> None:
        """End what Space began."""
        if self._pressed:
            self._pressed = False
            self._send(QEvent.Type.MouseButtonRelease)

    def paint(self, painter: QPainter) -> None:
        """Draw it where it is."""
        if self.on and self._canvas.has_photo:
            paint_cross(painter, self._position(), self._canvas.palette().highlight().color())

    # -- inside --

    def _go(self, row: int, column: int) -> None:
        self._update()
        self._place = self._inside(row, column)
        canvas, at = self._canvas, self._position()
        seen = canvas.rect().adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
        down = min(0.0, seen.bottom() - at.y()) + max(0.0, seen.top() - at.y())
        right = min(0.0, seen.right() - at.x()) + max(0.0, seen.left() - at.x())
        if down or right:
            canvas.pan_by(round(down * canvas.ratio), round(right * canvas.ratio))
        self._update()
        self._send(QEvent.Type.MouseMove)

    def _inside(self, row: int, column: int) -> tuple[int, int]:
        view = self._canvas.viewport
        return (
            min(max(row, 0), view.photo_height - 1),
            min(max(column, 0), view.photo_width - 1),
        )

    def _position(self) -> QPointF:
        """As an event would name it: logical pixels, of the device pixel in the middle of the photo's."""
        row, column = self.place
        view_row, view_column = self._canvas.viewport.to_view(row + 0.5, column + 0.5)
        return QPointF(view_column - 0.5, view_row - 0.5) / self._canvas.ratio

    def _update(self) -> None:
        side = 2 * CROSS_PX + 4
        around = QRect(self._position().toPoint(), QSize(side, side)).translated(-side // 2, -side // 2)
        self._canvas.update(around)

    def _send(self, kind: QEvent.Type) -> None:
        canvas, at = self._canvas, self._position()
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = left if self._pressed else none
        event = QMouseEvent(
            kind, at, QPointF(canvas.mapToGlobal(at)), button, held, Qt.KeyboardModifier.NoModifier
        )
        {
            QEvent.Type.MouseMove: canvas.mouseMoveEvent,
            QEvent.Type.MouseButtonPress: canvas.mousePressEvent,
            QEvent.Type.MouseButtonRelease: canvas.mouseReleaseEvent,
        }[kind](event)
