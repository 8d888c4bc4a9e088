"""What happened to the open photo, step by step, and in the project: who, what, when, with which weights."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QTabWidget, QVBoxLayout, QWidget

from resatt_studio.app.jobs import ProjectState
from resatt_studio.app.panels.steps import StepsList
from resatt_studio.app.parts import Parts
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.records.project import EventEntry
from resatt_studio.words import again, mark, tr

EVENT_WORDS: dict[str, str] = {
    "add": mark("photos added"),
    "agreed": mark("agreed"),
    "approved": mark("approved"),
    "checkpoint": mark("checkpoint"),
    "compared": mark("compared"),
    "exported": mark("exported"),
    "label-answer": mark("label answer"),
    "learning-notice": mark("learning notice"),
    "photo-added": mark("photo added"),
    "photo-broken": mark("photo broken"),
    "photo-moved": mark("photo moved"),
    "promoted": mark("promoted"),
    "refused": mark("refused"),
    "rolled-back": mark("rolled back"),
    "run-ended": mark("run ended"),
    "run-started": mark("run started"),
    "scale": mark("scale set"),
    "sent-back": mark("sent back"),
    "weights-added": mark("weights added"),
}
"""What happened, by the kind that the event log keeps."""

DETAILS = (
    mark("crack type: {answer}"),
    mark("answer taken back"),
    mark("{photos} photos, {masks} masks"),
    mark("from {id}"),
    mark("finished"),
    mark("stopped"),
    mark("failed"),
    mark("sample {number}"),
    mark("run {number} {state}. {reason}"),
    mark("run {number}"),
)
"""Forms of what the event log keeps beside it."""


_TOLD_OF_PHOTOS = ("label-answer", "compared", "agreed", "scale", "sent-back")
"""Kinds of which the detail is shown also where a photo is named."""


class HistoryPanel(QWidget):
    """The photo's steps and checkpoints, and the project's event log, newest first."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._session = parts.session
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
        parts.session.project_changed.connect(self._show_anew)
        self._show(parts.session.state)

    def take_over(self, old: HistoryPanel) -> None:
        """Show what another one showed, whose place this one takes."""
        self.tabs.setCurrentIndex(old.tabs.currentIndex())

    def sizeHint(self) -> QSize:
        return QSize(330, 200)

    def _show_anew(self) -> None:
        self._show(self._session.state)

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
            nothing = tr("Nothing has happened yet.")
            unopened = tr("Open a project; whatever happens in it is listed here.")
            self.list.addItem(unopened if self._session.project is None else nothing)


def _row(event: EventEntry, photo: str, weights: str) -> QListWidgetItem:
    head = [event.made_at[:16].replace("T", " "), tr(EVENT_WORDS.get(event.kind, event.kind))]
    head += [part for part in (photo, weights, event.author) if part]
    # A photo's own detail is a path or a hash, which says less than its name; the tool tip has all of it.
    told = not photo or event.kind in _TOLD_OF_PHOTOS
    detail = "" if not told else " ".join(_shortened(word) for word in again(event.detail).split())
    item = QListWidgetItem(" · ".join(head) + (f"\n{detail}" if detail else ""))
    item.setToolTip(again(event.detail))
    return item


def _shortened(word: str, most: int = 28) -> str:
    """A word that fits the narrow list; hashes and paths keep their beginning and end."""
    return word if len(word) <= most else f"{word[: most // 2]}…{word[-most // 2 + 1 :]}"
