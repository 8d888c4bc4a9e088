"""Plain curves and strokes, worn or whole, that marks and shadows are made of."""

from __future__ import annotations

import math

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array
from resatt_studio.synthesis.noise import fractal_noise, ramp
from resatt_studio.synthesis.strands import Points
from resatt_studio.synthesis.textures import Surface

_SHIFT = 4


def curve(rng: np.random.Generator, height: int, width: int, bend: float) -> Points:
    """Return n x 2 (row, column) points of a smooth curve across the picture."""
    centre = rng.uniform(0.1, 0.9, 2) * (height, width)
    angle, reach = rng.uniform(0, math.pi), 1.5 * math.hypot(height, width)
    t = np.linspace(-0.5, 0.5, 40)
    ahead = np.array([math.sin(angle), math.cos(angle)])
    aside = np.array([ahead[1], -ahead[0]])
    return np.asarray(centre + reach * (t[:, None] * ahead + bend * (t[:, None] ** 2) * aside), np.float64)


def stroke(height: int, width: int, points: Points, thick_px: float) -> Float32Array:
    """Return H x W coverage of a line of even width."""
    scale = 4 if thick_px < 8 else 1
    canvas = np.zeros((height * scale, width * scale), np.uint8)
    corners = np.rint(((points[:, ::-1] + 0.5) * scale - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(canvas, [corners], False, 255, max(1, round(thick_px * scale)), cv2.LINE_8, _SHIFT)
    if scale > 1:
        canvas = np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(canvas / np.float32(255), np.float32)


def blend(surface: Surface, colour: Float32Array | list[float], alpha: Float32Array) -> None:
    paint = np.asarray(colour, np.float32)
    surface.albedo += (paint - surface.albedo) * alpha[..., None]


def worn(rng: np.random.Generator, height: int, width: int, amount: float) -> Float32Array:
    """Return H x W in [0, 1]: 1 where a layer is left, 0 where it has worn through."""
    noise = fractal_noise(rng, height, width, 24.0, 1.5, 0.8)
    return np.asarray(1.0 - amount * ramp(noise, rng.uniform(0.0, 1.2), 1.6), np.float32)
