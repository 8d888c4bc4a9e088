"""Where a painted crack ends or runs, near a click: to go on from there, or to run into it."""

from __future__ import annotations

import numpy as np

from resatt_studio.annotation.strokes import Point
from resatt_studio.imaging.centre_lines import centre_lines, neighbours
from resatt_studio.records.arrays import BoolArray


def place_on_crack(mask: BoolArray, point: Point, within_px: float) -> Point | None:
    """The place of a crack that a click near it means: its end if one is near, else its middle.

    Args:
        mask: h x w bool, the cracks around the click; should reach a crack's width beyond ``within_px``, or
            the cut looks like an end.
        point: (row, column) of the click, in pixels of ``mask``.
        within_px: How far the place may be from the click.

    Returns:
        (row, column) of a pixel's middle, or None when no crack is so near.
    """
    lines = centre_lines(mask)
    count = neighbours(lines)
    # A line that leaves the window does not end there.
    count[[0, -1]] = 2
    count[:, [0, -1]] = 2
    for candidates in (lines & (count == 1), lines):
        places = np.argwhere(candidates) + 0.5
        if len(places):
            away = np.hypot(*(places - point).T)
            nearest = int(np.argmin(away))
            if away[nearest] <= within_px:
                return float(places[nearest, 0]), float(places[nearest, 1])
    return None
