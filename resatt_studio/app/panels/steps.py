"""What was done to the open photo, step by step, with the checkpoints; a click goes to that state."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QShowEvent
from PySide6.QtWidgets import QLabel, QListView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from resatt_studio.app.icons import icon
from resatt_studio.app.own_keys import OwnKeys
from resatt_studio.app.parts import Parts
from resatt_studio.app.tools.registry import TOOLS
from resatt_studio.records.correction import Checkpoint, Label, Step
from resatt_studio.words import mark, tr

LABEL_WORDS = {Label.CRACK: mark("crack"), Label.NOT_CRACK: mark("not crack"), Label.UNSAID: ""}
SHOWN_CHECKPOINTS = 4
"""Further ones are scrolled to, so that the steps keep their room."""
_LEAST_PX = 44
"""Of a list: where the window is low it shows two lines and scrolls, instead of making the window taller."""
ACT_WORDS = {"checkpoint": mark("Back to a checkpoint"), "fill": mark("Fill")}
"""Words of acts that are no tools."""
_TITLES = {tool.name: tool.title for tool in TOOLS} | ACT_WORDS
_ICONS = {tool.name: tool.icon for tool in TOOLS} | {"checkpoint": "rollback"}

_Index: TypeAlias = QModelIndex | QPersistentModelIndex


class StepsModel(QAbstractListModel):
    """The photo as it was opened first, then one row a step."""

    def __init__(self, parts: Parts, parent: QWidget) -> None:
        super().__init__(parent)
        self._parts = parts
        self._steps: tuple[Step, ...] = ()
        self._names: dict[str, list[str]] = {}
        self._icons: dict[tuple[str, str], QIcon] = {}  # by theme and name; drawing one takes its time
        self.done_count = 0

    def show(self, steps: tuple[Step, ...], done_count: int, checkpoints: tuple[Checkpoint, ...]) -> None:
        """Show other steps."""
        names: dict[str, list[str]] = {}
        for checkpoint in checkpoints:
            names.setdefault(checkpoint.edit_id, []).append(checkpoint.name)
        self.beginResetModel()
        self._steps, self.done_count, self._names = steps, done_count, names
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._steps) + 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, tokens = index.row(), self._parts.look.tokens
        undone = row > self.done_count
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._words(row)
            case Qt.ItemDataRole.AccessibleTextRole:
                return tr("{step}, undone").format(step=self._words(row)) if undone else self._words(row)
            case Qt.ItemDataRole.ForegroundRole:
                return QColor(tokens.muted if undone else tokens.text)
            case Qt.ItemDataRole.FontRole:
                font = QFont()
                font.setItalic(undone)
                font.setBold(row == self.done_count)
                return font
            case Qt.ItemDataRole.ToolTipRole:
                return self._detail(row)
            case Qt.ItemDataRole.DecorationRole:
                key = (tokens.name, self._icon(row))
                if key not in self._icons:
                    self._icons[key] = icon(key[1], tokens, listed=True)
                return self._icons[key]
        return None

    def _words(self, row: int) -> str:
        words = tr("Nothing painted yet") if row == 0 else _step_words(self._steps[row - 1])
        names = self._names.get("" if row == 0 else self._steps[row - 1].edit_id, [])
        return "  ".join((words, *(f"⚑ {name}" for name in names)))

    def _icon(self, row: int) -> str:
        if row == 0:
            return "info"
        return _ICONS.get(self._steps[row - 1].tool, "brush")

    def _detail(self, row: int) -> str:
        if row == 0:
            return tr("The photo before the first stroke")
        step = self._steps[row - 1]
        return " · ".join(part for part in (step.made_at[:19].replace("T", " "), step.author) if part)


class StepsList(QWidget):
    """Checkpoints on top, steps below, the present state in bold."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._history = parts.history
        self._stale = True
        self._title = QLabel(tr("Checkpoints"))
        self._title.setProperty("role", "heading")
        self.checkpoints = QListWidget()
        self.checkpoints.setAccessibleName(tr("Checkpoints of this photo"))
        self.checkpoints.itemClicked.connect(self._return)
        self.checkpoints.itemActivated.connect(self._return)
        self.model = StepsModel(parts, self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName(tr("Steps of this photo"))
        self.list.setUniformItemSizes(True)
        self.list.setIconSize(QSize(16, 16))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self._go)
        self.list.activated.connect(self._go)
        for steps in (self.checkpoints, self.list):
            OwnKeys(steps)  # Enter goes to the step that is marked
            steps.setMinimumHeight(_LEAST_PX)
        self._empty = QLabel()
        self._empty.setWordWrap(True)
        self._empty.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        for widget in (self._title, self.checkpoints, self.list):
            column.addWidget(widget)
            widget.hide()  # until it has something to show: empty, it would make the window taller for good
        column.setStretch(1, 1)
        column.setStretch(2, 3)
        column.addWidget(self._empty)
        column.addStretch(0)
        parts.history.changed.connect(self._changed)
        parts.look.changed.connect(self._changed)
        parts.keys.changed.connect(self._changed)
        self._keys = parts.keys

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._show()

    def _changed(self) -> None:
        self._stale = True
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        self._stale = False
        history = self._history
        steps, done = history.steps, history.done_count
        self.model.show(steps, done, history.checkpoints)
        with QSignalBlocker(self.list.selectionModel()):
            self.list.setCurrentIndex(self.model.index(done))
        self.list.scrollTo(self.model.index(done))
        self.checkpoints.clear()
        for checkpoint in reversed(history.checkpoints):
            self.checkpoints.addItem(_checkpoint_item(checkpoint))
        rows = min(len(history.checkpoints), SHOWN_CHECKPOINTS)
        height = rows * max(1, self.checkpoints.sizeHintForRow(0)) + 6
        self.checkpoints.setMaximumHeight(height)
        self.checkpoints.setMinimumHeight(min(height, _LEAST_PX))
        self.checkpoints.setVisible(bool(history.checkpoints))
        self._title.setVisible(bool(history.checkpoints))
        self.list.setVisible(bool(steps))
        if not history.is_open:
            self._empty.setText(tr("Open a photo; every stroke that you paint on it will be listed here."))
        elif not steps:
            words = tr(
                "Nothing was painted on this photo yet. Every stroke will be listed here; a click on a line "
                "takes the photo to that state, also from last week.\n\n{checkpoint} gives the present "
                "state a name to come back to."
            )
            self._empty.setText(self._keys.words(words))
        self._empty.setVisible(not steps)

    def _go(self, index: QModelIndex) -> None:
        self._history.go_to(index.row())

    def _return(self, item: QListWidgetItem) -> None:
        self._history.return_to(item.data(Qt.ItemDataRole.UserRole))


def _step_words(step: Step) -> str:
    words = [
        tr(_TITLES.get(step.tool) or step.tool.replace("_", " ").capitalize()),
        tr(LABEL_WORDS[step.label]),
    ]
    return " · ".join((*(word for word in words if word), step.made_at[11:16]))


def _checkpoint_item(checkpoint: Checkpoint) -> QListWidgetItem:
    when = datetime.fromisoformat(checkpoint.made_at).astimezone().strftime("%Y-%m-%d %H:%M")
    item = QListWidgetItem(f"⚑ {checkpoint.name} · {when}")
    item.setData(Qt.ItemDataRole.UserRole, checkpoint)
    item.setToolTip(
        tr("Go back to this state of the photo; {author} named it").format(
            author=checkpoint.author or tr("somebody")
        )
    )
    return item
