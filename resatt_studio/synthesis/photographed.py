"""Photo-sized surfaces from the small photographed textures: asphalt from gravel, verges from grass."""

from __future__ import annotations

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.synthesis.noise import fractal_noise, ramp, value_noise
from resatt_studio.synthesis.quilting import grow_texture

_GRAVEL_STONE_PX = 26.0  # usual stone in scikit-image's gravel


def asphalt_from_gravel(
    rng: np.random.Generator,
    gravel: UInt8Array,
    height: int,
    width: int,
    stone_px: float = 9.0,
    tone: float = 0.42,
    relief: float = 0.1,
    binder: float = 0.5,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> UInt8Array:
    """Return an H x W x 3 road surface whose stones are those of a photo of gravel.

    Args:
        rng: The only source of chance.
        gravel: 512 x 512 grey photo of gravel.
        height, width: Size of the result in pixels.
        stone_px: Size of a usual stone in the result, 3 to 26.
        tone: Mean brightness in [0, 1].
        relief: Spread of brightness between stones, in [0, 1].
        binder: Share of the stones that bitumen or mortar covers, in [0, 1].
        tint: Gain of red, green and blue.
    """
    scale = stone_px / _GRAVEL_STONE_PX
    side = max(64, round(gravel.shape[0] * scale))
    small = cv2.resize(gravel, (side, side), interpolation=cv2.INTER_AREA)
    patch = int(min(side * 0.45, max(24, 4 * stone_px)))
    grown = grow_texture(rng, np.asarray(small, np.uint8), height, width, patch, max(8, patch // 4))
    stones = np.asarray((grown.astype(np.float32) - grown.mean()) / grown.std(), np.float32)
    # the gaps between loose stones are black; in a road they are filled
    stones = np.where(stones < -0.4, -0.4 + 0.45 * (stones + 0.4), stones)
    filler = 0.35 * value_noise(rng, height, width, 1.0) + 0.35 * value_noise(rng, height, width, 2.4)
    patchy = fractal_noise(rng, height, width, max(60.0, 0.2 * width), 1.5 * stone_px, 0.7)
    shown = ramp(np.asarray(patchy + 0.9 * stones, np.float32), 3.2 * binder - 2.6, 3.2 * binder - 0.8)
    mixed = -0.3 + filler + (stones + 0.3 - filler) * shown
    slow = 0.05 * fractal_noise(rng, height, width, 0.6 * width, 20.0)
    grey = tone * (1.0 + slow) + relief * mixed
    hue = 0.02 * shown * value_noise(rng, height, width, stone_px)
    return _coloured(np.asarray(grey, np.float32), np.asarray(hue, np.float32), tint)


def verge_from_grass(
    rng: np.random.Generator, grass: UInt8Array, surface: UInt8Array, side_px: float
) -> tuple[UInt8Array, Float32Array]:
    """Lay a strip of photographed grass of about ``side_px`` along the lower edge of a surface.

    Returns:
        The H x W x 3 surface, and the H x W share of grass in [0, 1].
    """
    height, width = surface.shape[:2]
    small = cv2.resize(grass, (320, 320), interpolation=cv2.INTER_AREA)
    rows = min(height, max(80, int(side_px * 2.2)))
    blades = np.zeros((height, width), np.float32)
    blades[height - rows :] = grow_texture(rng, np.asarray(small, np.uint8), rows, width, 72, 20)
    depth = np.arange(height, dtype=np.float32)[:, None] - (height - side_px)
    ragged = 0.35 * side_px * fractal_noise(rng, height, width, 90.0, 2.0, 0.75)
    lift = np.where(blades > 0, 0.1 * (blades - 118.0), -height)
    alpha = ramp(np.asarray(depth + ragged + lift, np.float32), -4.0, 4.0)
    green = np.array([0.34, 0.365, 0.2], np.float32) * (blades / 118.0)[..., None]
    base = surface.astype(np.float32) / 255
    base *= (1.0 - 0.4 * cv2.GaussianBlur(alpha, (0, 0), 5.0))[..., None]
    mixed = base + (green - base) * alpha[..., None]
    return np.asarray(np.clip(mixed * 255 + 0.5, 0, 255), np.uint8), alpha


def _coloured(grey: Float32Array, hue: Float32Array, tint: tuple[float, float, float]) -> UInt8Array:
    """Return uint8 RGB of a grey tone, warmed where ``hue`` is positive, times ``tint``."""
    gains = np.stack([1.0 + hue, np.ones_like(hue), 1.0 - hue], -1) * np.array(tint, np.float32)
    return np.asarray(np.clip(grey[..., None] * gains * 255 + 0.5, 0, 255), np.uint8)
