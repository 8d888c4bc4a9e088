"""What pictures with a caption share: the size a photo is shown in, its grey, lines broken between words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from resatt_studio.records.arrays import UInt8Array

if TYPE_CHECKING:
    from PIL import ImageFont

LEAST_SIDE_PX, MOST_SIDE_PX = 480, 1600
"""Longer side of the photo in a picture: smaller ones are enlarged by a whole factor, larger ones shrunk."""


def shown_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) in which a picture shows a part of that size."""
    long = max(height, width)
    if long > MOST_SIDE_PX:
        return max(1, round(height * MOST_SIDE_PX / long)), max(1, round(width * MOST_SIDE_PX / long))
    factor = -(-LEAST_SIDE_PX // long)
    return height * factor, width * factor


def in_grey(photo: UInt8Array) -> UInt8Array:
    """H x W x 3 uint8 RGB to the same without colour."""
    grey = cv2.cvtColor(np.ascontiguousarray(photo), cv2.COLOR_RGB2GRAY)
    return np.repeat(np.asarray(grey, np.uint8)[:, :, None], 3, axis=2)


def broken_lines(text: str, width_px: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """Break a line of text between words, so that each part fits into ``width_px``."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width_px:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
