"""Heat over its photo: values to photo pixels, to colour, and to a picture with colour bar and caption."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.imaging.captions import broken_lines, in_grey, shown_size
from resatt_studio.imaging.colour import colour_map
from resatt_studio.imaging.resizing import resized
from resatt_studio.imaging.writing import write_png
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.heat import Heat

if TYPE_CHECKING:
    from PIL import ImageDraw

HEAT_MAP = "viridis"
"""Colour map of exported pictures, and of the screen at first."""

OPACITY = 0.6
"""Share of the colour in a picture; the rest is the photo in grey."""

_LEAST_WIDTH_PX = 420
_LEAST_TEXT_PX = 15
_GAP_PX = 12
_BAR_PX = 22
_INK, _PAPER = (25, 25, 25), (255, 255, 255)


def heat_table() -> UInt8Array:
    """256 x 3 uint8 RGB from the least to the highest value: viridis.

    Viridis is perceptually uniform, keeps its order in grey prints and under every common colour blindness.
    """
    return colour_map(HEAT_MAP)


def heat_pixels(heat: Heat, height: int | None = None, width: int | None = None) -> Float32Array:
    """Interpolate a heat between the middles of its cells.

    Args:
        heat: h x w values over ``heat.box``.
        height, width: Size of the answer, which covers the box; None for one value a photo pixel.

    Returns:
        height x width float32, in the units of the heat.
    """
    return resized(
        heat.grid,
        heat.box.height if height is None else height,
        heat.box.width if width is None else width,
    )


def heat_levels(heat: Heat, height: int | None = None, width: int | None = None) -> UInt8Array:
    """As :func:`heat_pixels`: 0 at the least value of the grid, 255 at the highest, all 0 in an even one."""
    least, highest = float(heat.grid.min()), float(heat.grid.max())
    values = heat_pixels(heat, height, width)
    scale = 255.0 / (highest - least) if highest > least else 0.0
    levels = np.rint((values - np.float32(least)) * np.float32(scale))
    return np.asarray(levels.clip(0, 255), np.uint8)


def draw_picture(photo: UInt8Array, heat: Heat, caption: str = "") -> UInt8Array:
    """Draw the part of the photo that was looked at under its heat, with colour bar and caption.

    The part starts in the upper left corner of the picture, enlarged or shrunk as a whole; the point that was
    asked for is ringed. The bar to its right names the least and the highest value.

    Args:
        photo: H x W x 3 uint8 RGB, the upright photo in its full size.
        heat: Of this photo.
        caption: Lines of text for below; long ones are broken.

    Returns:
        Rows x columns x 3 uint8 RGB.

    Raises:
        BugError: The photo has another size.
    """
    from PIL import Image, ImageDraw, ImageFont

    _check_size(photo, heat)
    height, width = shown_size(heat.box.height, heat.box.width)
    part = in_grey(resized(photo[heat.box.slices], height, width))
    part = _blend(part, heat_levels(heat, height, width))
    text_px = max(_LEAST_TEXT_PX, round(max(height, width) / 72))
    font = ImageFont.load_default(text_px)
    labels = [f"{value:.3g}" for value in (heat.grid.max(), heat.grid.min())]
    margin = _GAP_PX + _BAR_PX + 6 + round(max(font.getlength(label) for label in labels)) + _GAP_PX
    columns = max(width + margin, _LEAST_WIDTH_PX)
    room_px = columns - 2 * _GAP_PX
    lines = [line for text in caption.splitlines() for line in broken_lines(text, room_px, font)]
    line_px = round(1.4 * text_px)
    least_rows = max(height, 4 * line_px)
    picture = Image.new("RGB", (columns, least_rows + _GAP_PX + len(lines) * line_px + _GAP_PX), _PAPER)
    picture.paste(Image.fromarray(part), (0, 0))
    draw = ImageDraw.Draw(picture)
    bar = np.repeat(heat_table()[::-1, None], _BAR_PX, axis=1)
    bar_rows = least_rows - 2 * _GAP_PX
    picture.paste(Image.fromarray(resized(bar, bar_rows, _BAR_PX)), (width + _GAP_PX, _GAP_PX))
    beside = width + _GAP_PX + _BAR_PX + 6
    draw.text((beside, _GAP_PX), labels[0], _INK, font, anchor="lt")
    draw.text((beside, _GAP_PX + bar_rows), labels[1], _INK, font, anchor="lb")
    for index, line in enumerate(lines):
        draw.text((_GAP_PX, least_rows + _GAP_PX + index * line_px), line, _INK, font)
    _ring(draw, heat, height / heat.box.height, width / heat.box.width)
    return np.array(picture, np.uint8)


def write_picture(path: Path, photo: UInt8Array, heat: Heat, caption: str = "") -> None:
    """Write :func:`draw_picture` as PNG, whole or not at all.

    Raises:
        ExportError: The file cannot be written.
    """
    write_png(path, draw_picture(photo, heat, caption))


def _check_size(photo: UInt8Array, heat: Heat) -> None:
    if photo.shape != (heat.height, heat.width, 3):
        raise BugError(f"heat of {heat.height} x {heat.width} pixels, photo of shape {photo.shape}")


def _blend(grey: UInt8Array, levels: UInt8Array) -> UInt8Array:
    """H x W x 3 grey and H x W levels to H x W x 3 uint8 RGB."""
    blended: Any = cv2.addWeighted(heat_table()[levels], OPACITY, grey, 1 - OPACITY, 0)
    return np.asarray(blended, np.uint8)


def _ring(draw: ImageDraw.ImageDraw, heat: Heat, rows: float, columns: float) -> None:
    """Mark the asked point without covering it."""
    if heat.question.point is None:
        return
    y = (heat.question.point[0] + 0.5 - heat.box.top) * rows
    x = (heat.question.point[1] + 0.5 - heat.box.left) * columns
    for radius, colour in ((12, (0, 0, 0)), (11, (255, 255, 255)), (9, (0, 0, 0))):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=2)
