"""Random fields from a seed: smooth noise, cells of stones, slopes under a light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from resatt_studio.records.arrays import Float32Array

IntArray = NDArray[np.int32]


def value_noise(rng: np.random.Generator, height: int, width: int, cell_px: float) -> Float32Array:
    """Return H x W smooth noise, mean 0 and spread about 1, that changes over ``cell_px`` pixels."""
    if cell_px <= 1.0:
        return rng.standard_normal((height, width), dtype=np.float32)
    if cell_px >= 8.0 and min(height, width) >= 64:  # slow fields: draw small, enlarge linearly; far cheaper
        small = value_noise(rng, height // 4 + 2, width // 4 + 2, cell_px / 4.0)
        large = cv2.resize(small, None, fx=4.0, fy=4.0, interpolation=cv2.INTER_LINEAR)
        return np.asarray(large[2 : height + 2, 2 : width + 2], np.float32)
    rows, columns = math.ceil(height / cell_px) + 3, math.ceil(width / cell_px) + 3
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    size = (max(width + 1, int(columns * cell_px)), max(height + 1, int(rows * cell_px)))
    field = cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    top = int(rng.integers(0, field.shape[0] - height))
    left = int(rng.integers(0, field.shape[1] - width))
    return np.asarray(field[top : top + height, left : left + width] * 1.35, np.float32)


def fractal_noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    coarse_px: float,
    fine_px: float = 2.0,
    persistence: float = 0.6,
) -> Float32Array:
    """Return H x W noise of octaves from ``coarse_px`` down to ``fine_px``, mean 0 and spread about 1."""
    total = np.zeros((height, width), np.float32)
    weight, power, cell_px = 1.0, 0.0, coarse_px
    while cell_px >= fine_px or power == 0.0:
        total += np.float32(weight) * value_noise(rng, height, width, cell_px)
        power += weight * weight
        weight *= persistence
        cell_px /= 2.0
    return np.asarray(total / np.float32(math.sqrt(power)), np.float32)


def wave(rng: np.random.Generator, count: int, period: float) -> Float32Array:
    """Return ``count`` values of smooth noise along a line, mean 0 and spread about 1."""
    knots = max(4, math.ceil(count / max(period, 1.0)) + 3)
    values = rng.standard_normal(knots)
    at = np.linspace(0.0, 1.0, count) * min(count / max(period, 1.0), knots - 1) + rng.uniform(0, 0.5)
    return np.asarray(np.interp(at, np.arange(knots), values) * 1.2, np.float32)


@dataclass(frozen=True)
class Cells:
    """A surface cut into cells, as stones lie side by side.

    Attributes:
        labels: H x W cell numbers in ``range(count)``.
        edge_px: H x W distance to the nearest cell border.
        count: How many numbers there can be.
    """

    labels: IntArray
    edge_px: Float32Array
    count: int


def cells(rng: np.random.Generator, height: int, width: int, size_px: float, warp_px: float) -> Cells:
    """Cut H x W pixels into random cells of about ``size_px``, with borders bent by ``warp_px``."""
    wanted = max(4, int(height * width / (size_px * size_px)))
    seeds = np.ones((height, width), np.uint8)
    seeds[rng.integers(0, height, wanted), rng.integers(0, width, wanted)] = 0
    count = int(seeds.size - np.count_nonzero(seeds)) + 1
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    if warp_px > 0:
        rows, columns = np.indices((height, width), np.float32)
        rows += np.float32(warp_px) * value_noise(rng, height, width, max(2.0, size_px * 0.4))
        columns += np.float32(warp_px) * value_noise(rng, height, width, max(2.0, size_px * 0.4))
        labels = cv2.remap(
            labels.astype(np.float32), columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
        ).astype(np.int32)
    inside = np.ones((height, width), np.uint8)
    inside[:-1][labels[:-1] != labels[1:]] = 0
    inside[:, :-1][labels[:, :-1] != labels[:, 1:]] = 0
    edge_px = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    return Cells(labels=np.asarray(labels, np.int32), edge_px=np.asarray(edge_px, np.float32), count=count)


def ramp(values: Float32Array, low: float, high: float) -> Float32Array:
    """Return 0 below ``low``, 1 above ``high`` and a smooth step between."""
    t = np.clip((values - np.float32(low)) * np.float32(1.0 / (high - low)), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def slope(height_map: Float32Array, light_angle: float) -> Float32Array:
    """Return how far each pixel of a relief leans towards the light (0 rad: right, pi/2: below)."""
    kernel = np.zeros((3, 3), np.float32)
    kernel[1, 0], kernel[1, 2] = 0.5 * math.cos(light_angle), -0.5 * math.cos(light_angle)
    kernel[0, 1], kernel[2, 1] = 0.5 * math.sin(light_angle), -0.5 * math.sin(light_angle)
    return np.asarray(cv2.filter2D(height_map, cv2.CV_32F, kernel), np.float32)
