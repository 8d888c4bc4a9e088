"""Controls that keep Enter and Escape to themselves: what is typed there must not approve a photo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

OWN_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)


def somebody_types() -> bool:
    """Whether the focus is where text is typed, from where nothing may take it."""
    focused = QApplication.focusWidget()
    return focused is not None and focused.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)


def asks_for_own_key(event: QEvent) -> bool:
    """Whether Qt asks if one of :data:`OWN_KEYS` is for the control with the focus and no shortcut."""
    override = event.type() == QEvent.Type.ShortcutOverride
    return override and isinstance(event, QKeyEvent) and event.key() in OWN_KEYS


class OwnKeys(QObject):
    """Lets one control have these keys while it has the focus; goes with it.

    Args:
        control: Whose keys.
        pressed: Called with each of them instead of the control; None leaves them to the control.
    """

    def __init__(self, control: QWidget, pressed: Callable[[Qt.Key], None] | None = None) -> None:
        super().__init__(control)
        self._pressed = pressed
        control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if asks_for_own_key(event):
            event.accept()
            return True
        if (
            self._pressed is not None
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in OWN_KEYS
        ):
            self._pressed(Qt.Key(event.key()))
            return True
        return False
