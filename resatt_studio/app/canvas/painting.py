"""What the canvas draws with a painter: the composed pictures, the brush's outline, a message."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QRegion

from resatt_studio.app.canvas.films import Picture
from resatt_studio.app.canvas.layers import rgb
from resatt_studio.app.canvas.scene import Scene
from resatt_studio.app.canvas.split import Split
from resatt_studio.records.geometry import Box

_OPAQUE = QImage.Format.Format_RGB32
_LAID_OVER = QImage.Format.Format_ARGB32_Premultiplied
_LARGEST_KEPT_PX = 1000.0  # device pixels of radius; a larger circle would be a large image
_RING_MARGIN = 3.0
_RING_HOLLOW_PX = 100  # a smaller hole is not worth three more rectangles


class Sheet:
    """The pictures of a scene laid on each other, kept as one; only what was composed anew is laid again.

    Most paints are of a ring or a mark that moved over pictures which are what they were: such a paint is one
    copy, however many pictures there are and however many pieces the painted region has.
    """

    def __init__(self) -> None:
        self._image = QImage()
        self._laid: tuple[object, ...] = ()

    def paint(self, painter: QPainter, region: QRegion, scene: Scene, split: Split, ratio: float) -> None:
        """Put the pictures on the screen, one to one.

        Args:
            painter: Of a widget whose paint event it is: clipped to ``region``, thinks in logical pixels.
            region: Logical pixels.
            scene: Composed.
            split: Left of it the photo stays as it is.
            ratio: Device pixels per logical pixel.
        """
        self._follow(scene, split)
        rect = region.boundingRect()
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        if ratio == 1.0:
            painter.drawImage(rect, self._image, rect)
        else:
            where = _device_pixels(rect, ratio)
            painter.save()
            painter.scale(1 / ratio, 1 / ratio)
            painter.drawImage(where, self._image, where)
            painter.restore()
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)

    def _follow(self, scene: Scene, split: Split) -> None:
        """Lay what was composed since the last time, or all of it when it is laid in another way now."""
        view = scene.viewport.view_box
        stale = scene.take_composed()
        way = _way_of_laying(scene, split)
        if way != self._laid:
            self._laid, stale = way, view
            if self._image.size() != QSize(view.width, view.height):
                self._image = QImage(view.width, view.height, _OPAQUE)
        if not stale.empty:
            painter = QPainter(self._image)
            lay_pictures(painter, scene, stale, split)
            painter.end()


def _way_of_laying(scene: Scene, split: Split) -> tuple[object, ...]:
    """All that decides which picture is seen where, beside what they show."""
    return (
        scene.viewport.view_box,
        scene.viewport.photo_in_view,
        split,
        tuple(scene.shown_of(film) for film in scene.films),
        scene.shows_uncertainty,
        scene.compares and scene.compared_right,
        scene.compares,
    )


def _device_pixels(rect: QRect, ratio: float) -> QRect:
    """Device pixels that a logical rectangle touches."""
    left, top = math.floor(rect.left() * ratio), math.floor(rect.top() * ratio)
    right = math.ceil((rect.left() + rect.width()) * ratio)
    bottom = math.ceil((rect.top() + rect.height()) * ratio)
    return QRect(left, top, right - left, bottom - top)


def lay_pictures(painter: QPainter, scene: Scene, box: Box, split: Split) -> None:
    """Lay the part ``box`` of the composed pictures on each other, one to one.

    Args:
        painter: Thinks in view pixels.
        box: View pixels.
        split: Left of it the photo stays as it is.
    """
    where = QRect(box.left, box.top, box.width, box.height)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.drawImage(where, _image(scene.photo_picture, _OPAQUE), where)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    if scene.shown_of(scene.haze):
        behind = split.right_side(scene.viewport.photo_in_view).intersection(box)
        part = QRect(behind.left, behind.top, behind.width, behind.height)
        painter.drawImage(part, _image(scene.haze.picture, _LAID_OVER), part)
    if scene.shown_of(scene.heat):
        painter.drawImage(where, _image(scene.heat.picture, _LAID_OVER), where)
    if scene.shows_uncertainty:
        painter.drawImage(where, _image(scene.uncertainty_picture, _LAID_OVER), where)
    # Without a divider there are no sides; the mask that approving keeps is seen.
    left, right = scene.overlay_sides if split.on else (scene.overlay_picture, scene.overlay_picture)
    behind = split.right_side(scene.viewport.photo_in_view).intersection(box)
    if left is right or behind.empty:
        painter.drawImage(where, _image(left, _LAID_OVER), where)
    else:
        before = QRect(box.left, box.top, behind.left - box.left, box.height)
        part = QRect(behind.left, box.top, box.right - behind.left, box.height)
        for side, picture in ((before, left), (part, right)):
            if not side.isEmpty():
                painter.drawImage(side, _image(picture, _LAID_OVER), side)
    if scene.shown_of(scene.change):
        painter.drawImage(where, _image(scene.change.picture, _LAID_OVER), where)


def _image(picture: Picture, layout: QImage.Format) -> QImage:
    """The picture as an image over the same memory."""
    height, width = picture.shape
    return QImage(picture.data, width, height, width * 4, layout)


class Ring:
    """The brush's outline, light on dark so that it is seen on any photo.

    Smooth circles are slow to draw and the brush moves all the time, so the drawn circle is kept as an image.
    """

    def __init__(self) -> None:
        self._key = (0.0, 0.0)
        self._image = QImage()

    def paint(self, painter: QPainter, centre: QPointF, radius: float, ratio: float) -> None:
        """Draw it around ``centre`` (logical pixels)."""
        if radius * ratio > _LARGEST_KEPT_PX:
            _draw_ring(painter, centre, radius, smooth=False)
            return
        if self._key != (radius, ratio):
            self._key, self._image = (radius, ratio), _ring_image(radius, ratio)
        half = self._image.deviceIndependentSize() / 2
        painter.drawImage(centre - QPointF(half.width(), half.height()), self._image)


def ring_region(centre: QPointF, radius: float, within: QRect) -> QRegion:
    """Pixels that a ring around ``centre`` may take, without the square that fits into it.

    The ring of a large brush surrounds the view or most of it; painting all of that for each move of the
    pointer is what makes large brushes slow. (Following the ring more closely takes many small rectangles,
    and those cost more than they save.)

    Args:
        centre, radius: In logical pixels.
        within: The widget; the region has nothing outside it.
    """
    whole = _square(centre, radius + _RING_MARGIN + 1).toAlignedRect() & within
    hollow = _square(centre, (radius - _RING_MARGIN - 1) / math.sqrt(2) - 1).toRect() & within
    region = QRegion(whole)
    return region - QRegion(hollow) if hollow.width() > _RING_HOLLOW_PX else region


def _square(centre: QPointF, half: float) -> QRectF:
    return QRectF(centre.x() - half, centre.y() - half, 2 * half, 2 * half)


def _ring_image(radius: float, ratio: float) -> QImage:
    side = 2 * math.ceil((radius + _RING_MARGIN) * ratio) + 1
    image = QImage(side, side, _LAID_OVER)
    image.fill(0)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    _draw_ring(painter, QPointF(side, side) / (2 * ratio), radius, smooth=True)
    painter.end()
    return image


def _draw_ring(painter: QPainter, centre: QPointF, radius: float, smooth: bool) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255, 230), 1.2)):
        painter.setPen(QPen(colour, width if smooth else 1))
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
