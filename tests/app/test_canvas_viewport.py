"""Where the photo lies in the view: geometry without a window."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.app.canvas.viewport import LARGEST_SCALE, Viewport
from resatt_studio.records.geometry import Box

sides = st.integers(1, 4000)
scales = st.floats(0.05, 64)


@st.composite
def viewports(draw):
    view = Viewport(draw(sides), draw(sides), draw(sides), draw(sides)).fitted()
    place = draw(st.floats(0, view.photo_height)), draw(st.floats(0, view.photo_width))
    return view.zoomed(draw(scales), 0, 0).centred_on(*place)


@given(viewports(), st.floats(-100, 5000), st.floats(-100, 5000))
def test_to_the_photo_and_back_is_the_same_place(view, row, column):
    back = view.to_view(*view.to_photo(row, column))
    assert math.isclose(back[0], row, abs_tol=1e-6) and math.isclose(back[1], column, abs_tol=1e-6)


@given(viewports())
def test_the_middle_of_the_view_never_leaves_the_photo(view):
    row, column = view.panned(10**6, -(10**6)).to_photo(view.view_height // 2, view.view_width // 2)
    assert -1 / view.scale <= row <= view.photo_height + 1 / view.scale
    assert -1 / view.scale <= column <= view.photo_width + 1 / view.scale


@given(st.integers(200, 2000), scales, st.floats(0, 1), st.floats(0, 1))
def test_zooming_holds_the_photo_point_under_the_pointer(side, scale, down, right):
    view = Viewport(side, side, 5000, 5000).zoomed(1.0, 0, 0).centred_on(2500, 2500)
    at = (down * side, right * side)
    point = view.to_photo(*at)
    zoomed = view.zoomed(scale, *at)
    shown = zoomed.to_view(*point)
    if zoomed == zoomed.clamped() and zoomed.photo_in_view == zoomed.view_box:
        assert abs(shown[0] - at[0]) <= 0.51 and abs(shown[1] - at[1]) <= 0.51


@given(viewports())
def test_a_fitted_photo_is_wholly_inside_the_view(view):
    fitted = view.fitted()
    top, left = fitted.to_view(0, 0)
    bottom, right = fitted.to_view(view.photo_height, view.photo_width)
    if fitted.scale < LARGEST_SCALE:
        assert top >= -1 and left >= -1
        assert bottom <= view.view_height + 1 and right <= view.view_width + 1


@settings(max_examples=50)
@given(viewports(), st.data())
def test_the_view_box_of_photo_pixels_holds_every_view_pixel_that_shows_them(view, data):
    inside = view.photo_in_view
    if inside.empty:
        return
    rows = view.photo_rows(inside.top, inside.bottom)
    columns = view.photo_columns(inside.left, inside.right)
    row, column = data.draw(st.sampled_from(rows.tolist())), data.draw(st.sampled_from(columns.tolist()))
    box = view.box_in_view(Box(row, column, row + 1, column + 1))
    shows_row = np.flatnonzero(rows == row) + inside.top
    shows_column = np.flatnonzero(columns == column) + inside.left
    assert box.top <= shows_row[0] and shows_row[-1] < box.bottom
    assert box.left <= shows_column[0] and shows_column[-1] < box.right


def test_scales_stay_between_five_and_6400_percent_but_a_whole_huge_photo_can_be_seen():
    view = Viewport(500, 500, 1000, 1000)
    assert view.zoomed(1000, 0, 0).scale == LARGEST_SCALE
    assert view.zoomed(0.0001, 0, 0).scale == 0.05
    assert Viewport(500, 500, 50_000, 50_000).fitted().scale == 0.01


@given(st.integers(0, 290), st.integers(0, 410), st.integers(1, 300), st.integers(1, 420), st.floats(0.1, 20))
def test_a_shown_box_is_seen_whole_in_the_middle(
    top: int, left: int, height: int, width: int, scale: float
) -> None:
    box = Box(top, left, top + height, left + width).clipped(300, 420)
    view = Viewport(200, 300, 300, 420).zoomed(scale, 10, 10).showing(box, 4.0)
    assert view.visible.intersection(box) == box
    row, column = view.to_view((box.top + box.bottom) / 2, (box.left + box.right) / 2)
    assert abs(row - 100) <= 1 and abs(column - 150) <= 1
    assert view.showing(box, 4.0) == view


def test_from_place_to_place_the_scale_stays_when_it_fits() -> None:
    view = Viewport(400, 600, 3000, 4000).fitted().showing(Box(100, 100, 140, 140), 4.0)
    assert view.scale == pytest.approx(10 / 3)
    assert view.showing(Box(2000, 3000, 2030, 3050), 4.0).scale == view.scale
    assert view.showing(Box(1000, 1000, 2000, 2000), 4.0).scale < 0.2
