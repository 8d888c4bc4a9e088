"""Cracks made smoother, thinner, thicker or free of spurs: what a signed distance and a centre line allow."""

from __future__ import annotations

import math

import cv2
import numpy as np

from resatt_studio.imaging.centre_lines import centre_lines, neighbours, prune_spurs
from resatt_studio.imaging.crack_measures import length_px
from resatt_studio.records.arrays import BoolArray, Float32Array
from resatt_studio.records.geometry import Box

_CELL_PX = 256
_EDGE_SIGMA_PX = 0.6
"""So little blur thins no line away, and tells the pixels along a slanting edge apart by parts of a pixel."""


def signed_distance(mask: BoolArray) -> Float32Array:
    """How far each pixel's centre lies inside a mask's edge, in pixels; below zero outside.

    The edge runs between the centres of neighbouring pixels, half a pixel from each. What lies beyond the
    array counts as a continuation of its border pixels.

    Args:
        mask: H x W bool.

    Returns:
        H x W float32; all +inf or -inf where the mask is everywhere or nowhere.
    """
    if mask.all() or not mask.any():
        return np.full(mask.shape, np.inf if mask.any() else -np.inf, np.float32)
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(mask, inside - 0.5, 0.5 - outside).astype(np.float32)


def thickened(mask: BoolArray, amount_px: float) -> BoolArray:
    """The mask grown by ``amount_px`` (at least 0) on every side; nothing is ever lost.

    Round edges move by the amount to 0.3 px. A straight upright edge can only move by whole pixels: it stays
    up to half a pixel and moves by one from there on.
    """
    return np.asarray(mask | _deeper_than(mask, -amount_px, _EDGE_SIGMA_PX))


def thinned(mask: BoolArray, amount_px: float) -> BoolArray:
    """The mask shrunk by ``amount_px`` (at least 0) on every side, but never below its centre line.

    Nothing is ever added, and what hung together still does. As exact as :func:`thickened`.
    """
    return np.asarray(mask & (_deeper_than(mask, amount_px, _EDGE_SIGMA_PX) | centre_lines(mask)))


def smoothed(mask: BoolArray, sigma_px: float) -> BoolArray:
    """The mask with an edge that is smooth at the scale of ``sigma_px``; its lines stay unbroken.

    Args:
        mask: H x W bool.
        sigma_px: Of the Gaussian that the signed distance is blurred with; above 0.
    """
    if mask.all() or not mask.any():
        return mask.copy()
    # What is finer than the blur is kept by its centre line; a bump of the edge sends a spur to the middle of
    # the crack, which is as long as the crack is half as wide.
    lines = centre_lines(mask)
    half_widths = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)[lines]
    lines = _without_spurs(lines, 2 * sigma_px + 0.5 + float(np.median(half_widths)))
    return np.asarray(_deeper_than(mask, 0.0, sigma_px) | lines)


def pruned(mask: BoolArray, shortest_px: float) -> BoolArray:
    """The mask without branches whose centre line ends freely after fewer than ``shortest_px`` pixels.

    Every pixel goes the way of the nearest pixel of the centre line.
    """
    lines = centre_lines(mask)
    kept = _without_spurs(lines, shortest_px)
    if not lines.any() or np.array_equal(kept, lines):
        return mask.copy()
    _, nearest = cv2.distanceTransformWithLabels(
        (~lines).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    stays = np.zeros(int(nearest.max()) + 1, np.bool_)
    stays[nearest[kept]] = True
    return np.asarray(mask & stays[nearest])


def _without_spurs(lines: BoolArray, shortest_px: float) -> BoolArray:
    """As ``prune_spurs``, which walks from every free end, also from those of lines that have no spur."""
    _, names = cv2.connectedComponents(lines.astype(np.uint8), connectivity=8)
    forked = np.zeros(int(names.max()) + 1, np.bool_)
    forked[names[neighbours(lines) >= 3]] = True
    branching = lines & forked[names]
    return np.asarray((lines & ~branching) | prune_spurs(branching, shortest_px))


def short_pieces(mask: BoolArray, shortest_px: float, unknown: BoolArray | None = None) -> BoolArray:
    """Pixels of pieces that are shorter than ``shortest_px``, as ``imaging.crack_measures`` has it.

    A piece that reaches the array's border may go on beyond it: it is never called short.

    Args:
        mask: H x W bool.
        shortest_px: In pixels.
        unknown: H x W bool, pixels that may belong to the mask or not, and into which a piece that touches
            them may go on as well; None for none.

    Returns:
        H x W bool.
    """
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    short = np.zeros(count, np.bool_)
    for name, (left, top, width, height, area) in enumerate(stats.tolist()[1:], start=1):
        # A line has no more pixels than its piece, so most specks need no centre line.
        if area * np.sqrt(2.0) < shortest_px:
            short[name] = True
            continue
        piece = names[top : top + height, left : left + width] == name
        short[name] = length_px(piece) < shortest_px
    for side in (names[0], names[-1], names[:, 0], names[:, -1]):
        short[side] = False
    if unknown is not None:
        short[names[with_neighbours(unknown)]] = False
    return np.asarray(short[names])


def with_neighbours(mask: BoolArray) -> BoolArray:
    """Pixels of a mask and those that touch them at sides or corners, H x W bool."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _deeper_than(mask: BoolArray, level_px: float, sigma_px: float) -> BoolArray:
    """Where the signed distance, blurred by a Gaussian, exceeds a level.

    Cracks are thin and photos are large: only cells near an edge are looked at, each with as much around it
    as decides about it. (A distance differs by no more than the way between two pixels. So where it is within
    four sigma of the level, every edge that has a part in the blurred value lies within the margin; elsewhere
    all values that have a part in it lie on one side of the level.)

    Args:
        mask: H x W bool.
        level_px: In pixels; below 0 outside the mask.
        sigma_px: Of the Gaussian.
    """
    whole = Box(0, 0, *mask.shape)
    margin_px = math.ceil(abs(level_px) + 12 * sigma_px) + 2
    result = np.zeros(mask.shape, np.bool_)
    for row, column in whole.cells(_CELL_PX):
        corner = Box(row * _CELL_PX, column * _CELL_PX, (row + 1) * _CELL_PX, (column + 1) * _CELL_PX)
        cell = corner.intersection(whole)
        wide = cell.expanded(margin_px).intersection(whole)
        part = mask[wide.slices]
        if part.all() or not part.any():
            result[cell.slices] = part[0, 0]
            continue
        distance = signed_distance(part)
        soft = cv2.GaussianBlur(distance, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)
        result[cell.slices] = (soft > level_px)[cell.shifted(-wide.top, -wide.left).slices]
    return result
