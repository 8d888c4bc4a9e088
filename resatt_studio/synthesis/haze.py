"""Haze over a clear photo, drawn from a seed, with the transmission and the residual that made it.

Scattering model (Koschmieder; Narasimhan and Nayar, IJCV 2002): I = J t + A (1 - t), t = exp(-beta d), with J
the clear photo, A the airlight and d the depth. Crack photos come without depth, so five families of fields
stand in for it: none, a constant (a wall or road squarely in front), a slope (an oblique view), rings around
a point (a lamp's back-scatter), clouds (smoke, dust, drifting fog).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import cv2
import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.records.arrays import Float32Array, read_only

Params: TypeAlias = dict[str, float]
Range: TypeAlias = tuple[float, float]

_OCTAVES = 4
_GAIN = 0.5
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class HazeRecipe:
    """What haze may be drawn; every range is uniform, and the defaults are ours.

    Attributes:
        shares: Probability of each family, by name; they add up to 1.
        beta: Scattering a unit of depth.
        homogeneous: Transmission of the family of that name.
        gradient_depth, radial_depth, cloud_depth: Least depth, and how much the field adds to it.
        t_min: Least transmission.
        airlight: Brightness of the airlight.
        tint, coloured_tint: Largest offset of one channel of it; the second with ``coloured``, for dust, sand
            and tunnel lamps.
        coloured: Whether airlight may be coloured.
        airlight_variation: Largest slow change of the airlight over the photo, such as 0.05.
        linear_light: Whether light is mixed as light; else as stored values, as most papers do.
        degradation_chance: Probability of each of noise, gamma and JPEG, which follow in this order.
        noise, gamma, jpeg_quality: Spread of the noise in [0, 1] units, exponent, quality.
    """

    shares: Mapping[str, float] = field(
        default_factory=lambda: {
            "clean": 0.05,
            "homogeneous": 0.30,
            "gradient": 0.25,
            "radial": 0.10,
            "cloud": 0.30,
        }
    )
    beta: Range = (0.6, 1.8)
    homogeneous: Range = (0.30, 0.95)
    gradient_depth: tuple[Range, Range] = ((0.05, 0.5), (0.2, 1.0))
    radial_depth: tuple[Range, Range] = ((0.05, 0.5), (0.2, 1.0))
    cloud_depth: tuple[Range, Range] = ((0.05, 0.3), (0.3, 1.0))
    t_min: float = 0.1
    airlight: Range = (0.7, 1.0)
    tint: float = 0.02
    coloured_tint: float = 0.08
    coloured: bool = False
    airlight_variation: float = 0.0
    linear_light: bool = False
    degradation_chance: float = 0.3
    noise: Range = (0.0, 0.01)
    gamma: Range = (0.9, 1.1)
    jpeg_quality: tuple[int, int] = (60, 95)

    def __post_init__(self) -> None:
        if set(self.shares) - set(FAMILIES) or not math.isclose(sum(self.shares.values()), 1.0):
            raise BugError(f"shares must be of {', '.join(FAMILIES)} and add up to 1, not {self.shares}")
        if not 0.0 < self.t_min < 1.0:
            raise BugError(f"t_min must lie between 0 and 1, not {self.t_min}")


@dataclass(frozen=True, eq=False)
class HazeSample:
    """A hazy photo and the truth about it; arrays are read-only float32.

    Attributes:
        hazy: H x W x 3 in [0, 1].
        transmission: H x W in [t_min, 1].
        residual: H x W x 3, at least 0: what must be taken from hazy / t to get the clear photo back, of the
            hazy photo before noise, gamma and JPEG. A (1 - t) / t, unless light was mixed as light.
        airlight: 1 x 1 x 3, or H x W x 3 where it changes over the photo; in [0, 1].
        family: One of :data:`FAMILIES`, or "depth" where a depth was given.
        params: Every other draw, by name; with recipe and depth, enough to make the sample again.
    """

    hazy: Float32Array
    transmission: Float32Array
    residual: Float32Array
    airlight: Float32Array
    family: str
    params: Params


def add_haze(
    clear: Float32Array,
    rng: np.random.Generator,
    recipe: HazeRecipe | None = None,
    family: str | None = None,
    depth: Float32Array | None = None,
) -> HazeSample:
    """Draw haze over a clear photo; the same photo, recipe and state of ``rng`` give the same bytes.

    Args:
        clear: H x W x 3 RGB in [0, 1].
        rng: Every draw comes from it.
        recipe: What may be drawn; None is :class:`HazeRecipe` as it stands.
        family: One of :data:`FAMILIES`; None draws it.
        depth: H x W in [0, 1], 0 near and 1 far, such as :func:`pseudo_depth`; takes the place of a family.

    Raises:
        BugError: The photo is not H x W x 3 float, the depth does not fit it, or there is no such family.
    """
    recipe = recipe or HazeRecipe()
    if clear.ndim != 3 or clear.shape[2] != 3 or clear.dtype.kind != "f" or not clear.size:
        raise BugError(f"a clear photo is H x W x 3 float, not {clear.shape} {clear.dtype}")
    clear = np.asarray(clear, np.float32)
    height, width = clear.shape[:2]
    if family is None:
        family = str(rng.choice(list(recipe.shares), p=list(recipe.shares.values())))
    if depth is not None:
        family = "depth"
        if depth.shape != (height, width):
            raise BugError(f"depth must be {height} x {width}, not {depth.shape}")
    elif family not in FAMILIES:
        raise BugError(f"there is no haze family {family!r}; known: {', '.join(FAMILIES)}")
    params: Params = {}
    if depth is not None:
        transmission = _through(rng, depth, recipe.gradient_depth, recipe, params)
    else:
        transmission = FAMILIES[family](rng, height, width, recipe, params)
    transmission = np.clip(transmission, np.float32(recipe.t_min), np.float32(1.0))
    airlight = _airlight(rng, height, width, recipe, params)
    hazy, residual = _mix(clear, transmission[..., None], airlight, recipe.linear_light)
    hazy = _degrade(rng, hazy, recipe, params)
    return HazeSample(
        hazy=read_only(hazy),
        transmission=read_only(transmission),
        residual=read_only(residual),
        airlight=read_only(airlight),
        family=family,
        params=params,
    )


def pseudo_depth(clear: Float32Array) -> Float32Array:
    """Guess a depth from a photo alone: far at the top, near at the bottom, bent by smoothed luminance.

    Args:
        clear: H x W x 3 RGB in [0, 1].

    Returns:
        H x W in [0, 1], 0 near and 1 far.
    """
    height, width = clear.shape[:2]
    smooth = cv2.GaussianBlur(
        np.asarray(clear @ _LUMA, np.float32), (0, 0), max(1.0, 0.05 * min(height, width))
    )
    return _stretched(np.linspace(1.0, 0.0, height, dtype=np.float32)[:, None] + np.float32(0.3) * smooth)


def to_linear(stored: Float32Array) -> Float32Array:
    """Stored sRGB values in [0, 1] to light in [0, 1] (IEC 61966-2-1)."""
    high = ((stored + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(stored <= 0.04045, stored / np.float32(12.92), high).astype(np.float32, copy=False)


def to_stored(light: Float32Array) -> Float32Array:
    """Light in [0, 1] to stored sRGB values in [0, 1] (IEC 61966-2-1)."""
    high = np.float32(1.055) * light ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(light <= 0.0031308, light * np.float32(12.92), high).astype(np.float32, copy=False)


def _clean(
    _rng: np.random.Generator, height: int, width: int, _recipe: HazeRecipe, _params: Params
) -> Float32Array:
    return np.ones((height, width), np.float32)


def _homogeneous(
    rng: np.random.Generator, height: int, width: int, recipe: HazeRecipe, params: Params
) -> Float32Array:
    params["t"] = rng.uniform(*recipe.homogeneous)
    return np.full((height, width), params["t"], np.float32)


def _gradient(
    rng: np.random.Generator, height: int, width: int, recipe: HazeRecipe, params: Params
) -> Float32Array:
    angle = params["angle"] = rng.uniform(0.0, 2.0 * math.pi)
    v, u = _coordinates(height, width)
    across: Float32Array = np.float32(math.cos(angle)) * u + np.float32(math.sin(angle)) * v
    return _through(rng, _stretched(across), recipe.gradient_depth, recipe, params)


def _radial(
    rng: np.random.Generator, height: int, width: int, recipe: HazeRecipe, params: Params
) -> Float32Array:
    centre_v = params["centre_v"] = rng.uniform(-0.25, 0.25)
    centre_u = params["centre_u"] = rng.uniform(-0.25, 0.25)
    v, u = _coordinates(height, width)
    distance = np.hypot(v - np.float32(centre_v), u - np.float32(centre_u))
    return _through(rng, distance / max(float(distance.max()), 1e-6), recipe.radial_depth, recipe, params)


def _cloud(
    rng: np.random.Generator, height: int, width: int, recipe: HazeRecipe, params: Params
) -> Float32Array:
    cells = params["cells"] = int(rng.integers(2, 6))
    density = _value_octaves(_branch(rng, params, "cloud_seed"), height, width, cells)
    return _through(rng, density, recipe.cloud_depth, recipe, params)


_Family: TypeAlias = Callable[[np.random.Generator, int, int, HazeRecipe, Params], Float32Array]
FAMILIES: Mapping[str, _Family] = {
    "clean": _clean,
    "homogeneous": _homogeneous,
    "gradient": _gradient,
    "radial": _radial,
    "cloud": _cloud,
}
"""Name of a family to the function that draws its H x W transmission, before clipping."""


def _through(
    rng: np.random.Generator,
    shape: Float32Array,
    depth_range: tuple[Range, Range],
    recipe: HazeRecipe,
    params: Params,
) -> Float32Array:
    """exp(-beta (d0 + d1 shape)) of a field in [0, 1]."""
    beta = params["beta"] = rng.uniform(*recipe.beta)
    nearest = params["d0"] = rng.uniform(*depth_range[0])
    spread = params["d1"] = rng.uniform(*depth_range[1])
    depth = np.float32(nearest) + np.float32(spread) * shape
    return np.asarray(np.exp(np.float32(-beta) * depth), np.float32)


def _airlight(
    rng: np.random.Generator, height: int, width: int, recipe: HazeRecipe, params: Params
) -> Float32Array:
    """1 x 1 x 3 or H x W x 3 in [0, 1]."""
    brightness = rng.uniform(*recipe.airlight)
    tint = recipe.coloured_tint if recipe.coloured else recipe.tint
    colour = np.clip(brightness + rng.uniform(-tint, tint, 3), 0.0, 1.0).astype(np.float32)
    params |= {f"airlight_{name}": float(value) for name, value in zip("rgb", colour, strict=True)}
    if not recipe.airlight_variation:
        return colour.reshape(1, 1, 3)
    slow = _value_octaves(_branch(rng, params, "airlight_seed"), height, width, cells=2, octaves=1)
    change = np.float32(recipe.airlight_variation) * (2 * slow - 1)
    return np.clip(colour + change[..., None], 0.0, 1.0)


def _mix(
    clear: Float32Array, t: Float32Array, airlight: Float32Array, linear_light: bool
) -> tuple[Float32Array, Float32Array]:
    """Return the hazy photo and the residual hazy / t - clear, both H x W x 3."""
    if not linear_light:
        # Airlight and photo are within [0, 1], so their mixture is, and nothing is lost by clipping.
        veil = airlight * (1 - t)
        return clear * t + veil, veil / t
    hazy = to_stored(to_linear(clear) * t + to_linear(airlight) * (1 - t))
    return hazy, np.maximum(hazy / t - clear, np.float32(0.0))


def _degrade(
    rng: np.random.Generator, hazy: Float32Array, recipe: HazeRecipe, params: Params
) -> Float32Array:
    """Noise, gamma, JPEG, each with the recipe's chance; H x W x 3 in [0, 1]."""
    hazy = np.clip(hazy, 0.0, 1.0)
    noisy, bent, packed = rng.random(3) < recipe.degradation_chance
    if noisy:
        spread = params["noise"] = rng.uniform(*recipe.noise)
        grain = _branch(rng, params, "noise_seed").standard_normal(hazy.shape, np.float32)
        hazy = np.clip(hazy + np.float32(spread) * grain, 0.0, 1.0)
    if bent:
        gamma = params["gamma"] = rng.uniform(*recipe.gamma)
        hazy = hazy ** np.float32(gamma)
    if packed:
        low, high = recipe.jpeg_quality
        quality = params["jpeg_quality"] = int(rng.integers(low, high + 1))
        hazy = _jpeg(hazy, quality)
    return hazy


def _branch(rng: np.random.Generator, params: Params, name: str) -> np.random.Generator:
    """A generator of its own for a large draw, so that one logged number tells all of it."""
    seed = int(rng.integers(0, 2**31))
    params[name] = seed
    return np.random.default_rng(seed)


def _jpeg(pixels: Float32Array, quality: int) -> Float32Array:
    stored = np.rint(pixels * 255.0).astype(np.uint8)
    data = cv2.imencode(".jpg", stored[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    again = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.float32)
    return np.ascontiguousarray(again[..., ::-1] / np.float32(255.0))


def _coordinates(height: int, width: int) -> tuple[Float32Array, Float32Array]:
    """Row and column of pixel centres in [-0.5, 0.5]: H x 1 and 1 x W."""
    v = (np.arange(height, dtype=np.float32) + np.float32(0.5)) / np.float32(height) - np.float32(0.5)
    u = (np.arange(width, dtype=np.float32) + np.float32(0.5)) / np.float32(width) - np.float32(0.5)
    return v[:, None], u[None, :]


def _value_octaves(
    rng: np.random.Generator, height: int, width: int, cells: int, octaves: int = _OCTAVES
) -> Float32Array:
    """Fractal value noise in [0, 1], H x W: random grids enlarged bicubically, each finer and weaker.

    ``cells`` of the coarsest grid span the shorter side; the longer side gets more, so that clouds are round.
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        count = cells * 2**octave
        rows = min(max(2, round(count * height / min(height, width))), max(2, height))
        columns = min(max(2, round(count * width / min(height, width))), max(2, width))
        grid = rng.random((rows, columns), np.float32)
        total += np.float32(_GAIN**octave) * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    return _stretched(total)


def _stretched(values: Float32Array) -> Float32Array:
    """Bring least and greatest to 0 and 1; 0 everywhere when they are equal."""
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - np.float32(low)) / np.float32(max(high - low, 1e-6)), np.float32)
