"""What stands over each of two views: lists to choose from, and a note about what is not there (yet)."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QAction, QEnterEvent, QMouseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
)

from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.app.menus import Actions
from resatt_studio.app.own_keys import OwnKeys
from resatt_studio.app.parts import Parts
from resatt_studio.app.side import LEFT, Side
from resatt_studio.app.sides import looks
from resatt_studio.records.photo import ReviewState
from resatt_studio.words import mark, tr

SIDE_ACTIONS = ("toggle_link", "swap_sides", "close_sides")
OPEN_PHOTO = mark("The open photo")
_NOTE_MARGIN_PX = 10
_MARK_PX = 40
"""Room for margins and a scroll bar beside the widest line of a list."""
_WIDEST_NOTE_PX = 380

Line = tuple[str, str]
"""What stands in a list, and the id behind it."""


class Choice(QComboBox):
    """A list whose lines come and go.

    Signals:
        done: Enter or Escape: the photo is meant again.
    """

    done = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(5)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaxVisibleItems(20)
        OwnKeys(self, lambda _: self.done.emit())

    def call(self, name: str, tip: str = "") -> None:
        """Say what it is, and in its tool tip more of it."""
        self.setAccessibleName(name)
        self.setToolTip(tip or name)

    def offer(self, lines: Sequence[Line], chosen: str) -> None:
        """Show these lines, and which one is chosen; tells nobody."""
        with QSignalBlocker(self):
            if tuple(lines) != self._lines:
                self._lines = tuple(lines)
                self.clear()
                for text, id in lines:
                    self.addItem(text, id)
                self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + _MARK_PX)
            self.setCurrentIndex(self.findData(chosen))


class SideBar(QFrame):
    """The bar of one side: what it shows; on the left what can be done with both, on the right which photo.

    Args:
        role: Of the side.
        parts: Behind the window.
        actions: Of the window.
    """

    def __init__(self, role: str, parts: Parts, actions: Actions) -> None:
        super().__init__()
        self._parts = parts
        self._role = role
        self.setObjectName("sideBar")
        self.look = Choice()
        self.look.activated.connect(lambda _: parts.view.set_sides(**{role: self.look.currentData()}))
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 3, 6, 3)
        row.setSpacing(4)
        row.addWidget(self.look, 3)
        self.photo = Choice()
        self._buttons: dict[QToolButton, QAction] = {}
        if role == LEFT:
            self.photo.hide()
            for id in SIDE_ACTIONS:
                row.addWidget(self._button(actions, id))
        else:
            self.photo.activated.connect(lambda _: parts.view.set_sides(photo_id=self.photo.currentData()))
            row.addWidget(self.photo, 2)
            parts.session.listed_changed.connect(self._show)
        parts.view.sides_changed.connect(lambda _: self._show())
        parts.session.state_read.connect(lambda _: self._show())
        parts.keys.follow(self, self._say)

    def _say(self) -> None:
        """Write the words in the language in force."""
        left = self._role == LEFT
        self.look.call(tr("What the left side shows") if left else tr("What the right side shows"))
        self.photo.call(
            tr("Photo on the right side"),
            tr("Photo on the right side; choose another one to compare both"),
        )
        for button, action in self._buttons.items():
            button.setAccessibleName(action.text().replace("&", ""))
        self._show()

    def _button(self, actions: Actions, id: str) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(actions[id])
        button.setIconSize(QSize(16, 16))
        button.setProperty("role", "side")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._buttons[button] = actions[id]
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _show(self) -> None:
        sides, state = self._parts.view.sides, self._parts.session.state
        if not sides.on:
            return
        chosen = sides.left if self._role == LEFT else sides.right
        side = self._parts.sides.left if self._role == LEFT else self._parts.sides.right
        lines = [(look.words, look.id) for look in looks(state.versions)]
        if side.look.id not in {id for _, id in lines}:
            lines.append((side.look.words, side.look.id))
        self.look.offer(lines, chosen)
        if self._role != LEFT:
            photos = [(e.name, e.photo_id) for e in state.entries if e.state is not ReviewState.BROKEN]
            known = {id for _, id in photos}
            self.photo.offer(
                [(tr(OPEN_PHOTO), ""), *photos], sides.photo_id if sides.photo_id in known else ""
            )


class SideNote(QFrame):
    """Lies on a view and says what is missing, how far it is, and what to do; hidden where nothing is.

    Args:
        side: Whose.
        parts: Behind the window.
        view: Lies on it.
    """

    def __init__(self, side: Side, parts: Parts, view: PhotoCanvas) -> None:
        super().__init__(view)
        self._side = side
        self._parts = parts
        self._view = view
        self.setObjectName("sideNote")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.button = QPushButton()
        self.button.clicked.connect(lambda: side.stop() if side.running else side.ask_again())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.bar)
        view.resized.connect(self._lie_down)
        side.changed.connect(self._show)
        parts.keys.changed.connect(self._show)
        parts.session.changed.connect(self._show)
        parts.session.prediction_changed.connect(lambda _: self._show())
        self._show()

    def _show(self) -> None:
        side = self._side
        self.setAccessibleName(tr("What this side waits for"))
        self.bar.setAccessibleName(tr("Progress of this side"))
        words = self._parts.keys.words(side.words)
        if not words:
            self.hide()
            return
        self.words.setText(words)
        self.setAccessibleDescription(words)
        running, report = side.running, side.report
        self.bar.setVisible(running)
        if running:
            self.bar.setMaximum(0 if report is None else report.total)
            self.bar.setValue(0 if report is None else report.done)
        self.button.setVisible(running or side.can_ask_again)
        self.button.setText(tr("Stop") if running else tr("Ask again"))
        self.button.setAccessibleName(tr("Ask no further") if running else tr("Ask again"))
        self._lie_down()
        self.show()

    def _lie_down(self) -> None:
        width = min(_WIDEST_NOTE_PX, self._view.width() - 2 * _NOTE_MARGIN_PX)
        self.setFixedWidth(max(120, width))
        self.adjustSize()
        self.move(_NOTE_MARGIN_PX, _NOTE_MARGIN_PX)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._view.pointer_left()  # Qt tells nobody that the pointer left for a child
        super().enterEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # the photo below is not meant

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
