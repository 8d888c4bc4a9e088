"""Two versions on the same photos: Dice before and after, photo by photo and together."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.changes import LAYER
from resatt_studio.app.other_networks import version_title
from resatt_studio.app.panels.card_sections import change_words, words
from resatt_studio.app.parts import Parts
from resatt_studio.app.version_pair import Scope
from resatt_studio.records.comparison import PhotoComparison, VersionComparison
from resatt_studio.words import again, joined, mark, tr, trn

_SCOPES = {
    Scope.JUDGING: mark("On the photos held back to judge"),
    Scope.APPROVED: mark("On all approved photos"),
    Scope.SHOWN: mark("On the shown photo"),
}
HEADINGS = (mark("Photo"), mark("before"), mark("after"), mark("change"))


class VersionComparisonBox(QWidget):
    """The pair, two buttons, and a table once both were asked."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self._pair = parts.pair
        self._filled: VersionComparison | None = None
        self.compare = QPushButton(tr("Compare"))
        self.compare.clicked.connect(
            lambda: self._pair.stop() if self._pair.running else self._pair.compare()
        )
        self.map = QPushButton(tr("Show on the photo"))
        self.map.setCheckable(True)
        self.map.setProperty("choice", "true")
        parts.keys.tip(self.map, tr("Which crack was gained and lost on the open photo ({toggle_change})"))
        self.map.toggled.connect(lambda on: parts.view.set_layer(LAYER, visible=on))
        self.head = words(tr("Which versions are compared"), "heading")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Comparing"))
        self.told = words(tr("How both versions do"))
        self.table = ComparisonTable(parts)
        self.scope = QComboBox()
        self.scope.setAccessibleName(tr("Photos that both versions are compared on"))
        for scope, text in _SCOPES.items():
            self.scope.addItem(tr(text), scope)
        self.scope.setCurrentIndex(self.scope.findData(self._pair.scope))  # another language makes it anew
        self.scope.activated.connect(lambda index: self._pair.set_scope(Scope(self.scope.itemData(index))))
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.compare, 1)
        buttons.addWidget(self.map, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.head)
        column.addWidget(self.scope)
        column.addLayout(buttons)
        for part in (self.bar, self.told, self.table):
            column.addWidget(part)
        self._pair.changed.connect(self._show)
        session = parts.session
        session.threshold_changed.connect(self._show)
        session.when_photo_changes(self._show)
        parts.view.layer_changed.connect(self._follow_layer)
        self._follow_layer(parts.view.layers[LAYER])
        self._show()

    def _follow_layer(self, layer: Layer) -> None:
        if layer.name == LAYER:
            self.map.setChecked(layer.visible)

    def _show(self) -> None:
        pair, versions, result = self._pair, self._pair.versions, self._pair.result
        self.setVisible(versions is not None)
        if versions is None:
            return
        names = f"{version_title(versions[0])} → {version_title(versions[1])}"
        self.head.setText(names)
        self.compare.setText(tr("Stop") if pair.running else tr("Compare"))
        self.compare.setEnabled(pair.running or not self._why_not())
        help = tr("Predict the same photos with {one} and {other}").format(
            one=version_title(versions[0]), other=version_title(versions[1])
        )
        self.compare.setToolTip(tr("Compare no further") if pair.running else help)
        self.compare.setAccessibleName(
            tr("Stop comparing") if pair.running else tr("Compare {names} on photos").format(names=names)
        )
        self.bar.setVisible(pair.running)
        report = pair.report
        self.bar.setMaximum(0 if report is None else report.total)
        self.bar.setValue(0 if report is None else report.done)
        self.told.setText(self._sentence(result))
        self.told.setVisible(bool(self.told.text()))
        self.table.setVisible(result is not None)
        if result is not None and result is not self._filled:
            self.table.show_rows(result.photos)
        self._filled = result

    def _why_not(self) -> str:
        """Why the open photo cannot be compared on; "" where it can, or where others are meant."""
        session = self._parts.session
        if self._pair.scope is not Scope.SHOWN:
            return ""
        if session.entry is None:
            return tr("Open an approved photo to compare both versions on it.")
        if session.tiles is not None:
            return tr("The shown photo is shown part by part; only whole photos are compared.")
        return ""

    def _sentence(self, result: VersionComparison | None) -> str:
        pair = self._pair
        why_not = self._why_not()
        if why_not and not pair.running and result is None:
            return why_not
        if pair.trouble is not None:
            return again(str(pair.trouble))
        if pair.running:
            return tr("Asking both versions…") if pair.report is None else again(pair.report.message)
        if result is None:
            return ""
        count = len(result.photos)
        which = (
            trn("{count} held-back photo", "{count} held-back photos", count)
            if result.held_back
            else trn("{count} approved photo", "{count} approved photos", count)
        ).format(count=count)
        old, new = result.pooled_before.dice, result.pooled_after.dice
        lines = [
            tr("All pixels of {which}: Dice {old:.3f} → {new:.3f} ({change})").format(
                which=which, old=old, new=new, change=change_words(result.change)
            )
        ]
        if pair.scope is Scope.JUDGING and not result.held_back:
            lines.append(tr("No photo is held back yet; all approved ones stand in."))
        if any(row.learned for row in result.photos):
            lines.append(tr("* One of the two learned from it, so it proves little."))
        if result.thresholds != pair.thresholds:
            was = joined([f"{100 * one:.0f} %" for one in result.thresholds])
            lines.append(tr("At the former thresholds of {was}.").format(was=was))
        return "\n".join((*lines, *map(again, result.left_out)))


class ComparisonTable(QTableWidget):
    """A row a photo, sorted by a click on a heading; a double click or Space opens the photo."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(0, len(HEADINGS))
        self._session = parts.session
        self.setAccessibleName(tr("Dice of each photo before and after"))
        self.setHorizontalHeaderLabels(list(map(tr, HEADINGS)))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(24)
        for column in (1, 2, 3):  # fitted to its content each would keep room for the arrow of sorting
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            arrow_px = 16 if column == 3 else 0
            self.setColumnWidth(
                column, self.fontMetrics().horizontalAdvance(tr(HEADINGS[column])) + 14 + arrow_px
            )
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSortIndicator(3, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.cellDoubleClicked.connect(lambda row, _: self._open(row))

    def sizeHint(self) -> QSize:
        return QSize(300, 24 * min(self.rowCount(), 7) + self.horizontalHeader().sizeHint().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, min(self.sizeHint().height(), 100))

    def show_rows(self, rows: tuple[PhotoComparison, ...]) -> None:
        """Fill the table; the worst change comes first unless another order was chosen."""
        self.setSortingEnabled(False)
        self.setRowCount(len(rows))
        for place, row in enumerate(rows):
            name = QTableWidgetItem(f"* {row.name}" if row.learned else row.name)
            name.setData(Qt.ItemDataRole.UserRole, row.photo_id)
            told = tr("one of the two learned from it") if row.learned else tr("neither learned from it")
            name.setToolTip(
                tr("{name}: {told}. A double click or Space opens it.").format(name=row.name, told=told)
            )
            self.setItem(place, 0, name)
            values = (row.before.dice, row.after.dice, row.change)
            texts = (f"{values[0]:.3f}", f"{values[1]:.3f}", change_words(values[2]))
            for column, (text, value) in enumerate(zip(texts, values, strict=True), start=1):
                self.setItem(place, column, _Number(text, value))
        self.setSortingEnabled(True)
        self.updateGeometry()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space opens the photo of the row; Enter is taken: it approves."""
        if event.key() == Qt.Key.Key_Space and self.currentRow() >= 0:
            self._open(self.currentRow())
            return
        super().keyPressEvent(event)

    def _open(self, row: int) -> None:
        photo = self.item(row, 0)
        assert photo is not None  # every row is filled
        self._session.open_photo(photo.data(Qt.ItemDataRole.UserRole))


class _Number(QTableWidgetItem):
    """Sorted by its value, not by its digits."""

    def __init__(self, text: str, value: float) -> None:
        super().__init__(text)
        self._value = value
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self._value < other._value if isinstance(other, _Number) else super().__lt__(other)
