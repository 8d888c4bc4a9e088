"""Scenes: what is labelled is a visible crack, what is not asked for is not there, a seed says it all."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.synthesis.camera import Camera
from resatt_studio.synthesis.covers import OBJECTS
from resatt_studio.synthesis.cracks import PATTERNS, CrackStyle
from resatt_studio.synthesis.marks import MARKS
from resatt_studio.synthesis.scenes import Recipe, Scene, render_scene
from resatt_studio.synthesis.textures import SURFACES

SEEDS = st.integers(0, 2**31)
FEW = settings(max_examples=12, deadline=None)


def contrast_z(scene: Scene) -> float:
    """How much darker the crack is than a ring around it, in spreads of the ring."""
    grey = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY).astype(float)
    mask = scene.mask.astype(np.uint8)
    near = cv2.dilate(mask, np.ones((5, 5), np.uint8)) > 0
    ring = (cv2.dilate(mask, np.ones((23, 23), np.uint8)) > 0) & ~near
    return float((grey[ring].mean() - grey[scene.mask].mean()) / max(grey[ring].std(), 1.0))


def digest(scene: Scene) -> str:
    return hashlib.sha256(scene.pixels.tobytes() + scene.mask.tobytes()).hexdigest()


@FEW
@given(SEEDS, st.integers(48, 130), st.integers(48, 130))
def test_a_scene_has_the_size_asked_for_and_repeats_from_its_seed(seed: int, height: int, width: int) -> None:
    scene = render_scene(seed, height, width)
    assert scene.pixels.shape == (height, width, 3) and scene.pixels.dtype == np.uint8
    assert scene.mask.shape == (height, width) and scene.mask.dtype == np.bool_
    assert digest(scene) == digest(render_scene(seed, height, width))


def test_other_seeds_give_other_scenes() -> None:
    assert len({digest(render_scene(seed, 64, 64)) for seed in range(20)}) == 20


@FEW
@given(SEEDS)
def test_a_scene_without_cracks_has_an_empty_mask(seed: int) -> None:
    assert not render_scene(seed, 96, 96, crack_count=0).mask.any()


def test_labelled_cracks_are_darker_than_the_ring_around_them() -> None:
    visible = [contrast_z(render_scene(seed, 192, 192)) for seed in range(40)]
    assert np.mean(visible) > 0.6
    assert np.mean(np.array(visible) > 0.15) >= 0.9


def test_crack_shares_span_hairlines_to_nets() -> None:
    shares = [render_scene(seed, 192, 192, crack_count=1).mask.mean() for seed in range(40)]
    assert min(shares) < 0.01 < np.median(shares) < 0.06 < max(shares)
    assert max(shares) < 0.2


@pytest.mark.parametrize("material", sorted(SURFACES))
def test_every_material_varies_within_the_visible_range(material: str) -> None:
    pixels = render_scene(5, 128, 128, recipe=Recipe(material=material, patterns=())).pixels
    assert 4 < pixels.std() < 80
    assert 40 < pixels.mean() < 215


@pytest.mark.parametrize("name", [*sorted(MARKS), *sorted(OBJECTS)])
def test_every_distractor_changes_the_photo_and_adds_no_label(name: str) -> None:
    plain = Recipe(patterns=(), camera=Camera(noise=0.0, jpeg_quality=0))
    marks = (name,) if name in MARKS else ()
    objects = (name,) if name in OBJECTS else ()
    marked = Recipe(patterns=(), marks=marks, objects=objects, camera=plain.camera)
    changed = [render_scene(seed, 128, 128, recipe=marked) for seed in range(4)]
    before = [render_scene(seed, 128, 128, recipe=plain) for seed in range(4)]
    assert any(digest(one) != digest(other) for one, other in zip(changed, before, strict=True))
    assert not any(scene.mask.any() for scene in changed)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_covers_pixels_near_the_width_asked_for(pattern: str) -> None:
    style = CrackStyle(width_px=4.0)
    scene = render_scene(3, 256, 256, recipe=Recipe(patterns=(pattern,), style=style, spall=0.0))
    assert scene.mask.any()
    widest = 2 * cv2.distanceTransform(scene.mask.astype(np.uint8), cv2.DIST_L2, 5).max()
    assert 2.0 <= widest <= 30.0


def test_a_given_texture_is_what_the_scene_is_drawn_on() -> None:
    texture = np.zeros((80, 80, 3), np.uint8)
    texture[...] = (200, 60, 60)
    scene = render_scene(1, 120, 140, texture, recipe=Recipe(patterns=()))
    red, green, _ = scene.pixels.reshape(-1, 3).mean(0)
    assert red > 1.5 * green


def test_drawing_leaves_the_given_texture_alone() -> None:
    texture = np.full((90, 90, 3), 128, np.uint8)
    render_scene(1, 64, 64, texture)
    assert (texture == 128).all()


def test_unknown_names_and_tiny_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="granite"):
        render_scene(0, 64, 64, recipe=Recipe(material="granite"))
    with pytest.raises(ValueError, match="zigzag"):
        render_scene(0, 64, 64, recipe=Recipe(patterns=("zigzag",)))
    with pytest.raises(ValueError, match="too small"):
        render_scene(0, 16, 64)
