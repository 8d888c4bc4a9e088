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
_CLEAR_PX = 14.0  # nobody paints "not crack" closer to a crack than this


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


def record_correction(rng: np.random.Generator, scene: Scene, not_crack: int = 10) -> list[Stroke]:
    """Return the strokes that correct ``scene``: every crack traced, ``not_crack`` strokes over the rest.

    The strokes over the rest follow joints, holes and stains, the dark things that are no crack, and then
    cross plain surface. No stroke says anything false: crack strokes stay within reach of the crack, the
    others keep ``_CLEAR_PX`` away from it.
    """
    half_px = cv2.distanceTransform(scene.mask.astype(np.uint8), cv2.DIST_L2, 5)
    away_px = cv2.distanceTransform((~scene.mask).astype(np.uint8), cv2.DIST_L2, 5)
    planned: list[tuple[int, float, Points]] = []
    for line in centre_lines(scene.mask, shortest_px=12):
        rows, columns = line[:, 0].astype(int), line[:, 1].astype(int)
        radius_px = float(np.clip(np.round(np.median(half_px[rows, columns]) * 2) / 2, 1.0, 8.0))
        planned.append((CRACK, radius_px, _by_hand(rng, line, 0.4)))
    for line in _misleading_lines(scene, np.asarray(away_px, np.float32), (2 * not_crack) // 3):
        planned.append((NOT_CRACK, 5.0, _by_hand(rng, line, 0.8)))
    plain = max(0, not_crack - (len(planned) - sum(label == CRACK for label, _, _ in planned)))
    for line in _plain_lines(rng, np.asarray(away_px, np.float32), plain):
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


def _misleading_lines(scene: Scene, away_px: Float32Array, wanted: int) -> list[Points]:
    """Return lines along the dark things that are no crack, largest first: joints whole, holes as dabs."""
    grey = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    darker = cv2.GaussianBlur(grey, (0, 0), 15.0) - cv2.GaussianBlur(grey, (0, 0), 1.2)
    likely = (darker > 2.0 * float(darker.std())) & (away_px > _CLEAR_PX + 6.0)
    closed = cv2.morphologyEx(likely.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, facts, centres = cv2.connectedComponentsWithStats(closed, connectivity=8)
    order = 1 + np.argsort(-facts[1:, cv2.CC_STAT_AREA])
    lines: list[Points] = []
    for piece in order[: min(wanted, count - 1)]:
        if facts[piece, cv2.CC_STAT_AREA] < 60:
            break
        found = centre_lines(np.asarray(labels == piece, np.bool_), shortest_px=30)
        column, row = centres[piece]
        dab = np.array([[row + step, column + step] for step in np.linspace(-3, 3, 7)])
        lines.append(found[0] if found else dab)
    return lines


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
        if inside and away_px[line[:, 0].astype(int), line[:, 1].astype(int)].min() > _CLEAR_PX + 10:
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
