"""Claims about layers and brush."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.app.tools.options import RADIUS
from resatt_studio.app.view_state import ViewState
from resatt_studio.records.correction import Label


@given(st.lists(st.sampled_from(["smaller_brush", "larger_brush"]), max_size=80))
def test_the_brush_stays_within_its_bounds(acts: list[str]) -> None:
    view = ViewState()
    for act in acts:
        getattr(view, act)()
    assert RADIUS.low <= view.brush.radius_px <= RADIUS.high


@given(st.floats(-5, 5), st.lists(st.sampled_from(["more_opaque", "less_opaque"]), max_size=20))
def test_opacity_stays_within_zero_and_one(opacity: float, acts: list[str]) -> None:
    view = ViewState()
    view.set_layer("mask", opacity=opacity)
    for act in acts:
        getattr(view, act)()
    assert 0 <= view.layers["mask"].opacity <= 1


@given(
    st.floats(-5, 5), st.lists(st.sampled_from(["split_left", "split_right", "toggle_split"]), max_size=50)
)
def test_the_divider_stays_on_the_photo_and_moving_it_shows_it(place: float, acts: list[str]) -> None:
    view = ViewState()
    view.set_split(place=place)
    for act in acts:
        getattr(view, act)()
        assert 0 <= view.split.place <= 1
        assert view.split.on or act == "toggle_split"


def test_swapping_twice_is_identity() -> None:
    view = ViewState()
    before = view.brush
    view.swap_label()
    assert view.brush.label is Label.NOT_CRACK
    view.swap_label()
    assert view.brush == before


def test_a_change_that_changes_nothing_is_not_told() -> None:
    view = ViewState()
    told: list[object] = []
    view.layer_changed.connect(told.append)
    view.brush_changed.connect(told.append)
    view.set_layer("mask", visible=view.layers["mask"].visible)
    view.set_brush(radius_px=view.brush.radius_px)
    assert told == []
    view.toggle_mask()
    view.larger_brush()
    assert len(told) == 2
