"""Cracks from a seed: broken paths with branches and changing widths, and the pixels that they cover."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from resatt_studio.records.arrays import BoolArray, Float32Array
from resatt_studio.synthesis.noise import wave

PATTERNS = ("transverse", "longitudinal", "diagonal", "branched", "alligator")
Points = NDArray[np.float64]
_SHIFT = 4  # sub-pixel bits of OpenCV's polygon corners
_STEP_PX = 1.5


@dataclass(frozen=True)
class Strand:
    """One unbranched crack.

    Attributes:
        points: n x 2 (row, column) along its centre line, ``_STEP_PX`` apart.
        left_px, right_px: n distances from the centre line to either edge.
        darkness: n values in (0, 1]; faint parts are low.
    """

    points: Points
    left_px: Float32Array
    right_px: Float32Array
    darkness: Float32Array


@dataclass(frozen=True)
class Crack:
    """What a set of strands covers.

    Attributes:
        coverage: H x W share of each pixel inside a crack, in [0, 1].
        darkness: H x W share times local darkness, in [0, 1].
        strands: The geometry.
    """

    coverage: Float32Array
    darkness: Float32Array
    strands: tuple[Strand, ...]

    @property
    def mask(self) -> BoolArray:
        """Pixels at least half covered."""
        return np.asarray(self.coverage >= 0.5, np.bool_)


@dataclass(frozen=True)
class CrackStyle:
    """How cracks look.

    Attributes:
        width_px: Usual full width; it wanders between about a third and three times that.
        roughness: Sideways step of the path per length, 0.03 (straight) to 0.2 (ragged).
        faintest: Darkness of the faintest parts, in (0, 1].
        ragged_px: How far the edges leave the smooth outline.
        branch_rate: Branches per 100 px.
        cell_px: Size of a plate in an alligator net.
    """

    width_px: float = 3.0
    roughness: float = 0.1
    faintest: float = 0.35
    ragged_px: float = 0.6
    branch_rate: float = 0.4
    cell_px: float = 70.0

    @classmethod
    def draw(cls, rng: np.random.Generator, grain_px: float = 4.0) -> CrackStyle:
        """Return a random style that suits grains of ``grain_px``; widths 1 to 12 px, thin ones often."""
        width_px = math.exp(rng.uniform(math.log(1.1), math.log(7.5)))
        return cls(
            width_px=width_px,
            roughness=rng.uniform(0.05, 0.13),
            faintest=rng.uniform(0.15, 0.8),
            ragged_px=rng.uniform(0.1, 0.3) * min(width_px, 2.0 + grain_px * 0.3),
            branch_rate=float(rng.choice([0.0, 0.15, 0.4])),
            cell_px=rng.uniform(35.0, 120.0),
        )


def broken_path(rng: np.random.Generator, start: Points, end: Points, roughness: float) -> Points:
    """Return n x 2 (row, column) points from ``start`` to ``end`` by random midpoint displacement."""
    points = np.stack([start, end]).astype(np.float64)
    first = float(np.linalg.norm(end - start))
    length, softening = first, rng.uniform(0.85, 1.0)
    while length > 4.0:
        delta = np.diff(points, axis=0)
        normal = np.stack([-delta[:, 1], delta[:, 0]], 1)
        # a power below 1 keeps the fine steps rough while the long ones stay tame
        step = roughness * (length / first) ** (softening - 1.0) if length < first else roughness
        middle = (points[:-1] + points[1:]) / 2 + normal * rng.normal(0, min(step, 0.2), (len(delta), 1))
        woven = np.empty((len(points) + len(middle), 2))
        woven[0::2], woven[1::2] = points, middle
        points, length = woven, length / 2
    return _resampled(points)


def _resampled(points: Points) -> Points:
    """Return the same line as points ``_STEP_PX`` apart."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0.0, along[-1], max(2, int(along[-1] / _STEP_PX) + 1))
    return np.stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)], 1)


def grow_strand(
    rng: np.random.Generator,
    points: Points,
    style: CrackStyle,
    scale: float = 1.0,
    run_out: tuple[bool, bool] = (False, False),
) -> Strand:
    """Give a path its width, times ``scale``, and its darkness.

    ``run_out`` says whether the crack tapers off at its first and at its last point.
    """
    count = len(points)
    swell = np.exp(0.35 * wave(rng, count, 60) + 0.25 * wave(rng, count, 14))
    half = 0.5 * scale * style.width_px * swell
    for _ in range(int(rng.poisson(count / 260))):  # places where the edge broke away
        at, reach = rng.uniform(0, count), rng.uniform(3, 14)
        half = half * (1.0 + rng.uniform(0.4, 1.4) * np.exp(-(((np.arange(count) - at) / reach) ** 2)))
    for ends_here, from_end in zip(run_out, (np.arange(count), np.arange(count)[::-1]), strict=True):
        if ends_here:
            half = half * np.clip(from_end / (min(0.5 * count, 60.0) + 1), 0.12, 1.0)
    ragged = style.ragged_px * min(1.0, scale + 0.2)
    limit = min(6.5, 1.4 * style.width_px + 0.5)
    left = np.clip(half + ragged * wave(rng, count, 2.5), 0.6, limit)
    right = np.clip(half + ragged * wave(rng, count, 2.5), 0.6, limit)
    faint = np.clip(0.5 + 0.6 * wave(rng, count, 45) + 0.2 * wave(rng, count, 6), 0.0, 1.0)
    darkness = style.faintest + (1.0 - style.faintest) * (1.0 - faint)
    return Strand(points, left.astype(np.float32), right.astype(np.float32), darkness.astype(np.float32))


def _branches(rng: np.random.Generator, trunk: Strand, style: CrackStyle, depth: int) -> list[Strand]:
    """Grow side cracks out of ``trunk``; each may fork once more."""
    found: list[Strand] = []
    length_px = len(trunk.points) * _STEP_PX
    for _ in range(min(8, int(rng.poisson(style.branch_rate * length_px / 100)))):
        root = int(rng.integers(0, len(trunk.points)))
        ahead = trunk.points[min(len(trunk.points) - 1, root + 8)] - trunk.points[max(0, root - 8)]
        heading = math.atan2(ahead[0], ahead[1]) + rng.choice([-1, 1]) * rng.uniform(0.35, 1.4)
        reach = length_px * rng.uniform(0.08, 0.45)
        start = trunk.points[root]
        end = start + reach * np.array([math.sin(heading), math.cos(heading)])
        path = broken_path(rng, start, end, min(0.2, style.roughness * 1.2))
        strand = grow_strand(rng, path, style, rng.uniform(0.35, 0.8), (False, True))
        found.append(strand)
        if depth > 1 and rng.random() < 0.3:
            found.extend(_branches(rng, strand, style, depth - 1))
    return found


def _ends(rng: np.random.Generator, height: int, width: int, pattern: str) -> tuple[Points, Points]:
    """Choose where a crack starts and ends, mostly beyond the borders of the picture."""
    margin = 0.02
    if pattern == "transverse":
        a = np.array([rng.uniform(0.1, 0.9) * height, -margin * width])
        b = np.array([np.clip(a[0] / height + rng.normal(0, 0.2), 0.03, 0.97) * height, (1 + margin) * width])
    elif pattern == "longitudinal":
        a = np.array([-margin * height, rng.uniform(0.1, 0.9) * width])
        b = np.array([(1 + margin) * height, np.clip(a[1] / width + rng.normal(0, 0.2), 0.03, 0.97) * width])
    else:
        across = rng.choice([-1.0, 1.0])
        a = np.array([-margin * height, (0.5 - across * rng.uniform(0.2, 0.55)) * width])
        b = np.array([(1 + margin) * height, (0.5 + across * rng.uniform(0.2, 0.55)) * width])
    if rng.random() < 0.3:  # one end inside the picture
        b = a + (b - a) * rng.uniform(0.45, 0.85)
    if rng.random() < 0.15:
        a = b + (a - b) * rng.uniform(0.5, 0.9)
    return a, b


def _within(point: Points, height: int, width: int) -> bool:
    return bool(0 <= point[0] < height and 0 <= point[1] < width)


def _net(rng: np.random.Generator, height: int, width: int, style: CrackStyle) -> list[Strand]:
    """Return the borders of a Voronoi net, some missing, within a band or over the whole picture."""
    cell = style.cell_px
    rows = np.arange(-cell, height + cell, cell)
    columns = np.arange(-cell, width + cell, cell)
    seeds = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    seeds = seeds + rng.uniform(-0.45, 0.45, seeds.shape) * cell
    low = int(-3 * cell)
    plane = cv2.Subdiv2D((low, low, int(width + 6 * cell), int(height + 6 * cell)))
    for row, column in seeds:
        plane.insert((float(column), float(row)))
    facets, _ = plane.getVoronoiFacetList([])
    keep = rng.uniform(0.6, 1.0)
    centre = rng.uniform(0.25, 0.75, 2) * (height, width)
    reach = rng.uniform(0.35, 1.2) * np.array([height, width])
    known: set[tuple[int, int]] = set()
    strands: list[Strand] = []
    for facet in facets:
        corners = np.asarray(facet, np.float64)[:, ::-1]
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            middle = (a + b) / 2
            key = (round(float(middle[0]) * 2), round(float(middle[1]) * 2))
            if key in known:
                continue
            known.add(key)
            outside = np.any(middle < -0.1 * cell) or middle[0] > height + cell or middle[1] > width + cell
            far = float(np.sum(((middle - centre) / reach) ** 2)) > 1.0
            if outside or far or rng.random() > keep or np.linalg.norm(b - a) < 3:
                continue
            path = broken_path(rng, a, b, style.roughness)
            strands.append(grow_strand(rng, path, style, rng.uniform(0.35, 0.8)))
    return strands


@dataclass
class _Canvas:
    """Paints strands at four times the resolution; the value of a sub-pixel is its darkness."""

    height: int
    width: int
    scale: int = 4
    values: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.values = np.zeros((self.height * self.scale, self.width * self.scale), np.uint8)

    def paint(self, strand: Strand) -> None:
        points = cv2.GaussianBlur(
            strand.points.astype(np.float32), (1, 3), 0, borderType=cv2.BORDER_REPLICATE
        )
        points[0], points[-1] = strand.points[0], strand.points[-1]
        ahead = np.gradient(points, axis=0)
        ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-6)
        normal = np.stack([-ahead[:, 1], ahead[:, 0]], 1)
        left = points + normal * strand.left_px[:, None]
        right = points - normal * strand.right_px[:, None]
        # OpenCV wants (x, y) of pixel centres, in 1/16 of a sub-pixel
        quads = np.stack([left[:-1], right[:-1], right[1:], left[1:]], 1)[:, :, ::-1]
        quads = np.rint(((quads + 0.5) * self.scale - 0.5) * (1 << _SHIFT)).astype(np.int32)
        shades = np.clip(np.rint(strand.darkness * 255), 1, 255).astype(int).tolist()
        for quad, shade in zip(quads, shades, strict=False):
            cv2.fillConvexPoly(self.values, quad, shade, cv2.LINE_8, _SHIFT)

    def reduced(self) -> tuple[Float32Array, Float32Array]:
        """Return coverage and darkness at the picture's own resolution, both in [0, 1]."""
        size = (self.width, self.height)
        covered = (self.values > 0).astype(np.uint8) * 255
        coverage = cv2.resize(covered, size, interpolation=cv2.INTER_AREA)
        darkness = cv2.resize(self.values, size, interpolation=cv2.INTER_AREA)
        return np.asarray(coverage / np.float32(255), np.float32), np.asarray(
            darkness / np.float32(255), np.float32
        )


def draw_crack(
    rng: np.random.Generator,
    height: int,
    width: int,
    pattern: str = "transverse",
    style: CrackStyle | None = None,
    count: int = 1,
) -> Crack:
    """Draw ``count`` cracks of one pattern.

    Args:
        rng: The only source of chance.
        height, width: Size of the picture in pixels.
        pattern: One of ``PATTERNS``; ``alligator`` is one net however large ``count`` is.
        style: Width, roughness and so on; drawn at random when None.
        count: How many; 0 draws nothing.

    Raises:
        ValueError: The pattern is none of ``PATTERNS``.
    """
    if pattern not in PATTERNS:
        raise ValueError(f"crack pattern {pattern!r} is unknown; known are {', '.join(PATTERNS)}")
    look = style if style is not None else CrackStyle.draw(rng)
    strands: list[Strand] = []
    if pattern == "alligator" and count:
        strands = _net(rng, height, width, look)
    else:
        for _ in range(count):
            start, end = _ends(rng, height, width, pattern)
            run_out = (_within(start, height, width), _within(end, height, width))
            path = broken_path(rng, start, end, look.roughness)
            trunk = grow_strand(rng, path, look, run_out=run_out)
            if pattern == "branched":
                forked = replace(look, branch_rate=max(0.6, look.branch_rate))
                strands.extend(_branches(rng, trunk, forked, depth=2))
            else:
                strands.extend(_branches(rng, trunk, look, depth=1))
            strands.append(trunk)
    canvas = _Canvas(height, width)
    for strand in strands:
        canvas.paint(strand)
    coverage, darkness = canvas.reduced()
    return Crack(coverage, darkness, tuple(strands))
