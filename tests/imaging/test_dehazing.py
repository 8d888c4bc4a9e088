"""The dark channel prior takes haze away, and the estimate tells hazy photos from clear ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.dehazing import (
    HAZY_FROM,
    dark_channel,
    dark_channel_prior,
    equalise,
    guided_filter,
    haze_estimate,
)
from resatt_studio.imaging.quality import psnr
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.synthesis.haze import HazeRecipe, add_haze
from resatt_studio.synthesis.scenes import render_scene


def coloured_tiles(seed: int = 0) -> Float32Array:
    """Saturated squares: every patch has a dark channel, as the prior asks."""
    rng = np.random.default_rng(seed)
    tiles = rng.random((16, 16, 3), np.float32)
    tiles[np.arange(16)[:, None], np.arange(16)[None], rng.integers(0, 3, (16, 16))] = 0.0
    return tiles.repeat(8, axis=0).repeat(8, axis=1)


def load(path: Path) -> UInt8Array:
    bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(bgr[..., ::-1])


def test_the_dark_channel_is_the_least_value_of_its_patch() -> None:
    photo = np.random.default_rng(0).random((20, 30, 3), np.float32)
    dark = dark_channel(photo, 5)
    assert dark[10, 7] == photo[8:13, 5:10].min()
    assert dark[0, 29] == photo[:3, 27:].min()


def test_where_the_prior_holds_haze_is_found_and_taken_away() -> None:
    clear = coloured_tiles()
    recipe = HazeRecipe(degradation_chance=0.0, homogeneous=(0.5, 0.5), airlight=(0.9, 0.9), tint=0.0)
    hazy = np.array(add_haze(clear, np.random.default_rng(0), recipe, "homogeneous").hazy)
    hazy[:24, :24] = 0.9  # a glimpse of the airlight itself, larger than a patch
    answer = dark_channel_prior(hazy)
    assert np.abs(answer.airlight - 0.9).max() < 0.02
    assert np.abs(np.median(answer.transmission) - 0.525) < 0.03  # 1 - 0.95 * 0.5
    seen = (slice(40, None), slice(40, None))
    assert psnr(answer.clear[seen], clear[seen]) > psnr(hazy[seen], clear[seen]) + 8


@given(st.integers(1, 24), st.integers(1, 24), st.sampled_from([0, 128, 255, None]))
def test_every_photo_gets_an_answer_within_range(height: int, width: int, level: int | None) -> None:
    rng = np.random.default_rng(height * 100 + width)
    shape = (height, width, 3)
    pixels = rng.integers(0, 256, shape, np.uint8) if level is None else np.full(shape, level, np.uint8)
    answer = dark_channel_prior(pixels)
    for array in (answer.clear, answer.transmission, equalise(pixels)):
        assert array.dtype == np.float32 and array.shape[:2] == (height, width)
        assert bool(np.isfinite(array).all()) and 0 <= array.min() <= array.max() <= 1
    assert answer.transmission.min() >= np.float32(0.1)
    assert 0.0 <= haze_estimate(pixels) <= 1.0


def test_the_guided_filter_keeps_edges_of_its_guide_and_smooths_the_rest() -> None:
    rng = np.random.default_rng(0)
    guide = np.zeros((40, 60), np.float32)
    guide[:, 30:] = 1.0
    noisy = guide + rng.normal(0, 0.1, guide.shape).astype(np.float32)
    smooth = guided_filter(guide, noisy, 8, 1e-3)
    assert np.abs(smooth - guide).mean() < 0.25 * np.abs(noisy - guide).mean()
    assert float(smooth[:, 30].mean() - smooth[:, 29].mean()) > 0.9


def test_the_guided_filter_with_a_flat_guide_is_two_box_means() -> None:
    values = np.random.default_rng(0).random((20, 20), np.float32)
    wanted = cv2.blur(cv2.blur(values, (5, 5)), (5, 5))
    assert np.allclose(guided_filter(np.ones_like(values), values, 2, 1e-3), wanted, atol=1e-5)


@given(st.integers(0, 100), st.floats(-0.5, 0.5), st.floats(0.1, 2.0))
def test_the_guided_filter_leaves_what_its_guide_explains(seed: int, offset: float, slope: float) -> None:
    guide = np.random.default_rng(seed).random((16, 16), np.float32)
    values = (slope * guide + offset).astype(np.float32)
    assert np.allclose(guided_filter(guide, values, 3, 1e-9), values, atol=1e-4)


def test_equalising_raises_contrast_and_leaves_the_hue() -> None:
    ramp = np.linspace(0.45, 0.55, 64, dtype=np.float32)[None, :, None] * np.ones((64, 1, 3), np.float32)
    answer = equalise(ramp)
    assert answer.std() > 1.1 * ramp.std()
    assert np.ptp(answer, axis=2).max() < 0.02


def test_the_estimate_rises_as_the_transmission_falls() -> None:
    clear = render_scene(5, 200, 240).pixels.astype(np.float32) / np.float32(255)
    levels = []
    for t in (1.0, 0.8, 0.6, 0.4, 0.2):
        recipe = HazeRecipe(degradation_chance=0.0, homogeneous=(t, t), airlight=(0.9, 0.9))
        levels.append(haze_estimate(add_haze(clear, np.random.default_rng(0), recipe, "homogeneous").hazy))
    assert levels == sorted(levels)
    assert levels[0] < HAZY_FROM < levels[3]


def test_the_estimate_depends_little_on_the_photos_size() -> None:
    pixels = render_scene(6, 600, 800).pixels
    half = cv2.resize(pixels, (400, 300), interpolation=cv2.INTER_AREA)
    assert haze_estimate(pixels) == pytest.approx(haze_estimate(half), abs=0.03)
    assert haze_estimate(pixels) == pytest.approx(
        haze_estimate(pixels.astype(np.float32) / np.float32(255)), abs=0.01
    )


def test_what_is_no_photo_is_refused() -> None:
    for function in (dark_channel_prior, equalise, haze_estimate):
        with pytest.raises(PhotoError, match="H x W x 3"):
            function(np.zeros((4, 4), np.uint8))


@pytest.mark.data
def test_clear_surfaces_are_called_clear_and_heavy_haze_hazy(data_folder: Path) -> None:
    rng = np.random.default_rng(0)
    false_alarms, hits = [], []
    for name in ("crackmap", "cfd", "crack500", "asphaltcrack300", "sut_crack", "uav75", "nha12d"):
        paths = sorted((data_folder / name / "images").glob("*"))
        alarms = []
        for path in paths[:: len(paths) // 20]:  # neighbours show the same road
            pixels = load(path)
            alarms.append(haze_estimate(pixels) >= HAZY_FROM)
            sample = add_haze(pixels.astype(np.float32) / np.float32(255), rng, family="cloud")
            if sample.transmission.mean() < 0.5:
                hits.append(haze_estimate(sample.hazy) >= HAZY_FROM)
        false_alarms.append(np.mean(alarms))
    assert np.mean(false_alarms) <= 0.03 and max(false_alarms) <= 0.15
    assert np.mean(hits) >= 0.85


@pytest.mark.data
def test_real_haze_raises_the_estimate_of_the_same_scene(data_folder: Path) -> None:
    raised = [
        haze_estimate(load(path)) > haze_estimate(load(path.parents[1] / "clear" / path.name))
        for path in sorted((data_folder / "haze" / "pairs" / "hazy").iterdir())
    ]
    assert len(raised) == 15 and np.mean(raised) >= 0.9
