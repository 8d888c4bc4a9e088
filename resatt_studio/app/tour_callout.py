"""What the tour shows: a card beside a frame around what it speaks of; neither stops the window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from resatt_studio.app.own_keys import OwnKeys
from resatt_studio.words import tr

_WIDTH_PX, _GAP_PX, _FRAME_PX = 330, 12, 5
_BORDER_PX = 2  # as in the style sheet


class TourFrame(QWidget):
    """A frame around a part of the window; clicks go through it.

    Args:
        window: Over which it lies.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def surround(self, target: QRect) -> None:
        """Frame a rectangle of the window."""
        self.setGeometry(target.adjusted(-_FRAME_PX, -_FRAME_PX, _FRAME_PX, _FRAME_PX))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().highlight().color(), 3))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 6, 6)


class TourCallout(QFrame):
    """Title and words of a step, with buttons to go on, back, or to leave.

    Args:
        window: Over which it lies.

    Signals:
        went: +1 or -1, by a button.
        left: The tour is not wanted any more.
    """

    went = Signal(int)
    left = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("tourCallout")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.count = _label("muted")
        self.title = _label("heading")
        self.words = _label("")
        self.skip, self.back, self.next = QPushButton(), QPushButton(), QPushButton()
        self.next.setProperty("primary", "true")
        acts: dict[QPushButton, Callable[[], None]] = {
            self.skip: self.left.emit,
            self.back: lambda: self.went.emit(-1),
            self.next: lambda: self.went.emit(+1),
        }
        buttons = QHBoxLayout()
        for button, act in acts.items():
            button.clicked.connect(lambda _=False, act=act: act())
            OwnKeys(button, partial(self._key_pressed, act))
            buttons.addWidget(button)
            if button is self.skip:
                buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 12)
        column.setSpacing(7)
        for label in (self.count, self.title, self.words):
            column.addWidget(label)
        column.addLayout(buttons)
        self.setFixedWidth(_WIDTH_PX)
        self.hide()

    def _key_pressed(self, act: Callable[[], None], key: Qt.Key) -> None:
        """Enter must press the button that has the focus, and not approve a photo."""
        if key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            act()

    def say(self, place: int, count: int, title: str, words: str) -> None:
        """Show a step, the ``place``-th of ``count`` from 1 on, and have it read aloud."""
        self.skip.setText(tr("Skip the tour"))
        self.back.setText(tr("Back"))
        self.count.setText(tr("Tour, step {place} of {count}").format(place=place, count=count))
        self.title.setText(title)
        self.words.setText(words)
        self.back.setEnabled(place > 1)
        self.next.setText(tr("Finish") if place == count else tr("Next"))
        spoken = "\n".join((self.count.text(), title, words))
        self.setAccessibleName(spoken)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, spoken))
        self.show()
        self.raise_()

    def stand_beside(self, target: QRect, within: QRect, side: str) -> None:
        """Move beside a rectangle of the window; the arguments are those of :func:`beside`."""
        self.setFixedHeight(self.heightForWidth(_WIDTH_PX) + 2 * _BORDER_PX)
        self.setGeometry(QRect(beside(target, self.size(), within, side), self.size()))


def beside(target: QRect, size: QSize, within: QRect, side: str) -> QPoint:
    """Upper left corner of something that stands beside something else.

    Args:
        target: What must not be covered; when it is empty, or when there is no room at all, the middle of
            ``within`` it is.
        size: Of what stands beside it.
        within: Where it has to fit in.
        side: Key of the side that is tried first: "below", "right", "left" or "above".
    """
    around = within if target.isEmpty() else target
    middle = around.center() - QPoint(size.width() // 2, size.height() // 2)
    if target.isEmpty():
        return middle
    corners = {
        "below": QPoint(middle.x(), target.bottom() + _GAP_PX),
        "right": QPoint(target.right() + _GAP_PX, middle.y()),
        "left": QPoint(target.left() - _GAP_PX - size.width(), middle.y()),
        "above": QPoint(middle.x(), target.top() - _GAP_PX - size.height()),
    }
    for corner in (corners[side], *corners.values()):
        moved = _inside(QRect(corner, size), within)
        if not moved.intersects(target.adjusted(-_FRAME_PX, -_FRAME_PX, _FRAME_PX, _FRAME_PX)):
            return moved.topLeft()
    return _inside(QRect(middle, size), within).topLeft()


def _inside(rect: QRect, within: QRect) -> QRect:
    """The rectangle moved into another one."""
    left = max(within.left(), min(rect.left(), within.right() - rect.width()))
    top = max(within.top(), min(rect.top(), within.bottom() - rect.height()))
    return QRect(QPoint(left, top), rect.size())


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
