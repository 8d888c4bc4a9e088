"""Centre lines as a hand would follow them: from end to end, cut where the brush would have to change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import BoolArray

Pixel = tuple[int, int]

_AROUND = ((-1, 0), (0, 1), (1, 0), (0, -1), (-1, -1), (-1, 1), (1, 1), (1, -1))  # straight neighbours first


def trace(lines: BoolArray) -> list[list[Pixel]]:
    """Walk every line of a mask once; at a fork the straightest arm is taken, the others are walked later.

    Args:
        lines: H x W bool, one pixel wide.

    Returns:
        Paths of (row, column), longest first; together they hold every pixel of ``lines`` exactly once.
    """
    left = {(int(row), int(column)) for row, column in np.argwhere(lines)}
    ends = [pixel for pixel in sorted(left) if len(_next_to(pixel, left)) <= 1]
    paths = []
    for start in [*ends, *sorted(left)]:
        if start in left:
            paths.append(_walk(start, left))
    return sorted(paths, key=len, reverse=True)


def _walk(start: Pixel, left: set[Pixel]) -> list[Pixel]:
    """Walk from ``start`` as far as it goes, and take what was walked out of ``left``."""
    path = [start]
    left.discard(start)
    while following := _next_to(path[-1], left):
        back = path[max(0, len(path) - 5)]
        ahead = (path[-1][0] - back[0], path[-1][1] - back[1])
        step = max(following, key=lambda pixel: _agreement(ahead, path[-1], pixel))
        path.append(step)
        left.discard(step)
    return path


def _next_to(pixel: Pixel, left: set[Pixel]) -> list[Pixel]:
    around = ((pixel[0] + down, pixel[1] + right) for down, right in _AROUND)
    return [place for place in around if place in left]


def _agreement(ahead: Pixel, here: Pixel, there: Pixel) -> float:
    """Cosine of the turn, times the length of ``ahead``; equal for all when there is no direction yet."""
    down, right = there[0] - here[0], there[1] - here[1]
    return float((ahead[0] * down + ahead[1] * right) / np.hypot(down, right))


def cut_by_width(
    path: Sequence[Pixel], needed: npt.NDArray[np.float32], allowed: npt.NDArray[np.float32]
) -> list[list[Pixel]]:
    """Cut a path into the fewest pieces from its beginning that one brush can paint each.

    A piece goes on while the widest brush that some pixel of it needs is no wider than every pixel allows.

    Args:
        path: (row, column) of each pixel, in order; at least one.
        needed, allowed: H x W float32, brush radius in pixels, needed no larger than allowed on the path.

    Returns:
        Pieces in order; neighbours share no pixel.
    """
    pieces: list[list[Pixel]] = []
    widest, narrowest = 0.0, np.inf
    for pixel in path:
        widest = max(widest, float(needed[pixel]))
        narrowest = min(narrowest, float(allowed[pixel]))
        if not pieces or widest > narrowest:
            pieces.append([])
            widest, narrowest = float(needed[pixel]), float(allowed[pixel])
        pieces[-1].append(pixel)
    return pieces


def thinned(path: Sequence[Pixel], spacing_px: float) -> tuple[tuple[float, float], ...]:
    """Pixel centres along a path, at least ``spacing_px`` apart, with both its ends.

    Args:
        path: (row, column) of each pixel, in order; at least one.
        spacing_px: In photo pixels.
    """
    kept = [path[0]]
    for pixel in path[1:]:
        if np.hypot(pixel[0] - kept[-1][0], pixel[1] - kept[-1][1]) >= spacing_px:
            kept.append(pixel)
    if kept[-1] != path[-1]:
        kept.append(path[-1])
    return tuple((row + 0.5, column + 0.5) for row, column in kept)
