"""Haze from a seed keeps the scattering model, stays in its ranges, and tells all that was drawn."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import BugError
from resatt_studio.records.arrays import Float32Array
from resatt_studio.synthesis.haze import (
    FAMILIES,
    HazeRecipe,
    HazeSample,
    add_haze,
    pseudo_depth,
    to_linear,
    to_stored,
)

SEEDS = st.integers(0, 2**31)
PLAIN = HazeRecipe(degradation_chance=0.0)
# Least and greatest transmission of each family: exp(-beta d) at the ends of its ranges, clipped to 0.1.
BOUNDS = {
    "clean": (1.0, 1.0),
    "homogeneous": (0.30, 0.95),
    "gradient": (0.1, math.exp(-0.6 * 0.05)),
    "radial": (0.1, math.exp(-0.6 * 0.05)),
    "cloud": (0.1, math.exp(-0.6 * 0.05)),
}


def surface(height: int = 48, width: int = 64, seed: int = 0) -> Float32Array:
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def haze(seed: int, recipe: HazeRecipe | None = None, family: str | None = None, **more: Any) -> HazeSample:
    return add_haze(more.pop("clear", surface()), np.random.default_rng(seed), recipe, family, **more)


def digest(sample: HazeSample) -> str:
    arrays = (sample.hazy, sample.transmission, sample.residual, sample.airlight)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest() + str(sample.params)


@given(SEEDS)
def test_the_same_seed_gives_the_same_bytes_and_the_same_log(seed: int) -> None:
    recipe = HazeRecipe(airlight_variation=0.05, degradation_chance=0.6)
    assert digest(haze(seed, recipe)) == digest(haze(seed, recipe))


def test_other_seeds_give_other_haze() -> None:
    assert len({digest(haze(seed, family="cloud")) for seed in range(20)}) == 20


@given(SEEDS, st.sampled_from(list(FAMILIES)), st.booleans())
def test_the_hazy_photo_is_its_scattering_model(seed: int, family: str, varied: bool) -> None:
    sample = haze(seed, HazeRecipe(degradation_chance=0.0, airlight_variation=0.05 * varied), family)
    t = sample.transmission[..., None]
    assert np.abs(sample.hazy - (surface() * t + sample.airlight * (1 - t))).max() <= 1e-6
    assert np.abs(sample.residual - sample.airlight * (1 - t) / t).max() <= 1e-5
    assert np.abs(sample.hazy / t - sample.residual - surface()).max() <= 1e-5


@given(SEEDS, st.sampled_from(list(FAMILIES)))
def test_each_family_keeps_its_range(seed: int, family: str) -> None:
    low, high = BOUNDS[family]
    sample = haze(seed, PLAIN, family)
    assert sample.family == family
    assert low - 1e-6 <= sample.transmission.min() <= sample.transmission.max() <= high + 1e-6
    assert sample.residual.min() >= 0


@given(SEEDS, st.booleans(), st.booleans(), st.booleans(), st.integers(1, 40), st.integers(1, 40))
def test_every_option_and_size_gives_photos_within_range(
    seed: int, coloured: bool, linear: bool, varied: bool, height: int, width: int
) -> None:
    recipe = HazeRecipe(
        coloured=coloured, linear_light=linear, airlight_variation=0.05 * varied, degradation_chance=0.8
    )
    sample = haze(seed, recipe, clear=surface(height, width))
    assert sample.hazy.shape == sample.residual.shape == (height, width, 3)
    assert sample.transmission.shape == (height, width)
    for array in (sample.hazy, sample.transmission, sample.airlight):
        assert array.dtype == np.float32 and not array.flags.writeable
        assert bool(np.isfinite(array).all()) and 0.0 <= array.min() <= array.max() <= 1.0


def test_families_come_as_often_as_their_shares() -> None:
    rng, recipe = np.random.default_rng(0), HazeRecipe(degradation_chance=0.0)
    drawn = [add_haze(surface(4, 4), rng, recipe).family for _ in range(2000)]
    for family, share in recipe.shares.items():
        assert abs(drawn.count(family) / 2000 - share) < 0.04, family


@pytest.mark.parametrize("family", ["gradient", "radial", "cloud"])
def test_fields_span_their_depth_from_nearest_to_farthest(family: str) -> None:
    sample = haze(8, HazeRecipe(degradation_chance=0.0, t_min=1e-6), family)
    beta, nearest, spread = (sample.params[name] for name in ("beta", "d0", "d1"))
    assert sample.transmission.min() == pytest.approx(math.exp(-beta * (nearest + spread)), rel=1e-4)
    # A centre between pixels leaves the nearest pixel of a ring a little away from it.
    tolerance = 0.02 if family == "radial" else 1e-4
    assert sample.transmission.max() == pytest.approx(math.exp(-beta * nearest), rel=tolerance)


def test_a_slope_falls_along_its_logged_direction() -> None:
    sample = haze(3, PLAIN, "gradient", clear=surface(64, 64))
    down, right = (float(np.diff(np.log(sample.transmission), axis=axis).mean()) for axis in (0, 1))
    assert math.atan2(-down, -right) % (2 * math.pi) == pytest.approx(sample.params["angle"], abs=0.02)


def test_rings_lie_around_their_logged_centre() -> None:
    sample = haze(3, PLAIN, "radial", clear=surface(101, 101))
    row, column = np.unravel_index(int(sample.transmission.argmax()), (101, 101))
    assert row == pytest.approx((sample.params["centre_v"] + 0.5) * 101 - 0.5, abs=1)
    assert column == pytest.approx((sample.params["centre_u"] + 0.5) * 101 - 0.5, abs=1)
    assert 24 <= row <= 76 and 24 <= column <= 76


def test_airlight_is_nearly_grey_and_coloured_only_when_asked() -> None:
    def tint(recipe: HazeRecipe) -> float:
        return max(float(np.ptp(haze(seed, recipe, "homogeneous").airlight)) for seed in range(60))

    assert tint(PLAIN) <= 0.04 + 1e-6
    assert 0.08 < tint(HazeRecipe(coloured=True)) <= 0.16 + 1e-6


def test_airlight_varies_slowly_and_no_further_than_asked() -> None:
    recipe = HazeRecipe(airlight_variation=0.05, airlight=(0.8, 0.8), degradation_chance=0.0)
    sample = haze(1, recipe, "homogeneous")
    assert sample.airlight.shape == (48, 64, 3)
    assert float(np.ptp(sample.airlight[..., 0])) == pytest.approx(0.1, abs=1e-3)
    assert float(np.abs(np.diff(sample.airlight[..., 0], axis=1)).max()) < 0.01


def test_light_mixed_as_light_looks_otherwise_and_keeps_the_identity() -> None:
    stored = haze(2, PLAIN, "homogeneous")
    mixed = haze(2, HazeRecipe(degradation_chance=0.0, linear_light=True), "homogeneous")
    t = mixed.transmission[..., None]
    light = to_linear(surface()) * t + to_linear(mixed.airlight) * (1 - t)
    assert np.abs(to_linear(mixed.hazy) - light).max() <= 1e-5
    assert np.abs(mixed.hazy / t - mixed.residual - surface()).max() <= 1e-5
    assert float((mixed.hazy - stored.hazy).mean()) > 0.01


@given(st.floats(0.0, 1.0, width=32))
def test_light_and_stored_values_are_each_others_inverse(value: float) -> None:
    assert float(to_stored(to_linear(np.full(1, value, np.float32)))[0]) == pytest.approx(value, abs=1e-5)


def test_each_degradation_is_logged_and_leaves_the_truth_alone() -> None:
    smooth = np.asarray(cv2.GaussianBlur(surface(), (0, 0), 4), np.float32)  # JPEG ruins plain noise
    worn = haze(4, HazeRecipe(degradation_chance=1.0), "cloud", clear=smooth)
    fresh = haze(4, PLAIN, "cloud", clear=smooth)
    assert 0 <= worn.params["noise"] <= 0.01
    assert 0.9 <= worn.params["gamma"] <= 1.1
    assert 60 <= worn.params["jpeg_quality"] <= 95
    assert not {"noise", "gamma", "jpeg_quality"} & set(fresh.params)
    assert np.array_equal(worn.residual, fresh.residual)
    assert 0 < np.abs(worn.hazy - fresh.hazy).mean() < 0.05


def test_jpeg_keeps_the_order_of_the_channels() -> None:
    red = np.zeros((32, 32, 3), np.float32)
    red[..., 0] = 0.8
    recipe = HazeRecipe(degradation_chance=1.0, noise=(0.0, 0.0), gamma=(1.0, 1.0))
    assert np.abs(haze(0, recipe, "clean", clear=red).hazy - red).max() < 0.03


def test_a_given_depth_takes_the_place_of_a_family() -> None:
    depth = np.linspace(0, 1, 48, dtype=np.float32)[:, None].repeat(64, axis=1)
    sample = haze(0, PLAIN, depth=depth)
    assert sample.family == "depth"
    assert bool((np.diff(sample.transmission[:, 0]) <= 0).all())


def test_guessed_depth_is_far_at_the_top() -> None:
    depth = pseudo_depth(surface())
    assert depth.shape == (48, 64) and depth.min() == 0 and depth.max() == 1
    assert depth[:8].mean() > 0.8 and depth[-8:].mean() < 0.2


@pytest.mark.parametrize(
    "more",
    [{"family": "snow"}, {"depth": np.zeros((3, 3), np.float32)}, {"clear": np.zeros((4, 4, 3), "u1")}],
)
def test_what_does_not_fit_is_a_bug(more: dict[str, Any]) -> None:
    with pytest.raises(BugError):
        haze(0, PLAIN, **more)


@pytest.mark.parametrize("more", [{"shares": {"snow": 1.0}}, {"shares": {"clean": 0.4}}, {"t_min": 0.0}])
def test_a_recipe_with_no_meaning_is_a_bug(more: dict[str, Any]) -> None:
    with pytest.raises(BugError):
        HazeRecipe(**more)


@pytest.mark.data
def test_grey_asphalt_loses_as_much_as_experience_says(data_folder: Path) -> None:
    rng, rates, shares = np.random.default_rng(0), [], []
    for path in sorted((data_folder / "crackmap" / "images").glob("*"))[:60]:
        bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        clear = np.asarray(bgr[..., ::-1], np.float32) / np.float32(255)
        sample = add_haze(clear, rng)
        shares.append(float(sample.transmission.mean()))
        if sample.family != "clean":
            rates.append(-10 * math.log10(float(np.mean((sample.hazy - clear) ** 2))))
    assert 18 < np.mean(rates) < 27
    assert 0.55 < np.mean(shares) < 0.7
