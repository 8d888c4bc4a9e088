"""Claims about what changed between two masks: every pixel is counted once, the colours are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import BugError
from resatt_studio.imaging.changes import (
    GAINED_COLOUR,
    LOST_COLOUR,
    area_words,
    change_map,
    draw_change,
    write_change,
)
from resatt_studio.imaging.files import read_photo
from resatt_studio.records.comparison import GAINED, LOST, SAME
from resatt_studio.records.prediction import Prediction

SEEN = {
    "normal sight": np.eye(3),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue cones": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Linear RGB as eyes without one kind of cones see it (Machado et al., IEEE TVCG 2009, severity 1)."""


def predicted(values: np.ndarray, weights: str, dehazer: str = "") -> Prediction:
    return Prediction("p", weights, np.asarray(values, np.uint8), 0.1, dehazer_id=dehazer)


def lab(colour: tuple[int, int, int], eye: np.ndarray) -> np.ndarray:
    """sRGB as an eye sees it, in CIELAB under D65."""
    srgb = np.array(colour) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(eye @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ linear / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.3, 0.5, 0.77]))
def test_every_pixel_is_as_before_gained_or_lost(seed: int, threshold: float) -> None:
    old, new = np.random.default_rng(seed).integers(0, 256, (2, 13, 17), np.uint8)
    change = change_map(predicted(old, "a"), predicted(new, "b"), (threshold, threshold))
    was, is_now = old > threshold * 255, new > threshold * 255
    np.testing.assert_array_equal(change.ranks == GAINED, is_now & ~was)
    np.testing.assert_array_equal(change.ranks == LOST, was & ~is_now)
    np.testing.assert_array_equal(change.ranks == SAME, was == is_now)
    grown = change.areas.gained_px - change.areas.lost_px
    assert grown == np.count_nonzero(is_now) - np.count_nonzero(was)
    assert change.areas.gained_share * 13 * 17 == pytest.approx(change.areas.gained_px)
    back = change_map(predicted(new, "b"), predicted(old, "a"), (threshold, threshold))
    assert (back.areas.gained_px, back.areas.lost_px) == (change.areas.lost_px, change.areas.gained_px)


def test_each_mask_is_drawn_at_its_own_threshold() -> None:
    values = np.full((4, 5), 120, np.uint8)
    change = change_map(predicted(values, "a"), predicted(values, "b"), (0.5, 0.4))
    assert change.areas.gained_px == 20 and change.areas.lost_px == 0


def test_the_same_prediction_changes_nothing() -> None:
    values = np.random.default_rng(1).integers(0, 256, (20, 30), np.uint8)
    change = change_map(predicted(values, "a"), predicted(values, "b"), (0.5, 0.5))
    assert not change.ranks.any() and change.areas.gained_px == change.areas.lost_px == 0


def test_masks_of_different_inputs_are_not_compared() -> None:
    values = np.zeros((4, 4), np.uint8)
    with pytest.raises(BugError, match="different photos or inputs"):
        change_map(predicted(values, "a"), predicted(values, "b", "d"), (0.5, 0.5))


@pytest.mark.parametrize("eye", SEEN.values(), ids=list(SEEN))
def test_gained_and_lost_are_told_apart_by_every_eye(eye: np.ndarray) -> None:
    gained, lost = lab(GAINED_COLOUR, eye), lab(LOST_COLOUR, eye)
    assert np.linalg.norm(gained - lost) > 70
    assert gained[0] - lost[0] > 30, "in grey prints too"


def test_areas_too_small_for_the_digits_are_not_called_nothing() -> None:
    assert area_words(0, 0.0) == "0 px (0.00 %)"
    assert area_words(3, 3e-8) == "3 px (< 0.01 %)"
    assert area_words(1234, 0.00123) == "1,234 px (0.12 %)"


@pytest.mark.parametrize("size", [(50, 80), (2000, 3100)])
def test_the_picture_shows_a_single_changed_pixel_at_its_place(size: tuple[int, int], tmp_path: Path) -> None:
    old, new = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    new[size[0] // 4, size[1] // 4] = 255
    old[size[0] // 2, size[1] // 2] = 255
    change = change_map(predicted(old, "a"), predicted(new, "b"), (0.5, 0.5))
    photo = np.full((*size, 3), 128, np.uint8)
    write_change(tmp_path / "map.png", photo, change, "a caption of some length")
    picture = read_photo(tmp_path / "map.png").pixels
    np.testing.assert_array_equal(picture, draw_change(photo, change, "a caption of some length"))
    scale = max(480 / max(size), 1) if max(size) < 480 else min(1, 1600 / max(size))
    width = round(size[1] * (-(-480 // max(size)) if max(size) < 480 else scale))
    height = round(size[0] * (-(-480 // max(size)) if max(size) < 480 else scale))
    part = picture[:height, :width].astype(int)
    for colour, share in ((GAINED_COLOUR, 0.25), (LOST_COLOUR, 0.5)):
        near = np.abs(part - (0.85 * np.array(colour) + 0.15 * 128)).max(axis=2) <= 1
        rows, columns = np.nonzero(near)
        assert len(rows), "one pixel is seen at every size"
        assert abs(rows.mean() / height - share) < 0.02 and abs(columns.mean() / width - share) < 0.02


def test_a_photo_of_another_size_is_a_fault_of_ours() -> None:
    values = np.zeros((4, 4), np.uint8)
    change = change_map(predicted(values, "a"), predicted(values, "b"), (0.5, 0.5))
    with pytest.raises(BugError, match="photo of shape"):
        draw_change(np.zeros((5, 4, 3), np.uint8), change)
