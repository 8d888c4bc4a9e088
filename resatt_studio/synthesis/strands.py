"""The geometry of cracks from a seed: broken paths with wandering widths, side cracks and nets."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from resatt_studio.records.arrays import Float32Array
from resatt_studio.synthesis.noise import wave

Points = NDArray[np.float64]
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


def branches(rng: np.random.Generator, trunk: Strand, style: CrackStyle, depth: int) -> list[Strand]:
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
            found.extend(branches(rng, strand, style, depth - 1))
    return found


def net(rng: np.random.Generator, height: int, width: int, style: CrackStyle) -> list[Strand]:
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
