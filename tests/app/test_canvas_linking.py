"""Claims about two views that move together: geometry without a window."""

from __future__ import annotations

import math

from hypothesis import assume, given
from hypothesis import strategies as st

from resatt_studio.app.canvas.linking import SAME, Link, link_as_seen, link_by_place
from resatt_studio.app.canvas.viewport import LARGEST_SCALE, SMALLEST_SCALE, Viewport

sides = st.integers(100, 4000)
links = st.builds(Link, st.floats(0.2, 5), st.floats(-500, 500), st.floats(-500, 500))


@st.composite
def viewports(draw, photo=None):
    height, width = photo or (draw(sides), draw(sides))
    view = Viewport(draw(st.integers(50, 900)), draw(st.integers(50, 900)), height, width)
    place = draw(st.floats(0, height)), draw(st.floats(0, width))
    return view.zoomed(draw(st.floats(0.06, 60)), 0, 0).centred_on(*place)


@given(links, st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_the_partner_of_the_partner_is_the_point_itself(link, row, column):
    back = link.to_left(*link.to_right(row, column))
    assert math.isclose(back[0], row, abs_tol=1e-6) and math.isclose(back[1], column, abs_tol=1e-6)


@given(viewports(photo=(2000, 3000)), viewports(photo=(2000, 3000)))
def test_two_views_of_one_photo_show_the_same_middle_at_the_same_zoom(left, right):
    followed = SAME.right_view(left, right)
    assert followed.scale == left.scale
    assert (followed.view_height, followed.view_width) == (right.view_height, right.view_width)
    for one, other in zip(left.middle, followed.middle, strict=True):
        assert abs(one - other) * left.scale <= 0.51


@given(viewports(), viewports())
def test_a_view_that_led_is_not_moved_by_the_one_that_followed(left, right):
    link = link_by_place(left, right)
    followed = link.right_view(left, right)
    # Where the follower reached a bound of zoom or place it shows something else, and says so when it leads.
    assume(SMALLEST_SCALE < followed.scale < LARGEST_SCALE)
    assume(math.isclose(followed.scale, left.scale / link.scale))
    partner = link.to_right(*left.middle)
    assume(0 <= partner[0] <= right.photo_height and 0 <= partner[1] <= right.photo_width)
    back = link.left_view(followed, left)
    assert math.isclose(back.scale, left.scale)
    for one, other in zip(left.middle, back.middle, strict=True):
        assert abs(one - other) * left.scale <= 1.5


@given(viewports(), viewports())
def test_by_place_the_middles_belong_together_and_so_do_the_longer_sides(left, right):
    link = link_by_place(left, right)
    middle = link.to_right(left.photo_height / 2, left.photo_width / 2)
    assert math.isclose(middle[0], right.photo_height / 2, abs_tol=1e-6)
    assert math.isclose(middle[1], right.photo_width / 2, abs_tol=1e-6)
    longer = max(left.photo_height, left.photo_width) * link.scale
    assert math.isclose(longer, max(right.photo_height, right.photo_width))


@given(viewports(), viewports())
def test_linked_as_seen_nothing_moves(left, right):
    followed = link_as_seen(left, right).right_view(left, right)
    assert math.isclose(followed.scale, right.scale)
    assert abs(followed.top - right.top) <= 1 and abs(followed.left - right.left) <= 1
