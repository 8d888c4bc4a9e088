"""PSNR and SSIM are what the field agrees they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.quality import psnr, ssim, ssim_luminance
from resatt_studio.records.arrays import Float32Array


def pair(
    seed: int, height: int = 32, width: int = 45, spread: float = 0.1
) -> tuple[Float32Array, Float32Array]:
    rng = np.random.default_rng(seed)
    truth = rng.random((height, width, 3), np.float32)
    noise = rng.normal(0, spread, truth.shape).astype(np.float32)
    return np.clip(truth + noise, 0, 1), truth


@given(st.integers(0, 10_000), st.floats(0.001, 0.5))
def test_psnr_is_skimages(seed: int, spread: float) -> None:
    answer, truth = pair(seed, spread=spread)
    wanted = peak_signal_noise_ratio(truth.astype(float), answer.astype(float), data_range=1.0)
    assert psnr(answer, truth) == pytest.approx(wanted, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(11, 40), st.floats(0.001, 0.5))
def test_ssim_is_skimages_with_the_papers_window(seed: int, height: int, spread: float) -> None:
    answer, truth = pair(seed, height, spread=spread)
    wanted = structural_similarity(
        answer.astype(float),
        truth.astype(float),
        data_range=1.0,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(answer, truth) == pytest.approx(wanted, abs=1e-9)


def test_luminance_ssim_is_ssim_of_the_luminance() -> None:
    answer, truth = pair(1)
    luma = np.array([0.299, 0.587, 0.114])
    wanted = structural_similarity(
        answer @ luma,
        truth @ luma,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim_luminance(answer, truth) == pytest.approx(wanted, abs=1e-6)


def test_a_step_of_one_tenth_everywhere_costs_20_db() -> None:
    truth = np.full((12, 12, 3), 0.5, np.float32)
    assert psnr(truth + np.float32(0.1), truth) == pytest.approx(20.0, abs=1e-4)


def test_a_perfect_answer_is_infinitely_good() -> None:
    _, truth = pair(2)
    assert psnr(truth, truth) == math.inf
    assert ssim(truth, truth) == pytest.approx(1.0, abs=1e-12)


def test_answers_beyond_the_range_are_clamped() -> None:
    _, truth = pair(3)
    truth[:16], truth[16:] = 1.0, 0.0
    assert psnr(truth * 3 - 1, truth) == math.inf


def test_bytes_and_floats_count_alike() -> None:
    answer, truth = (np.rint(photo * 255).astype(np.uint8) for photo in pair(4))
    floats = [photo.astype(np.float64) / 255 for photo in (answer, truth)]
    assert psnr(answer, truth) == pytest.approx(psnr(*floats), abs=1e-9)
    assert ssim(answer, floats[1]) == pytest.approx(ssim(*floats), abs=1e-9)


@given(st.integers(0, 1000))
def test_both_are_symmetric(seed: int) -> None:
    answer, truth = pair(seed)
    assert psnr(answer, truth) == psnr(truth, answer)
    assert ssim(answer, truth) == pytest.approx(ssim(truth, answer), abs=1e-12)


def test_photos_that_cannot_be_compared_are_refused() -> None:
    _, truth = pair(5)
    with pytest.raises(PhotoError, match="shapes"):
        psnr(truth[:-1], truth)
    with pytest.raises(PhotoError, match="10 x 45"):
        ssim(truth[:10], truth[:10])
