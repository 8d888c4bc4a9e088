"""A small map of the whole photo in the canvas's corner; its frame says what is seen, and can be dragged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QEnterEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.records.geometry import Box
from resatt_studio.words import mark

if TYPE_CHECKING:
    from resatt_studio.app.canvas.view import PhotoCanvas

SIDE_PX = 180
"""Longer side of the map, in logical pixels."""
MARGIN_PX = 12
TIP = mark("Drag to look elsewhere; {toggle_minimap} hides the map")
"""Its tool tip, as ``Keymap.words`` takes it."""
_LEAST_SIDE_PX = 24
_MOST_OF_VIEW = 0.4
_LEAST_FRAME_PX = 7.0
_REDRAWN_AFTER_MS = 250
_LIGHT, _DARK = QColor("#ffffff"), QColor(22, 24, 27, 215)
_SHADE = QColor(0, 0, 0, 75)


class MiniMap(QWidget):
    """Shown while a part of the photo is out of sight.

    Args:
        canvas: Also its parent.
    """

    def __init__(self, canvas: PhotoCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._wanted = False
        self._image = QImage()
        self._old = True
        # While tiles arrive by the dozen the map is drawn anew a few times a second.
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAWN_AFTER_MS)
        self._redraw.timeout.connect(self._grow_old)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.hide()

    def set_wanted(self, wanted: bool) -> None:
        """Whether it may be shown at all."""
        self._wanted = wanted
        self.follow()

    def forget(self) -> None:
        """Another photo, or more is known of this one: draw the map anew, soon."""
        if not self._redraw.isActive():
            self._redraw.start()
        self.follow()

    def follow(self) -> None:
        """The view shows something else now."""
        view = self._canvas.viewport
        whole = Box(0, 0, view.photo_height, view.photo_width)
        shown = self._wanted and self._canvas.scene.photo is not None and view.visible != whole
        if shown:
            self._lie_down(view)
            self.update()
        if shown == self.isHidden():
            self.setVisible(shown)

    # -- inside --

    def _grow_old(self) -> None:
        self._old = True
        self.update()

    def _lie_down(self, view: Viewport) -> None:
        """Lower right corner, in the photo's shape."""
        canvas = self._canvas
        most = min(SIDE_PX, _MOST_OF_VIEW * min(canvas.width(), canvas.height()))
        scale = most / max(view.photo_height, view.photo_width)
        width = max(_LEAST_SIDE_PX, round(view.photo_width * scale))
        height = max(_LEAST_SIDE_PX, round(view.photo_height * scale))
        left, top = canvas.width() - width - MARGIN_PX, canvas.height() - height - MARGIN_PX
        if (left, top, width, height) != self.geometry().getRect():
            self.setGeometry(left, top, width, height)
            self._old = True

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._old:
            self._draw()
        painter = QPainter(self)
        try:
            painter.drawImage(self.rect(), self._image)
            frame = self._frame()
            painter.save()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_SHADE)
            for part in _around(QRectF(self.rect()), frame):
                painter.drawRect(part)
            painter.restore()
            for colour, width in ((_DARK, 4.0), (_LIGHT, 2.0)):
                painter.setPen(
                    QPen(
                        colour,
                        width,
                        Qt.PenStyle.SolidLine,
                        Qt.PenCapStyle.SquareCap,
                        Qt.PenJoinStyle.MiterJoin,
                    )
                )
                painter.drawRect(frame.adjusted(1, 1, -1, -1))
            for colour, inset in ((_DARK, 0), (QColor(255, 255, 255, 120), 1)):
                painter.setPen(colour)
                painter.drawRect(self.rect().adjusted(inset, inset, -1 - inset, -1 - inset))
        finally:
            painter.end()

    def _draw(self) -> None:
        """The whole photo at the map's size, in device pixels."""
        view = self._canvas.viewport
        ratio = self.devicePixelRatioF()
        height, width = round(self.height() * ratio), round(self.width() * ratio)
        self._old = False
        scale = max(height / view.photo_height, width / view.photo_width)
        whole = Viewport(height, width, view.photo_height, view.photo_width, scale)
        pixels = self._canvas.scene.photo_seen(whole, Box(0, 0, height, width))
        if pixels is None:
            pixels = np.full((height, width, 3), 128, np.uint8)
        pixels = np.ascontiguousarray(pixels)
        image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        self._image = image.copy()  # of its own: the array goes away

    def _frame(self) -> QRectF:
        """Around what is seen, never too small to be seen itself."""
        view = self._canvas.viewport
        across, down = self.width() / view.photo_width, self.height() / view.photo_height
        seen = view.visible
        frame = QRectF(seen.left * across, seen.top * down, seen.width * across, seen.height * down)
        wider = max(0.0, (_LEAST_FRAME_PX - frame.width()) / 2)
        taller = max(0.0, (_LEAST_FRAME_PX - frame.height()) / 2)
        return frame.adjusted(-wider, -taller, wider, taller)

    # -- pointer --

    def enterEvent(self, event: QEnterEvent) -> None:
        self._canvas.pointer_left()  # Qt tells nobody that the pointer left for a child
        super().enterEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._go(event.position())
        event.accept()  # whatever lies below is not meant

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # zooms the photo, as anywhere on the canvas

    def _go(self, position: QPointF) -> None:
        view = self._canvas.viewport
        row = position.y() / self.height() * view.photo_height
        column = position.x() / self.width() * view.photo_width
        self._canvas.centre_on(row, column)


def _around(whole: QRectF, hole: QRectF) -> tuple[QRectF, ...]:
    """What is left of a rectangle around another one."""
    hole = hole.intersected(whole)
    return (
        QRectF(whole.left(), whole.top(), whole.width(), hole.top() - whole.top()),
        QRectF(whole.left(), hole.bottom(), whole.width(), whole.bottom() - hole.bottom()),
        QRectF(whole.left(), hole.top(), hole.left() - whole.left(), hole.height()),
        QRectF(hole.right(), hole.top(), whole.right() - hole.right(), hole.height()),
    )
