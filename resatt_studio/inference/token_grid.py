"""Which part of a photo a network looks at, in which size, and where in the photo its tokens then lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.resizing import resized
from resatt_studio.inference.attention_maps import Token
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box

STRETCH = 1.02
"""How much one side may be stretched against the other without looking for a smaller size."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of a photo and the size in which a network sees it.

    The size is a multiple of every stride of the network, so no token covers anything outside the part, and
    nothing has to be padded.

    Attributes:
        box: The part, in pixels of the upright photo.
        height, width: Of the network's input, in pixels.
    """

    box: Box
    height: int
    width: int

    def grid(self, stride_px: int) -> tuple[int, int]:
        """Rows and columns of tokens."""
        return self.height // stride_px, self.width // stride_px

    def cells(self, stride_px: int) -> tuple[float, float]:
        """Photo pixels (height, width) that a token covers."""
        rows, columns = self.grid(stride_px)
        return self.box.height / rows, self.box.width / columns

    def token_at(self, point: tuple[int, int], stride_px: int) -> Token:
        """The token whose cell holds the middle of the photo pixel (row, column).

        Raises:
            PhotoError: The pixel is outside the part.
        """
        row, column = point[0] - self.box.top, point[1] - self.box.left
        if not (0 <= row < self.box.height and 0 <= column < self.box.width):
            raise PhotoError(f"the point at column {point[1]}, row {point[0]} is outside what was looked at.")
        rows, columns = self.grid(stride_px)
        # Whole numbers, so that no rounding moves a pixel into the next cell.
        return Token(
            (2 * row + 1) * rows // (2 * self.box.height),
            (2 * column + 1) * columns // (2 * self.box.width),
        )

    def pixels(self, photo: UInt8Array) -> UInt8Array:
        """Cut and resize the photo's H x W x 3 pixels to the network's input."""
        return resized(photo[self.box.slices], self.height, self.width)


def whole_view(height: int, width: int, multiple_px: int, max_side_px: int) -> View:
    """Look at a whole photo of ``height`` x ``width`` at once.

    The longer side becomes at most ``max_side_px`` (at least one multiple), never larger than the photo's
    rounded up. Both sides become multiples, which stretches one of them a little: the largest size that
    stretches by less than 2 percent is taken or, where a size down to three quarters has none, the least
    stretched. Photos so narrow that their shorter side is below a multiple are stretched to one.
    """
    return View(Box(0, 0, height, width), *_fitting_size(height, width, multiple_px, max_side_px))


def tile_view(height: int, width: int, point: tuple[int, int], multiple_px: int, tile_px: int) -> View:
    """Look at the square of ``tile_px`` around a photo pixel (row, column), in full resolution.

    Near an edge the square is moved into the photo; a smaller photo is taken as a whole.

    Raises:
        PhotoError: The pixel is outside the photo.
    """
    refuse_outside(height, width, point)
    tops = [
        max(0, min(middle - tile_px // 2, side - tile_px))
        for middle, side in zip(point, (height, width), strict=True)
    ]
    box = Box(tops[0], tops[1], tops[0] + tile_px, tops[1] + tile_px).clipped(height, width)
    return View(box, *_fitting_size(box.height, box.width, multiple_px, tile_px))


def refuse_outside(height: int, width: int, point: tuple[int, int]) -> None:
    """Refuse a pixel (row, column) that a photo of ``height`` x ``width`` does not have.

    Raises:
        PhotoError: It is outside.
    """
    if not (0 <= point[0] < height and 0 <= point[1] < width):
        raise PhotoError(
            f"the point at column {point[1]}, row {point[0]} is outside the photo.",
            f"The photo is {width} pixels wide and {height} high; columns and rows count from 0.",
        )


def _fitting_size(height: int, width: int, multiple_px: int, max_side_px: int) -> tuple[int, int]:
    """(height, width) of the input, both multiples; see :func:`whole_view`."""
    long, short = max(height, width), min(height, width)
    most = max(1, min(max_side_px // multiple_px, math.ceil(long / multiple_px)))
    sizes = []
    for longer in range(most, math.ceil(0.75 * most) - 1, -1):
        shorter = min(longer, max(1, round(longer * short / long)))
        stretch = (shorter * long) / (longer * short)
        sizes.append((max(stretch, 1 / stretch), longer, shorter))
    within = [size for size in sizes if size[0] < STRETCH]
    _, longer, shorter = within[0] if within else min(sizes, key=lambda size: size[0])
    sides = (longer, shorter) if height >= width else (shorter, longer)
    return sides[0] * multiple_px, sides[1] * multiple_px
