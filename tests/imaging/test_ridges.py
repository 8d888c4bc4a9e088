"""Claims about dark ridges."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from resatt_studio.imaging.ridges import REACH_PX, dark_ridges


def wall(noise: float = 3.0, shape: tuple[int, int] = (160, 200)) -> np.ndarray:
    rng = np.random.default_rng(1)
    return (150 + noise * rng.standard_normal(shape)).astype(np.float32)


def with_line(width_px: float, depth: float, angle: float = 0.3, noise: float = 3.0) -> np.ndarray:
    """A dark line through the middle of a wall, ``angle`` radians off the horizontal."""
    picture = wall(noise)
    rows, columns = np.indices(picture.shape)
    away = np.abs((rows - 79.5) * np.cos(angle) - (columns - 99.5) * np.sin(angle))
    covered = np.clip(0.5 + width_px / 2 - away, 0, 1)
    return (picture - depth * covered).astype(np.float32)


@pytest.mark.parametrize("width_px", [1.0, 3.0, 8.0, 20.0])
@pytest.mark.parametrize("angle", [0.0, 0.3, 1.2])
def test_the_middle_of_a_line_of_any_width_stands_out(width_px, angle):
    ridges = dark_ridges(with_line(width_px, 60, angle))
    assert ridges[78:82, 98:102].max() > 0.75
    rows, columns = np.indices(ridges.shape)
    far = np.abs((rows - 79.5) * np.cos(angle) - (columns - 99.5) * np.sin(angle)) > width_px + 16
    assert np.mean(ridges[far]) < 0.2


def test_a_faint_line_on_a_smooth_wall_counts_as_a_strong_one_on_a_rough_one():
    faint, strong = dark_ridges(with_line(3, 20, noise=1.0)), dark_ridges(with_line(3, 100, noise=5.0))
    assert abs(float(faint[79, 99]) - float(strong[79, 99])) < 0.1


def test_a_bright_line_is_no_ridge_and_a_spot_is_a_weaker_one_than_a_line():
    assert dark_ridges(with_line(3, -60, angle=0))[79:81, 90:110].max() < 0.1
    spotted, lined = wall(), with_line(4, 60)
    cv2.circle(spotted, (100, 80), 2, 90.0, -1)
    assert dark_ridges(spotted)[78:83, 98:103].max() < dark_ridges(lined)[78:83, 98:103].max() - 0.02


def test_a_quarter_turn_of_the_photo_turns_the_answer():
    picture = with_line(3, 40)
    np.testing.assert_allclose(
        dark_ridges(np.rot90(picture).copy()), np.rot90(dark_ridges(picture)), atol=0.05
    )


def test_the_margin_is_enough_for_a_window_to_know_what_the_whole_photo_knows():
    picture = np.tile(with_line(3, 40), (2, 2))
    whole = dark_ridges(picture)
    top, left = 128, 128
    part = dark_ridges(picture[top - REACH_PX : top + 64 + REACH_PX, left - REACH_PX : left + 64 + REACH_PX])
    inside = part[REACH_PX:-REACH_PX, REACH_PX:-REACH_PX]
    np.testing.assert_allclose(inside, whole[top : top + 64, left : left + 64], atol=2e-3)
