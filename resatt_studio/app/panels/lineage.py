"""The tree of a network's versions: lines from parent to child, a mark and a word for each state."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from resatt_studio.app.other_networks import FACTORY, version_title
from resatt_studio.app.parts import Look, Parts
from resatt_studio.app.shelf import NETWORKS
from resatt_studio.app.theme import Tokens
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.words import again, mark, tr, trn
from resatt_studio.workflow.lineage import LineageRow, gain_words, lineage_rows

HEADINGS = (mark("Version"), mark("Gain"), mark("Made"))
STATE_WORDS = {
    WeightsState.ACTIVE: mark("in use"),
    WeightsState.CANDIDATE: mark("candidate"),
    WeightsState.RETIRED: mark("used before"),
    WeightsState.REFUSED: mark("refused"),
}
LANES = 8
"""More lanes than this share the room of so many: versions that branch from branches that branch."""
_LANE_PX = 14
_MARK_PX = 4.5
_ROW_PX = 26


@dataclass(frozen=True, slots=True)
class _Line:
    """What a row shows; the factory's weights, which are no version, have no place in the tree."""

    weights_id: str
    state: WeightsState
    row: LineageRow | None = None


class LineageTree(QTableWidget):
    """One row a version of the chosen network, the newest on top; one or two may be chosen.

    Up and down walk through time, left goes to the parent, right to the newest child.
    """

    chosen_changed = Signal()
    """Other versions are chosen, or the chosen ones are not what they were."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(0, len(HEADINGS))
        self._shelf = parts.shelf
        self._lines: list[_Line] = []
        self._shown: tuple[object, ...] = ()
        self.setAccessibleName(tr("Versions of the weights, newest first; left leads to the parent"))
        self.setHorizontalHeaderLabels(list(map(tr, HEADINGS)))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        self.setItemDelegateForColumn(0, _LinesDelegate(parts.look, self))
        self.itemSelectionChanged.connect(self.chosen_changed)
        self._shelf.changed.connect(self.show_versions)
        parts.look.changed.connect(self._repaint)
        self.show_versions()

    def sizeHint(self) -> QSize:
        return QSize(300, 150)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 4 * _ROW_PX)

    def _repaint(self) -> None:
        self.viewport().update()

    # -- what is chosen --

    @property
    def chosen(self) -> tuple[str, ...]:
        """Weights ids of the chosen rows from the top down; "" is the factory's."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return tuple(self._lines[row].weights_id for row in rows)

    @property
    def only(self) -> str | None:
        """The one chosen; None where none or more are."""
        return self.chosen[0] if len(self.chosen) == 1 else None

    def choose(self, weights_ids: tuple[str, ...]) -> None:
        """Choose these and no others; unknown ones are passed over."""
        rows = [row for row, line in enumerate(self._lines) if line.weights_id in weights_ids]
        blocked = self.blockSignals(True)
        self.clearSelection()
        mode = self.selectionMode()
        self.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
        for row in rows:
            self.selectRow(row)
        self.setSelectionMode(mode)
        self.blockSignals(blocked)
        if rows:
            self.scrollTo(self.model().index(rows[0], 0))
        self.chosen_changed.emit()

    def choose_row(self, row: int) -> None:
        """Choose one row and no other, whatever keys are held, and go there."""
        flags = QItemSelectionModel.SelectionFlag
        index = self.model().index(row, 0)
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

    # -- filling --

    def show_versions(self) -> None:
        """Fill the rows from the shelf, when anything about it changed."""
        shelf, model = self._shelf, self._shelf.model
        versions, factory = shelf.versions(model), shelf.factory_beside(model)
        wanted = (model, factory, *versions)
        if wanted == self._shown:
            return
        before = self._in_use if self._shown[:1] == (model,) else None
        chosen = self.chosen
        self._shown = wanted
        tree = lineage_rows(versions)
        self._lines = [_Line(row.version.weights_id, row.version.state, row) for row in tree]
        if factory:
            in_use = shelf.active(model) is None
            self._lines.append(_Line("", WeightsState.ACTIVE if in_use else WeightsState.RETIRED))
        blocked = self.blockSignals(True)  # rows in between are nobody's choice
        self.clearSelection()
        self.setRowCount(len(self._lines))
        for row, line in enumerate(self._lines):
            self._fill(row, line)
        self.blockSignals(blocked)
        kept = [one for one in chosen if any(line.weights_id == one for line in self._lines)]
        same = before is not None and before == self._in_use and kept
        self.choose(tuple(kept) if same else (self._in_use,))

    @property
    def _in_use(self) -> str:
        active = (line.weights_id for line in self._lines if line.state is WeightsState.ACTIVE)
        return next(active, "")

    def _fill(self, row: int, line: _Line) -> None:
        version = None if line.row is None else line.row.version
        name = tr(FACTORY) if version is None else version_title(version)
        word = tr(STATE_WORDS[line.state]) if line.state is WeightsState.ACTIVE else ""
        word = word if version is None else state_word(version)
        gained = "" if version is None else gain_words(version)
        made = "" if version is None else version.made_at[:10]
        said = [name, word]
        if line.row is not None and line.row.parent is not None:
            said.append(tr("from {version}").format(version=version_title(line.row.parent)))
        said.append(tr("gain {gain}").format(gain=gained) if gained else "")
        spoken = tr(", ").join(part for part in said if part)
        tip = tr("The weights that came with the app") if version is None else _tip(version)
        for column, text in enumerate((f"{name} {word}".rstrip(), gained, made)):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken if column == 0 else text)
            if column == 0:
                item.setData(Qt.ItemDataRole.UserRole, line)
            else:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)

    # -- keys --

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right walk along the lines."""
        steps = {Qt.Key.Key_Left: self._row_of_parent, Qt.Key.Key_Right: self._row_of_child}
        if event.key() in steps and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            row = steps[Qt.Key(event.key())](self.currentRow())
            if row is not None:
                self.choose_row(row)
            return
        super().keyPressEvent(event)

    def _row_of_parent(self, row: int) -> int | None:
        known = self._lines[row].row if 0 <= row < len(self._lines) else None
        if known is None or known.parent is None:
            return None
        return self._row_of(known.parent.weights_id)

    def _row_of_child(self, row: int) -> int | None:
        mine = self._lines[row].weights_id if 0 <= row < len(self._lines) else ""
        children = (
            place
            for place, line in enumerate(self._lines)
            if mine and line.row is not None and line.row.version.parent == mine
        )
        return next(children, None)

    def _row_of(self, weights_id: str) -> int | None:
        rows = (row for row, line in enumerate(self._lines) if line.weights_id == weights_id)
        return next(rows, None)


class _LinesDelegate(QStyledItemDelegate):
    """Draws the lines and the mark before the words of a row."""

    def __init__(self, look: Look, tree: LineageTree) -> None:
        super().__init__(tree)
        self._look = look
        self._tree = tree

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        line: _Line = index.data(Qt.ItemDataRole.UserRole)
        whole = QRectF(option.rect)
        shifted = QStyleOptionViewItem(option)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(self._look.tokens.selection))
        shifted.rect = option.rect.adjusted(round(self._room()), 0, 0, 0)
        super().paint(painter, shifted, index)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(option.rect)
        tokens = self._look.tokens
        if line.row is not None:
            self._draw_lines(painter, whole, line.row, tokens)
        _draw_mark(painter, self._middle(whole, 0 if line.row is None else line.row.lane), line.state, tokens)
        if option.state & QStyle.StateFlag.State_HasFocus:  # Ctrl and the arrows move it without choosing
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(whole.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.restore()

    def _lanes(self) -> int:
        return max((line.row.lane for line in self._tree._lines if line.row is not None), default=0) + 1

    def _room(self) -> float:
        return _LANE_PX * min(self._lanes(), LANES) + 6

    def _middle(self, whole: QRectF, lane: int) -> QPointF:
        step = _LANE_PX * min(1.0, LANES / self._lanes())
        return QPointF(whole.left() + 5 + _LANE_PX / 2 + step * lane, whole.center().y())

    def _draw_lines(self, painter: QPainter, whole: QRectF, row: LineageRow, tokens: Tokens) -> None:
        painter.setPen(QPen(QColor(tokens.muted), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for lane in row.through:
            x = self._middle(whole, lane).x()
            painter.drawLine(QPointF(x, whole.top()), QPointF(x, whole.bottom()))
        here = self._middle(whole, row.lane)
        if row.above:
            painter.drawLine(QPointF(here.x(), whole.top()), here)
        if row.below:
            painter.drawLine(here, QPointF(here.x(), whole.bottom()))
        if row.branch is not None:
            x = self._middle(whole, row.branch).x()
            path = QPainterPath(here)
            bend = QPointF(x, here.y())
            path.cubicTo((here + bend) / 2, bend, QPointF(x, whole.bottom()))
            painter.drawPath(path)


def state_word(version: WeightsVersion) -> str:
    """What a version's state is called; one that only evidence is missing for is not called refused."""
    return tr("undecided") if is_undecided(version) else tr(STATE_WORDS[version.state])


def is_undecided(version: WeightsVersion) -> bool:
    """Whether only evidence is missing for a version."""
    return version.undecided and version.state is WeightsState.REFUSED


def _draw_mark(painter: QPainter, middle: QPointF, state: WeightsState, tokens: Tokens) -> None:
    """A full disc is in use, a dashed ring waits, a cross was refused, a ring was used before."""
    ground = QColor(tokens.panel)
    if state is WeightsState.REFUSED:
        arm = QPointF(_MARK_PX - 0.8, _MARK_PX - 0.8)
        other = QPointF(arm.x(), -arm.y())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawEllipse(middle, _MARK_PX + 1.5, _MARK_PX + 1.5)
        painter.setPen(QPen(QColor(tokens.text), 2.0))
        painter.drawLine(middle - arm, middle + arm)
        painter.drawLine(middle - other, middle + other)
        return
    pen = QPen(QColor(tokens.accent if state is WeightsState.ACTIVE else tokens.text), 1.6)
    if state is WeightsState.CANDIDATE:
        pen.setDashPattern([1.4, 1.4])
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawEllipse(middle, _MARK_PX + 1, _MARK_PX + 1)
    painter.setPen(pen)
    painter.setBrush(QColor(tokens.accent) if state is WeightsState.ACTIVE else ground)
    painter.drawEllipse(middle, _MARK_PX, _MARK_PX)


def _tip(version: WeightsVersion) -> str:
    lines = [
        f"{NETWORKS.get(version.model, version.model)}, {version.weights_id[:12]}",
        again(version.reason),
    ]
    if version.made_at:
        time, count = version.made_at[:16].replace("T", " "), len(version.samples)
        lines.insert(
            1,
            trn("made {time} from {count} correction", "made {time} from {count} corrections", count).format(
                time=time, count=count
            )
            if count
            else tr("made {time}").format(time=time),
        )
    return "\n".join(line for line in lines if line)
