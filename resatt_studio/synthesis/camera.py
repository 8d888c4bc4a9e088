"""From a lit surface to a photo: illumination, exposure, blur, noise, sharpening and JPEG."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.synthesis.noise import fractal_noise, slope
from resatt_studio.synthesis.textures import Surface


@dataclass(frozen=True)
class Camera:
    """How a scene is lit and taken.

    Attributes:
        sun_angle: Direction the light comes from, in radians in the picture plane.
        sun: How strongly relief shows; 0 is overcast, 0.6 a low sun.
        mean: Mean brightness of the photo in [0, 1].
        contrast: Gain around that mean.
        falloff: Strength of slow changes of light over the picture.
        blur_px: Spread of the optical blur.
        noise: Spread of the sensor noise at mid grey, in [0, 1] units.
        sharpening: Gain of the unsharp mask.
        jpeg_quality: 1 to 100; 0 leaves the last compression out.
    """

    sun_angle: float = -2.2
    sun: float = 0.3
    mean: float = 0.5
    contrast: float = 1.0
    falloff: float = 0.1
    blur_px: float = 0.6
    noise: float = 0.012
    sharpening: float = 0.5
    jpeg_quality: int = 88

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Camera:
        """Return a random camera and light."""
        return cls(
            sun_angle=rng.uniform(-math.pi, math.pi),
            sun=rng.uniform(0.0, 0.6),
            mean=rng.uniform(0.3, 0.72),
            contrast=rng.uniform(0.65, 1.35),
            falloff=rng.uniform(0.0, 0.25),
            blur_px=rng.choice([0.0, rng.uniform(0.3, 0.8), rng.uniform(0.8, 1.5)], p=[0.25, 0.5, 0.25]),
            noise=rng.uniform(0.0, 0.035),
            sharpening=rng.choice([0.0, rng.uniform(0.2, 0.9), rng.uniform(0.9, 2.2)], p=[0.3, 0.45, 0.25]),
            jpeg_quality=int(rng.integers(45, 97)),
        )


def lit(rng: np.random.Generator, surface: Surface, camera: Camera) -> Float32Array:
    """Return H x W x 3 light from the surface: relief shaded by the sun, slow changes of brightness."""
    height, width = surface.relief.shape
    shading = 1.0 + np.float32(camera.sun) * slope(surface.relief, camera.sun_angle)
    np.clip(shading, 0.35, 1.75, out=shading)
    rows = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    columns = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    angle = rng.uniform(0, 2 * math.pi)
    slow = math.sin(angle) * rows + math.cos(angle) * columns - rng.uniform(0, 1) * (rows**2 + columns**2)
    slow = slow + 0.25 * fractal_noise(
        rng, height, width, max(height, width) * 0.6, max(height, width) * 0.25
    )
    shading *= 1.0 + np.float32(camera.falloff) * slow
    return np.asarray(np.clip(surface.albedo, 0.0, 1.2) * shading[..., None], np.float32)


def photograph(rng: np.random.Generator, light: Float32Array, camera: Camera) -> UInt8Array:
    """Return the H x W x 3 uint8 RGB photo of ``light``; geometry is kept to the pixel."""
    picture = light
    if camera.blur_px > 0.05:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), camera.blur_px), np.float32)
    middle = float(picture.mean())
    gain = camera.contrast * (camera.mean / max(middle, 0.05)) ** 0.75
    # bitumen full of white stones would otherwise turn into a black and white pattern
    gain = min(gain, 0.17 / max(float(picture.std()), 1e-3))
    cast = (1.0 + rng.normal(0, 0.02, 3)).astype(np.float32)
    picture = (camera.mean + (picture - np.float32(middle)) * np.float32(gain)) * cast
    if camera.noise > 0:
        height, width = picture.shape[:2]
        grain = rng.standard_normal((height, width, 1), dtype=np.float32)
        coloured = cv2.resize(
            rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
        shot = np.sqrt(np.clip(picture, 0.02, 1.0)) * np.float32(camera.noise * 1.4)
        picture = picture + shot * (grain * np.float32(0.8) + coloured * np.float32(0.5))
    if camera.sharpening > 0:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
        picture = picture + np.float32(camera.sharpening) * (picture - soft)
    pixels = np.asarray(np.clip(picture * 255.0 + 0.5, 0, 255), np.uint8)
    if camera.jpeg_quality:
        _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg_quality])
        pixels = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return pixels
