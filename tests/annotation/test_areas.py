"""Claims about outlines and the pixels that they enclose."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.areas import polygon_pixels, rectangle_pixels
from resatt_studio.records.geometry import Box

PHOTO = Box(0, 0, 40, 50)
place = st.tuples(st.floats(-10, 50, width=32), st.floats(-10, 60, width=32))


def whole(box: Box, mask: np.ndarray) -> np.ndarray:
    full = np.zeros((PHOTO.height, PHOTO.width), bool)
    full[box.slices] = mask
    return full


def winding(points: list[tuple[float, float]], row: float, column: float) -> int:
    """How often an outline goes around a point, by the angles that it is seen under."""
    corners = np.array(points) - (row, column)
    angles = np.arctan2(corners[:, 0], corners[:, 1])
    turns = np.diff(np.concatenate([angles, angles[:1]]))
    return round(float(((turns + np.pi) % (2 * np.pi) - np.pi).sum() / (2 * np.pi)))


@settings(max_examples=60, deadline=None)
@given(st.lists(place, min_size=3, max_size=7), st.integers(0, 39), st.integers(0, 49))
def test_a_pixel_is_inside_when_the_outline_winds_around_its_centre(points, row, column):
    centre = np.array([row + 0.5, column + 0.5])
    for start, end in zip(points, points[1:] + points[:1], strict=True):
        start, along = np.array(start, float), np.subtract(end, start, dtype=float)
        share = np.clip((centre - start) @ along / max(along @ along, 1e-12), 0, 1)
        if np.hypot(*(start + share * along - centre)) < 1e-3:
            return  # on the edge both answers are right
    full = whole(*polygon_pixels(points, PHOTO))
    assert full[row, column] == (winding(points, *centre) != 0)


@settings(max_examples=40, deadline=None)
@given(place, place, place, place)
def test_two_parts_of_a_polygon_share_no_pixel_and_leave_none_out(first, second, third, fourth):
    def cross(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    if cross(first, second, third) * cross(first, third, fourth) <= 0:
        return  # not two triangles on either side of a diagonal
    one = whole(*polygon_pixels([first, second, third], PHOTO))
    other = whole(*polygon_pixels([first, third, fourth], PHOTO))
    both = whole(*polygon_pixels([first, second, third, fourth], PHOTO))
    assert not (one & other).any()
    np.testing.assert_array_equal(one | other, both)


@given(place, place)
def test_a_rectangle_is_the_polygon_of_its_corners(corner, opposite):
    outline = [corner, (corner[0], opposite[1]), opposite, (opposite[0], corner[1])]
    box = rectangle_pixels(corner, opposite, PHOTO)
    np.testing.assert_array_equal(
        whole(box, np.ones((box.height, box.width), bool)), whole(*polygon_pixels(outline, PHOTO))
    )


def test_an_outline_in_bands_of_rows_is_seamless():
    tall = Box(0, 0, 1500, 30)
    box, mask = polygon_pixels([(0.0, 0.0), (1500.0, 0.0), (1500.0, 30.0), (0.0, 30.0)], tall)
    assert box == tall and mask.all()


def test_two_points_enclose_nothing():
    assert polygon_pixels([(1, 1), (9, 9)], PHOTO)[0].empty
