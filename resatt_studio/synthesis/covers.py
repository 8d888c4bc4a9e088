"""What lies on a surface or falls over it: pebbles, litter and plants hide cracks, shadows do not."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array
from resatt_studio.synthesis.lines import blend, curve, stroke
from resatt_studio.synthesis.noise import fractal_noise, ramp, value_noise
from resatt_studio.synthesis.strands import broken_path
from resatt_studio.synthesis.textures import Surface


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
        line = stroke(
            height, width, broken_path(rng, start, end, rng.uniform(0.0, 0.06)), rng.uniform(0.8, 2.6)
        )
        shade = list(colours[int(rng.integers(0, len(colours)))])
        surface.albedo *= (1.0 - 0.3 * cv2.GaussianBlur(line, (0, 0), 1.5))[..., None]
        blend(surface, shade, np.asarray(line * 0.9, np.float32))
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
        points = curve(rng, height, width, rng.normal(0, 0.03))
        side = points[-1] - points[0]
        outline = np.concatenate([points, points[::-1] + np.array([side[1], -side[0]])])[:, ::-1]
        canvas = np.zeros((height, width), np.uint8)
        cv2.fillPoly(canvas, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.8, 8.0))
        covered = np.asarray(soft / np.float32(255), np.float32)
    else:
        thick_px = rng.uniform(1.5, 6.0) if kind == "wire" else rng.uniform(0.05, 0.2) * min(height, width)
        line = stroke(height, width, curve(rng, height, width, rng.normal(0, 0.1)), thick_px)
        covered = np.asarray(cv2.GaussianBlur(line, (0, 0), rng.uniform(0.7, 3.5)), np.float32)
    return np.asarray(1.0 - (1.0 - left) * covered, np.float32)


OBJECTS: dict[str, Callable[[np.random.Generator, Surface], Float32Array]] = {
    "pebbles": pebbles,
    "litter": litter,
    "vegetation": vegetation,
}
