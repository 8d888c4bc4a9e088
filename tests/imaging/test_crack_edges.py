"""Claims about the edges of a crack along a path."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from resatt_studio.imaging import crack_edges
from resatt_studio.imaging.crack_edges import find_edges


def strip(width_px: float, angle: float, noise: float = 3.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lightness, probability and path of a straight crack that a lens has softened."""
    rows, columns = np.indices((140, 140)) + 0.5
    away = np.abs((rows - 70.3) * np.cos(angle) - (columns - 69.8) * np.sin(angle))
    covered = cv2.GaussianBlur(np.clip(0.5 + width_px / 2 - away, 0, 1).astype(np.float32), (0, 0), 0.7)
    rng = np.random.default_rng(3)
    lightness = 160 - 110 * covered + noise * rng.standard_normal(covered.shape)
    along = np.arange(-35.0, 36.0)[:, None]
    path = np.array([70.3, 69.8]) + along * np.array([np.sin(angle), np.cos(angle)])
    return lightness.astype(np.float32), covered, path


@pytest.mark.parametrize("width_px", [2.0, 3.0, 5.5, 9.0, 14.0, 20.0])
@pytest.mark.parametrize("angle", [0.0, 0.4, 1.1])
def test_widths_are_found_to_about_half_a_pixel(width_px, angle):
    lightness, _, path = strip(width_px, angle)
    edges = find_edges(path, lightness)
    assert np.abs(edges.left_px + edges.right_px - width_px)[5:-5].max() < 0.9
    assert abs(np.mean(edges.left_px + edges.right_px) - width_px) < 0.6


def test_a_path_beside_the_middle_sees_one_edge_nearer_than_the_other():
    lightness, _, path = strip(8.0, 0.0)
    edges = find_edges(path - (1.5, 0.0), lightness)
    # walking to the right, the left hand is up
    assert np.mean(edges.left_px) == pytest.approx(2.5, abs=0.4)
    assert np.mean(edges.right_px) == pytest.approx(5.5, abs=0.4)


def test_one_grain_moves_no_edge():
    lightness, _, path = strip(5.0, 0.0)
    edges = find_edges(path, lightness)
    lightness[66:69, 70:73] = 40  # dark, beside the crack
    lightness[70, 60:62] = 200  # bright, within
    moved = find_edges(path, lightness)
    for one, other in ((edges.left_px, moved.left_px), (edges.right_px, moved.right_px)):
        assert np.abs(one - other).max() < 1.0


def test_the_probability_tells_the_edges_that_noise_hides():
    lightness, probability, path = strip(5.0, 0.3, noise=60.0)
    alone = find_edges(path, lightness)
    helped = find_edges(path, lightness, probability)
    off, on = (np.abs(edges.left_px + edges.right_px - 5.0).mean() for edges in (alone, helped))
    assert on < 0.7 and on < off


def test_a_single_point_has_edges_too():
    lightness, _, path = strip(5.0, 0.0)
    edges = find_edges(path[:1], lightness)
    assert edges.left_px.shape == edges.right_px.shape == (1,)


def test_the_middle_of_a_profile_is_numpys_median():
    rows = np.random.default_rng(2).uniform(0, 255, (300, 12)).astype(np.float32)
    np.testing.assert_array_equal(crack_edges._median(rows), np.median(rows, axis=1))
