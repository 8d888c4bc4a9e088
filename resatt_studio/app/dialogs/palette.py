"""The command palette: type a few letters, choose with the arrow keys, Enter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.palette import Entry, kind_words, ranked
from resatt_studio.app.theme import Tokens
from resatt_studio.words import tr

WIDTH_PX, HEIGHT_PX, TOP_PX = 620, 420, 64
_ROW_PX, _MARGIN_PX = 30, 10
_ENTRY = int(Qt.ItemDataRole.UserRole)
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class PaletteDialog(QDialog):
    """A field and what fits below it; the field keeps the focus, so that typing never stops.

    Args:
        offered: What there is.
        tokens: Colours of the theme.
        window: Over whose upper middle it opens.
    """

    def __init__(self, offered: Sequence[Entry], tokens: Tokens, window: QWidget) -> None:
        super().__init__(window, Qt.WindowType.FramelessWindowHint)
        self._offered = offered
        self.setObjectName("palette")
        self.setWindowTitle(tr("Find an action"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        width = min(WIDTH_PX, window.width() - 40)
        self.resize(width, min(HEIGHT_PX, window.height() - 2 * TOP_PX))
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - width) // 2, corner.y() + TOP_PX)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Type a few letters of an action, tool, panel, photo or project"))
        self.field.setAccessibleName(tr("Find an action, tool, panel, photo or project"))
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._show)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("What fits"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_Line(tokens, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda _: self.run())
        self.list.currentItemChanged.connect(self._told)
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.words.setMinimumWidth(1)  # a long sentence must not widen the palette
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 8)
        column.setSpacing(6)
        for widget in (self.field, self.list, self.words):
            column.addWidget(widget)
        self._show("")

    def run(self) -> None:
        """Do what is chosen, once the palette is gone; what cannot be done now stays and says so."""
        entry = self._chosen
        if entry is None:
            return
        if not entry.enabled:
            words = entry.why_not or tr("{text}: this cannot be done now.").format(text=entry.text)
            self.words.setText(words)
            return
        self.accept()
        QTimer.singleShot(0, entry.run)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in _MOVES:
                self._move(event.key())
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.run()
                return True
        return super().eventFilter(watched, event)

    @property
    def _chosen(self) -> Entry | None:
        item = self.list.currentItem()
        entry: Entry | None = None if item is None else item.data(_ENTRY)
        return entry

    def _move(self, key: int) -> None:
        page = max(1, self.list.viewport().height() // _ROW_PX - 1)
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page}
        count = self.list.count()
        if count:
            row = self.list.currentRow() + steps[Qt.Key(key)]
            around = abs(steps[Qt.Key(key)]) == 1
            self.list.setCurrentRow(row % count if around else max(0, min(count - 1, row)))

    def _show(self, query: str) -> None:
        self.list.clear()
        for entry in ranked(query, self._offered):
            item = QListWidgetItem(
                f"{entry.kind_word}: {entry.text}" + (f" ({entry.keys})" if entry.keys else "")
            )
            item.setData(_ENTRY, entry)
            item.setToolTip(entry.detail)
            self.list.addItem(item)
        if self.list.count():
            self.list.setCurrentRow(0)
        else:
            self.words.setText(tr("Nothing fits. Fewer letters find more; their order counts."))

    def _told(self, item: QListWidgetItem | None) -> None:
        entry = None if item is None else item.data(_ENTRY)
        if entry is not None:
            metrics = QFontMetrics(self.words.font())
            width = self.width() - 3 * _MARGIN_PX
            self.words.setText(metrics.elidedText(entry.detail, Qt.TextElideMode.ElideMiddle, width))
            self.field.setAccessibleDescription(item.text() if item is not None else "")


class _Line(QStyledItemDelegate):
    """The kind, the text with the letters that were asked for in bold, and the keys at the right."""

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self._tokens = tokens

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, _ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry: Entry = index.data(_ENTRY)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        tokens, rect = self._tokens, option.rect.adjusted(_MARGIN_PX, 0, -_MARGIN_PX, 0)
        painter.save()
        if chosen:
            painter.fillRect(option.rect, QColor(tokens.accent))
        painter.setFont(option.font)
        painter.setPen(QColor(tokens.on_accent if chosen else tokens.muted))
        painter.drawText(rect, _WHERE, entry.kind_word)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, entry.keys)
        if not chosen:
            painter.setPen(QColor(tokens.text if entry.enabled else tokens.disabled))
        metrics = QFontMetrics(option.font)
        left = rect.left() + max(map(metrics.horizontalAdvance, kind_words())) + 16
        room = rect.right() - left - metrics.horizontalAdvance(entry.keys) - 16
        self._draw_text(painter, QRect(left, rect.top(), room, rect.height()), entry, option.font)
        painter.restore()

    def _draw_text(self, painter: QPainter, rect: QRect, entry: Entry, font: QFont) -> None:
        bold = QFont(font)
        bold.setBold(True)
        left = rect.left()
        for place, letter in enumerate(entry.text):
            painter.setFont(bold if place in entry.places else font)
            width = QFontMetrics(painter.font()).horizontalAdvance(letter)
            if left + width > rect.right():
                painter.drawText(QRect(left, rect.top(), 20, rect.height()), _WHERE, "…")
                return
            painter.drawText(QRect(left, rect.top(), width + 2, rect.height()), _WHERE, letter)
            left += width


_WHERE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
