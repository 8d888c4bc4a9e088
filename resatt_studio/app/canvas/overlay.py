"""Draws the marks of the tool in hand, and says which part of the screen each of them takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF, QRegion
from shiboken6 import VoidPtr

from resatt_studio.app.canvas.layers import Layer
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.app.tools.overlay import DotsMark, LineMark, Mark, Points, Tone, WordsMark
from resatt_studio.imaging.curves import lengths, points_at, points_together

_UNDER = QColor(0, 0, 0, 170)
_GROUND = QColor(22, 24, 27, 225)
_WHITE = QColor("#ffffff")
_LINE_PX, _UNDER_PX = 1.6, 3.6
_DOT_PX, _HOT_PX = 3.5, 5.5
_MARGIN_PX = 4
_BAND_ALPHA, _AREA_ALPHA = 110, 60
_WORDS_AWAY_PX = 12.0
_PIECE_PX, _MOST_PIECES = 96.0, 24
_FAR_PX = 8000.0

Tones = Mapping[Tone, QColor]


def tones(correction: Layer) -> dict[Tone, QColor]:
    """Colours of marks: labels look as they do once they are painted."""
    return {
        Tone.PLAIN: _WHITE,
        Tone.CRACK: QColor(correction.colour),
        Tone.NOT_CRACK: QColor(correction.other_colour),
        Tone.UNSAID: QColor("#d5d8dc"),
    }


def mark_region(mark: Mark, view: Viewport, ratio: float, font: QFont) -> QRegion:
    """Logical pixels that a mark may take.

    A long slanting line takes a chain of small boxes and not the large one around it: a preview that follows
    the pointer would else paint half the view for each move.

    Args:
        ratio: Device pixels per logical pixel.
        font: In which words are written.
    """
    if isinstance(mark, WordsMark):
        return QRegion(_words_rect(mark, view, ratio, font).toAlignedRect().adjusted(-1, -1, 1, 1))
    points = _in_view(mark.points, view, ratio)
    if not len(points):
        return QRegion()
    if isinstance(mark, DotsMark):
        reach = _HOT_PX + _MARGIN_PX
        return (
            _boxes(points[:, None, :], reach) if len(points) <= _MOST_PIECES else _boxes(points[None], reach)
        )
    reach = _reach(mark, view, ratio)
    return _boxes(points[None], reach) if mark.filled else _chain(_joined(points, mark), reach)


def changed_region(old: Mark, new: Mark, view: Viewport, ratio: float) -> QRegion | None:
    """Logical pixels in which two lines differ, where they look alike and begin at the same point; else None.

    A preview that follows the pointer is another line with every move, but only its end is another one.
    """
    if not (isinstance(old, LineMark) and isinstance(new, LineMark) and _alike(old, new)):
        return None
    one, other = _joined(old.points, old), _joined(new.points, new)
    first = points_together(one, other)
    if not first:
        return None
    last = min(points_together(one[::-1], other[::-1]), min(len(one), len(other)) - first)
    region = QRegion()
    for points in (one, other):
        # From the last point that both have up to the first one that both have again.
        part = points[first - 1 : len(points) - last + 1]
        if len(part) > 1:
            region += _chain(_in_view(part, view, ratio), _reach(new, view, ratio))
    return region


def _alike(old: LineMark, new: LineMark) -> bool:
    looks = [(mark.tone, mark.width_px, mark.closed, mark.filled, mark.dashed) for mark in (old, new)]
    plain = not (new.filled or new.dashed)  # an area, and dashes, change beyond where points do
    return plain and looks[0] == looks[1] and min(len(old.points), len(new.points)) > 1


def _joined(points: Points, mark: LineMark) -> Points:
    """A line's points; of a closed one the first once more as its last."""
    return np.concatenate([points, points[:1]]) if mark.closed else points


def _reach(mark: LineMark, view: Viewport, ratio: float) -> float:
    """Logical pixels around a line's points that it may take."""
    return _UNDER_PX / 2 + mark.width_px * view.scale / ratio / 2 + _MARGIN_PX


def _chain(points: Points, reach: float) -> QRegion:
    """Boxes along a line, each at most so long that a slanting line fills it badly enough."""
    along = lengths(points)
    length = float(along[-1])
    pieces = min(_MOST_PIECES, max(1, math.ceil(length / _PIECE_PX)))
    if pieces == 1 or not length < _FAR_PX:
        return _boxes(points[None], reach)
    cuts = np.linspace(0, length, pieces + 1)
    ends = points_at(points, along, cuts)
    # The line with its cuts as points of it; each piece goes from a cut up to the next.
    order = np.argsort(np.concatenate([along, cuts]), kind="stable")
    line, begins = np.concatenate([points, ends])[order], np.flatnonzero(order >= len(points))
    low = np.minimum(np.minimum.reduceat(line, begins)[:-1], ends[1:])
    high = np.maximum(np.maximum.reduceat(line, begins)[:-1], ends[1:])
    return _around(low, high, reach)


def _boxes(groups: Points, reach: float) -> QRegion:
    """A box around each group of points; G x N x 2."""
    return _around(groups.min(axis=1), groups.max(axis=1), reach)


def _around(low: Points, high: Points, reach: float) -> QRegion:
    """Boxes between G pairs of corners and ``reach`` around them, as far as they are not far away."""
    region = QRegion()
    first = np.floor((low - reach).clip(-_FAR_PX, 2 * _FAR_PX)).astype(int).tolist()
    last = np.ceil((high + reach).clip(-_FAR_PX, 2 * _FAR_PX)).astype(int).tolist()
    for (top, left), (bottom, right) in zip(first, last, strict=True):
        if top < bottom and left < right:
            region += QRegion(left, top, right - left, bottom - top)
    return region


def _in_view(points: Points, view: Viewport, ratio: float) -> Points:
    """Photo coordinates as logical pixels of the view, still (row, column)."""
    return (np.asarray(points, np.float64).reshape(-1, 2) * view.scale + (view.top, view.left)) / ratio


def paint_marks(
    painter: QPainter,
    marks: Iterable[Mark],
    view: Viewport,
    ratio: float,
    colours: Tones,
    within: QRect | None = None,
) -> None:
    """Draw marks, the first at the bottom.

    Args:
        painter: Thinks in logical pixels.
        ratio: Device pixels per logical pixel.
        within: Logical pixels that matter; of a line no more is drawn than may be seen there. None for all.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for mark in marks:
        if isinstance(mark, LineMark):
            _paint_line(painter, mark, view, ratio, colours[mark.tone], within)
        elif isinstance(mark, DotsMark):
            _paint_dots(painter, mark, view, ratio, colours[mark.tone])
        else:
            _paint_words(painter, mark, view, ratio)
    painter.restore()


def _paint_line(
    painter: QPainter, mark: LineMark, view: Viewport, ratio: float, colour: QColor, within: QRect | None
) -> None:
    points = _in_view(mark.points, view, ratio)
    if len(points) < 2:
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if mark.filled:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_faint(colour, _AREA_ALPHA))
        painter.drawPolygon(_polygon(points))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    # Dashes are counted from a line's start.
    runs = None if within is None or mark.dashed else _runs(points, mark, within, _reach(mark, view, ratio))
    line = QPainterPath()
    for run in [points] if runs is None else runs:
        line.addPolygon(_polygon(run))
    if mark.closed and runs is None:
        line.closeSubpath()
    if mark.width_px > 0:
        painter.setPen(_pen(_faint(colour, _BAND_ALPHA), mark.width_px * view.scale / ratio))
        painter.drawPath(line)
    painter.setPen(_pen(_UNDER, _UNDER_PX))
    painter.drawPath(line)
    pen = _pen(colour, _LINE_PX)
    if mark.dashed:
        pen.setDashPattern([4.0, 3.0])
    painter.setPen(pen)
    painter.drawPath(line)


def _runs(points: Points, mark: LineMark, within: QRect, reach: float) -> list[Points] | None:
    """The parts of a line that may be seen within a rectangle, whose ends are not; None for the whole line.

    Args:
        points: N x 2 logical pixels, (row, column).
        reach: Logical pixels that the line takes around them.
    """
    line = _joined(points, mark)
    low, high = np.minimum(line[:-1], line[1:]) - reach, np.maximum(line[:-1], line[1:]) + reach
    first, last = (within.top(), within.left()), (within.bottom() + 1, within.right() + 1)
    seen = (high >= first).all(axis=1) & (low <= last).all(axis=1)
    if seen.all():
        return None
    # A part may go on beyond the first point: begin with what is not seen. Qt joins the ends of an open line
    # too, where they meet.
    if (line[0] == line[-1]).all():
        away = int(np.argmin(seen))
        line = np.concatenate([line[away:-1], line[: away + 1]])
        seen = np.roll(seen, -away)
    turns = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    return [line[begin : end + 1] for begin, end in turns.reshape(-1, 2)]


def _polygon(points: Points) -> QPolygonF:
    """N x 2 (row, column) as Qt keeps them, written into its memory at once."""
    line = QPolygonF()
    line.resize(len(points))
    # Its stubs know neither the size nor that it may be written.
    memory_of: Any = VoidPtr
    memory = np.frombuffer(memory_of(line.data(), len(points) * 16, True), np.float64)
    memory.reshape(-1, 2)[:] = points[:, ::-1]
    return line


def _paint_dots(painter: QPainter, mark: DotsMark, view: Viewport, ratio: float, colour: QColor) -> None:
    painter.setPen(QPen(_UNDER, 1.4))
    for place, (row, column) in enumerate(_in_view(mark.points, view, ratio).tolist()):
        hot = place == mark.hot
        painter.setBrush(_WHITE if hot else colour)
        reach = _HOT_PX if hot else _DOT_PX
        painter.drawEllipse(QPointF(column, row), reach, reach)


def _paint_words(painter: QPainter, mark: WordsMark, view: Viewport, ratio: float) -> None:
    ground = _words_rect(mark, view, ratio, painter.font())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_GROUND)
    painter.drawRoundedRect(ground, 4, 4)
    painter.setPen(_WHITE)
    painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, mark.text)


def _words_rect(mark: WordsMark, view: Viewport, ratio: float, font: QFont) -> QRectF:
    """The words' ground in logical pixels, kept inside the view."""
    metrics = QFontMetricsF(font)
    width, height = math.ceil(metrics.horizontalAdvance(mark.text)) + 14, math.ceil(metrics.height()) + 6
    row, column = (float(value) / ratio for value in view.to_view(mark.row, mark.column))
    left = min(column + _WORDS_AWAY_PX, view.view_width / ratio - width - 2)
    top = min(row + _WORDS_AWAY_PX, view.view_height / ratio - height - 2)
    return QRectF(QRect(round(max(left, 2)), round(max(top, 2)), width, height))


def _faint(colour: QColor, alpha: int) -> QColor:
    faint = QColor(colour)
    faint.setAlpha(alpha)
    return faint


def _pen(colour: QColor, width: float) -> QPen:
    # On a thin line nobody sees how its parts are joined, but round joins take more time than all the rest.
    thin = width <= _UNDER_PX
    join = Qt.PenJoinStyle.BevelJoin if thin else Qt.PenJoinStyle.RoundJoin
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, join)
