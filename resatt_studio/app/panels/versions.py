"""The versions of the weights: which is in use, how each did, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from resatt_studio.app.parts import Parts
from resatt_studio.records.weights import Scores, WeightsState, WeightsVersion

HEADINGS = ("Version", "Dice", "Reference", "")
_WORDS = {
    WeightsState.ACTIVE: "in use",
    WeightsState.CANDIDATE: "candidate",
    WeightsState.RETIRED: "",
    WeightsState.REFUSED: "refused",
}


class VersionsTable(QTableWidget):
    """One row a version, the newest first; the last column acts on it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(0, len(HEADINGS))
        self._parts = parts
        self._shown: tuple[object, ...] = ()
        self.setAccessibleName("Versions of the weights")
        self.setHorizontalHeaderLabels(list(HEADINGS))
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2, 3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.verticalHeader().setDefaultSectionSize(28)
        parts.session.state_read.connect(lambda _: self.show_versions())
        parts.learner.changed.connect(self.show_versions)
        self.show_versions()

    def sizeHint(self) -> QSize:
        return QSize(300, 120)

    def show_versions(self) -> None:
        """Fill the table from the session, when anything about it changed."""
        versions = sorted(self._parts.session.state.versions, key=lambda v: -v.number)
        wanted = (*versions, self._parts.learner.learning)
        if wanted == self._shown:
            return
        self._shown = wanted
        self.setRowCount(len(versions))
        for row, version in enumerate(versions):
            self._fill(row, version)

    def _fill(self, row: int, version: WeightsVersion) -> None:
        name = version.name or f"v{version.number}"
        label = name if name.startswith("v") else f"v{version.number} {name}"
        mark = "● " if version.state is WeightsState.ACTIVE else ""
        words = (
            f"{mark}{label} {_WORDS[version.state]}".rstrip(),
            _dice(version.after),
            _dice(version.reference_after),
        )
        for column, text in enumerate(words):
            item = QTableWidgetItem(text)
            item.setToolTip(_tip(version))
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        self.setCellWidget(row, 3, self._acts(version, label))

    def _acts(self, version: WeightsVersion, label: str) -> QWidget:
        learner = self._parts.learner
        cell = QWidget()
        line = QHBoxLayout(cell)
        line.setContentsMargins(0, 0, 2, 0)
        line.setSpacing(2)
        line.addStretch(1)
        weights_id = version.weights_id
        if version.state is not WeightsState.ACTIVE:
            line.addWidget(_button("Use", f"Use {label} from now on", lambda: learner.promote(weights_id)))
        if version.state is WeightsState.CANDIDATE:
            line.addWidget(_button("Drop", f"Put {label} aside", lambda: learner.refuse(weights_id)))
        cell.setEnabled(not learner.learning)
        return cell


def _button(text: str, help: str, act: object) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("flat", "true")
    button.setToolTip(help)
    button.setAccessibleName(help)
    button.clicked.connect(act)
    return button


def _dice(scores: Scores | None) -> str:
    return "–" if scores is None else f"{scores.dice:.3f}"


def _tip(version: WeightsVersion) -> str:
    lines = [f"{version.model}, {version.weights_id[:12]}", version.reason]
    if version.made_at:
        lines.insert(
            1, f"made {version.made_at[:16].replace('T', ' ')} from {len(version.samples)} corrections"
        )
    return "\n".join(line for line in lines if line)
