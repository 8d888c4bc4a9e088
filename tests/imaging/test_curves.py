"""Claims about curves of sub-pixel points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.imaging.curves import evenly_spaced, lengths, normals, profiles, smoothed, stepped

wiggly = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=30).map(np.array)


@given(curve=wiggly, sigma=st.floats(0.1, 8))
@settings(deadline=None)
def test_smoothing_keeps_both_ends_and_makes_no_line_longer(curve, sigma):
    soft = smoothed(curve, sigma)
    assert soft.shape == curve.shape
    np.testing.assert_allclose(soft[[0, -1]], curve[[0, -1]], atol=1e-9)
    assert lengths(soft)[-1] <= lengths(curve)[-1] * (1 + 1e-9) + 1e-9


def test_smoothing_leaves_a_straight_line_as_it_is():
    line = np.linspace([3, 4], [80, 20], 40)
    np.testing.assert_allclose(smoothed(line, 3.0), line, atol=1e-9)


@given(curve=wiggly, spacing=st.floats(0.3, 5))
@settings(deadline=None)
def test_evenly_spaced_points_lie_on_the_line_and_keep_its_ends(curve, spacing):
    even = evenly_spaced(curve, spacing)
    np.testing.assert_allclose(even[0], curve[0])
    np.testing.assert_allclose(even[-1], curve[-1] if len(even) > 1 else curve[0])
    if len(even) > 2:
        assert np.hypot(*np.diff(even, axis=0).T).max() <= 1.5 * spacing + 1e-6


@given(curve=wiggly, more=wiggly, spacing=st.floats(0.3, 5))
@settings(deadline=None)
def test_ways_that_begin_alike_have_the_same_points_as_far_as_they_go_together(curve, more, spacing):
    short, long = stepped(curve, spacing), stepped(np.concatenate([curve, more]), spacing)
    together = int(lengths(curve)[-1] // spacing) if len(short) > 1 else 0
    count = min(together, len(short) - 1)
    np.testing.assert_allclose(long[:count], short[:count], atol=1e-9)
    np.testing.assert_allclose(short[[0, -1]], curve[[0, -1 if len(short) > 1 else 0]])
    if len(short) > 2:
        assert np.hypot(*np.diff(short, axis=0).T).max() <= 1.5 * spacing + 1e-6


def test_normals_are_one_long_and_point_to_the_right_of_who_walks():
    down = normals(np.array([[0.0, 5.0], [1, 5], [2, 5]]))
    np.testing.assert_allclose(down, [[0, -1]] * 3)  # walking down the picture, the right hand is at its left
    rng = np.random.default_rng(0)
    assert np.hypot(*normals(rng.uniform(0, 9, (20, 2))).T) == pytest.approx(1.0)
    assert np.isfinite(normals(np.zeros((4, 2)))).all() and len(normals(np.zeros((1, 2)))) == 1


def test_a_profile_reads_a_ramp_exactly_between_pixels():
    rows, columns = np.indices((40, 50)).astype(np.float32) + 0.5
    ramp = (2 * rows + 3 * columns).astype(np.float32)
    curve = np.array([[10.2, 12.7], [20.4, 30.1]])
    across = np.array([[0.6, 0.8], [0.0, 1.0]])
    offsets = np.array([-2.0, 0.0, 1.5])
    at = curve[:, None] + across[:, None] * offsets[:, None]
    expected = 2 * at[..., 0] + 3 * at[..., 1]
    # OpenCV reads at 1/32 of a pixel
    np.testing.assert_allclose(profiles(ramp, curve, across, offsets), expected, atol=0.1)
