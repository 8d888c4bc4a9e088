"""Claims about the mask's outline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resatt_studio.app.canvas.layers import premultiplied
from resatt_studio.app.canvas.outline import outline
from resatt_studio.app.canvas.pyramid import MaxPyramid
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.records.correction import Label
from tests.app.test_canvas_scene import SIDE, anew, scene, stroke


def outlined(**only: float):
    made, document, pixels = scene()
    made.probability = None
    for name in ("mask", "correction"):
        made.set_layer(replace(made.layers[name], visible=False))
    made.set_layer(replace(made.layers["outline"], visible=True, opacity=only.get("opacity", 1.0)))
    return made, document, pixels


@pytest.mark.parametrize("width_px", [1, 2, 3])
def test_an_outline_lies_beside_the_mask_and_is_as_wide_as_wished(width_px):
    mask = np.zeros((40, 60), np.uint8)
    mask[20:24, 10:50] = 1
    line = outline(mask, width_px)
    assert not line[mask > 0].any()
    assert line[:, 30].sum() == 2 * width_px and line[20 - width_px : 20, 30].all()


def test_a_crack_one_pixel_wide_stays_to_be_seen_between_two_lines():
    made, document, _ = outlined()
    stroke(document, Label.CRACK, 0.5, [(100.5, 90.0), (100.5, 140.0)])
    made.set_viewport(Viewport(100, 100, SIDE, SIDE, 1.0, -50, -70))
    made.compose()
    colour = premultiplied(made.layers["outline"].colour, 1.0)
    assert (made.overlay_picture[[49, 51], 30:60] == colour).all()
    assert (made.overlay_picture[50, 30:60] == 0).all()


def test_opacity_blends_the_outline_with_what_lies_below():
    made, document, _ = outlined(opacity=0.5)
    stroke(document, Label.CRACK, 5.0, [(100.0, 100.0)])
    made.set_viewport(Viewport(60, 60, SIDE, SIDE, 1.0, -70, -70))
    made.compose()
    line = made.overlay_picture[made.overlay_picture != 0]
    assert set(np.unique(line >> 24)) == {128}


@settings(max_examples=15)
@example(0.3, 2, [(181.0, 202.0, -48), (148.0, 172.0, 0)])
@given(
    st.sampled_from([0.3, 1.0, 3.3]),
    st.sampled_from([1, 2]),
    st.lists(
        st.tuples(st.floats(100, 220), st.floats(150, 280), st.integers(-60, 60)), min_size=1, max_size=4
    ),
)
def test_strokes_and_moves_leave_the_outline_that_is_composed_anew(scale, rim_px, acts):
    made, document, _ = outlined()
    made.rim_px = rim_px
    made.set_viewport(Viewport(120, 90, SIDE, SIDE).zoomed(scale, 0, 0).centred_on(150, 210))
    made.compose()
    for row, column, moved in acts:
        before = made.overlay_picture.copy()
        shown = made.refresh(stroke(document, Label.CRACK, 6.0, [(row, column)]))
        made.compose()
        outside = np.ones(before.shape, bool)
        outside[shown.slices] = False
        assert (made.overlay_picture == before)[outside].all(), "what is not painted again stays right"
        made.set_viewport(made.viewport.panned(moved, -moved))
        made.compose()
    after = made.overlay_picture.copy()
    np.testing.assert_array_equal(after, anew(made)[1])


def test_the_outline_follows_threshold_and_correction():
    made, document, _ = outlined()
    values = np.zeros((SIDE, SIDE), np.uint8)
    values[100:120, 100:200] = 150
    made.probability = MaxPyramid(values)
    made.set_viewport(Viewport(SIDE, SIDE, SIDE, SIDE, 1.0, 0, 0))
    made.compose()
    assert (made.overlay_picture != 0).sum() == 2 * (20 + 100)
    made.set_threshold(0.7)
    made.compose()
    assert (made.overlay_picture == 0).all()
    made.set_threshold(0.5)
    made.refresh(stroke(document, Label.NOT_CRACK, 80.0, [(110.0, 150.0)]))
    made.compose()
    assert (made.overlay_picture == 0).all()
