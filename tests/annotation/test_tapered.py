"""Claims about lines whose width changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.strokes import stamp
from resatt_studio.annotation.tapered import tapered
from resatt_studio.records.geometry import Box

points = st.lists(st.tuples(st.floats(-10, 50), st.floats(-10, 50)), min_size=1, max_size=6)
HOME = Box(0, 0, 40, 40)


def picture(box: Box, mask: np.ndarray) -> np.ndarray:
    whole = np.zeros((40, 40), np.bool_)
    whole[box.slices] = mask
    return whole


@given(path=points, radius=st.floats(0.1, 12))
@settings(max_examples=80, deadline=None)
def test_with_one_width_it_is_the_stroke_of_a_round_brush(path, radius):
    ours = picture(*tapered(np.array(path), np.full(len(path), radius), HOME))
    brush = picture(*stamp(path, radius, HOME))
    # Both are exact; they may differ where a pixel's middle lies on the border to the last bit of a number.
    assert (ours ^ brush).sum() <= 1


@given(path=points, seed=st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_it_is_what_a_disc_of_changing_size_is_dragged_over(path, seed):
    curve, radii = np.array(path), np.random.default_rng(seed).uniform(0.5, 9, len(path))
    mask = picture(*tapered(curve, radii, HOME))
    rows, columns = np.indices((40, 40)) + 0.5
    within = np.full((40, 40), -np.inf)
    for n in range(max(1, len(curve) - 1)):
        a, b = curve[n], curve[min(n + 1, len(curve) - 1)]
        for share in np.linspace(0, 1, 400):
            radius = radii[n] + share * (radii[min(n + 1, len(curve) - 1)] - radii[n])
            centre = a + share * (b - a)
            within = np.maximum(within, radius - np.hypot(rows - centre[0], columns - centre[1]))
    assert mask[within >= 0].all()
    under = np.floor(curve).astype(int)
    marked = np.zeros_like(mask)
    inside = ((under >= 0) & (under < 40)).all(axis=1)
    marked[tuple(under[inside].T)] = True
    assert not (mask & ~marked)[within < -0.1].any()


def test_off_the_photo_there_is_nothing():
    box, mask = tapered(np.array([[-30.0, -30.0], [-20.0, -30.0]]), np.array([2.0, 3.0]), HOME)
    assert box.empty and not mask.any()
