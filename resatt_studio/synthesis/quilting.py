"""Grows a small texture into a large one by image quilting (Efros and Freeman, SIGGRAPH 2001)."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array, UInt8Array


class _Block(NamedTuple):
    """One patch to lay: its corner in the large texture and which borders meet what is already there."""

    top: int
    left: int
    above: bool
    beside: bool


def grow_texture(
    rng: np.random.Generator,
    exemplar: UInt8Array,
    height: int,
    width: int,
    patch_px: int = 48,
    overlap_px: int = 14,
    candidates: int = 24,
) -> UInt8Array:
    """Return an H x W texture that looks like ``exemplar`` and repeats it nowhere in order.

    Patches are laid row by row. Each is the best of ``candidates`` random ones where it overlaps its
    neighbours (section 2), and is cut along the line on which the two differ least (section 2.1).

    Args:
        rng: The only source of chance.
        exemplar: h x w uint8 grey texture without a strong direction; it is also used turned and mirrored.
        height, width: Size of the result in pixels.
        patch_px, overlap_px: Side of a patch, and how far neighbours overlap.
        candidates: How many patches are tried at each place.

    Raises:
        ValueError: The exemplar is smaller than a patch, or the overlap takes more than half of it.
    """
    if min(exemplar.shape[:2]) <= patch_px:
        raise ValueError(f"a texture of {exemplar.shape} is too small for patches of {patch_px} px")
    if not 2 <= overlap_px <= patch_px // 2:
        raise ValueError(f"an overlap of {overlap_px} px does not suit patches of {patch_px} px")
    turned = [np.rot90(exemplar, quarter) for quarter in range(4)]
    sources = [np.ascontiguousarray(view, np.float32) for t in turned for view in (t, t[:, ::-1])]
    step = patch_px - overlap_px
    rows, columns = -(-(height - overlap_px) // step), -(-(width - overlap_px) // step)
    laid = np.zeros((rows * step + overlap_px, columns * step + overlap_px), np.float32)
    for row in range(rows):
        for column in range(columns):
            block = _Block(row * step, column * step, row > 0, column > 0)
            _lay(rng, laid, sources, block, patch_px, overlap_px, candidates)
    return np.asarray(np.clip(laid[:height, :width] + 0.5, 0, 255), np.uint8)


def _lay(
    rng: np.random.Generator,
    laid: Float32Array,
    sources: list[Float32Array],
    block: _Block,
    patch_px: int,
    overlap_px: int,
    candidates: int,
) -> None:
    """Choose a patch for one block and merge it into ``laid``."""
    there = laid[block.top : block.top + patch_px, block.left : block.left + patch_px]
    best, least = _random_patch(rng, sources, patch_px), np.inf
    for _ in range(candidates if block.above or block.beside else 0):
        patch = _random_patch(rng, sources, patch_px)
        error = 0.0
        if block.above:
            error += float(cv2.norm(patch[:overlap_px], there[:overlap_px], cv2.NORM_L2SQR))
        if block.beside:
            error += float(cv2.norm(patch[:, :overlap_px], there[:, :overlap_px], cv2.NORM_L2SQR))
        if error < least:
            best, least = patch, error
    share = np.ones((patch_px, patch_px), np.float32)
    if block.beside:
        share[:, :overlap_px] = _beyond_cut((best[:, :overlap_px] - there[:, :overlap_px]) ** 2)
    if block.above:
        cut = _beyond_cut(((best[:overlap_px] - there[:overlap_px]) ** 2).T).T
        share[:overlap_px] = np.minimum(share[:overlap_px], cut)
    there += (best - there) * share


def _random_patch(rng: np.random.Generator, sources: list[Float32Array], patch_px: int) -> Float32Array:
    source = sources[int(rng.integers(0, len(sources)))]
    top = int(rng.integers(0, source.shape[0] - patch_px + 1))
    left = int(rng.integers(0, source.shape[1] - patch_px + 1))
    return source[top : top + patch_px, left : left + patch_px]


def _beyond_cut(error: Float32Array) -> Float32Array:
    """Return n x m shares: 0 left of the cheapest path from top to bottom of ``error``, 1 right of it.

    The step is softened over three pixels, so that the cut itself cannot be seen.
    """
    count, across = error.shape
    cost = error.copy()
    for row in range(1, count):
        above = cost[row - 1]
        best = above.copy()
        best[1:] = np.minimum(best[1:], above[:-1])
        best[:-1] = np.minimum(best[:-1], above[1:])
        cost[row] += best
    path = np.empty(count, np.int64)
    path[-1] = int(cost[-1].argmin())
    for row in range(count - 2, -1, -1):
        low = max(0, path[row + 1] - 1)
        path[row] = low + int(cost[row, low : path[row + 1] + 2].argmin())
    offset = np.arange(across)[None, :] - path[:, None]
    return np.asarray(np.clip((offset + 1) / 2.0, 0.0, 1.0), np.float32)
