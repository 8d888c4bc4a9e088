"""Quilting: a grown texture has the size asked for, the look of its exemplar, and no visible cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.synthesis.photographed import asphalt_from_gravel, verge_from_grass
from resatt_studio.synthesis.quilting import grow_texture


def speckle(seed: int = 0, side: int = 96) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side)).astype(np.uint8)


@settings(max_examples=10, deadline=None)
@given(st.integers(20, 150), st.integers(20, 150), st.integers(0, 999))
def test_the_result_has_the_size_asked_for_and_repeats_from_its_seed(
    height: int, width: int, seed: int
) -> None:
    grown = [
        grow_texture(np.random.default_rng(seed), speckle(), height, width, 24, 8, candidates=3)
        for _ in range(2)
    ]
    assert grown[0].shape == (height, width)
    assert np.array_equal(grown[0], grown[1])


def test_an_even_texture_stays_even() -> None:
    grown = grow_texture(np.random.default_rng(1), np.full((64, 64), 77, np.uint8), 100, 130, 24, 8)
    assert (grown == 77).all()


def test_mean_and_spread_are_those_of_the_exemplar() -> None:
    exemplar = speckle(3)
    grown = grow_texture(np.random.default_rng(1), exemplar, 200, 200, 32, 8)
    assert abs(float(grown.mean()) - float(exemplar.mean())) < 8
    assert abs(float(grown.std()) - float(exemplar.std())) < 12


def test_trying_more_patches_makes_fitter_seams() -> None:
    ramp = np.add.outer(np.arange(96), np.arange(96)).astype(np.uint8)

    def roughness(candidates: int) -> float:
        grown = grow_texture(np.random.default_rng(5), ramp, 180, 180, 32, 8, candidates)
        return float(np.abs(np.diff(grown.astype(float), axis=1)).mean())

    assert roughness(40) < roughness(1)


def test_patches_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        grow_texture(np.random.default_rng(0), speckle(side=20), 50, 50, 24, 8)
    with pytest.raises(ValueError, match="overlap"):
        grow_texture(np.random.default_rng(0), speckle(), 50, 50, 24, 20)


def test_photographed_surfaces_have_the_tone_asked_for() -> None:
    rng = np.random.default_rng(2)
    gravel = speckle(4, 512)
    road = asphalt_from_gravel(rng, gravel, 120, 160, stone_px=9.0, tone=0.4)
    assert road.shape == (120, 160, 3)
    assert abs(float(road.mean()) / 255 - 0.4) < 0.1


def test_the_verge_lies_along_the_lower_edge_alone() -> None:
    ground = np.full((300, 200, 3), 120, np.uint8)
    laid, share = verge_from_grass(np.random.default_rng(2), speckle(5, 512), ground, side_px=60)
    assert laid.shape == ground.shape
    assert share[:120].max() == 0.0
    assert share[-20:].mean() > 0.8
    assert (ground == 120).all()
