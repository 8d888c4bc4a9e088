"""The way of the keyboard from one part of the window to the next: photo, panels, tool bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget

if TYPE_CHECKING:
    from resatt_studio.app.window import MainWindow


class Areas(QObject):
    """Takes the focus round the visible parts of the window; each keeps the control that had it last.

    Args:
        window: Whose parts.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._last: dict[QWidget, QWidget] = {}

    def next(self) -> None:
        """Focus the next area."""
        self._go(+1)

    def previous(self) -> None:
        """Focus the area before."""
        self._go(-1)

    def areas(self) -> list[QWidget]:
        """What is visible and has a control that takes the focus: canvas or start page, panels from left to
        right and top to bottom, then notice, tool bar, options bar and strip."""
        window = self._window
        docks = [dock for dock in window.findChildren(QDockWidget) if not dock.visibleRegion().isEmpty()]
        docks.sort(key=lambda dock: dock.mapTo(window, dock.rect().topLeft()).toTuple())
        areas = [
            window.canvas,
            window.review,
            window.tour.callout,
            *([window.sides.right_pane] if window.sides.right_pane is not None else []),
            window.welcome,
            *docks,
            window.notice,
            window.bar,
            window.options,
            window.strip,
        ]
        return [area for area in areas if area.isVisible() and _first(area) is not None]

    def _go(self, step: int) -> None:
        areas, focused = self.areas(), QApplication.focusWidget()
        here = next((i for i, area in enumerate(areas) if _holds(area, focused)), None)
        if here is not None and focused is not None:
            self._last[areas[here]] = focused
        there = areas[0 if here is None else (here + step) % len(areas)]
        kept = self._last.get(there)
        target = kept if kept in _focusable(there) else _first(there)
        if target is not None:
            target.setFocus(Qt.FocusReason.TabFocusReason)


def _holds(area: QWidget, widget: QWidget | None) -> bool:
    return widget is not None and (area is widget or area.isAncestorOf(widget))


def _focusable(area: QWidget) -> list[QWidget]:
    """Controls within an area that Tab reaches now, in its order."""
    found, widget = [], area
    while True:
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isEnabled() and widget.isVisible()
        if takes and _holds(area, widget):
            found.append(widget)
        following = widget.nextInFocusChain()
        if following is area or following is None:
            return found
        widget = following


def _first(area: QWidget) -> QWidget | None:
    return next(iter(_focusable(area)), None)
