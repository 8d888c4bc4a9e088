"""Single-colour SVG icons of ``assets/icons``, tinted with the theme and sharp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from resatt_studio.app.theme import Tokens
from resatt_studio.resources import asset

_SIDES_PX = (16, 20, 24, 32, 48, 64)


def icon(name: str, tokens: Tokens) -> QIcon:
    """Return ``assets/icons/<name>.svg`` in the text colour, paler when disabled, light on accent when on.

    Raises:
        BugError: There is no such icon.
    """
    result = QIcon()
    for mode, state, colour in (
        (QIcon.Mode.Normal, QIcon.State.Off, tokens.text),
        (QIcon.Mode.Normal, QIcon.State.On, tokens.on_accent),
        (QIcon.Mode.Disabled, QIcon.State.Off, tokens.disabled),
        (QIcon.Mode.Disabled, QIcon.State.On, tokens.disabled),
    ):
        for side_px in _SIDES_PX:
            result.addPixmap(tinted_pixmap(name, colour, side_px), mode, state)
    return result


def tinted_pixmap(name: str, colour: str, side_px: int) -> QPixmap:
    """Draw one icon in ``colour`` on a transparent square of ``side_px`` device pixels."""
    drawing = _source(name).replace("currentColor", colour)
    pixmap = QPixmap(side_px, side_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(0, 0, side_px, side_px))
    painter.end()
    return pixmap


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return asset("icons", f"{name}.svg").read_text(encoding="utf-8")
