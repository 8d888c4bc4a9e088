"""The strokes of a person who corrects a photo: along the cracks, across what is none, a bit unsteady."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from resatt_studio.records.arrays import BoolArray, Float32Array
from resatt_studio.synthesis.noise import wave
from resatt_studio.synthesis.scenes import Scene
from resatt_studio.synthesis.strands import Points

CRACK, NOT_CRACK = 1, 2
_CLEAR_PX = 4.0  # what "not crack" strokes leave between their edge and a crack


@dataclass(frozen=True)
class Stroke:
    """One press, drag and release of the brush.

    Attributes:
        label: 1 crack, 2 not crack.
        radius_px: Of the round brush.
        path: n x 2 (row, column) pointer positions.
        milliseconds: n times since the recording began.
    """

    label: int
    radius_px: float
    path: Points
    milliseconds: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the stroke as plain lists and numbers; positions to a tenth of a pixel."""
        return {
            "tool": "brush",
            "label": self.label,
            "radius_px": self.radius_px,
            "path": [[round(float(row), 1), round(float(column), 1)] for row, column in self.path],
            "milliseconds": list(self.milliseconds),
        }


def record_correction(
    rng: np.random.Generator, scene: Scene, predicted: BoolArray, plain: int = 6
) -> list[Stroke]:
    """Return the strokes that correct what a network said about ``scene``.

    Every crack is traced, everything that was called crack and is none is painted over, and ``plain``
    strokes cross surface on which nothing was said. No stroke says anything false: crack strokes stay within
    reach of the crack, the others keep ``_CLEAR_PX`` away from it.

    Args:
        rng: The only source of chance.
        scene: The photo and its true mask.
        predicted: H x W, True where the network saw a crack.
        plain: How many strokes over plain surface.
    """
    half_px = cv2.distanceTransform(scene.mask.astype(np.uint8), cv2.DIST_L2, 5)
    away_px = np.asarray(cv2.distanceTransform((~scene.mask).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    planned: list[tuple[int, float, Points]] = []
    for line in centre_lines(scene.mask, shortest_px=12):
        rows, columns = line[:, 0].astype(int), line[:, 1].astype(int)
        radius_px = float(np.clip(np.round(np.median(half_px[rows, columns]) * 2) / 2, 1.0, 8.0))
        planned.append((CRACK, radius_px, _by_hand(rng, line, 0.4)))
    for radius_px, line in _false_lines(predicted, away_px):
        planned.append((NOT_CRACK, radius_px, _by_hand(rng, line, 0.5)))
    for line in _plain_lines(rng, away_px, plain):
        planned.append((NOT_CRACK, 8.0, _by_hand(rng, line, 0.8)))
    return _timed(rng, planned)


def centre_lines(mask: BoolArray, shortest_px: int) -> list[Points]:
    """Return the centre lines of a mask as n x 2 (row, column) paths, cut at junctions, longest first."""
    from skimage.morphology import skeletonize

    thin = np.asarray(skeletonize(mask), np.uint8)  # type: ignore[no-untyped-call]
    neighbours = cv2.filter2D(thin, cv2.CV_8U, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT)
    knots = (thin > 0) & (neighbours - thin > 2)
    pieces = thin.copy()
    pieces[knots] = 0
    count, labels, facts, _ = cv2.connectedComponentsWithStats(pieces, connectivity=8)
    lines: list[Points] = []
    for piece in range(1, count):
        if facts[piece, cv2.CC_STAT_AREA] < shortest_px:
            continue
        left, top, width, height = (int(v) for v in facts[piece, :4])
        part = labels[top : top + height, left : left + width] == piece
        lines.append(np.add(_in_order(np.argwhere(part).astype(np.float64)), (top, left)))
    return sorted(lines, key=len, reverse=True)


def _in_order(pixels: Points) -> Points:
    """Order the pixels of a thin line from one end to the other."""
    left = {(int(row), int(column)) for row, column in pixels}

    def around(at: tuple[int, int]) -> list[tuple[int, int]]:
        row, column = at
        steps = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
        return [(row + r, column + c) for r, c in steps if (row + r, column + c) in left]

    at = min(left, key=lambda pixel: (len(around(pixel)), pixel))
    path = [at]
    left.discard(at)
    while near := around(at):
        at = near[0]
        path.append(at)
        left.discard(at)
    return np.array(path, np.float64)


def _false_lines(predicted: BoolArray, away_px: Float32Array) -> list[tuple[float, Points]]:
    """Return brush radius and line of the strokes that cover what was wrongly called crack.

    Long things are followed; what that leaves, and what is round, gets a dab. Where the crack is too close
    for a brush of that size, nothing is said.
    """
    false = predicted & (away_px > 3.0)
    lines: list[tuple[float, Points]] = []
    left = false.astype(np.uint8)
    half_px = cv2.distanceTransform(left, cv2.DIST_L2, 5)
    for line in centre_lines(false, shortest_px=14):
        rows, columns = line[:, 0].astype(int), line[:, 1].astype(int)
        radius_px = float(np.clip(np.ceil(half_px[rows, columns].max()) + 1, 3.0, 9.0))
        clear = np.asarray(away_px[rows, columns] > radius_px + _CLEAR_PX, np.bool_)
        for part in _runs(clear):
            if part.stop - part.start >= 8:
                lines.append((radius_px, line[part]))
                corners = np.rint(line[part][:, ::-1]).astype(np.int32)
                cv2.polylines(left, [corners], False, (0,), round(2 * radius_px))
    count, _, facts, centres = cv2.connectedComponentsWithStats(left, connectivity=8)
    for piece in range(1, count):
        column, row = (float(at) for at in centres[piece])
        extent_px = 0.5 * max(facts[piece, cv2.CC_STAT_WIDTH], facts[piece, cv2.CC_STAT_HEIGHT])
        radius_px = float(np.clip(np.ceil(extent_px) + 1, 3.0, 12.0))
        if facts[piece, cv2.CC_STAT_AREA] >= 10 and away_px[int(row), int(column)] > radius_px + _CLEAR_PX:
            lines.append((radius_px, np.array([[row - 1.0, column - 1.0], [row + 1.0, column + 1.0]])))
    return lines


def _runs(said: BoolArray) -> list[slice]:
    """Return the stretches of a line on which ``said`` holds."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], said, [False]]).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(steps[::2], steps[1::2], strict=True)]


def _plain_lines(rng: np.random.Generator, away_px: Float32Array, wanted: int) -> list[Points]:
    """Return short wavy lines over surface without cracks."""
    height, width = away_px.shape
    lines: list[Points] = []
    for _ in range(wanted * 40):
        if len(lines) == wanted:
            break
        start = rng.uniform(0.08, 0.92, 2) * (height, width)
        heading, steps = rng.uniform(0, 2 * np.pi), int(rng.integers(80, 260))
        headings = heading + 0.5 * wave(rng, steps, 40.0)
        line = start + np.cumsum(np.stack([np.sin(headings), np.cos(headings)], 1), 0)
        inside = np.all((line > 10) & (line < (height - 10, width - 10)))
        if inside and away_px[line[:, 0].astype(int), line[:, 1].astype(int)].min() > _CLEAR_PX + 20:
            lines.append(line)
    return lines


def _by_hand(rng: np.random.Generator, line: Points, shake_px: float) -> Points:
    """Return the pointer positions of a hand that follows a line: fewer points, a slow wobble."""
    smooth = np.asarray(cv2.blur(line, (1, 5), borderType=cv2.BORDER_REPLICATE), np.float64)
    gaps = np.clip(rng.normal(5.0, 1.5, len(smooth)), 2, 9)
    picked = np.unique(np.concatenate([np.cumsum(gaps).astype(int), [0, len(smooth) - 1]]))
    points = smooth[picked[picked < len(smooth)]]
    if rng.random() < 0.5:
        points = points[::-1]
    wobble = np.stack([wave(rng, len(points), 6.0), wave(rng, len(points), 6.0)], 1)
    return np.asarray(points + np.clip(shake_px * wobble, -1.5, 1.5), np.float64)


def _timed(rng: np.random.Generator, planned: list[tuple[int, float, Points]]) -> list[Stroke]:
    """Give every position its time: 200 to 500 px a second, half a second to two between strokes."""
    strokes: list[Stroke] = []
    clock = 0.0
    for label, radius_px, path in planned:
        clock += rng.uniform(500, 2000)
        steps_px = np.linalg.norm(np.diff(path, axis=0), axis=1)
        times = clock + np.concatenate([[0.0], np.cumsum(1000 * steps_px / rng.uniform(200, 500))])
        clock = float(times[-1])
        strokes.append(Stroke(label, radius_px, path, tuple(int(time) for time in times)))
    return strokes
