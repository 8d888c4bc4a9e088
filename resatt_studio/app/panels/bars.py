"""Bars that say a number: a probability beside its neighbours, the colours of a map between its ends."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from resatt_studio.app.crack_words import percent
from resatt_studio.app.parts import Look
from resatt_studio.imaging.heat_picture import heat_table
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.words import tr

_BAR_PX = 7.0
_GAP_PX = 5.0


class ProbabilityBar(QWidget):
    """A bar with its number; the winner's is in the accent colour, and its number is bold.

    Args:
        look: Gives the colours.
        name: What it is about, for screen readers.
    """

    def __init__(self, look: Look, name: str) -> None:
        super().__init__()
        self._look = look
        self._name = name
        self.probability: float | None = None
        self.winner = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        look.changed.connect(self._repaint)
        self.show_probability(None)

    def show_probability(self, probability: float | None, winner: bool = False) -> None:
        """Show a value in [0, 1], or that there is none."""
        self.probability, self.winner = probability, winner
        words = tr("not known") if probability is None else percent(probability)
        said = tr("{name}: {percent}, the most probable") if winner else "{name}: {percent}"
        self.setAccessibleName(said.format(name=self._name, percent=words))
        self.setToolTip("" if probability is None else f"{self._name}: {probability:.4f}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(92, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._number_px() + 24, self.sizeHint().height())

    def _repaint(self) -> None:
        self.update()

    def paintEvent(self, event: object) -> None:
        tokens = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        number_px = self._number_px()
        groove = QRectF(0, (self.height() - _BAR_PX) / 2, self.width() - number_px - _GAP_PX, _BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.groove))
        painter.drawRoundedRect(groove, 3, 3)
        if self.probability is not None:
            filled = QRectF(groove)
            filled.setWidth(max(2.0, groove.width() * self.probability))
            painter.setBrush(QColor(tokens.accent if self.winner else tokens.muted))
            painter.drawRoundedRect(filled, 3, 3)
        font = QFont(self.font())
        font.setBold(self.winner)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text if self.winner else tokens.muted))
        place = QRectF(self.width() - number_px, 0, number_px, self.height())
        words = "–" if self.probability is None else percent(self.probability)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        painter.end()

    def _number_px(self) -> int:
        font = QFont(self.font())
        font.setBold(True)
        return QFontMetrics(font).horizontalAdvance(">99 %")


class HeatBar(QWidget):
    """The colours of a heat map from the least to the highest value, with both written beside it."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.ends: tuple[str, str] = ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._image = map_image(heat_table())
        look.changed.connect(self._repaint)
        self.show_ends(None)

    def show_colours(self, table: UInt8Array) -> None:
        """Paint these colours, 256 x 3 RGB, from the least to the highest value."""
        self._image = map_image(table)
        self.update()

    def show_ends(self, ends: tuple[float, float] | None) -> None:
        """Write the least and the highest value, or that there is no map."""
        self.ends = (tr("least"), tr("highest")) if ends is None else (f"{ends[0]:.3g}", f"{ends[1]:.3g}")
        self.setAccessibleName(
            tr("Colours of the map, from {least} to {highest}").format(
                least=self.ends[0], highest=self.ends[1]
            )
        )
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 4)

    def _repaint(self) -> None:
        self.update()

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        left, right = (self.fontMetrics().horizontalAdvance(words) + 7 for words in self.ends)
        bar = QRectF(left, (self.height() - 9) / 2, max(0, self.width() - left - right), 9)
        painter.drawImage(bar, self._image)
        painter.setPen(QColor(self._look.tokens.muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), middle | Qt.AlignmentFlag.AlignLeft, self.ends[0])
        painter.drawText(self.rect(), middle | Qt.AlignmentFlag.AlignRight, self.ends[1])
        painter.end()


def map_image(table: UInt8Array) -> QImage:
    """256 x 3 RGB colours side by side, 256 x 1 pixels."""
    colours = np.ascontiguousarray(table)
    return QImage(colours.data, 256, 1, 768, QImage.Format.Format_RGB888).copy()
