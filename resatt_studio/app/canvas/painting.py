"""What the canvas draws with a painter: the composed pictures, the brush's outline, a message."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from resatt_studio.app.canvas.layers import rgb
from resatt_studio.app.canvas.scene import Picture, Scene
from resatt_studio.records.geometry import Box

_OPAQUE = QImage.Format.Format_RGB32
_LAID_OVER = QImage.Format.Format_ARGB32_Premultiplied


def paint_pictures(painter: QPainter, scene: Scene, box: Box, ratio: float) -> None:
    """Put the part ``box`` (view pixels) of the composed pictures on the screen, one to one.

    Args:
        ratio: Device pixels per logical pixel, in which the painter thinks.
    """
    where = QRect(box.left, box.top, box.width, box.height)
    painter.save()
    painter.scale(1 / ratio, 1 / ratio)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.drawImage(where, _image(scene.photo_picture, _OPAQUE), where)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    if scene.shows_uncertainty:
        painter.drawImage(where, _image(scene.uncertainty_picture, _LAID_OVER), where)
    painter.drawImage(where, _image(scene.overlay_picture, _LAID_OVER), where)
    painter.restore()


def _image(picture: Picture, layout: QImage.Format) -> QImage:
    """The picture as an image over the same memory."""
    height, width = picture.shape
    return QImage(picture.data, width, height, width * 4, layout)


def paint_ring(painter: QPainter, centre: QPointF, radius: float) -> None:
    """The brush's outline, light on dark so that it is seen on any photo; logical pixels."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255, 230), 1.2)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(centre, radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_message(painter: QPainter, rect: QRect, text: str, background: str) -> None:
    """A sentence in the middle, legible on ``background`` (``#rrggbb``)."""
    bright = sum(rgb(background)) > 384
    painter.setPen(QColor("#2a2d31" if bright else "#d5d8dc"))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(rect.adjusted(24, 24, -24, -24), flags, text)


def paint_focus(painter: QPainter, rect: QRect, colour: QColor) -> None:
    """A frame that says where the keyboard is."""
    painter.setPen(QPen(colour, 2))
    painter.drawRect(rect.adjusted(1, 1, -1, -1))
