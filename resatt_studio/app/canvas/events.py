"""Mouse, wheel, keys and focus of the canvas: which event means what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QNativeGestureEvent,
    QSinglePointEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from resatt_studio.app.canvas.gestures import Drag, Gestures
from resatt_studio.app.canvas.key_cursor import KeyCursor
from resatt_studio.app.own_keys import somebody_types
from resatt_studio.app.tools.base import Pointer
from resatt_studio.app.tools.registry import ToolSpec

if TYPE_CHECKING:
    from resatt_studio.annotation.document import CorrectionDocument
    from resatt_studio.app.canvas.scene import Scene
    from resatt_studio.app.canvas.viewport import Viewport
    from resatt_studio.app.tools.overlay import Mark
    from resatt_studio.records.correction import Edit
    from resatt_studio.records.geometry import Box

ZOOM_STEP = 1.25
FINISH, STEP_BACK, DROP = "finish", "step-back", "drop"
_HAND_KEYS = {
    "Return": FINISH, "Enter": FINISH, "Backspace": STEP_BACK, "Esc": DROP,
}  # fmt: skip
"""What keys mean to a tool that holds something; undo, whose key can be changed, is an act of the window."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
# Each move asks for them, and an operation on Qt's flags takes as long as all the rest of it.
_SHIFT, _CONTROL = Qt.KeyboardModifier.ShiftModifier.value, Qt.KeyboardModifier.ControlModifier.value
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
        key_cursor: What arrow keys and Space are while it is on.
    """

    stroke_started: ClassVar[Signal]
    wheel_zooms: bool
    key_cursor: KeyCursor
    scene: Scene
    radius_px: float
    _gestures: Gestures
    _spec: ToolSpec
    _space_held: bool
    _focus_by_key: bool
    _flush_timer: QTimer
    _last_position: QPointF | None
    _hovered: Pointer | None
    _pressure: float
    _hand_used: int | None
    _released: tuple[int, int]
    _document: CorrectionDocument | None
    _overlay: tuple[Mark, ...]

    # For types alone: methods that do nothing would hide one that the classes down to PhotoCanvas lack.
    if TYPE_CHECKING:

        @property
        def has_photo(self) -> bool: ...
        @property
        def viewport(self) -> Viewport: ...
        @property
        def scale(self) -> float: ...
        def pan_by(self, rows: int, columns: int) -> None: ...
        def resize_brush(self, radius_px: float) -> None: ...
        def _look(self, viewport: Viewport) -> None: ...
        def _resize_view(self) -> None: ...
        def _update_view(self, box: Box) -> None: ...
        def _update_overlay(self) -> None: ...
        def _show_cursor(self) -> None: ...
        def _pointer(self, position: QPointF) -> Pointer: ...
        def _track(self, position: QPointF | None) -> None: ...
        def _tell_pointer(self) -> None: ...
        def _at_split(self, position: QPointF) -> bool: ...
        def _do_hand_key(self, key: str) -> None: ...
        def _hold(self, key: Qt.Key, held: bool) -> None: ...
        def _finish_drag(self) -> None: ...
        def _cancel_stroke(self) -> None: ...
        def _made(self, edit: Edit | None) -> None: ...

    def mousePressEvent(self, event: QSinglePointEvent) -> None:
        self._press(event)

    def mouseDoubleClickEvent(self, event: QSinglePointEvent) -> None:
        self._press(event, double=True)

    def _press(self, event: QSinglePointEvent, double: bool = False) -> None:
        drag = self._meaning(event)
        if drag is None or self._gestures.busy or not self.has_photo:
            event.ignore()
            return
        self._last_position = None
        self._track(event.position())
        if drag is Drag.TOOL and self._spec.paints:
            if self._document is None:
                return
            self.stroke_started.emit()
        changed = self._gestures.press(self._event_pointer(event), drag, double)
        self._update_view(self.scene.refresh(changed))
        self._update_overlay()
        self._show_cursor()

    def mouseMoveEvent(self, event: QSinglePointEvent) -> None:
        # Whatever follows the pointer follows it once for all moves of one turn, so that they cost one paint.
        if self._last_position is None:
            self._flush_timer.start()
        self._last_position = event.position()
        if self._gestures.busy:
            self._gestures.move(self._event_pointer(event))
        else:
            self._hovered = self._event_pointer(event)

    def mouseReleaseEvent(self, event: QSinglePointEvent) -> None:
        if self._gestures.busy and not event.buttons():
            self._gestures.move(self._event_pointer(event))
            self._last_position = event.position()
            self._finish_drag()

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen tells how hard it is pressed; where that is of no use Qt makes a mouse of it."""
        handlers = {
            QEvent.Type.TabletPress: self.mousePressEvent,
            QEvent.Type.TabletMove: self.mouseMoveEvent,
            QEvent.Type.TabletRelease: self.mouseReleaseEvent,
        }
        if event.type() not in handlers or not self._gestures.tool.takes_pressure:
            event.ignore()
            return
        event.accept()
        # It hovers with no pressure and leaves with none; the stroke's end is as wide as its last part.
        if event.buttons() and event.pressure() > 0:
            self._pressure = event.pressure()
        handlers[event.type()](event)
        if not event.buttons():
            self._pressure = 1.0

    def _event_pointer(self, event: QSinglePointEvent) -> Pointer:
        """Where and how an event of mouse or pen points."""
        at, held = self._pointer(event.position()), event.modifiers().value
        return Pointer(
            at.row,
            at.column,
            at.view_row,
            at.view_column,
            shift=bool(held & _SHIFT),
            control=bool(held & _CONTROL),
            right=Qt.MouseButton.RightButton in (event.button(), event.buttons()),
            pressure=self._pressure,
        )

    def wheelEvent(self, event: QWheelEvent) -> None:
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

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and self.has_photo:
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                at = self._pointer(event.position())
                scale = self.scale * (1 + event.value())
                self._look(self.viewport.zoomed(scale, at.view_row, at.view_column))
                return True
        elif event.type() == QEvent.Type.DevicePixelRatioChange:
            self._resize_view()
        elif (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and (self._hand_key(event) or self._spent(event))
        ):
            event.accept()  # it comes as a key, whatever it means to the window otherwise
            return True
        return super().event(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        # Held keys (Space, V) should work where the pointer is, unless somebody is typing.
        if self.isActiveWindow() and not somebody_types():
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if not self._gestures.busy:
            self._track(None)
            self._hovered = self._last_position = None
            self._gestures.tool.hover(None)
            self._update_overlay()
        super().leaveEvent(event)

    def _meaning(self, event: QSinglePointEvent) -> Drag | None:
        """What a press of this button with these keys begins."""
        if event.button() == Qt.MouseButton.MiddleButton:
            return Drag.PAN
        if event.button() == Qt.MouseButton.RightButton:
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                return Drag.TONE
            return Drag.TOOL if self._gestures.tool.takes_right else None
        if event.button() != Qt.MouseButton.LeftButton:
            return None
        if self._space_held:
            return Drag.PAN
        if self._at_split(event.position()):
            return Drag.SPLIT
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and self._spec.ring:
            return Drag.SIZE
        return Drag.TOOL

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if self.key_cursor.key_press(event):
            return
        if key in (Qt.Key.Key_Space, Qt.Key.Key_V) and not event.modifiers():
            if not event.isAutoRepeat():
                self._hold(key, True)
        elif key == Qt.Key.Key_Escape and (self._gestures.busy or self._overlay):
            self._cancel_stroke()
        elif hand_key := self._hand_key(event):
            self._hand_used = key
            self._do_hand_key(hand_key)
        elif self._spent(event):
            event.accept()
        elif key in _ARROWS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            down, right = _ARROWS[key]
            view = self.viewport
            self.pan_by(round(down * view.view_height * _KEY_PAN), round(right * view.view_width * _KEY_PAN))
        else:
            super().keyPressEvent(event)

    def _hand_key(self, event: QKeyEvent) -> str:
        """What a key means to a tool that holds something; "" for nothing."""
        if self._gestures.busy or not self._gestures.tool.in_hand:
            return ""
        name = QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.PortableText)
        return _HAND_KEYS.get(name.removeprefix("Num+"), "")

    def _spent(self, event: QKeyEvent) -> bool:
        """Whether this is a held key that a tool has used, or Enter that was held: neither may approve."""
        missed = self._released == (event.key(), event.timestamp()) and event.timestamp() > 0
        if not event.isAutoRepeat() and not missed:
            self._hand_used = None  # pressed anew
        return (missed and event.key() in ENTER) or event.key() == self._hand_used

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        # A held key repeats as release and press of one moment. Where the press comes late X11's plug-in
        # takes both for real; a hand is never that quick.
        key = Qt.Key(event.key())
        self._released = key, event.timestamp()
        if self.key_cursor.key_release(event):
            return
        if key in (Qt.Key.Key_Space, Qt.Key.Key_V):
            if not event.isAutoRepeat():
                self._hold(key, False)
        else:
            super().keyReleaseEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._focus_by_key = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        # The release of a held key will go elsewhere.
        self.key_cursor.let_go()
        self._hold(Qt.Key.Key_Space, False)
        self._hold(Qt.Key.Key_V, False)
        self.update()
        super().focusOutEvent(event)
