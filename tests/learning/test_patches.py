"""Claims about the patches of a step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.learning.augment import NONE
from resatt_studio.learning.lessons import Lesson
from resatt_studio.learning.patches import PatchSampler


def lesson(name: str = "a", side_px: int = 96, **more: Any) -> Lesson:
    rng = np.random.default_rng(1)
    return Lesson(
        sample_id=name,
        pixels=rng.integers(0, 256, (side_px, side_px, 3), dtype=np.uint8),
        target=more.pop("target", np.zeros((side_px, side_px), np.float32)),
        weight=more.pop("weight", np.ones((side_px, side_px), np.float32)),
        centres=more.pop("centres", np.zeros((0, 2), np.int32)),
        painted=more.pop("painted", np.ones((side_px, side_px), np.float32)),
        mended=more.pop("mended", np.zeros((side_px, side_px), np.float32)),
    )


def half(pixels: np.ndarray) -> np.ndarray:
    """A network that is never sure."""
    return np.full(pixels.shape[:3], 0.5, np.float32)


def sampler(
    lessons: list[Lesson], scenes: tuple[np.ndarray, ...] = (), share: float = 0.0, **more: Any
) -> PatchSampler:
    recall = more.pop("recall", half)
    return PatchSampler(lessons, scenes, share, recall, np.random.default_rng(7), **more)


@given(patches=st.integers(1, 4), patch_px=st.sampled_from([32, 64, 160]))
@settings(max_examples=8, deadline=None)
def test_a_batch_has_the_size_that_was_asked_for(patches: int, patch_px: int) -> None:
    batch = sampler([lesson()]).draw(patches, patch_px)
    assert batch.pixels.shape == (patches, patch_px, patch_px, 3)
    assert batch.target.shape == batch.weight.shape == (patches, patch_px, patch_px)
    assert set(np.unique(batch.target)) <= {0.0, 1.0}
    assert 0.0 <= batch.weight.min() <= batch.weight.max() <= 1.0


def test_the_same_seed_draws_the_same_patches() -> None:
    one, two = sampler([lesson()]).draw(3, 48), sampler([lesson()]).draw(3, 48)
    assert np.array_equal(one.pixels, two.pixels)
    assert np.array_equal(one.weight, two.weight)


def test_target_and_weight_follow_the_photo() -> None:
    target = np.zeros((96, 96), np.float32)
    target[40:56, 30:70] = 1.0
    pixels = np.repeat((target * 255).astype(np.uint8)[..., None], 3, axis=2)
    shown = lesson(target=target, weight=np.maximum(target, 0.25))
    shown = replace(shown, pixels=pixels)
    batch = sampler([shown], augment=replace(NONE, turn_degrees=180.0)).draw(6, 64)
    bright = batch.pixels[..., 0] > 127
    assert np.mean(bright == (batch.target > 0.5)) > 0.995
    assert np.mean(bright == (batch.weight > 0.6)) > 0.99


def test_half_of_the_patches_are_centred_on_corrections() -> None:
    target = np.zeros((400, 400), np.float32)
    target[200, 200] = 1.0
    centred = lesson(side_px=400, target=target, centres=np.array([[200, 200]], np.int32))
    weight = np.full((400, 400), 0.5, np.float32)
    weight[196:205, 196:205] = 1.0
    centred = replace(centred, weight=weight)
    batch = sampler([centred], augment=NONE).draw(200, 24)
    hit = (batch.weight > 0.9).any(axis=(1, 2)).mean()
    assert 0.4 < hit < 0.62


def test_reminders_get_their_share_and_each_photo_as_much_of_the_rest_however_many_windows_it_has() -> None:
    scene = np.zeros((64, 64, 3), np.uint8)
    batch = sampler([lesson("a"), lesson("b"), lesson("b")], (scene,), 0.25).draw(600, 16)
    names = np.array(batch.names)
    taught, reminded = names[~batch.reminder], names[batch.reminder]
    assert abs(batch.reminder.mean() - 0.25) < 0.06
    assert abs(np.mean(taught == "a") - 0.5) < 0.08
    assert abs(np.mean(reminded == "scene 0") - 0.5) < 0.12


def test_a_reminder_teaches_what_the_network_answered_before() -> None:
    seen: list[np.ndarray] = []

    def recall(pixels: np.ndarray) -> np.ndarray:
        seen.append(pixels)
        return pixels[..., 0] / np.float32(255)

    batch = sampler([lesson()], (), 1.0, recall=recall).draw(4, 32)
    assert batch.reminder.all()
    assert np.array_equal(batch.target, recall(batch.pixels))
    assert np.array_equal(seen[0], batch.pixels)
    assert np.all(batch.weight == 1.0)


def test_corrections_reach_no_reminder() -> None:
    painted = lesson(target=np.ones((96, 96), np.float32))
    batch = sampler([painted], (), 1.0).draw(6, 32)
    assert np.all(batch.target == 0.5)


def test_without_reminders_the_network_is_never_asked() -> None:
    def recall(pixels: np.ndarray) -> np.ndarray:
        raise AssertionError("asked")

    assert not sampler([lesson("only")], (), 0.0, recall=recall).draw(20, 16).reminder.any()


def test_patches_look_for_a_place_where_something_is_known() -> None:
    weight = np.zeros((400, 400), np.float32)
    weight[:120] = 1.0
    batch = sampler([lesson(side_px=400, weight=weight)], augment=NONE).draw(60, 32)
    assert batch.weight.any(axis=(1, 2)).mean() > 0.7  # 0.3 would be chance


def test_reminders_are_silent_where_the_inspector_overruled_the_network() -> None:
    mended = np.zeros((96, 96), np.float32)
    mended[:, 40:56] = 1.0
    pixels = np.repeat((mended * 255).astype(np.uint8)[..., None], 3, axis=2)
    shown = replace(lesson(mended=mended), pixels=pixels)
    batch = sampler([shown], share=1.0).draw(20, 64)
    assert batch.reminder.all()
    overruled = batch.pixels[..., 0] > 200
    assert overruled.any()
    assert batch.weight[overruled].mean() < 0.05
    assert batch.weight.mean() > 0.3
