"""How far a version's probabilities can be believed: a small diagram, its words, and its threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from resatt_studio.app.panels.card_sections import CardSection
from resatt_studio.app.parts import Look, Parts
from resatt_studio.app.theme import Tokens
from resatt_studio.records.calibration import Reliability
from resatt_studio.records.weights import WeightsVersion
from resatt_studio.words import tr

_SIDE_PX = 96
_EDGE_PX = 5.0
_LEAST_SHARE = 0.001
"""Bins with a smaller share of the pixels are left out: a handful of pixels makes any point."""
_DOT_PX = (2.0, 4.5)


class ReliabilitySection(CardSection):
    """What judged a version found about its probabilities."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.diagram = ReliabilityDiagram(parts.look)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAccessibleName(tr("How far the probabilities can be believed"))
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        line = QHBoxLayout()
        line.setSpacing(9)
        line.addWidget(self.diagram, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.words, 1, Qt.AlignmentFlag.AlignVCenter)
        self.column.addLayout(line)
        self._look = parts.look
        self._version: WeightsVersion | None = None
        parts.look.changed.connect(lambda _: self._write())

    def show_version(self, version: WeightsVersion, versions: Sequence[WeightsVersion]) -> bool:
        judged = version.reliability_before is not None and version.reliability_after is not None
        self._version = version if judged else None
        self._write()
        return judged

    def _write(self) -> None:
        version, tokens = self._version, self._look.tokens
        if version is None or version.reliability_before is None or version.reliability_after is None:
            return
        before, after = version.reliability_before, version.reliability_after
        self.diagram.show_reliability(before, after)
        muted = f'<span style="color:{tokens.muted}">'
        lines = [
            f"{muted}{tr('Probabilities near predicted cracks')}</span>",
            f'<span style="color:{tokens.accent}">●</span> '
            + tr("calibrated: error {ece:.3f}").format(ece=after.ece),
            f"{muted}○ {tr('before: error {ece:.3f}').format(ece=before.ece)}</span>",
        ]
        if version.threshold is not None:
            lines.append(tr("Best threshold {threshold} %").format(threshold=round(100 * version.threshold)))
        self.words.setText("<br>".join(lines))
        self.setToolTip(
            tr(
                "Of the pixels that are called crack with 70 %, about 70 % should be. On the dashed line "
                "that holds; below it the network is too sure.\n{name}: {spoken}"
            ).format(name=version.name, spoken=_spoken(after))
        )


class ReliabilityDiagram(QWidget):
    """Probability from left to right, share of true crack from bottom to top, both from 0 to 1.

    Bins before the calibration are rings, those after it dots on a line; larger ones hold more pixels.
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.before: Reliability | None = None
        self.after: Reliability | None = None
        self.setFixedSize(QSize(_SIDE_PX, _SIDE_PX))
        self.setAccessibleName(tr("Reliability diagram"))
        look.changed.connect(lambda _: self.update())

    def show_reliability(self, before: Reliability, after: Reliability) -> None:
        """Draw a version's bins before and after calibration."""
        self.before, self.after = before, after
        self.setAccessibleDescription(_spoken(after))
        self.update()

    def paintEvent(self, event: object) -> None:
        tokens = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, tokens)
        if self.before is not None:
            painter.setPen(QPen(QColor(tokens.muted), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for place, radius in points(self.before):
                painter.drawEllipse(self._on_paper(place), radius, radius)
        if self.after is not None:
            seen = points(self.after)
            painter.setPen(QPen(QColor(tokens.accent), 1.6))
            painter.drawPolyline([self._on_paper(place) for place, _ in seen])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            for place, radius in seen:
                painter.drawEllipse(self._on_paper(place), radius, radius)
        painter.end()

    def _paint_ground(self, painter: QPainter, tokens: Tokens) -> None:
        painter.setPen(QPen(QColor(tokens.border), 1.0))
        painter.setBrush(QColor(tokens.field))
        painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 3, 3)
        for share in (0.25, 0.5, 0.75):
            painter.drawLine(self._on_paper((share, 0.0)), self._on_paper((share, 1.0)))
            painter.drawLine(self._on_paper((0.0, share)), self._on_paper((1.0, share)))
        painter.setPen(QPen(QColor(tokens.muted), 1.2, Qt.PenStyle.DashLine))
        painter.drawLine(self._on_paper((0.0, 0.0)), self._on_paper((1.0, 1.0)))

    def _on_paper(self, place: tuple[float, float]) -> QPointF:
        room = self.width() - 2 * _EDGE_PX
        return QPointF(_EDGE_PX + room * place[0], _EDGE_PX + room * (1 - place[1]))


def points(reliability: Reliability) -> list[tuple[tuple[float, float], float]]:
    """Place (probability, share of crack) and radius of the bins that hold enough pixels to be drawn."""
    total = max(1, sum(one.pixels for one in reliability.bins))
    small, large = _DOT_PX
    return [
        ((one.probability, one.crack), small + (large - small) * math.sqrt(one.pixels / total))
        for one in reliability.bins
        if one.pixels >= _LEAST_SHARE * total and one.pixels
    ]


def _spoken(reliability: Reliability) -> str:
    said = "; ".join(
        tr("called {probability} %, {crack} % are").format(
            probability=round(100 * one.probability), crack=round(100 * one.crack)
        )
        for one in reliability.bins
        if one.pixels
    )
    return tr("mean error {ece:.3f}. {said}").format(ece=reliability.ece, said=said)
