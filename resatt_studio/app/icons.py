"""Single-colour SVG icons of ``assets/icons``, tinted with the theme and sharp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer

from resatt_studio.app.theme import Tokens
from resatt_studio.resources import asset

_SIDES_PX = (20, 40)
"""For screens at 100 and 200 percent; Qt scales to what lies between. Each costs time at the start."""


def icon(name: str, tokens: Tokens, checkable: bool = False, listed: bool = False) -> QIcon:
    """Return ``assets/icons/<name>.svg`` in the text colour, paler when disabled, light on accent when on.

    Args:
        name: Of the icon.
        tokens: Of the theme.
        checkable: Whether it stands on a button that can be on.
        listed: Whether it stands in a list, where it is on accent in the row that is selected.

    Raises:
        BugError: There is no such icon.
    """
    result = QIcon()
    faces = [
        (QIcon.Mode.Normal, QIcon.State.Off, tokens.text),
        (QIcon.Mode.Disabled, QIcon.State.Off, tokens.disabled),
    ]
    if checkable:
        faces.append((QIcon.Mode.Normal, QIcon.State.On, tokens.on_accent))
        faces.append((QIcon.Mode.Disabled, QIcon.State.On, tokens.disabled))
    if listed:
        faces.append((QIcon.Mode.Selected, QIcon.State.Off, tokens.on_accent))
    for mode, state, colour in faces:
        for pixmap in tinted_pixmaps(name, colour):
            result.addPixmap(pixmap, mode, state)
    return result


def tinted_pixmaps(name: str, colour: str, sides_px: tuple[int, ...] = _SIDES_PX) -> list[QPixmap]:
    """Draw one icon in ``colour`` on transparent squares of so many device pixels."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    pixmaps = []
    for side_px in sides_px:
        pixmap = QPixmap(side_px, side_px)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, side_px, side_px))
        painter.end()
        pixmaps.append(pixmap)
    return pixmaps


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return asset("icons", f"{name}.svg").read_text(encoding="utf-8")


def label_icon(colour: str, ring: str, crossed: bool) -> QIcon:
    """A disc in the colour of a label; crossed for "not crack", so that its shape tells it too."""
    result = QIcon()
    for side_px in _SIDES_PX:
        pixmap = QPixmap(side_px, side_px)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = side_px * 0.16
        disc = QRectF(edge, edge, side_px - 2 * edge, side_px - 2 * edge)
        painter.setPen(QPen(QColor(ring), max(1.0, side_px / 16)))
        painter.setBrush(QColor(colour))
        painter.drawEllipse(disc)
        if crossed:
            painter.setPen(QPen(QColor("#1b1d20"), max(1.0, side_px / 9)))
            painter.drawLine(QPointF(side_px * 0.3, side_px * 0.7), QPointF(side_px * 0.7, side_px * 0.3))
        painter.end()
        result.addPixmap(pixmap)
    return result
