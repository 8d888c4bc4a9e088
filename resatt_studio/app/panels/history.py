"""What happened to the open photo, step by step, and in the project: who, what, when, with which weights."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QTabWidget, QVBoxLayout, QWidget

from resatt_studio.app.jobs import ProjectState
from resatt_studio.app.panels.steps import StepsList
from resatt_studio.app.parts import Parts
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.records.project import EventEntry
from resatt_studio.words import tr


class HistoryPanel(QWidget):
    """The photo's steps and checkpoints, and the project's event log, newest first."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Project history"))
        self.list.setWordWrap(True)
        self.list.setSpacing(3)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        self.steps = StepsList(parts)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(tr("History"))
        self.tabs.tabBar().setAccessibleName(tr("Which history"))
        self.tabs.addTab(self.steps, tr("This photo"))
        self.tabs.addTab(self.list, tr("Project"))
        column.addWidget(self.tabs)
        parts.session.state_read.connect(self._show)
        self._show(parts.session.state)

    def sizeHint(self) -> QSize:
        return QSize(330, 200)

    def _show(self, state: ProjectState) -> None:
        names = {entry.photo_id: entry.name for entry in state.entries}
        weights = {
            version.weights_id: f"{NETWORKS.get(version.model, version.model)} {version.name}"
            for version in (*state.versions, *state.others)
        }
        newest_first = sorted(state.events, key=lambda event: -event.event_id)
        self.list.clear()
        for event in newest_first:
            self.list.addItem(_row(event, names.get(event.photo_id, ""), weights.get(event.weights_id, "")))
        if not newest_first:
            self.list.addItem(tr("Nothing has happened yet."))


def _row(event: EventEntry, photo: str, weights: str) -> QListWidgetItem:
    head = [event.made_at[:16].replace("T", " "), event.kind.replace("-", " ")]
    head += [part for part in (photo, weights, event.author) if part]
    # A photo's own detail is a path or a hash, which says less than its name; the tool tip has all of it.
    told = not photo or event.kind in ("label-answer", "compared")
    detail = "" if not told else " ".join(_shortened(word) for word in event.detail.split())
    item = QListWidgetItem(" · ".join(head) + (f"\n{detail}" if detail else ""))
    item.setToolTip(event.detail)
    return item


def _shortened(word: str, most: int = 28) -> str:
    """A word that fits the narrow list; hashes and paths keep their beginning and end."""
    return word if len(word) <= most else f"{word[: most // 2]}…{word[-most // 2 + 1 :]}"
