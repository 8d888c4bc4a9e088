"""Random views of one photo: how it is cut, in what light, and through what camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.correction import Label

Matrix = npt.NDArray[np.float64]
"""2 x 3 affine map from photo (x, y) to patch (x, y), in pixels."""


@dataclass(frozen=True, slots=True)
class AugmentPlan:
    """How far a view may leave the photo; every chance is in [0, 1].

    Attributes:
        scale: Smallest and largest enlargement.
        turn_degrees: Largest turn to either side; 180 is any direction.
        stretch: Largest relative difference of the two axes' scales.
        jitter: Largest shift of the patch's centre, as a share of its side.
        brightness: Largest shift of the mean, as a share of full range.
        contrast: Largest natural logarithm of the contrast factor; gamma gets half of it.
        flatten: Smallest and largest further contrast factor; below 1 the surface looks smoother than it is.
        cast: Largest natural logarithm of a colour channel's gain.
        shade: Chance of uneven light (a gradient or a soft-edged shadow).
        grey: Chance of losing all colour.
        blur: Chance of defocus, motion blur or lost resolution.
        sharpen: Chance of unsharp masking as cameras do it.
        noise: Chance of sensor noise.
        jpeg: Chance of JPEG artefacts.
    """

    scale: tuple[float, float] = (0.6, 1.7)
    turn_degrees: float = 180.0
    stretch: float = 0.15
    jitter: float = 0.3
    brightness: float = 0.2
    contrast: float = 0.4
    flatten: tuple[float, float] = (1.0, 1.0)
    cast: float = 0.08
    shade: float = 0.3
    grey: float = 0.25
    blur: float = 0.25
    sharpen: float = 0.35
    noise: float = 0.35
    jpeg: float = 0.3


STRONG = AugmentPlan()
"""For learning a network from scratch: any camera, any light, any direction."""

GENTLE = AugmentPlan(
    scale=(0.85, 1.2),
    stretch=0.05,
    brightness=0.08,
    contrast=0.2,
    cast=0.03,
    shade=0.15,
    grey=0.1,
    blur=0.1,
    sharpen=0.1,
    noise=0.15,
    jpeg=0.1,
)
"""For fine-tuning on an inspector's own photos: the camera and the site stay the same."""

NONE = AugmentPlan(
    scale=(1.0, 1.0),
    turn_degrees=0.0,
    stretch=0.0,
    jitter=0.0,
    brightness=0.0,
    contrast=0.0,
    cast=0.0,
    shade=0.0,
    grey=0.0,
    blur=0.0,
    sharpen=0.0,
    noise=0.0,
    jpeg=0.0,
)
"""The photo as it is."""


def draw_geometry(
    rng: np.random.Generator, centre: tuple[float, float], patch_px: int, plan: AugmentPlan = STRONG
) -> Matrix:
    """Draw where and how to cut one patch.

    Args:
        rng: Source of chance.
        centre: Photo pixel (row, column) that comes to lie near the patch's centre.
        patch_px: Side of the patch.
        plan: Bounds.

    Returns:
        Map from photo to patch; pass it to :func:`warp_photo`, :func:`warp_labels` and :func:`warp_values`.
    """
    scale = float(np.exp(rng.uniform(*np.log(plan.scale))))
    stretch = 1.0 + rng.uniform(-plan.stretch, plan.stretch) / 2
    quarter = int(rng.integers(4)) * 90.0 if plan.turn_degrees else 0.0
    # Half the views are turned by whole quarters only: those leave the photo's own pixels untouched.
    free = rng.uniform(-plan.turn_degrees, plan.turn_degrees) if rng.random() < 0.5 else 0.0
    angle = np.deg2rad(quarter + free)
    flip = -1.0 if plan.turn_degrees and rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([flip * scale * stretch, scale / stretch])
    middle = (patch_px - 1) / 2
    shift = rng.uniform(-plan.jitter, plan.jitter, size=2) * patch_px
    source = np.array([centre[1], centre[0]])
    offset = middle + shift - linear @ source
    if not free and scale == 1.0 and stretch == 1.0:
        offset = np.round(offset)  # whole pixels: nothing has to be interpolated
    return np.hstack([linear, offset[:, None]])


def warp_photo(pixels: UInt8Array, matrix: Matrix, patch_px: int) -> UInt8Array:
    """Cut a patch of H x W x 3 uint8 pixels; what lies outside the photo is mirrored."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.75:  # linear interpolation would skip pixels: blur first what cannot be shown
        sigma = 0.45 / scale
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)
    patch = cv2.warpAffine(
        pixels, matrix, (patch_px, patch_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(patch, np.uint8)


def warp_values(values: Float32Array, matrix: Matrix, patch_px: int) -> Float32Array:
    """Cut a patch of H x W float32 values, interpolated; what lies outside the photo is mirrored."""
    patch = cv2.warpAffine(
        values, matrix, (patch_px, patch_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(patch, np.float32)


def warp_labels(labels: UInt8Array, matrix: Matrix, patch_px: int) -> UInt8Array:
    """Cut a patch of H x W uint8 :class:`Label` values.

    Crack is interpolated and cut at one half, so that thin lines stay whole when turned; nothing in between
    two labels is invented.
    """
    crack = warp_values((labels == Label.CRACK).astype(np.float32), matrix, patch_px) >= 0.5
    unsaid = warp_values((labels == Label.UNSAID).astype(np.float32), matrix, patch_px) >= 0.5
    patch = np.full((patch_px, patch_px), Label.NOT_CRACK, np.uint8)
    patch[unsaid] = Label.UNSAID
    patch[crack] = Label.CRACK
    return patch


def change_light(rng: np.random.Generator, pixels: UInt8Array, plan: AugmentPlan = STRONG) -> UInt8Array:
    """Show a patch in another light and through another camera.

    Args:
        rng: Source of chance.
        pixels: H x W x 3 uint8 RGB; not changed.
        plan: Bounds.

    Returns:
        H x W x 3 uint8.
    """
    view = pixels.astype(np.float32) / 255.0
    if rng.random() < plan.grey:
        view = np.repeat(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    view = _expose(rng, view, plan)
    if rng.random() < plan.shade:
        view = view * _shade(rng, view.shape[0], view.shape[1])[..., None]
    if rng.random() < plan.blur:
        view = _blur(rng, view)
    if rng.random() < plan.noise:
        view = _noise(rng, view)
    if rng.random() < plan.sharpen:
        view = _sharpen(rng, view)
    seen = np.clip(view * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return _jpeg(rng, seen) if rng.random() < plan.jpeg else seen


def _expose(rng: np.random.Generator, view: Float32Array, plan: AugmentPlan) -> Float32Array:
    contrast = np.exp(rng.uniform(-plan.contrast, plan.contrast)) * rng.uniform(*plan.flatten)
    gamma = np.exp(rng.uniform(-plan.contrast, plan.contrast) / 2)
    gains = np.exp(rng.uniform(-plan.cast, plan.cast, size=3))
    shift = rng.uniform(-plan.brightness, plan.brightness)
    if gamma != 1.0:
        view = np.power(np.clip(view, 0.0, 1.0), gamma, dtype=np.float32)
    mean = float(view.mean())
    changed = (view - mean) * contrast + mean + shift
    return np.asarray(np.clip(changed * gains, 0.0, 1.0), np.float32)


def _shade(rng: np.random.Generator, height: int, width: int) -> Float32Array:
    """Factor in (0, 1.3] a pixel: a plane of light, or the soft edge of a shadow."""
    angle = rng.uniform(0, 2 * np.pi)
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    along = np.cos(angle) * rows + np.sin(angle) * columns
    if rng.random() < 0.5:
        return np.asarray(1.0 + rng.uniform(0.1, 0.3) * along, np.float32)
    softness = rng.uniform(0.02, 0.3)
    edge = 1.0 / (1.0 + np.exp(np.clip((along - rng.uniform(-0.7, 0.7)) / softness, -30, 30)))
    return np.asarray(1.0 - rng.uniform(0.15, 0.55) * edge, np.float32)


def _defocus(rng: np.random.Generator, view: Float32Array) -> Float32Array:
    return np.asarray(cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 1.6)), np.float32)


def _motion(rng: np.random.Generator, view: Float32Array) -> Float32Array:
    length = int(rng.integers(3, 8))
    kernel = np.zeros((length, length), np.float32)
    direction = rng.uniform(0, np.pi)
    reach = (length - 1) / 2
    for step in np.linspace(-reach, reach, 2 * length):
        kernel[round(reach + step * np.sin(direction)), round(reach + step * np.cos(direction))] = 1.0
    return np.asarray(cv2.filter2D(view, -1, kernel / kernel.sum()), np.float32)


def _lost_resolution(rng: np.random.Generator, view: Float32Array) -> Float32Array:
    height, width = view.shape[:2]
    factor = rng.uniform(0.45, 0.85)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(view, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


_BLURS: tuple[Callable[[np.random.Generator, Float32Array], Float32Array], ...] = (
    _defocus,
    _motion,
    _lost_resolution,
)


def _blur(rng: np.random.Generator, view: Float32Array) -> Float32Array:
    return _BLURS[int(rng.integers(len(_BLURS)))](rng, view)


def _sharpen(rng: np.random.Generator, view: Float32Array) -> Float32Array:
    soft = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.6, 2.0))
    return np.asarray(view + rng.uniform(0.3, 2.5) * (view - soft), np.float32)


def _noise(rng: np.random.Generator, view: Float32Array) -> Float32Array:
    """Sensor noise, in colour or grey, fine or a few pixels wide."""
    height, width = view.shape[:2]
    channels = 3 if rng.random() < 0.5 else 1
    grain = rng.standard_normal((height, width, channels), dtype=np.float32)
    if rng.random() < 0.4:
        sigma = rng.uniform(0.5, 1.2)
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), sigma), np.float32).reshape(
            height, width, channels
        )
        grain *= 2.0 * np.sqrt(np.pi) * sigma  # back to unit variance
    return np.asarray(view + rng.uniform(0.01, 0.07) * grain, np.float32)


def _jpeg(rng: np.random.Generator, seen: UInt8Array) -> UInt8Array:
    quality = int(rng.integers(25, 95))
    _, packed = cv2.imencode(".jpg", seen[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return decoded[..., ::-1]
