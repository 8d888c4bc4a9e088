"""Centre lines of a mask: one pixel wide, without the short spurs that ragged edges leave."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array

_AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
_CLOCKWISE = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
_INSIDE = 255  # all around
_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def centre_lines(mask: BoolArray) -> BoolArray:
    """Thin a mask to lines of one pixel (Zhang and Suen, CACM 27(3), 1984, by scikit-image).

    Args:
        mask: H x W bool.

    Returns:
        H x W bool, within the mask.
    """
    from skimage.morphology import skeletonize

    if not mask.any():
        return np.zeros(mask.shape, np.bool_)
    return np.asarray(skeletonize(mask), np.bool_)  # type: ignore[no-untyped-call]


def whole_centre_lines(mask: BoolArray) -> BoolArray:
    """Thin a mask to lines of one pixel that lose nothing of its course (Guo and Hall, CACM 32(3), 1989, A1).

    Of a diagonal line that is an even number of pixels wide, Zhang and Suen's rule leaves half or nothing
    (scikit-image issues 6321 and 7704), so nothing should be measured by :func:`centre_lines`. As only pixels
    of the mask are looked at, and those inside it once, this one is faster, too.

    Args:
        mask: H x W bool.

    Returns:
        H x W bool, within the mask, as connected as it is.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    flat, width = padded.ravel(), padded.shape[1]
    around = [down * width + right for down, right in _CLOCKWISE]
    left = np.flatnonzero(flat)
    left = left[_code(flat, left, around) != _INSIDE]
    met = np.zeros_like(flat)
    met[left] = True
    half, still = 0, 0
    while still < 2:
        gone = _thinning_tables()[half][_code(flat, left, around)]
        went, left = left[gone], left[~gone]
        flat[went] = False
        # What lay inside until now comes to the edge; it was of no interest before.
        for away in around:
            new = went + away
            new = new[flat[new] > met[new]]
            met[new] = True
            left = np.concatenate([left, new])
        half, still = 1 - half, 0 if len(went) else still + 1
    return np.asarray(padded[1:-1, 1:-1], np.bool_)


def _code(flat: UInt8Array, pixels: npt.NDArray[np.intp], around: list[int]) -> UInt8Array:
    """What is around each of the pixels, a bit for each direction of ``around``."""
    code = np.zeros(len(pixels), np.uint8)
    for number, away in enumerate(around):
        code |= flat[pixels + away] << number
    return code


@lru_cache(maxsize=1)
def _thinning_tables() -> tuple[BoolArray, BoolArray]:
    """Which pixels go in either half of a round, by what is around them: 256 bool each."""
    codes = np.arange(256)
    n, ne, e, se, s, sw, w, nw = ((codes >> number & 1).astype(np.bool_) for number in range(8))
    corners = ((n, ne, e), (e, se, s), (s, sw, w), (w, nw, n))
    ways = sum((~one & (corner | other)).astype(int) for one, corner, other in corners)
    pairs = sum((one | corner).astype(int) for one, corner, _ in corners)
    others = sum((corner | other).astype(int) for _, corner, other in corners)
    fewer = np.minimum(pairs, others)
    may = (ways == 1) & (fewer >= 2) & (fewer <= 3)
    return may & ~((n | ne | ~se) & e), may & ~((s | sw | ~nw) & w)


def neighbours(lines: BoolArray) -> UInt8Array:
    """How many of its eight neighbours each line pixel has; 0 elsewhere. H x W uint8."""
    counts = cv2.filter2D(lines.astype(np.uint8), -1, _AROUND, borderType=cv2.BORDER_CONSTANT)
    return np.where(lines, counts, 0).astype(np.uint8)


def prune_spurs(lines: BoolArray, shortest_px: float) -> BoolArray:
    """Remove branches that end freely after fewer than ``shortest_px`` pixels from a junction.

    The shortest go first and junctions are found anew after every round, so that of a fork the longer arm
    stays. A line that has no junction stays, however short.

    Args:
        lines: H x W bool, one pixel wide.
        shortest_px: Length below which a spur goes.

    Returns:
        H x W bool, a part of ``lines``.
    """
    kept = np.pad(lines, 1)
    while True:
        counts = neighbours(kept)
        junction = counts >= 3
        spurs = []
        for row, column in np.argwhere(counts == 1):
            spur = _spur(kept, junction, (int(row), int(column)), shortest_px)
            if spur:
                spurs.append(spur)
        if not spurs:
            return np.asarray(kept[1:-1, 1:-1], np.bool_)
        least = min(len(spur) for spur in spurs)
        for spur in spurs:
            if len(spur) <= least:
                kept[tuple(np.transpose(spur))] = False
        kept = np.pad(centre_lines(kept[1:-1, 1:-1]), 1)


def _spur(
    lines: BoolArray, junction: BoolArray, end: tuple[int, int], shortest_px: float
) -> list[tuple[int, int]]:
    """Pixels from a free end up to a junction; empty when the line is longer or has none. Padded arrays."""
    path = [end]
    seen = {end}
    while len(path) < shortest_px:
        row, column = path[-1]
        following = [
            (row + down, column + right)
            for down, right in _STEPS
            if lines[row + down, column + right] and (row + down, column + right) not in seen
        ]
        if any(junction[place] for place in following):
            return path
        if not following:
            return []
        path.append(following[0])
        seen.add(following[0])
    return []


def junction_count(lines: BoolArray) -> int:
    """How many places there are where at least three lines meet; touching pixels are one place."""
    where = (neighbours(lines) >= 3).astype(np.uint8)
    return int(cv2.connectedComponents(where, connectivity=8)[0]) - 1


def loop_count(lines: BoolArray) -> int:
    """How many areas the lines enclose: background regions (of 4-neighbours) that do not reach the border."""
    padded = np.pad(~lines, 1, constant_values=True).astype(np.uint8)
    return int(cv2.connectedComponents(padded, connectivity=4)[0]) - 2


def directions(lines: BoolArray, sigma_px: float = 2.0) -> tuple[Float32Array, Float32Array]:
    """Local direction of each line pixel, as the cosine and sine of twice its angle to the x axis.

    Twice the angle, so that a line and the same line walked backwards agree; angles turn from x to y, down.

    Args:
        lines: H x W bool.
        sigma_px: How far around a pixel the direction is taken from.

    Returns:
        Two arrays, one value for each line pixel in row-major order.
    """
    soft = cv2.GaussianBlur(lines.astype(np.float32), (0, 0), sigma_px)
    across = cv2.Sobel(soft, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    size = (0, 0)
    xx = cv2.GaussianBlur(across * across, size, sigma_px)[lines]
    yy = cv2.GaussianBlur(down * down, size, sigma_px)[lines]
    xy = cv2.GaussianBlur(across * down, size, sigma_px)[lines]
    # The gradient stands across the line: half a turn in doubled angles, so both signs change.
    cosine, sine = yy - xx, -2.0 * xy
    length = np.maximum(np.hypot(cosine, sine), 1e-12)
    return np.asarray(cosine / length, np.float32), np.asarray(sine / length, np.float32)
