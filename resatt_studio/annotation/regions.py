"""What hangs together with a pixel, looked for in a window that grows only as far as it has to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box

LARGEST_SIDE_PX = 4096
"""A region is not followed further than half of this from where it was asked for, so that an act on a huge
photo stays within fractions of a second."""

_FIRST_SIDE_PX = 512

ReadMask = Callable[[Box], BoolArray]
"""Gives the mask of a box of photo pixels, h x w bool."""


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """Pixels that hang together.

    Attributes:
        box: The smallest that holds them, in photo pixels.
        mask: h x w bool of that box.
        whole: Whether all of it was followed; False when it went on beyond the largest window.
    """

    box: Box
    mask: BoolArray = field(repr=False)
    whole: bool = True

    def holds(self, row: int, column: int) -> bool:
        """Whether a pixel of the photo is one of it."""
        inside = self.box.holds(Box.pixel(row, column))
        return inside and bool(self.mask[row - self.box.top, column - self.box.left])


def region_at(
    read: ReadMask,
    row: int,
    column: int,
    photo: Box,
    corners: bool = True,
    largest_side_px: int = LARGEST_SIDE_PX,
) -> Region | None:
    """The region of a mask that holds a pixel.

    Args:
        read: The mask.
        row, column: The pixel, inside the photo.
        photo: The whole photo.
        corners: Whether pixels that touch at a corner hang together.
        largest_side_px: Of the window.

    Returns:
        The region; None when the pixel is not in the mask.
    """
    side_px = min(_FIRST_SIDE_PX, largest_side_px)
    while True:
        half = side_px // 2
        window = Box(row - half, column - half, row + half, column + half).intersection(photo)
        mask = read(window)
        place = row - window.top, column - window.left
        if not mask[place]:
            return None
        found, box = _flooded(mask, place, corners)
        reached = _reaches(box, window, photo)
        if not reached or side_px >= largest_side_px:
            return Region(box.shifted(window.top, window.left), found[box.slices].copy(), not reached)
        side_px = min(2 * side_px, largest_side_px)


def _flooded(mask: BoolArray, place: tuple[int, int], corners: bool) -> tuple[BoolArray, Box]:
    height, width = mask.shape
    reached = np.zeros((height + 2, width + 2), np.uint8)
    flags = (8 if corners else 4) | (1 << 8) | cv2.FLOODFILL_MASK_ONLY
    picture = mask.astype(np.uint8)
    *_, (left, top, across, down) = cv2.floodFill(picture, reached, place[::-1], 1, flags=flags)
    return reached[1:-1, 1:-1].view(np.bool_), Box(top, left, top + down, left + across)


def _reaches(box: Box, window: Box, photo: Box) -> bool:
    """Whether a box (in the window's pixels) touches a side of the window that is not the photo's."""
    return (
        (box.top == 0 and window.top > photo.top)
        or (box.left == 0 and window.left > photo.left)
        or (box.bottom == window.height and window.bottom < photo.bottom)
        or (box.right == window.width and window.right < photo.right)
    )


def nearest_in(mask: BoolArray, row: int, column: int, reach_px: float) -> tuple[int, int] | None:
    """The mask's pixel nearest to (row, column), at most ``reach_px`` away; None when there is none."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return None
    square = (rows - row) ** 2 + (columns - column) ** 2
    best = int(np.argmin(square))
    return (int(rows[best]), int(columns[best])) if square[best] <= reach_px**2 else None


def holes(mask: BoolArray, largest_px: float = float("inf")) -> BoolArray:
    """Pixels outside a mask from which the array's border cannot be reached without crossing it.

    Args:
        mask: H x W bool; what lies beyond counts as outside.
        largest_px: Area of a hole above which it is left as it is.

    Returns:
        H x W bool.
    """
    outside = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    _, names, stats, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    closed = stats[:, cv2.CC_STAT_AREA] <= largest_px
    closed[0] = False  # the mask itself
    closed[names[0, 0]] = False
    return np.asarray(closed[names][1:-1, 1:-1])
