"""Square looks at a photo for networks that say what is on it: the whole first, then closer and closer.

Labels depend on direction (a longitudinal crack turned by a quarter is a transverse one) and on shape, so a
look is never turned, stretched or padded: padding by repeated edges draws straight lines that run out of the
photo, and both label networks learned on squares of one size only. A look is a square of the photo, brought
to the network's side with the same scale in both directions.

Three levels, each covering the photo with overlapping squares spread evenly:

- whole: squares as large as the photo's short side; one for a square photo, two for most others.
- close: the smallest squares of which :data:`MOST` cover the photo, and never smaller than what the network
  sees pixel by pixel: a thin crack must survive the reduction.
- between: squares of a side half way between these two (geometrically), where they are far apart.

A level that would hardly show more than the one before is left out.

Mirroring changes no type, so where few squares are enough each is looked at as it is and mirrored both ways
(:func:`mirror_copies`), and the answers are averaged: one view's answer leans on chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from resatt_studio.imaging.resizing import resized
from resatt_studio.imaging.tiles import plan_tiles
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box

VIEW_PX = 224
"""Side of what the networks see, as in their training."""

OVERLAP = 0.25
"""Least share of a square's side that it has in common with its neighbour."""

MOST = 48
"""Squares of a level at most."""

CLOSE_FROM = 1.3
"""Short side over the side of the close squares from which these are worth looking at."""

BETWEEN_FROM = 4.0
"""The same ratio from which a level between the two is worth looking at."""

_STEP = 1.02

Levels = tuple[tuple[Box, ...], ...]
"""Squares of a photo in pixels, level by level, the whole first."""


def plan_views(height: int, width: int, view_px: int = VIEW_PX, most: int = MOST) -> Levels:
    """Choose where to look at a photo of ``height`` x ``width`` pixels.

    Args:
        height, width: From 1.
        view_px: Side of what the network sees.
        most: Squares of a level at most; very long photos are sampled evenly where that is too few.

    Returns:
        One level or more, none empty, every box a square within the photo.
    """
    short = min(height, width)
    close = min(view_px, short)
    while close < short and len(_squares(height, width, close)) > most:
        close = min(short, math.ceil(close * _STEP))
    sides = [short]
    if short / close >= BETWEEN_FROM:
        sides.append(round(math.sqrt(short * close)))
    if short / close >= CLOSE_FROM:
        sides.append(close)
    return tuple(_spread(_squares(height, width, side), most) for side in sides)


def see(pixels: UInt8Array, boxes: tuple[Box, ...], view_px: int = VIEW_PX) -> UInt8Array:
    """Cut squares from a photo and bring them to one side.

    Args:
        pixels: H x W x 3 uint8.
        boxes: N squares of it.

    Returns:
        N x view_px x view_px x 3 uint8; averaged over what a pixel covers where it shrinks, interpolated
        where it grows.
    """
    return np.stack([resized(pixels[box.slices], view_px, view_px) for box in boxes])


def mirror_copies(views: int, most: int = MOST) -> int:
    """How often each of so many views is looked at, 4, 2 or 1 times: with ``most`` looks in all at most."""
    return next((copies for copies in (4, 2) if views * copies <= most), 1)


def mirrored(pixels: UInt8Array, copies: int) -> Iterator[UInt8Array]:
    """The first ``copies`` of: as it is, left and right exchanged, up and down exchanged, both.

    Args:
        pixels: N x H x W x 3 uint8.
        copies: 1 to 4.
    """
    for step_down, step_across in ((1, 1), (1, -1), (-1, 1), (-1, -1))[:copies]:
        yield np.ascontiguousarray(pixels[:, ::step_down, ::step_across])


def _squares(height: int, width: int, side: int) -> list[Box]:
    return plan_tiles(height, width, side, int(side * OVERLAP))


def _spread(boxes: list[Box], most: int) -> tuple[Box, ...]:
    """``most`` of the boxes, evenly over their order, first and last included."""
    if len(boxes) <= most:
        return tuple(boxes)
    return tuple(boxes[index] for index in np.linspace(0, len(boxes) - 1, most).round().astype(int))
