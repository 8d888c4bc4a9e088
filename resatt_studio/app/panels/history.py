"""What happened in this project: who did what, when, with which weights."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from resatt_studio.app.jobs import ProjectState
from resatt_studio.app.parts import Parts
from resatt_studio.records.project import EventEntry


class HistoryPanel(QWidget):
    """The project's event log, newest first."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName("Project history")
        self.list.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.list)
        parts.session.state_read.connect(self._show)
        self._show(parts.session.state)

    def sizeHint(self) -> QSize:
        return QSize(330, 200)

    def _show(self, state: ProjectState) -> None:
        newest_first = sorted(state.events, key=lambda event: -event.event_id)
        self.list.clear()
        for event in newest_first:
            self.list.addItem(_row(event))
        if not newest_first:
            self.list.addItem("Nothing has happened yet.")


def _row(event: EventEntry) -> QListWidgetItem:
    when = event.made_at[:16].replace("T", " ")
    who = f" · {event.author}" if event.author else ""
    item = QListWidgetItem(f"{when}{who}\n{event.kind.replace('-', ' ')} {event.detail}".rstrip())
    item.setToolTip(event.detail)
    return item
