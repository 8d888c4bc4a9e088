"""The middle of the window: the canvas, and on request a second view beside it with a divider to drag."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QVBoxLayout, QWidget

from resatt_studio.app.canvas.second import SecondView
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.app.menus import Actions
from resatt_studio.app.parts import Parts
from resatt_studio.app.second_binding import SecondBinding
from resatt_studio.app.side import LEFT, RIGHT
from resatt_studio.app.side_bars import SideBar, SideNote
from resatt_studio.app.sides import Sides
from resatt_studio.app.theme import Tokens
from resatt_studio.words import tr

LEAST_SHARE = 0.2
_KEY_STEP = 0.05
_HANDLE_PX = 7
_KEYS: dict[Qt.Key, Callable[[float], float]] = {
    Qt.Key.Key_Left: lambda share: share - _KEY_STEP,
    Qt.Key.Key_Right: lambda share: share + _KEY_STEP,
    Qt.Key.Key_Home: lambda share: LEAST_SHARE,
    Qt.Key.Key_End: lambda share: 1 - LEAST_SHARE,
    Qt.Key.Key_Space: lambda share: 0.5,
}


class SideBySide(QSplitter):
    """Shows the canvas alone until somebody compares; the second view is made then.

    Args:
        canvas: The one people paint on; always on the left.
        parts: Behind the window.
        actions: Of the window.

    Attributes:
        second: The view on the right, or None while nobody has compared.
    """

    def __init__(self, canvas: PhotoCanvas, parts: Parts, actions: Actions) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._canvas = canvas
        self._parts = parts
        self._actions = actions
        self._on = False
        self.second: SecondView | None = None
        self.right_pane: QWidget | None = None
        self._left_bar: SideBar | None = None
        self.setObjectName("sideBySide")
        self.setHandleWidth(_HANDLE_PX)
        self.setChildrenCollapsible(False)
        self._left, self._left_column = _pane(canvas)
        self.addWidget(self._left)
        self.splitterMoved.connect(lambda *_: self._dragged())
        parts.view.sides_changed.connect(self._follow)
        parts.look.changed.connect(self._tint)

    @property
    def looked_at(self) -> PhotoCanvas:
        """The view that has the keyboard; the canvas where neither has."""
        second = self.second
        return second if second is not None and second.isVisible() and second.hasFocus() else self._canvas

    @property
    def share(self) -> float:
        """Of the width that the left view takes now, in (0, 1); bars over the views may need more of it than
        was wished for."""
        left, *right = self.sizes()
        return left / max(1, left + sum(right))

    def createHandle(self) -> QSplitterHandle:
        return _Handle(self._parts, self)

    # -- inside --

    def _follow(self, sides: Sides) -> None:
        if sides.on and self.right_pane is None:
            self._build()
        if self.right_pane is None or self._left_bar is None:
            return
        if sides.on != self._on:
            self._on = sides.on
            had_focus = self.right_pane.isAncestorOf(self.focusWidget() or self)
            self._left_bar.setVisible(sides.on)
            self.right_pane.setVisible(sides.on)
            if had_focus and not sides.on:
                self._canvas.setFocus()
        if sides.on:
            self._share_out(sides.share)

    def _build(self) -> None:
        parts, actions = self._parts, self._actions
        self.second = second = SecondView(self._canvas)
        second.wheel_zooms = self._canvas.wheel_zooms
        self._left_bar = SideBar(LEFT, parts, actions)
        self._left_column.insertWidget(0, self._left_bar)
        self.right_pane, column = _pane(second)
        right_bar = SideBar(RIGHT, parts, actions)
        column.insertWidget(0, right_bar)
        for bar in (self._left_bar, right_bar):
            bar.look.done.connect(self._canvas.setFocus)
            bar.photo.done.connect(self._canvas.setFocus)
        self.addWidget(self.right_pane)
        second.addActions(self._canvas.actions())  # keys that count on the photo count on both views
        SideNote(parts.sides.left, parts, self._canvas)
        SideNote(parts.sides.right, parts, second)
        SecondBinding(second, self._canvas, parts)
        self._tint(parts.look.tokens)

    def _share_out(self, share: float) -> None:
        room = max(1, self.width() - self.handleWidth())
        if self.sizes()[0] != round(share * room):
            self.setSizes([round(share * room), room - round(share * room)])

    def _dragged(self) -> None:
        if self._on:
            self._parts.view.set_sides(share=within(self.share))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._on:
            self._share_out(self._parts.view.sides.share)

    def _tint(self, tokens: Tokens) -> None:
        if self.second is not None:
            self.second.set_background(tokens.canvas)


class _Handle(QSplitterHandle):
    """The divider: dragged, or moved by the arrow keys while it has the keyboard."""

    def __init__(self, parts: Parts, splitter: SideBySide) -> None:
        super().__init__(Qt.Orientation.Horizontal, splitter)
        self._parts = parts
        self._splitter = splitter
        self.setObjectName("sideHandle")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        parts.keys.follow(self, self._say)

    def _say(self) -> None:
        self.setAccessibleName(tr("Divider between both views"))
        self.setAccessibleDescription(tr("Arrow keys move it, Space puts it in the middle."))
        self.setToolTip(tr("Drag to give one view more room; double click for halves"))

    def sizeHint(self) -> QSize:
        return QSize(_HANDLE_PX, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        move = _KEYS.get(Qt.Key(event.key()))
        if move is None:
            super().keyPressEvent(event)
            return
        self._put(move(self._splitter.share))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._put(0.5)

    def _put(self, share: float) -> None:
        self._parts.view.set_sides(share=within(share))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._parts.look.tokens
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), QColor(tokens.accent if self.hasFocus() else tokens.border))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.on_accent if self.hasFocus() else tokens.muted))
            middle = self.rect().center()
            for down in (-6, 0, 6):
                painter.drawRect(middle.x() - 1, middle.y() + down - 1, 2, 2)
        finally:
            painter.end()


def within(share: float) -> float:
    """A share of the width with which both views can still be used."""
    return min(1 - LEAST_SHARE, max(LEAST_SHARE, share))


def _pane(view: QWidget) -> tuple[QWidget, QVBoxLayout]:
    pane = QWidget()
    column = QVBoxLayout(pane)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(view, 1)
    return pane, column
