"""Cracks from a seed: where they run across a picture, and the pixels that they cover."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from resatt_studio.records.arrays import BoolArray, Float32Array
from resatt_studio.synthesis.strands import (
    CrackStyle,
    Points,
    Strand,
    branches,
    broken_path,
    grow_strand,
    net,
)

__all__ = ["PATTERNS", "Crack", "CrackStyle", "draw_crack"]

PATTERNS = ("transverse", "longitudinal", "diagonal", "branched", "alligator")
_SHIFT = 4  # sub-pixel bits of OpenCV's polygon corners


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
        strands = net(rng, height, width, look)
    else:
        for _ in range(count):
            start, end = _ends(rng, height, width, pattern)
            run_out = (_within(start, height, width), _within(end, height, width))
            path = broken_path(rng, start, end, look.roughness)
            trunk = grow_strand(rng, path, look, run_out=run_out)
            if pattern == "branched":
                forked = replace(look, branch_rate=max(0.6, look.branch_rate))
                strands.extend(branches(rng, trunk, forked, depth=2))
            else:
                strands.extend(branches(rng, trunk, look, depth=1))
            strands.append(trunk)
    canvas = _Canvas(height, width)
    for strand in strands:
        canvas.paint(strand)
    coverage, darkness = canvas.reduced()
    return Crack(coverage, darkness, tuple(strands))
