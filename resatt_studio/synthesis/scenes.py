"""Whole scenes from a seed: a surface, cracks in it, distractors on it, and the exact crack mask."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array
from resatt_studio.synthesis.camera import Camera, lit, photograph
from resatt_studio.synthesis.covers import OBJECTS, shadow
from resatt_studio.synthesis.cracks import PATTERNS, Crack, CrackStyle, draw_crack
from resatt_studio.synthesis.marks import MARKS
from resatt_studio.synthesis.noise import fractal_noise, value_noise
from resatt_studio.synthesis.textures import SURFACES, Surface, from_texture


@dataclass(frozen=True)
class Scene:
    """A rendered photo and its truth.

    Attributes:
        pixels: H x W x 3 uint8 RGB.
        mask: H x W, True where at least half of the pixel lies in a crack that can be seen.
    """

    pixels: UInt8Array
    mask: BoolArray


@dataclass(frozen=True)
class Recipe:
    """Everything a scene is made of, but its chance.

    Attributes:
        material: A key of ``SURFACES``; of no effect when a texture is given.
        grain_px: Size of stones or bumps; None draws it.
        patterns: One entry of ``PATTERNS`` for each crack.
        style: How the cracks look; None draws one for each.
        contrast: Share of the light that the darkest crack takes away, in (0, 1].
        lime: Share of each crack that white lime, brought out by water, has filled, in [0, 1].
        spall: Chance in [0, 1] that the surface along a crack is chipped.
        marks, objects: Keys of ``MARKS`` and ``OBJECTS``, drawn in this order.
        shadows: How many shadows fall over the scene.
        camera: Light and photo chain.
    """

    material: str = "asphalt"
    grain_px: float | None = None
    patterns: tuple[str, ...] = ("transverse",)
    style: CrackStyle | None = None
    contrast: float = 0.8
    lime: float = 0.0
    spall: float = 0.3
    marks: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    shadows: int = 0
    camera: Camera = field(default_factory=Camera)

    @classmethod
    def draw(cls, rng: np.random.Generator, crack_count: int | None = None) -> Recipe:
        """Return a random recipe; ``crack_count`` fixes the number of cracks (0: none)."""
        material = str(rng.choice(list(SURFACES), p=[0.48, 0.2, 0.16, 0.1, 0.06]))
        number = crack_count if crack_count is not None else int(rng.choice([1, 2, 3], p=[0.7, 0.22, 0.08]))
        likely = [0.27, 0.27, 0.14, 0.2, 0.12]
        patterns = tuple(str(rng.choice(PATTERNS, p=likely)) for _ in range(number))
        chance = {
            "stain": 0.4,
            "oil": 0.18,
            "seam": 0.1,
            "tyre_mark": 0.12,
            "paint": 0.12,
            "joint": 0.2,
            "scratch": 0.2,
            "sealed_crack": 0.04,
        }
        if material in ("formwork", "plaster", "brick"):
            chance.update(oil=0.03, tyre_mark=0.0, sealed_crack=0.0, paint=0.05, joint=0.3)
        marks = tuple(name for name, share in chance.items() if rng.random() < share)
        lying = {"pebbles": 0.15, "litter": 0.15, "vegetation": 0.08}
        objects = tuple(name for name, share in lying.items() if rng.random() < share)
        return cls(
            material=material,
            patterns=patterns,
            contrast=rng.uniform(0.4, 0.95),
            spall=rng.choice([0.0, 0.5, 1.0]),
            marks=marks,
            objects=objects,
            shadows=int(rng.choice([0, 1, 2], p=[0.68, 0.26, 0.06])),
            camera=Camera.draw(rng),
        )


def render_scene(
    seed: int,
    height: int,
    width: int,
    surface: UInt8Array | None = None,
    *,
    crack_count: int | None = None,
    recipe: Recipe | None = None,
) -> Scene:
    """Render one scene; the same arguments give the same pixels.

    Args:
        seed: Decides everything that the recipe leaves open.
        height, width: Size in pixels, at least 32.
        surface: Texture to draw on, h x w x 3 uint8 RGB; None draws a procedural surface.
        crack_count: Number of cracks; 0 gives a crack-free scene, None leaves it to the recipe.
        recipe: What to draw; None draws one from the seed.

    Raises:
        ValueError: The size is too small, or the recipe names something unknown.
    """
    if height < 32 or width < 32:
        raise ValueError(f"a scene of {height} x {width} px is too small; 32 x 32 is the least")
    rng = np.random.default_rng(seed)
    plan = recipe if recipe is not None else Recipe.draw(rng, crack_count)
    if crack_count is not None:
        plan = replace(plan, patterns=(plan.patterns * crack_count)[:crack_count])
    if surface is None and plan.material not in SURFACES:
        raise ValueError(f"material {plan.material!r} is unknown; known are {', '.join(SURFACES)}")
    if surface is None:
        ground = SURFACES[plan.material](rng, height, width, plan.grain_px)
    else:
        ground = from_texture(rng, surface, height, width)
    for name in plan.marks:
        MARKS[name](rng, ground)
    mask = np.zeros((height, width), np.bool_)
    for pattern in plan.patterns:
        style = plan.style if plan.style is not None else CrackStyle.draw(rng, ground.grain_px)
        crack = draw_crack(rng, height, width, pattern, style)
        _carve(rng, ground, crack, plan)
        mask |= crack.mask
    for name in plan.objects:
        mask &= OBJECTS[name](rng, ground) < 0.5
    light = lit(rng, ground, plan.camera)
    for _ in range(plan.shadows):
        light *= shadow(rng, height, width)[..., None]
    return Scene(photograph(rng, light, plan.camera), mask)


def _carve(rng: np.random.Generator, ground: Surface, crack: Crack, plan: Recipe) -> None:
    """Cut a crack into the surface: chipped sides, a dark inside with some dirt, a lip in the light."""
    if not crack.strands:
        return
    height, width = ground.relief.shape
    if rng.random() < plan.spall:
        _chip(rng, ground, crack)
    soft = cv2.GaussianBlur(crack.coverage, (0, 0), 1.0)
    ground.relief -= np.float32(rng.uniform(0.5, 2.5)) * soft
    around = cv2.blur(ground.albedo, (9, 9))
    deep = cv2.GaussianBlur(crack.coverage, (0, 0), 2.2)  # light falls off towards the middle of wide cracks
    warmth = np.array([1.0, rng.uniform(0.86, 1.0), rng.uniform(0.7, 1.0)], np.float32)
    # among coarse stones a faint crack could not be told by anybody, and would be a wrong label
    tone = ground.albedo[..., 1]
    unrest = min(0.9, 1.6 * float(tone.std()) / max(float(tone.mean()), 0.05))
    left = 1.0 - max(plan.contrast, unrest)
    darkness = np.maximum(crack.darkness, crack.coverage * np.float32(unrest))
    shade = np.float32(left) * (1.25 - 0.75 * deep)
    inside = around * (shade[..., None] * warmth)
    if rng.random() < 0.4:  # dust and sand lie in the wider parts
        dirt = np.clip(fractal_noise(rng, height, width, 12.0, 1.5, 0.8) * 0.5, 0, 0.6) * crack.coverage
        inside += (around * warmth - inside) * (dirt * np.float32(0.5))[..., None]
    inside *= (1.0 + 0.15 * value_noise(rng, height, width, 2.0))[..., None]
    ground.albedo += (inside - ground.albedo) * darkness[..., None]
    if plan.lime > 0:
        _fill_with_lime(rng, ground, crack, plan.lime)


def _fill_with_lime(rng: np.random.Generator, ground: Surface, crack: Crack, share: float) -> None:
    """Let lime fill a crack in places and bleed a little out of it, as on walls that water seeps through."""
    height, width = ground.relief.shape
    noise = fractal_noise(rng, height, width, 60.0, 4.0, 0.6)
    filled = np.clip(0.5 + 3.0 * (share - 0.5) + 0.6 * noise, 0.0, 1.0)
    bled = np.clip(1.6 * cv2.GaussianBlur(crack.coverage, (0, 0), 3.0) + 0.25 * noise - 0.3, 0.0, 0.45)
    alpha = np.clip(crack.coverage * 0.9 + bled, 0.0, 0.95) * filled
    white = np.array([0.86, 0.85, 0.81], np.float32) * (
        1.0 + 0.06 * value_noise(rng, height, width, 2.0)[..., None]
    )
    ground.albedo += (white - ground.albedo) * alpha[..., None]


def _chip(rng: np.random.Generator, ground: Surface, crack: Crack) -> None:
    """Break shallow pieces off along a crack; they are rough and a little paler, and are not crack."""
    height, width = ground.relief.shape
    reach_px = rng.uniform(2.0, 7.0)
    near = cv2.GaussianBlur(crack.coverage, (0, 0), reach_px)
    peak = float(near.max())
    if peak <= 0:
        return
    noise = fractal_noise(rng, height, width, reach_px * 6, 2.0, 0.7)
    chipped: Float32Array = np.asarray(near / np.float32(peak) + 0.35 * noise, np.float32)
    alpha = np.clip((chipped - 0.75) * 5, 0, 1).astype(np.float32)
    tone = np.float32(rng.uniform(0.8, 1.2)) + 0.12 * value_noise(rng, height, width, 1.5)
    ground.albedo *= 1.0 + (tone - 1.0)[..., None] * alpha[..., None]
    ground.relief -= alpha * np.float32(rng.uniform(0.5, 2.0))
    ground.relief += alpha * 0.5 * value_noise(rng, height, width, 1.8)
