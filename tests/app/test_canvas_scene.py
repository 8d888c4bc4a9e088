"""What the composed pictures show, without a window."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.canvas.layers import (
    CRACK,
    DEFAULT_LAYERS,
    NOT_CRACK,
    UNSAID,
    Layer,
    overlay_table,
    rgb,
    uncertainty_8bit,
    uncertainty_table,
)
from resatt_studio.app.canvas.pyramid import MaxPyramid, PhotoPyramid, halved_levels
from resatt_studio.app.canvas.scene import Scene
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.imaging.halving import halve_max
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box

SIDE = 400


def layers(**changes) -> dict[str, Layer]:
    table = {layer.name: layer for layer in DEFAULT_LAYERS}
    for name, layer in changes.items():
        table[name] = layer
    return table


def scene(height=SIDE, width=SIDE, seed=0) -> tuple[Scene, CorrectionDocument, np.ndarray]:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    values = rng.integers(0, 256, (height, width), np.uint8)
    made = Scene()
    made.photo = PhotoPyramid(pixels, None, height, width)
    made.photo.levels = halved_levels(pixels)
    made.probability = MaxPyramid(values)
    made.probability.levels = halved_levels(values, halve_max)
    document = CorrectionDocument("a" * 64, height, width)
    made.set_document(document)
    return made, document, pixels


def stroke(document: CorrectionDocument, label: Label, radius: float, path) -> Box:
    document.begin("brush", label, radius)
    document.extend(path)
    edit = document.end()
    return edit.box if edit else Box(0, 0, 0, 0)


def anew(made: Scene) -> tuple[np.ndarray, np.ndarray]:
    made.spoil(photo=True)
    made.compose()
    return made.photo_picture.copy(), made.overlay_picture.copy()


scales = st.sampled_from([0.05, 0.3, 0.5, 0.77, 1.0, 1.5, 2.0, 3.3, 8.0, 64.0])


@settings(max_examples=30, deadline=None)
@given(
    scales,
    st.lists(
        st.tuples(
            st.sampled_from(list(Label)),
            st.floats(0.5, 60),
            st.tuples(st.floats(-20, 420), st.floats(-20, 420)),
            st.tuples(st.floats(-20, 420), st.floats(-20, 420)),
        ),
        max_size=4,
    ),
)
def test_what_a_stroke_refreshes_is_all_that_changes(scale, strokes):
    made, document, _ = scene()
    made.set_viewport(Viewport(120, 90, SIDE, SIDE).zoomed(scale, 0, 0).centred_on(150, 210))
    made.compose()
    for label, radius, start, end in strokes:
        before = made.overlay_picture.copy()
        shown = made.refresh(stroke(document, label, radius, [start, end]))
        made.compose()
        outside = np.ones(before.shape, bool)
        outside[shown.slices] = False
        assert (made.overlay_picture == before)[outside].all()
    partial = made.photo_picture.copy(), made.overlay_picture.copy()
    for one, other in zip(partial, anew(made), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_changes_out_of_sight_is_seen_when_the_same_view_comes_back() -> None:
    made, document, _ = scene()
    whole = Viewport(240, 320, SIDE, SIDE)
    made.set_viewport(whole)
    made.compose()
    clean = made.overlay_picture.copy()
    made.refresh(stroke(document, Label.CRACK, 20.0, [(60.0, 60.0)]))
    made.compose()
    assert (made.overlay_picture != clean).any()
    made.set_viewport(whole.zoomed(8.0, 0, 0).centred_on(350, 350))
    made.compose()
    undone = document.undo()
    assert undone is not None and made.refresh(undone.box).empty
    made.set_viewport(whole)
    made.compose()
    np.testing.assert_array_equal(made.overlay_picture, clean)


def test_a_stroke_over_what_is_painted_already_refreshes_nothing() -> None:
    """A brush larger than the view, moved a little: its rim lies out of sight."""
    made, document, _ = scene()
    made.set_viewport(Viewport(240, 320, SIDE, SIDE).zoomed(8.0, 0, 0).centred_on(200, 200))
    assert not made.refresh(stroke(document, Label.CRACK, 90.0, [(200.0, 200.0)])).empty
    assert made.refresh(stroke(document, Label.CRACK, 90.0, [(200.0, 203.0)])).empty


def test_a_small_change_in_a_large_box_refreshes_itself_only() -> None:
    made, document, _ = scene()
    made.set_viewport(Viewport(400, 400, SIDE, SIDE))
    made.refresh(stroke(document, Label.CRACK, 60.0, [(200.0, 200.0)]))
    stroke(document, Label.CRACK, 3.0, [(300.0, 300.0)])
    shown = made.refresh(Box(100, 100, 380, 380))
    assert not shown.empty
    assert Box(296, 296, 305, 305).union(shown) == Box(296, 296, 305, 305)


@settings(max_examples=25, deadline=None)
@given(scales, st.lists(st.tuples(st.integers(-150, 150), st.integers(-150, 150), st.booleans()), max_size=5))
def test_a_shifted_picture_equals_one_composed_anew(scale, moves):
    made, document, _ = scene()
    made.set_viewport(Viewport(120, 90, SIDE, SIDE).zoomed(scale, 0, 0).centred_on(150, 210))
    made.compose()
    for rows, columns, paints in moves:
        made.set_viewport(made.viewport.panned(rows, columns))
        if paints:
            made.refresh(stroke(document, Label.CRACK, 9.0, [(150.0 + rows, 150.0 + columns)]))
        else:
            made.compose()
    made.compose()
    shifted = made.photo_picture.copy(), made.overlay_picture.copy()
    photo, overlay = anew(made)
    np.testing.assert_array_equal(shifted[1], overlay)
    # The warp rounds source positions to fractions of a pixel, which a strip may round the other way.
    difference = np.abs(shifted[0].view(np.uint8).astype(int) - photo.view(np.uint8))
    assert difference.max() <= (0 if scale >= 2 else 16)


@pytest.mark.parametrize("scale", [0.05, 0.11, 0.3, 0.7, 1.0, 2.5])
def test_a_one_pixel_stroke_is_seen_without_gaps_at_any_zoom(scale):
    made, document, _ = scene(2000, 2000)
    made.probability = None
    made.set_viewport(Viewport(150, 200, 2000, 2000).zoomed(scale, 0, 0).centred_on(1000, 1000))
    made.compose()
    made.refresh(stroke(document, Label.CRACK, 0.5, [(1000.5, 3.0), (1000.5, 1990.0)]))
    made.compose()
    inside = made.viewport.photo_in_view
    across = made.overlay_picture[:, inside.left + 2 : inside.right - 2]
    assert (across != 0).any(axis=0).all()


def test_at_eight_times_every_photo_pixel_is_a_square_of_its_own_colours():
    made, document, pixels = scene()
    made.probability = None
    stroke(document, Label.CRACK, 2.0, [(101.0, 102.0)])
    made.set_viewport(Viewport(80, 160, SIDE, SIDE, 8.0, -100 * 8, -90 * 8))
    made.compose()
    photo = made.photo_picture.view(np.uint8).reshape(80, 160, 4)[:, :, 2::-1]
    np.testing.assert_array_equal(photo, pixels[100:110, 90:110].repeat(8, 0).repeat(8, 1))
    said = document.labels.read(Box(100, 90, 110, 110)) == Label.CRACK
    np.testing.assert_array_equal(made.overlay_picture != 0, said.repeat(8, 0).repeat(8, 1))


def test_beside_the_photo_is_only_background():
    made, _, _ = scene(50, 50)
    made.background = "#102030"
    made.set_viewport(Viewport(200, 200, 50, 50, 1.0, 75, 75))
    made.compose()
    assert (made.photo_picture[:75] == 0xFF102030).all() and (made.overlay_picture[:75] == 0).all()
    assert not (made.photo_picture[75:125, 75:125] == 0xFF102030).all()


def test_the_mask_begins_just_above_the_threshold():
    table = overlay_table(layers(), threshold=0.5).reshape(3, 256)
    assert (table[UNSAID, :128] == 0).all() and (table[UNSAID, 128:] != 0).all()


def test_the_correction_goes_over_the_prediction():
    hidden = Layer("correction", False, 1.0, "#35c2ff", "#f5d033")
    table = overlay_table(layers(correction=hidden), threshold=0.5).reshape(3, 256)
    assert (table[NOT_CRACK] == 0).all()
    assert (table[CRACK] == table[UNSAID, 255]).all()


def test_colours_are_premultiplied():
    whole = Layer("correction", True, 0.5, "#ff8000", "#0000ff")
    colour = int(overlay_table(layers(correction=whole), 0.5).reshape(3, 256)[CRACK, 0])
    assert (colour >> 24, colour >> 16 & 255, colour >> 8 & 255, colour & 255) == (128, 128, 64, 0)


def test_peeking_hides_all_overlays_and_only_them():
    made, document, _ = scene()
    stroke(document, Label.CRACK, 20.0, [(200.0, 200.0)])
    made.set_viewport(Viewport(300, 300, SIDE, SIDE))
    made.compose()
    photo, overlay = made.photo_picture.copy(), made.overlay_picture.copy()
    made.set_peek(True)
    made.compose()
    assert overlay.any() and not made.overlay_picture.any()
    made.set_peek(False)
    made.compose()
    np.testing.assert_array_equal(made.overlay_picture, overlay)
    np.testing.assert_array_equal(made.photo_picture, photo)


def test_a_faded_photo_lies_between_itself_and_the_background():
    made, _, pixels = scene()
    made.background = "#000000"
    made.set_viewport(Viewport(SIDE, SIDE, SIDE, SIDE, 2.0))
    made.set_layer(Layer("photo", True, 0.5, "#000000"))
    made.compose()
    shown = made.photo_picture.view(np.uint8).reshape(SIDE, SIDE, 4)[0, 0, 2::-1]
    assert np.abs(shown - pixels[0, 0] / 2).max() <= 1
    made.set_layer(Layer("photo", False, 1.0, "#000000"))
    made.compose()
    assert (made.photo_picture == 0xFF000000).all()


def test_uncertainty_is_full_at_one_half_and_nothing_at_the_ends():
    entropy = uncertainty_8bit(np.array([[0, 127, 128, 255]], np.uint8))
    assert entropy.tolist() == [[0, 255, 255, 0]]
    table = uncertainty_table(Layer("uncertainty", True, 1.0, "#ffffff"))
    assert table[0] == 0 and table[255] == 0xFFFFFFFF


def test_default_overlay_colours_differ_in_lightness_from_each_other():
    def lightness(colour: str) -> float:
        red, green, blue = rgb(colour)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    mask, correction = layers()["mask"], layers()["correction"]
    shades = sorted(lightness(c) for c in (mask.colour, correction.colour, correction.other_colour))
    assert all(later - earlier > 25 for earlier, later in itertools.pairwise(shades))
