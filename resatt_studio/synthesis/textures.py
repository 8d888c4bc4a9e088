"""Procedural surfaces from a seed: asphalt, concrete, form-work, plaster and brick, as colour and relief."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.synthesis.noise import cells, fractal_noise, ramp, value_noise, wave


@dataclass
class Surface:
    """A surface before it is lit; the layers drawn on it change it in place.

    Attributes:
        albedo: H x W x 3 RGB, about 0 to 1.
        relief: H x W height in pixels; only its slope matters.
        grain_px: Size of the largest usual grain; cracks step around grains of this size.
    """

    albedo: Float32Array
    relief: Float32Array
    grain_px: float


def _tinted(rng: np.random.Generator, tone: Float32Array, spread: float) -> Float32Array:
    """Give a grey H x W tone one slight colour cast, from bluish to brownish."""
    warmth, green = rng.normal(0.0, spread), rng.normal(0.0, spread * 0.3)
    cast = np.array([1.0 + warmth, 1.0 + green, 1.0 - warmth], np.float32)
    return np.asarray(tone[..., None] * cast, np.float32)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def asphalt(rng: np.random.Generator, height: int, width: int, grain_px: float | None = None) -> Surface:
    """Stones of ``grain_px`` (2 to 22 when not given) bound by bitumen; some bright, some rusty."""
    grain = grain_px if grain_px is not None else _log_uniform(rng, 2.0, 22.0)
    stones = cells(rng, height, width, grain, warp_px=grain * rng.uniform(0.02, 0.12))
    exposure = rng.uniform(0.3, 1.0)
    tone_of = rng.normal(0.0, rng.uniform(0.04, 0.16), stones.count).astype(np.float32)
    bright = rng.random(stones.count) < rng.uniform(0.0, 0.12)
    tone_of[bright] += rng.uniform(0.1, 0.4, int(bright.sum())).astype(np.float32)
    shown = (rng.random(stones.count) < exposure).astype(np.float32)
    gap_px = max(0.6, grain * rng.uniform(0.04, 0.16))
    stone = ramp(stones.edge_px, gap_px * 0.3, gap_px * 1.5) * shown[stones.labels]

    base = rng.uniform(0.28, 0.62)
    depth = rng.uniform(0.35, 0.95)
    matrix = base * depth + 0.06 * value_noise(rng, height, width, rng.uniform(1.0, 2.5))
    if grain > 5.0:  # smaller stones fill the room between the large ones
        matrix = matrix + _grit(rng, height, width, max(2.0, grain * rng.uniform(0.25, 0.45)), base * 0.35)
    tone = matrix + stone * (base * (1.0 - depth) + tone_of[stones.labels])
    tone += rng.uniform(0.01, 0.06) * value_noise(rng, height, width, 1.0)
    tone += rng.uniform(0.0, 0.06) * fractal_noise(rng, height, width, max(48.0, 0.4 * width), 16.0)
    albedo = _tinted(rng, np.asarray(tone, np.float32), 0.05)
    spread = rng.uniform(0.0, 0.09)
    hue = np.clip(rng.normal(0.2 * spread, spread, stones.count), -spread, None).astype(np.float32)
    hue_map = hue[stones.labels] * stone
    albedo[..., 0] *= 1.0 + hue_map
    albedo[..., 2] *= 1.0 - hue_map

    round_px = max(1.0, grain * 0.35)
    relief = stone * np.minimum(stones.edge_px, round_px) * np.float32(rng.uniform(0.15, 0.9))
    relief += rng.uniform(0.05, 0.35) * value_noise(rng, height, width, rng.uniform(1.2, 3.0))
    return Surface(albedo, np.asarray(relief, np.float32), grain)


def _grit(rng: np.random.Generator, height: int, width: int, size_px: float, spread: float) -> Float32Array:
    """Return H x W tone of fine angular stones, mean about 0."""
    small = cells(rng, height, width, size_px, warp_px=0.0)
    tone_of = np.clip(rng.normal(0.0, spread, small.count), -spread, 2.5 * spread).astype(np.float32)
    between = ramp(small.edge_px, 0.2, 1.4)
    return np.asarray(
        tone_of[small.labels] * between - (1.0 - between) * np.float32(0.3 * spread), np.float32
    )


def pavement(rng: np.random.Generator, height: int, width: int, grain_px: float | None = None) -> Surface:
    """Cast concrete road: pale mortar, pebbles of mixed colours, sometimes brushed in one direction."""
    grain = grain_px if grain_px is not None else _log_uniform(rng, 3.0, 16.0)
    pebbles = cells(rng, height, width, grain * 1.4, warp_px=grain * 0.1)
    shown = (rng.random(pebbles.count) < rng.uniform(0.05, 0.5)).astype(np.float32)
    inset = grain * rng.uniform(0.1, 0.3)
    stone = ramp(pebbles.edge_px, inset, inset + 1.5) * shown[pebbles.labels]
    tone_of = rng.normal(0.0, rng.uniform(0.05, 0.16), pebbles.count).astype(np.float32)
    base = rng.uniform(0.45, 0.75)
    tone = base + tone_of[pebbles.labels] * stone
    tone += rng.uniform(0.015, 0.06) * fractal_noise(rng, height, width, rng.uniform(4, 12), 1.0, 0.8)
    tone += rng.uniform(0.01, 0.06) * fractal_noise(rng, height, width, max(64.0, 0.5 * width), 8.0)
    mortar = np.asarray(tone, np.float32)
    relief = np.asarray(
        0.2 * value_noise(rng, height, width, rng.uniform(1.2, 4.0)) + 0.5 * stone, np.float32
    )
    if rng.random() < 0.3:
        _brush_lines(rng, mortar, relief)
    albedo = _tinted(rng, mortar, 0.04)
    hue = np.abs(rng.normal(0.0, rng.uniform(0.02, 0.12), pebbles.count)).astype(np.float32)
    hue_map = hue[pebbles.labels] * stone
    albedo[..., 0] *= 1.0 + hue_map
    albedo[..., 2] *= 1.0 - hue_map
    return Surface(albedo, np.asarray(relief, np.float32), grain)


def _brush_lines(rng: np.random.Generator, tone: Float32Array, relief: Float32Array) -> None:
    """Draw the parallel grooves of a broom or tining rake into ``tone`` and ``relief``."""
    height, width = tone.shape
    lines = np.repeat(wave(rng, height, rng.uniform(1.5, 6.0))[:, None], width, 1)
    broken = ramp(fractal_noise(rng, height, width, 60.0, 8.0), -1.0, 1.0)
    lines = lines * broken
    if rng.random() < 0.5:
        square = wave(rng, width, rng.uniform(1.5, 6.0))[None, :]
        lines = np.repeat(square, height, 0) * broken
    tone += np.float32(rng.uniform(0.01, 0.05)) * lines
    relief += np.float32(rng.uniform(0.1, 0.5)) * lines


def formwork(rng: np.random.Generator, height: int, width: int, grain_px: float | None = None) -> Surface:
    """Smooth cast wall: cloudy tone, blotches, the wood's grain along the boards, and bug holes."""
    grain = grain_px if grain_px is not None else 2.0
    base = rng.uniform(0.5, 0.78)
    clouds = fractal_noise(rng, height, width, max(64.0, 0.6 * width), 4.0, 0.65)
    tone = base + rng.uniform(0.02, 0.06) * clouds
    tone += rng.uniform(0.008, 0.03) * value_noise(rng, height, width, rng.uniform(1.0, 2.0))
    blotch = ramp(fractal_noise(rng, height, width, rng.uniform(20, 70), 2.0, 0.7), 1.1, 1.5)
    tone -= rng.uniform(0.0, 0.22) * blotch
    if rng.random() < 0.5:
        wood = np.repeat(wave(rng, width, rng.uniform(2.0, 8.0))[None, :], height, 0)
        wood = wood * ramp(fractal_noise(rng, height, width, 0.5 * width, 16.0), -0.3, 0.9)
        tone += rng.uniform(0.0, 0.04) * wood
    relief = np.asarray(0.15 * value_noise(rng, height, width, rng.uniform(1.5, 5.0)), np.float32)
    hole = _bug_holes(rng, height, width)
    tone = tone * (1.0 - 0.75 * hole)
    relief = relief - 1.5 * hole
    return Surface(_tinted(rng, np.asarray(tone, np.float32), 0.05), np.asarray(relief, np.float32), grain)


def _bug_holes(rng: np.random.Generator, height: int, width: int) -> Float32Array:
    """Return H x W coverage in [0, 1] of the round pores that air leaves in cast concrete."""
    canvas = np.zeros((height * 2, width * 2), np.uint8)
    density = rng.uniform(0.0, 4e-4) * (rng.random() < 0.8)
    for _ in range(min(2000, int(density * height * width))):
        at = (int(rng.integers(0, width * 2)), int(rng.integers(0, height * 2)))
        axis = min(14.0, 1.0 + rng.pareto(2.2) * 1.6)
        axes = (max(1, int(axis * 2)), max(1, int(axis * rng.uniform(1.0, 2.2))))
        cv2.ellipse(canvas, at, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    return np.asarray(
        cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA) / np.float32(255), np.float32
    )


def plaster(rng: np.random.Generator, height: int, width: int, grain_px: float | None = None) -> Surface:
    """Rendered and painted wall: pale colour, roller or float bumps, slow stains."""
    bump_px = grain_px if grain_px is not None else _log_uniform(rng, 2.0, 12.0)
    relief = rng.uniform(0.2, 1.0) * fractal_noise(rng, height, width, bump_px, 1.5, 0.7)
    tone = rng.uniform(0.55, 0.88) + rng.uniform(0.005, 0.025) * value_noise(rng, height, width, 1.0)
    tone = tone + rng.uniform(0.01, 0.05) * fractal_noise(rng, height, width, max(64.0, width), 6.0)
    paint = np.array([1.0, 1.0 - rng.uniform(0.0, 0.08), 1.0 - rng.uniform(-0.04, 0.22)], np.float32)
    albedo = np.asarray(tone[..., None] * paint, np.float32)
    return Surface(albedo, np.asarray(relief, np.float32), bump_px)


def brick(rng: np.random.Generator, height: int, width: int, grain_px: float | None = None) -> Surface:
    """Brick wall in running bond with recessed mortar; each brick has its own tone."""
    course_px = rng.uniform(0.12, 0.3) * min(256, height) if grain_px is None else grain_px * 8
    brick_px, mortar_px = course_px * rng.uniform(2.0, 3.2), course_px * rng.uniform(0.1, 0.2)
    wobble = np.float32(course_px * 0.02)
    rows = np.arange(height, dtype=np.float32)[:, None] + wobble * value_noise(rng, height, width, course_px)
    columns = np.arange(width, dtype=np.float32)[None, :] + wobble * value_noise(
        rng, height, width, course_px
    )
    course = np.floor(rows / course_px)
    along = columns / brick_px + 0.5 * (course % 2)
    to_row = np.abs(rows / course_px - course - 0.5) * -course_px + course_px / 2
    to_column = np.abs(along - np.floor(along) - 0.5) * -brick_px + brick_px / 2
    edge_px = np.minimum(to_row, to_column) + 0.7 * fractal_noise(rng, height, width, 8.0, 2.0)
    face = ramp(np.asarray(edge_px, np.float32), mortar_px * 0.5 - 0.8, mortar_px * 0.5 + 0.8)
    number = (course * 977 + np.floor(along) * 131).astype(np.int64) % 257
    own_tone = rng.normal(0.0, 0.07, 257).astype(np.float32)[number]
    mottle = 0.05 * fractal_noise(rng, height, width, course_px * 0.5, 1.0, 0.75)
    clay = np.array([rng.uniform(0.45, 0.7), rng.uniform(0.28, 0.42), rng.uniform(0.2, 0.36)], np.float32)
    joint = np.float32(rng.uniform(0.45, 0.75)) * np.array([1.0, 0.97, 0.92], np.float32)
    clay_map = clay * (1.0 + 1.6 * (own_tone + mottle))[..., None]
    joint_map = joint * (1.0 + mottle)[..., None]
    albedo = joint_map + (clay_map - joint_map) * face[..., None]
    relief = 1.6 * face + 0.3 * value_noise(rng, height, width, 2.0)
    return Surface(np.asarray(albedo, np.float32), np.asarray(relief, np.float32), 3.0)


def from_texture(rng: np.random.Generator, texture: UInt8Array, height: int, width: int) -> Surface:
    """Lay a photographed texture (h x w x 3 RGB), mirrored where it is too small, from a random corner."""
    tall, wide = texture.shape[:2]
    top, left = (
        int(rng.integers(0, max(1, tall - height + 1))),
        int(rng.integers(0, max(1, wide - width + 1))),
    )
    crop = texture[top : top + height, left : left + width]
    below, right = height - crop.shape[0], width - crop.shape[1]
    if below or right:
        crop = np.asarray(cv2.copyMakeBorder(crop, 0, below, 0, right, cv2.BORDER_REFLECT_101), np.uint8)
    albedo = np.asarray(crop, np.float32) / np.float32(255)
    return Surface(albedo, np.zeros((height, width), np.float32), 4.0)


SURFACES: dict[str, Callable[[np.random.Generator, int, int, float | None], Surface]] = {
    "asphalt": asphalt,
    "pavement": pavement,
    "formwork": formwork,
    "plaster": plaster,
    "brick": brick,
}


def textures_from_skimage() -> dict[str, UInt8Array]:
    """Return the photographed CC0 textures inside scikit-image's wheel, each 512 x 512 uint8 grey.

    ``gravel`` comes from CC0Textures (Gravel04), ``grass`` from DeviantArt (linolafett, Grass-01);
    scikit-image states the Creative Commons CC0 licence for both. They are wanted for building the bundled
    photos alone, so scikit-image is imported here and not at the top.
    """
    from skimage import data

    return {name: np.asarray(getattr(data, name)(), np.uint8) for name in ("gravel", "grass")}
