"""Mouse, wheel, keys and focus of the canvas: which event means what."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from resatt_studio.app.canvas.gestures import Drag, Gestures
from resatt_studio.app.tools.registry import ToolSpec

ZOOM_STEP = 1.25
_KEY_PAN = 0.1  # of the view's side, for each press of an arrow key
_ARROWS = {
    Qt.Key.Key_Up: (1, 0),
    Qt.Key.Key_Down: (-1, 0),
    Qt.Key.Key_Left: (0, 1),
    Qt.Key.Key_Right: (0, -1),
}


class CanvasEvents(QWidget):
    """Turns events into acts of the canvas, which :class:`view.PhotoCanvas` carries out.

    Attributes:
        wheel_zooms: Whether the bare wheel zooms; else it moves the photo, and Ctrl with the wheel zooms.
    """

    wheel_zooms: bool
    _gestures: Gestures
    _spec: ToolSpec
    _space_held: bool
    _focus_by_key: bool
    _flush_timer: QTimer
    _last_position: QPointF | None

    def mousePressEvent(self, event) -> None:
        drag = self._meaning(event)
        if drag is None or self._gestures.busy or not self.has_photo:
            event.ignore()
            return
        self._track(event.position())
        if drag is Drag.TOOL and self._spec.paints:
            if self._document is None:
                return
            self.stroke_started.emit()
        self._update_view(self.scene.refresh(self._gestures.press(self._pointer(event.position()), drag)))
        self._show_cursor()

    def mouseMoveEvent(self, event) -> None:
        if self._gestures.busy:
            # The outline follows when the points are painted, so that one move costs one paint.
            self._gestures.move(self._pointer(event.position()))
            self._last_position = event.position()
            self._flush_timer.start()
        else:
            self._track(event.position())

    def mouseReleaseEvent(self, event) -> None:
        if self._gestures.busy and not event.buttons():
            self._gestures.move(self._pointer(event.position()))
            self._last_position = event.position()
            self._finish_stroke()

    def wheelEvent(self, event) -> None:
        if not self.has_photo:
            return
        delta, pixels = event.angleDelta(), event.pixelDelta()
        turns = (delta.y() or delta.x()) / 120.0  # with Shift or Alt some systems turn the wheel sideways
        modifiers = event.modifiers()
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.resize_brush(self.radius_px * ZOOM_STEP**turns)
        elif self.wheel_zooms or modifiers & Qt.KeyboardModifier.ControlModifier:
            at = self._pointer(event.position())
            self._look(self.viewport.zoomed(self.scale * ZOOM_STEP**turns, at.view_row, at.view_column))
        else:
            moved = pixels if not pixels.isNull() else delta / 2
            ratio = self.devicePixelRatioF()
            self.pan_by(round(moved.y() * ratio), round(moved.x() * ratio))
        event.accept()

    def event(self, event) -> bool:
        if event.type() == QEvent.Type.NativeGesture and self.has_photo:
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                at = self._pointer(event.position())
                scale = self.scale * (1 + event.value())
                self._look(self.viewport.zoomed(scale, at.view_row, at.view_column))
                return True
        elif event.type() == QEvent.Type.DevicePixelRatioChange:
            self._resize_view()
        return super().event(event)

    def enterEvent(self, event) -> None:
        # Held keys (Space, V) should work where the pointer is, unless somebody is typing.
        focused = QApplication.focusWidget()
        typing = focused is not None and focused.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        if self.isActiveWindow() and not typing:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        super().enterEvent(event)

    def leaveEvent(self, event) -> None:
        if not self._gestures.busy:
            self._track(None)
        super().leaveEvent(event)

    def _meaning(self, event) -> Drag | None:
        """What a press of this button with these keys begins."""
        if event.button() == Qt.MouseButton.MiddleButton:
            return Drag.PAN
        if event.button() != Qt.MouseButton.LeftButton:
            return None
        if self._space_held:
            return Drag.PAN
        if self._at_split(event.position()):
            return Drag.SPLIT
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and self._spec.ring:
            return Drag.SIZE
        return Drag.TOOL

    def keyPressEvent(self, event) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Space, Qt.Key.Key_V) and not event.modifiers():
            if not event.isAutoRepeat():
                self._hold(key, True)
        elif key == Qt.Key.Key_Escape and self._gestures.busy:
            self._cancel_stroke()
        elif key in _ARROWS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            down, right = _ARROWS[key]
            view = self.viewport
            self.pan_by(round(down * view.view_height * _KEY_PAN), round(right * view.view_width * _KEY_PAN))
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_V):
            if not event.isAutoRepeat():
                self._hold(event.key(), False)
        else:
            super().keyReleaseEvent(event)

    def focusInEvent(self, event) -> None:
        self._focus_by_key = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event) -> None:
        # The release of a held key will go elsewhere.
        self._hold(Qt.Key.Key_Space, False)
        self._hold(Qt.Key.Key_V, False)
        self.update()
        super().focusOutEvent(event)
