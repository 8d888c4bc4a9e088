"""The mask's outline: a line around what is crack, beside it, so that the crack itself stays to be seen."""

from __future__ import annotations

import cv2
import numpy as np

from resatt_studio.app.canvas.films import Picture
from resatt_studio.app.canvas.layers import Layer, premultiplied
from resatt_studio.records.arrays import BoolArray, UInt8Array


def outline(mask: UInt8Array, width_px: int) -> BoolArray:
    """Pixels that are not of a mask but within ``width_px`` of it.

    Args:
        mask: h x w uint8, 1 where crack, else 0.
        width_px: From 1.
    """
    side = 2 * width_px + 1
    round_ish = cv2.getStructuringElement(
        cv2.MORPH_ELLIPSE if width_px > 1 else cv2.MORPH_CROSS, (side, side)
    )
    return np.not_equal(cv2.dilate(mask, round_ish), mask)


def lay_outline(colours: Picture, mask: UInt8Array, layer: Layer, width_px: int) -> None:
    """Lay a mask's outline over a picture, in place.

    Args:
        colours: h x w premultiplied ARGB.
        mask: h x w uint8, 1 where crack, else 0.
        layer: Its colour and strength.
        width_px: From 1.
    """
    line = outline(mask, width_px)
    below = colours[line]
    kept = np.rint(below.view(np.uint8) * (1.0 - layer.strength)).astype(np.uint8).view(np.uint32)
    colours[line] = kept + premultiplied(layer.colour, layer.strength)
