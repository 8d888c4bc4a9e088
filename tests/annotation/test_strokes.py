"""Brush strokes against their definition, pixel by pixel."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.strokes import stamp
from resatt_studio.records.geometry import Box

# Eighths are exact in binary, so that the definition can be asked without rounding.
eighths = st.integers(-40, 200).map(lambda n: n / 8)
points = st.lists(st.tuples(eighths, eighths), min_size=1, max_size=4)
radii = st.integers(1, 64).map(lambda n: n / 4)
SIDE = 40


def square_distance(row: Fraction, column: Fraction, start, end) -> Fraction:
    (ay, ax), (by, bx) = [tuple(map(Fraction, point)) for point in (start, end)]
    dy, dx = by - ay, bx - ax
    length = dy * dy + dx * dx
    along = Fraction(0) if length == 0 else ((row - ay) * dy + (column - ax) * dx) / length
    along = min(max(along, Fraction(0)), Fraction(1))
    return (row - ay - along * dy) ** 2 + (column - ax - along * dx) ** 2


def by_definition(path, radius: float) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    pairs = list(itertools.pairwise(path)) or [(path[0], path[0])]
    half, limit = Fraction(1, 2), Fraction(max(radius, 0.5)) ** 2
    for row in range(SIDE):
        for column in range(SIDE):
            centre = (row + half, column + half)
            mask[row, column] = any(square_distance(*centre, a, b) <= limit for a, b in pairs)
    for row, column in path:
        if 0 <= row < SIDE and 0 <= column < SIDE:
            mask[math.floor(row), math.floor(column)] = True
    return mask


def painted(path, radius: float) -> np.ndarray:
    box, mask = stamp(path, radius, Box(0, 0, SIDE, SIDE))
    canvas = np.zeros((SIDE, SIDE), bool)
    canvas[box.slices] = mask
    return canvas


@settings(max_examples=25, deadline=None)
@given(points, radii)
def test_a_stroke_covers_exactly_the_pixels_of_its_definition(path, radius):
    np.testing.assert_array_equal(painted(path, radius), by_definition(path, radius))


@settings(max_examples=60, deadline=None)
@given(points, radii)
def test_a_stroke_is_the_same_when_painted_in_pieces(path, radius):
    whole = painted(path, radius)
    pieces = np.zeros_like(whole)
    for start, end in zip(path, path[1:] or path, strict=False):
        pieces |= painted([start, end], radius)
    np.testing.assert_array_equal(whole, pieces)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(2, 38, allow_nan=False), st.floats(2, 38, allow_nan=False)),
        min_size=2,
        max_size=4,
    ),
    radii,
)
def test_a_stroke_has_no_gaps(path, radius):
    parts, _ = cv2.connectedComponents(painted(path, radius).astype(np.uint8), connectivity=8)
    assert parts == 2  # background and one stroke


def test_the_thinnest_brush_marks_the_one_pixel_under_the_pointer():
    for point in [(3.5, 4.5), (3.01, 4.99), (3.0, 4.0)]:
        assert set(zip(*np.nonzero(painted([point], 0.4)), strict=True)) == {(3, 4)}


def test_without_bounds_the_mask_holds_the_whole_brush():
    box, mask = stamp([(0.5, 0.5)], 2.0)
    assert mask.sum() == 13 and box.top < 0 and box.left < 0


def test_a_stroke_beside_the_photo_covers_nothing():
    box, mask = stamp([(-50.0, -50.0), (-60.0, 10.0)], 3.0, Box(0, 0, SIDE, SIDE))
    assert box.empty and mask.size == 0
