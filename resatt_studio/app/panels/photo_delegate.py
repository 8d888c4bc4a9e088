"""Paints one row of the photo list: thumbnail, name, size or uncertainty, state badge."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from resatt_studio.app.listing import STATE_WORDS
from resatt_studio.app.panels.photo_model import ENTRY_ROLE, FACTS_ROLE, THUMBNAIL_ROLE
from resatt_studio.app.parts import Look
from resatt_studio.records.photo import PhotoEntry, Split
from resatt_studio.words import tr

_MARGIN_PX = 9
_THUMB_WIDTH_PX, _THUMB_HEIGHT_PX = 64, 52


class PhotoDelegate(QStyledItemDelegate):
    """Rows after the mock-up; colours come from the theme's tokens."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(180, _THUMB_HEIGHT_PX + 2 * 7)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = self._look.tokens
        entry: PhotoEntry = index.data(ENTRY_ROLE)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        rect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens.selection))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.hover))
        painter.setPen(QPen(QColor(tokens.border), 1))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        thumb = QRect(rect.left() + _MARGIN_PX, rect.top() + 7, _THUMB_WIDTH_PX, _THUMB_HEIGHT_PX)
        self._paint_thumbnail(painter, thumb, index.data(THUMBNAIL_ROLE))
        left = thumb.right() + 10
        text = QRect(left, thumb.top(), rect.right() - left - 6, _THUMB_HEIGHT_PX)
        self._paint_words(painter, text, entry, index.data(FACTS_ROLE), option.font)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(tokens.accent), 1))
            painter.drawRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -1.5))
        painter.restore()

    def _paint_thumbnail(self, painter: QPainter, box: QRect, image: QImage | None) -> None:
        painter.fillRect(box, QColor(self._look.tokens.field))
        if image is None:
            return
        # Fill the box and crop what hangs over: crack photos are recognised by texture, not by their rim.
        width, height = image.width(), image.height()
        scale = max(box.width() / width, box.height() / height)
        cut_width, cut_height = box.width() / scale, box.height() / scale
        source = QRectF((width - cut_width) / 2, (height - cut_height) / 2, cut_width, cut_height)
        painter.drawImage(QRectF(box), image, source)

    def _paint_words(self, painter: QPainter, box: QRect, entry: PhotoEntry, facts: str, font: QFont) -> None:
        tokens = self._look.tokens
        painter.setFont(font)
        metrics = QFontMetrics(font)
        name = metrics.elidedText(entry.name, Qt.TextElideMode.ElideMiddle, box.width())
        painter.setPen(QColor(tokens.text))
        painter.drawText(box.left(), box.top() + metrics.ascent() + 2, name)
        small = QFont(font)
        small.setPointSizeF(font.pointSizeF() * 0.88)
        small_metrics = QFontMetrics(small)
        painter.setFont(small)
        painter.setPen(QColor(tokens.muted))
        facts = small_metrics.elidedText(facts, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box.left(), box.top() + metrics.height() + small_metrics.ascent() + 2, facts)
        words = tr(STATE_WORDS[entry.standing])
        if entry.split is Split.VALIDATION:
            words = tr("{state} · held back").format(state=words)
        height = small_metrics.height() + 1
        width = small_metrics.horizontalAdvance(words) + 14
        badge = QRectF(box.left(), box.bottom() - height + 1, width, height)
        ground, ink = tokens.badges[entry.state]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(badge, 5, 5)
        painter.setPen(QColor(ink))
        painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), words)
