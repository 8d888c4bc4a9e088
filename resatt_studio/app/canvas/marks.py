"""What the canvas draws over its pictures: the split with its captions, the point that was asked
about, the place that is in doubt."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from resatt_studio.app.canvas.split import GRIP_PX, Split, middle_row
from resatt_studio.records.geometry import Box

_LIGHT, _DARK = QColor("#ffffff"), QColor(22, 24, 27, 215)
_MARGIN_PX = 10.0
CROSS_PX = 18
"""Half the width of the keyboard's pointer in logical pixels, its rim included."""
_PLACE_GAP_PX, _LEAST_PLACE_PX = 8.0, 36.0
_MIRRORED_PX = 9.0
_RINGS = ((QColor(0, 0, 0, 190), 4.0), (QColor(255, 255, 255), 1.8))


def paint_split(
    painter: QPainter, split: Split, photo: Box, ratio: float, words: str, left_words: str
) -> None:
    """The divider with its grip, and on either side what is seen there.

    Colours are the same in both themes: they lie on photos, which know no theme.

    Args:
        painter: Thinks in logical pixels.
        split: Where it stands.
        photo: View (device) pixels that show the photo.
        ratio: Device pixels per logical pixel.
        words: What is seen on the right, such as "Dehazed".
        left_words: What is seen on the left.
    """
    if photo.empty:
        return
    top, bottom = photo.top / ratio, photo.bottom / ratio
    left, right = photo.left / ratio, photo.right / ratio
    if not split.on:
        _caption(painter, QPointF(left + _MARGIN_PX, top + _MARGIN_PX), words, left, right)
        return
    x = split.column(photo) / ratio
    for colour, width in ((_DARK, 4.0), (_LIGHT, 2.0)):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    _caption(painter, QPointF(x - _MARGIN_PX, top + _MARGIN_PX), left_words, left, x, to_the_left=True)
    _caption(painter, QPointF(x + _MARGIN_PX, top + _MARGIN_PX), words, x, right)
    _grip(painter, QPointF(x, middle_row(photo) / ratio))


def paint_point(painter: QPainter, at: QPointF) -> None:
    """A ring with a gap in its middle around the point that a network was asked about."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in _RINGS:
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(at, 8.0, 8.0)
        _draw_arms(painter, at, 4.0, 13.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_cross(painter: QPainter, at: QPointF, colour: QColor) -> None:
    """The keyboard's pointer: four arms with a gap between them, so that the pixel itself is seen."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pen in (*(QPen(*ring) for ring in _RINGS), QPen(colour, 1.0)):
        painter.setPen(pen)
        _draw_arms(painter, at, 4.0, CROSS_PX - 2.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _draw_arms(painter: QPainter, at: QPointF, first: float, last: float) -> None:
    for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        way = QPointF(across, down)
        painter.drawLine(at + way * first, at + way * last)


def paint_mirrored(painter: QPainter, at: QPointF) -> None:
    """A small cross where the pointer is in the view beside."""
    for colour, width in _RINGS:
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(at - QPointF(_MIRRORED_PX, 0), at + QPointF(_MIRRORED_PX, 0))
        painter.drawLine(at - QPointF(0, _MIRRORED_PX), at + QPointF(0, _MIRRORED_PX))


def mirrored_region(at: QPointF) -> QRect:
    """Pixels that :func:`paint_mirrored` may take."""
    reach = _MIRRORED_PX + 3
    return QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect()


def paint_place(painter: QPainter, place: QRectF) -> None:
    """A frame around a part of the photo that is to be looked at, never so small that it hides it.

    Args:
        painter: Thinks in logical pixels.
        place: What it is around, in logical pixels.
    """
    across = max(_PLACE_GAP_PX, (_LEAST_PLACE_PX - place.width()) / 2)
    down = max(_PLACE_GAP_PX, (_LEAST_PLACE_PX - place.height()) / 2)
    frame = place.adjusted(-across, -down, across, down)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in _RINGS:
        painter.setPen(QPen(colour, width))
        painter.drawRoundedRect(frame, 6, 6)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _grip(painter: QPainter, centre: QPointF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(_LIGHT, 1.5))
    painter.setBrush(_DARK)
    painter.drawEllipse(centre, GRIP_PX - 1, GRIP_PX - 1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_LIGHT)
    for side in (-1, 1):
        arrow: Sequence[QPointF] = [
            centre + QPointF(side * across, down) for across, down in ((9, 0), (4, -4.5), (4, 4.5))
        ]
        painter.drawPolygon(QPolygonF(arrow))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _caption(
    painter: QPainter, corner: QPointF, words: str, left: float, right: float, to_the_left: bool = False
) -> None:
    """Words on a dark ground at an upper corner; left out where there is no room between two lines."""
    font = QFont(painter.font())
    font.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(words) + 16, metrics.height() + 6
    if right - left < width + 2 * _MARGIN_PX:
        return
    ground = QRectF(corner.x() - (width if to_the_left else 0), corner.y(), width, height)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_DARK)
    painter.drawRoundedRect(ground, 5, 5)
    painter.setFont(font)
    painter.setPen(_LIGHT)
    painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()
