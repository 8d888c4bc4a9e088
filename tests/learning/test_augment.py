"""A view shows the photo and its labels in the same place, and nothing that was not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.learning.augment import (
    GENTLE,
    NONE,
    STRONG,
    AugmentPlan,
    change_light,
    draw_geometry,
    warp_labels,
    warp_photo,
    warp_values,
)

seeds = st.integers(0, 2**31)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, row=st.integers(20, 76), column=st.integers(20, 76))
def test_the_plan_that_changes_nothing_cuts_the_photo_itself(seed: int, row: int, column: int) -> None:
    photo = rng(seed).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    patch = warp_photo(photo, draw_geometry(rng(seed), (row, column), 32, NONE), 32)
    assert any(
        np.array_equal(patch, photo[row - 16 + dr : row + 16 + dr, column - 16 + dc : column + 16 + dc])
        for dr in (0, 1)
        for dc in (0, 1)
    )
    assert np.array_equal(change_light(rng(seed), patch, NONE), patch)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_labels_follow_the_photo(seed: int) -> None:
    labels = np.full((128, 128), 2, np.uint8)
    labels[40:90, 50:80] = 1
    photo = np.repeat(np.where(labels == 1, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    matrix = draw_geometry(rng(seed), (64, 64), 64, AugmentPlan(scale=(0.8, 1.7)))
    patch, cut = warp_photo(photo, matrix, 64)[..., 0], warp_labels(labels, matrix, 64)
    sure = (patch < 100) | (patch > 155)
    assert np.array_equal((patch < 128)[sure], (cut == 1)[sure])


@settings(max_examples=25, deadline=None)
@given(seed=seeds, labels=st.sampled_from([(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]))
def test_warping_invents_no_label(seed: int, labels: tuple[int, ...]) -> None:
    bands = np.repeat(np.array(labels, np.uint8), 32)[:, None].repeat(64, axis=1)
    matrix = draw_geometry(rng(seed), (bands.shape[0] / 2, 32), 48, STRONG)
    invented = set(np.unique(warp_labels(bands, matrix, 48))) - set(labels)
    # Where crack meets unsaid, neither may win; "not crack" between them is what interpolation leaves.
    assert invented <= ({2} if set(labels) == {0, 1} else set())


def test_a_thin_line_stays_whole_when_it_is_turned() -> None:
    labels = np.full((128, 128), 2, np.uint8)
    labels[63:65, :] = 1
    plan = AugmentPlan(scale=(1.0, 1.0), stretch=0.0, jitter=0.0)
    for seed in range(20):
        cut = warp_labels(labels, draw_geometry(rng(seed), (64, 64), 64, plan), 64) == 1
        across = max(np.count_nonzero(cut.any(axis=0)), np.count_nonzero(cut.any(axis=1)))
        assert across >= 44  # side of the square over sqrt(2), were it diagonal


def test_values_are_interpolated_within_their_range() -> None:
    values = rng(0).random((64, 64), dtype=np.float32)
    cut = warp_values(values, draw_geometry(rng(1), (32, 32), 32), 32)
    assert cut.dtype == np.float32
    assert values.min() <= cut.min() <= cut.max() <= values.max()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, plan=st.sampled_from([STRONG, GENTLE]))
def test_light_changes_neither_shape_nor_type_and_is_repeatable(seed: int, plan: AugmentPlan) -> None:
    photo = rng(seed).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    before = photo.copy()
    seen = change_light(rng(seed), photo, plan)
    assert (seen.shape, seen.dtype) == (photo.shape, np.uint8)
    assert np.array_equal(photo, before)
    assert np.array_equal(seen, change_light(rng(seed), photo, plan))


@pytest.mark.parametrize("only", ["shade", "grey", "blur", "sharpen", "noise", "jpeg"])
def test_every_kind_of_light_does_something(only: str) -> None:
    from dataclasses import replace

    photo = rng(3).integers(60, 200, (64, 64, 3), dtype=np.uint8)
    plan = replace(NONE, **{only: 1.0})
    assert not np.array_equal(change_light(rng(4), photo, plan), photo)


def test_a_flat_view_has_less_contrast() -> None:
    pixels = np.random.default_rng(1).integers(60, 200, (40, 40, 3), dtype=np.uint8)
    flat = change_light(np.random.default_rng(2), pixels, replace(NONE, flatten=(0.3, 0.3)))
    assert flat.std() == pytest.approx(0.3 * pixels.std(), rel=0.03)
    assert flat.mean() == pytest.approx(pixels.mean(), rel=0.01)


def test_outside_the_photo_the_photo_is_mirrored() -> None:
    photo = np.full((48, 48, 3), 200, np.uint8)
    patch = warp_photo(photo, draw_geometry(rng(0), (0, 0), 64, AugmentPlan(scale=(1.0, 1.0))), 64)
    assert patch.min() >= 199
