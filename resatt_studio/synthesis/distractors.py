"""What looks like a crack and is none: marks in the surface, things lying on it, shadows over it."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array
from resatt_studio.synthesis.cracks import CrackStyle, Points, broken_path, draw_crack
from resatt_studio.synthesis.noise import fractal_noise, ramp, value_noise
from resatt_studio.synthesis.textures import Surface

_SHIFT = 4


def _curve(rng: np.random.Generator, height: int, width: int, bend: float) -> Points:
    """Return n x 2 (row, column) points of a smooth curve across the picture."""
    centre = rng.uniform(0.1, 0.9, 2) * (height, width)
    angle, reach = rng.uniform(0, math.pi), 1.5 * math.hypot(height, width)
    t = np.linspace(-0.5, 0.5, 40)
    ahead = np.array([math.sin(angle), math.cos(angle)])
    aside = np.array([ahead[1], -ahead[0]])
    return np.asarray(centre + reach * (t[:, None] * ahead + bend * (t[:, None] ** 2) * aside), np.float64)


def _stroke(height: int, width: int, points: Points, thick_px: float) -> Float32Array:
    """Return H x W coverage of a line of even width."""
    scale = 4 if thick_px < 8 else 1
    canvas = np.zeros((height * scale, width * scale), np.uint8)
    corners = np.rint(((points[:, ::-1] + 0.5) * scale - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(canvas, [corners], False, 255, max(1, round(thick_px * scale)), cv2.LINE_8, _SHIFT)
    if scale > 1:
        canvas = np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(canvas / np.float32(255), np.float32)


def _blend(surface: Surface, colour: Float32Array | list[float], alpha: Float32Array) -> None:
    paint = np.asarray(colour, np.float32)
    surface.albedo += (paint - surface.albedo) * alpha[..., None]


def _worn(rng: np.random.Generator, height: int, width: int, amount: float) -> Float32Array:
    """Return H x W in [0, 1]: 1 where a layer is left, 0 where it has worn through."""
    noise = fractal_noise(rng, height, width, 24.0, 1.5, 0.8)
    return np.asarray(1.0 - amount * ramp(noise, rng.uniform(0.0, 1.2), 1.6), np.float32)


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
    _blend(surface, list(shades[int(rng.integers(0, len(shades)))]), alpha)


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
    _blend(surface, [0.08, 0.08, 0.085], np.asarray(soft * ragged * rng.uniform(0.3, 0.9), np.float32))


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
        line = _stroke(height, width, points, thick_px)
        if rng.random() < 0.5:
            line = line * _worn(rng, height, width, rng.uniform(0.2, 0.8))
        shade = [0.1, 0.1, 0.1] if rng.random() < 0.8 else [0.7, 0.68, 0.62]
        _blend(surface, shade, np.asarray(line * depth, np.float32))
        surface.relief -= np.float32(rng.uniform(0.3, 2.0)) * cv2.GaussianBlur(line, (0, 0), 0.8)


def seam(rng: np.random.Generator, surface: Surface) -> None:
    """A patch or a second lane of another tone; only its border is a line."""
    height, width = surface.relief.shape
    points = _curve(rng, height, width, rng.normal(0, 0.05))
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
    band = _stroke(height, width, _curve(rng, height, width, rng.normal(0, 0.02)), thick_px)
    alpha = band * _worn(rng, height, width, rng.uniform(0.2, 1.0)) * np.float32(rng.uniform(0.5, 0.95))
    colour = [0.88, 0.88, 0.85] if rng.random() < 0.7 else [0.85, 0.66, 0.2]
    _blend(surface, colour, np.asarray(alpha, np.float32))
    surface.relief *= 1.0 - 0.5 * alpha


def tyre_mark(rng: np.random.Generator, surface: Surface) -> None:
    """Soft dark rubber bands."""
    height, width = surface.relief.shape
    points = _curve(rng, height, width, rng.normal(0, 0.12))
    thick_px = rng.uniform(0.04, 0.16) * min(height, width)
    band = _stroke(height, width, points, thick_px)
    if rng.random() < 0.5:
        offset = rng.uniform(1.3, 2.5) * thick_px
        band = np.maximum(band, _stroke(height, width, points + offset, thick_px))
    soft = cv2.GaussianBlur(band, (0, 0), max(1.0, thick_px * 0.12))
    broken = ramp(fractal_noise(rng, height, width, 30.0, 1.5, 0.8), -1.2, 0.8)
    _blend(surface, [0.1, 0.1, 0.1], np.asarray(soft * broken * rng.uniform(0.15, 0.5), np.float32))


def scratch(rng: np.random.Generator, surface: Surface) -> None:
    """Thin pale scrapes, and now and then a dark pencil-like line, smooth and of even width."""
    height, width = surface.relief.shape
    for _ in range(int(rng.integers(1, 6))):
        points = _curve(rng, height, width, rng.normal(0, 0.15))
        start = int(rng.integers(0, 30))
        part = points[start : start + int(rng.integers(3, 20))]
        line = _stroke(height, width, part, rng.uniform(0.5, 2.2)) * _worn(rng, height, width, 0.8)
        shade = [0.82, 0.81, 0.79] if rng.random() < 0.8 else [0.3, 0.29, 0.28]
        _blend(surface, shade, np.asarray(line * rng.uniform(0.15, 0.6), np.float32))


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


def pebbles(rng: np.random.Generator, surface: Surface) -> Float32Array:
    """Loose stones with a shadow beneath; return their H x W coverage."""
    height, width = surface.relief.shape
    canvas = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(1, 14))):
        centre = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        size = rng.uniform(1.2, 6.0)
        angle = np.sort(rng.uniform(0, 2 * math.pi, 7))
        ring = centre + size * rng.uniform(0.7, 1.2, 7)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        tone = int(rng.integers(120, 256))
        cv2.fillPoly(canvas, [np.rint(ring * 16).astype(np.int32)], tone, cv2.LINE_AA, 4)
    alpha = ramp(np.asarray(canvas, np.float32), 20.0, 110.0)
    move = np.array([[1, 0, rng.uniform(-3, 3)], [0, 1, rng.uniform(0.5, 3)]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(alpha, move, (width, height)), (0, 0), 0.9)
    surface.albedo *= (1.0 - 0.55 * shadow)[..., None]
    tone_map = (canvas.astype(np.float32) / 255 * rng.uniform(0.5, 0.9))[..., None]
    tint = np.array([1.0, rng.uniform(0.9, 1.0), rng.uniform(0.8, 1.0)], np.float32)
    surface.albedo += (tone_map * tint - surface.albedo) * alpha[..., None]
    return alpha


def litter(rng: np.random.Generator, surface: Surface) -> Float32Array:
    """Twigs, straw, pine needles and leaves; return their H x W coverage."""
    height, width = surface.relief.shape
    cover = np.zeros((height, width), np.float32)
    colours = ([0.3, 0.2, 0.12], [0.62, 0.5, 0.3], [0.2, 0.15, 0.1], [0.5, 0.32, 0.14])
    for _ in range(int(rng.integers(1, 7))):
        start = rng.uniform(0, 1, 2) * (height, width)
        angle, reach = rng.uniform(0, 2 * math.pi), rng.uniform(8, 60)
        end = start + reach * np.array([math.sin(angle), math.cos(angle)])
        line = _stroke(
            height, width, broken_path(rng, start, end, rng.uniform(0.0, 0.06)), rng.uniform(0.8, 2.6)
        )
        shade = list(colours[int(rng.integers(0, len(colours)))])
        surface.albedo *= (1.0 - 0.3 * cv2.GaussianBlur(line, (0, 0), 1.5))[..., None]
        _blend(surface, shade, np.asarray(line * 0.9, np.float32))
        cover = np.maximum(cover, line)
    if rng.random() < 0.4:
        leaf = np.zeros((height, width), np.uint8)
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        long_px = max(3, int(rng.uniform(0.02, 0.07) * min(height, width)))
        cv2.ellipse(
            leaf,
            at,
            (long_px, max(2, long_px // 2)),
            float(rng.uniform(0, 180)),
            0,
            360,
            255,
            -1,
            cv2.LINE_AA,
        )
        alpha = np.asarray(leaf / np.float32(255), np.float32)
        surface.albedo *= (1.0 - 0.4 * cv2.GaussianBlur(alpha, (0, 0), 3.0))[..., None]
        mottle = 1.0 + 0.15 * value_noise(rng, height, width, 3.0)
        shade3 = np.array(colours[3] if rng.random() < 0.6 else [0.28, 0.38, 0.14], np.float32)
        surface.albedo += (shade3 * mottle[..., None] - surface.albedo) * alpha[..., None]
        cover = np.maximum(cover, alpha)
    return cover


def vegetation(rng: np.random.Generator, surface: Surface) -> Float32Array:
    """Tufts of grass and moss; return their H x W coverage."""
    height, width = surface.relief.shape
    scale = 2
    canvas = np.zeros((height * scale, width * scale), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        root = rng.uniform(0, 1, 2) * (width, height)
        blades, reach = int(rng.integers(15, 70)), rng.uniform(0.03, 0.1) * min(height, width) + 4
        foot = root + rng.normal(0, reach * 0.35, (blades, 2))
        tip = foot + rng.normal(0, reach * 0.6, (blades, 2)) - (0, reach * 0.3)
        for (x0, y0), (x1, y1) in zip(foot * scale, tip * scale, strict=True):
            tone = int(rng.integers(80, 256))
            cv2.line(canvas, (int(x0), int(y0)), (int(x1), int(y1)), tone, int(rng.integers(2, 5)))
    tone_map = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    alpha = ramp(np.asarray(tone_map, np.float32), 0.05, 0.3)
    green = np.array([rng.uniform(0.3, 0.55), rng.uniform(0.45, 0.62), rng.uniform(0.12, 0.3)], np.float32)
    surface.albedo *= (1.0 - 0.45 * cv2.GaussianBlur(alpha, (0, 0), 3.0))[..., None]
    surface.albedo += (green * tone_map[..., None] - surface.albedo) * alpha[..., None]
    return alpha


def shadow(rng: np.random.Generator, height: int, width: int) -> Float32Array:
    """Return H x W light left in (0, 1] below a wire, a pole, an edge of a building, or leaves."""
    kind = rng.choice(["wire", "pole", "edge", "leaves"], p=[0.35, 0.2, 0.25, 0.2])
    left = np.float32(rng.uniform(0.3, 0.75))
    if kind == "leaves":
        noise = fractal_noise(rng, height, width, rng.uniform(25, 90), 3.0, 0.6)
        covered = ramp(noise, rng.uniform(-0.2, 0.7), rng.uniform(0.8, 1.3))
    elif kind == "edge":
        points = _curve(rng, height, width, rng.normal(0, 0.03))
        side = points[-1] - points[0]
        outline = np.concatenate([points, points[::-1] + np.array([side[1], -side[0]])])[:, ::-1]
        canvas = np.zeros((height, width), np.uint8)
        cv2.fillPoly(canvas, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.8, 8.0))
        covered = np.asarray(soft / np.float32(255), np.float32)
    else:
        thick_px = rng.uniform(1.5, 6.0) if kind == "wire" else rng.uniform(0.05, 0.2) * min(height, width)
        line = _stroke(height, width, _curve(rng, height, width, rng.normal(0, 0.1)), thick_px)
        covered = np.asarray(cv2.GaussianBlur(line, (0, 0), rng.uniform(0.7, 3.5)), np.float32)
    return np.asarray(1.0 - (1.0 - left) * covered, np.float32)


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
OBJECTS: dict[str, Callable[[np.random.Generator, Surface], Float32Array]] = {
    "pebbles": pebbles,
    "litter": litter,
    "vegetation": vegetation,
}
