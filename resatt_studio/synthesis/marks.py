"""Marks in a surface that look like cracks and are none: stains, joints, paint, sealed cracks."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from resatt_studio.synthesis.cracks import CrackStyle, draw_crack
from resatt_studio.synthesis.lines import blend, curve, stroke, worn
from resatt_studio.synthesis.noise import fractal_noise, ramp, value_noise
from resatt_studio.synthesis.textures import Surface


def stain(rng: np.random.Generator, surface: Surface) -> None:
    """Damp, dirt or rust in blotches, sometimes running down."""
    height, width = surface.relief.shape
    noise = fractal_noise(rng, height, width, rng.uniform(0.15, 0.6) * max(height, width), 2.0, 0.6)
    if rng.random() < 0.35:
        squeezed = cv2.resize(noise, (width, max(4, height // 8)), interpolation=cv2.INTER_AREA)
        noise = np.asarray(
            cv2.resize(squeezed, (width, height), interpolation=cv2.INTER_CUBIC) * 1.4, np.float32
        )
    edge = rng.uniform(0.25, 1.6)
    alpha = ramp(noise, 0.7, 0.7 + edge) * np.float32(rng.uniform(0.1, 0.5))
    shades = ([0.12, 0.11, 0.1], [0.42, 0.26, 0.14], [0.75, 0.74, 0.7], [0.2, 0.22, 0.16])
    blend(surface, list(shades[int(rng.integers(0, len(shades)))]), alpha)


def oil(rng: np.random.Generator, surface: Surface) -> None:
    """A few dark drops and puddles with soft borders."""
    height, width = surface.relief.shape
    canvas = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(1, 9))):
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        size = math.exp(rng.uniform(math.log(2.0), math.log(0.12 * min(height, width) + 3)))
        axes = (max(1, int(size)), max(1, int(size * rng.uniform(0.4, 1.0))))
        cv2.ellipse(canvas, at, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.integers(90, 256)), -1)
    soft = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.8, 5.0)).astype(np.float32) / 255
    ragged = ramp(np.asarray(soft + 0.25 * fractal_noise(rng, height, width, 40.0), np.float32), 0.25, 0.7)
    blend(surface, [0.08, 0.08, 0.085], np.asarray(soft * ragged * rng.uniform(0.3, 0.9), np.float32))


def joint(rng: np.random.Generator, surface: Surface) -> None:
    """Straight joints: a saw cut, a form-work board's edge, a slab joint, alone or in parallel."""
    height, width = surface.relief.shape
    thick_px = math.exp(rng.uniform(math.log(1.2), math.log(9.0)))
    upright = rng.random() < 0.5
    tilt = rng.normal(0, 0.03) if rng.random() < 0.75 else rng.normal(0, 0.5)
    spacing, number = rng.uniform(0.25, 0.6), int(rng.choice([1, 1, 2, 3]))
    first, depth = rng.uniform(0.08, 0.92), rng.uniform(0.35, 0.95)
    for index in range(number):
        place = first + index * spacing if first < 0.5 else first - index * spacing
        ends = np.array([[-0.05, place - tilt], [1.05, place + tilt]])
        points = (ends if upright else ends[:, ::-1]) * (height, width)
        line = stroke(height, width, points, thick_px)
        if rng.random() < 0.5:
            line = line * worn(rng, height, width, rng.uniform(0.2, 0.8))
        shade = [0.1, 0.1, 0.1] if rng.random() < 0.8 else [0.7, 0.68, 0.62]
        blend(surface, shade, np.asarray(line * depth, np.float32))
        surface.relief -= np.float32(rng.uniform(0.3, 2.0)) * cv2.GaussianBlur(line, (0, 0), 0.8)


def seam(rng: np.random.Generator, surface: Surface) -> None:
    """A patch or a second lane of another tone; only its border is a line."""
    height, width = surface.relief.shape
    points = curve(rng, height, width, rng.normal(0, 0.05))
    side = points[-1] - points[0]
    away = np.array([side[1], -side[0]])
    outline = np.concatenate([points, points[::-1] + away])[:, ::-1]
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    mask = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 4.0)).astype(np.float32) / 255
    gain = np.float32(rng.uniform(0.6, 1.35))
    surface.albedo *= 1.0 + (gain - 1.0) * mask[..., None]


def paint(rng: np.random.Generator, surface: Surface) -> None:
    """A worn road marking, white or yellow, or a chalk or spray line."""
    height, width = surface.relief.shape
    thick_px = rng.uniform(0.04, 0.3) * min(height, width) if rng.random() < 0.75 else rng.uniform(2, 9)
    band = stroke(height, width, curve(rng, height, width, rng.normal(0, 0.02)), thick_px)
    alpha = band * worn(rng, height, width, rng.uniform(0.2, 1.0)) * np.float32(rng.uniform(0.5, 0.95))
    colour = [0.88, 0.88, 0.85] if rng.random() < 0.7 else [0.85, 0.66, 0.2]
    blend(surface, colour, np.asarray(alpha, np.float32))
    surface.relief *= 1.0 - 0.5 * alpha


def tyre_mark(rng: np.random.Generator, surface: Surface) -> None:
    """Soft dark rubber bands."""
    height, width = surface.relief.shape
    points = curve(rng, height, width, rng.normal(0, 0.12))
    thick_px = rng.uniform(0.04, 0.16) * min(height, width)
    band = stroke(height, width, points, thick_px)
    if rng.random() < 0.5:
        offset = rng.uniform(1.3, 2.5) * thick_px
        band = np.maximum(band, stroke(height, width, points + offset, thick_px))
    soft = cv2.GaussianBlur(band, (0, 0), max(1.0, thick_px * 0.12))
    broken = ramp(fractal_noise(rng, height, width, 30.0, 1.5, 0.8), -1.2, 0.8)
    blend(surface, [0.1, 0.1, 0.1], np.asarray(soft * broken * rng.uniform(0.15, 0.5), np.float32))


def scratch(rng: np.random.Generator, surface: Surface) -> None:
    """Thin pale scrapes, and now and then a dark pencil-like line, smooth and of even width."""
    height, width = surface.relief.shape
    for _ in range(int(rng.integers(1, 6))):
        points = curve(rng, height, width, rng.normal(0, 0.15))
        start = int(rng.integers(0, 30))
        part = points[start : start + int(rng.integers(3, 20))]
        line = stroke(height, width, part, rng.uniform(0.5, 2.2)) * worn(rng, height, width, 0.8)
        shade = [0.82, 0.81, 0.79] if rng.random() < 0.8 else [0.3, 0.29, 0.28]
        blend(surface, shade, np.asarray(line * rng.uniform(0.15, 0.6), np.float32))


def sealed_crack(rng: np.random.Generator, surface: Surface) -> None:
    """A crack that was filled: a smooth black band of bitumen, wide and glossy."""
    height, width = surface.relief.shape
    style = CrackStyle(rng.uniform(9, 16), rng.uniform(0.03, 0.09), 0.95, 0.4, 0.1)
    band = draw_crack(rng, height, width, str(rng.choice(["transverse", "longitudinal"])), style)
    smooth = cv2.GaussianBlur(band.coverage, (0, 0), 1.6)
    alpha = ramp(np.asarray(smooth, np.float32), 0.25, 0.75)
    gloss = 0.13 + 0.03 * value_noise(rng, height, width, 6.0)
    surface.albedo += (gloss[..., None] - surface.albedo) * (alpha * np.float32(0.92))[..., None]
    surface.relief *= 1.0 - alpha
    surface.relief += 0.8 * smooth


MARKS: dict[str, Callable[[np.random.Generator, Surface], None]] = {
    "stain": stain,
    "oil": oil,
    "joint": joint,
    "seam": seam,
    "paint": paint,
    "tyre_mark": tyre_mark,
    "scratch": scratch,
    "sealed_crack": sealed_crack,
}
