"""The versions of each network's weights: which is in use, how each did, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app import jobs
from resatt_studio.app.other_networks import FACTORY
from resatt_studio.app.panels.reliability import VersionCard
from resatt_studio.app.parts import Parts
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.records.weights import Scores, WeightsState, WeightsVersion

HEADINGS = ("Version", "Dice", "Reference", "")
OTHER_HEADINGS = ("Version", "", "Id", "")
"""The other networks' versions are not judged here; their ids stand beside their answers too."""
_WORDS = {
    WeightsState.ACTIVE: "in use",
    WeightsState.CANDIDATE: "candidate",
    WeightsState.RETIRED: "",
    WeightsState.REFUSED: "refused",
}


class VersionsBox(QWidget):
    """A network to choose, its versions, and what can be done with them."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._shelf = parts.shelf
        self._learner = parts.learner
        self.network = QComboBox()
        self.network.setAccessibleName("Network whose versions are listed")
        self.network.setToolTip("Whose versions are listed; the dot marks the one in use")
        self.network.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for model, title in NETWORKS.items():
            self.network.addItem(title, model)
        self.network.activated.connect(lambda index: self._shelf.choose(self.network.itemData(index)))
        self.table = VersionsTable(parts)
        self.card = VersionCard(parts.look)
        self.bring_in = QPushButton("Import…")
        self.bring_in.clicked.connect(self._shelf.want_import)
        self.export = QPushButton("Export…")
        self.export.clicked.connect(self._export)
        self.back = QPushButton("Roll back")
        self.back.clicked.connect(lambda: self._shelf.roll_back(self._shelf.model))
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.bring_in, self.export, self.back):
            buttons.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.network)
        column.addWidget(self.table, 1)
        column.addWidget(self.card)
        column.addLayout(buttons)
        self._shelf.changed.connect(self._show)
        parts.learner.changed.connect(self._show)
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self._show()

    def _show(self) -> None:
        shelf = self._shelf
        for index, (model, title) in enumerate(NETWORKS.items()):
            active = shelf.active(model)
            name = FACTORY if active is None and shelf.factory_beside(model) else active and _label(active)
            self.network.setItemText(index, f"{title}  ● {name}" if name else title)
        self.network.setCurrentIndex(self.network.findData(shelf.model))
        self._show_buttons()

    def _show_buttons(self) -> None:
        shelf, title = self._shelf, NETWORKS[self._shelf.model]
        self.bring_in.setEnabled(shelf.ready)
        _describe(self.bring_in, f"Put weights of {title} from a file on the shelf")
        chosen = self.table.chosen
        version = next((v for v in shelf.versions(shelf.model) if v.weights_id == chosen), None)
        self.card.show_version(version, _label(version) if version is not None else "")
        self.export.setEnabled(chosen is not None)
        which = "a version" if chosen is None else self.table.item(self.table.currentRow(), 0).text()
        _describe(self.export, f"Write {which} of {title} to a file, with its card")
        earlier = shelf.earlier(shelf.model)
        held = shelf.model == jobs.MODEL and self._learner.learning
        self.back.setEnabled(earlier is not None and not held)
        words = f"Use {_label(earlier)} of {title} again" if earlier else "No other version was in use before"
        _describe(self.back, words)

    def _export(self) -> None:
        if self.table.chosen is not None:
            self._shelf.export_wanted.emit(self._shelf.model, self.table.chosen)


class VersionsTable(QTableWidget):
    """One row a version of the chosen network, the newest first; the last column acts on it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(0, len(HEADINGS))
        self._shelf = parts.shelf
        self._learner = parts.learner
        self._ids: list[str] = []
        self._shown: tuple[object, ...] = ()
        self.setAccessibleName("Versions of the weights")
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
        self._shelf.changed.connect(self.show_versions)
        parts.learner.changed.connect(self.show_versions)
        self.show_versions()

    def sizeHint(self) -> QSize:
        return QSize(300, 120)

    @property
    def chosen(self) -> str | None:
        """Weights id of the chosen row, "" for the factory's, None when there is none."""
        row = self.currentRow()
        return self._ids[row] if 0 <= row < len(self._ids) else None

    def show_versions(self) -> None:
        """Fill the table from the shelf, when anything about it changed."""
        shelf, model = self._shelf, self._shelf.model
        versions, factory = shelf.versions(model), shelf.factory_beside(model)
        wanted = (model, factory, *versions, self._learner.learning)
        if wanted == self._shown:
            return
        chosen, same = self.chosen, self._shown[:1] == (model,)
        self._shown = wanted
        self.setHorizontalHeaderLabels(list(HEADINGS if model == jobs.MODEL else OTHER_HEADINGS))
        self.setColumnHidden(1, model != jobs.MODEL)
        self._ids = [version.weights_id for version in versions] + [""] * factory
        self.setRowCount(len(self._ids))
        for row, version in enumerate(versions):
            self._fill(row, version)
        if factory:
            self._fill_factory(len(versions), in_use=shelf.active(model) is None)
        self._choose_row(chosen if same else None)

    def _choose_row(self, weights_id: str | None) -> None:
        """Keep the chosen row, or choose the one in use."""
        active = self._shelf.active(self._shelf.model)
        in_use = active.weights_id if active is not None else ""
        wanted = weights_id if weights_id in self._ids else in_use
        if wanted in self._ids:
            self.selectRow(self._ids.index(wanted))
        self.itemSelectionChanged.emit()  # also when another version stands in the same row

    def _fill(self, row: int, version: WeightsVersion) -> None:
        label = _label(version)
        mark = "● " if version.state is WeightsState.ACTIVE else ""
        facts = (_dice(version.after), _dice(version.reference_after))
        if version.model != jobs.MODEL:
            facts = ("", version.weights_id[:8])
        state = "undecided" if version.undecided else _WORDS[version.state]
        self._write(row, (f"{mark}{label} {state}".rstrip(), *facts), _tip(version))
        buttons = []
        weights_id, model = version.weights_id, version.model
        if version.state is not WeightsState.ACTIVE:
            help = f"Use {label} from now on"
            buttons.append(_button("Use", help, lambda: self._shelf.use(model, weights_id)))
        if version.state is WeightsState.CANDIDATE:
            help = f"Put {label} aside"
            buttons.append(_button("Drop", help, lambda: self._shelf.refuse(model, weights_id)))
        self._put_acts(row, buttons)

    def _fill_factory(self, row: int, in_use: bool) -> None:
        model = self._shelf.model
        words = f"● {FACTORY} in use" if in_use else FACTORY
        self._write(row, (words, "", ""), "The weights that came with the app")
        help = "Use the weights that came with the app from now on"
        buttons = [] if in_use else [_button("Use", help, lambda: self._shelf.use(model, ""))]
        self._put_acts(row, buttons)

    def _write(self, row: int, words: tuple[str, ...], tip: str) -> None:
        for column, text in enumerate(words):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)

    def _put_acts(self, row: int, buttons: list[QPushButton]) -> None:
        cell = QWidget()
        line = QHBoxLayout(cell)
        line.setContentsMargins(0, 0, 2, 0)
        line.setSpacing(2)
        line.addStretch(1)
        for button in buttons:
            line.addWidget(button)
        # Learning compares its candidate with the segmenter's weights in use; they stay until it ends.
        cell.setEnabled(self._shelf.model != jobs.MODEL or not self._learner.learning)
        self.setCellWidget(row, 3, cell)


def _label(version: WeightsVersion) -> str:
    name = version.name or f"v{version.number}"
    return name if name.startswith("v") else f"v{version.number} {name}"


def _button(text: str, help: str, act: object) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("flat", "true")
    _describe(button, help)
    button.clicked.connect(act)
    return button


def _describe(button: QPushButton, help: str) -> None:
    button.setToolTip(help)
    button.setAccessibleName(help)


def _dice(scores: Scores | None) -> str:
    return "–" if scores is None else f"{scores.dice:.3f}"


def _tip(version: WeightsVersion) -> str:
    lines = [f"{NETWORKS.get(version.model, version.model)}, {version.weights_id[:12]}", version.reason]
    if version.made_at:
        made = f"made {version.made_at[:16].replace('T', ' ')}"
        lines.insert(1, f"{made} from {len(version.samples)} corrections" if version.samples else made)
    return "\n".join(line for line in lines if line)
