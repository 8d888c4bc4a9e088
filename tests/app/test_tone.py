"""Claims about brightness, contrast and window, without a window of the app."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.app.canvas.pyramid import PhotoPyramid, halved_levels
from resatt_studio.app.canvas.scene import Scene
from resatt_studio.app.canvas.tone import (
    PLAIN,
    Tone,
    dragged,
    fitted,
    pixel_table,
    sample_table,
    valid_tone,
)
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.imaging.depth import window_table
from resatt_studio.records.geometry import Box

USUAL = (1000.0, 5000.0)
shares = st.floats(-1, 1)
windows = st.none() | st.tuples(st.floats(-9e4, 9e4), st.floats(-9e4, 9e4))


@given(st.floats(-9, 9), st.floats(-9, 9), windows)
def test_every_wish_becomes_a_tone_within_bounds(brightness, contrast, window):
    tone = valid_tone(brightness, contrast, window)
    assert -1 <= tone.brightness <= 1 and -1 <= tone.contrast <= 1
    if window is None:
        assert tone.window is None
    else:
        assert 0 <= tone.window[0] < tone.window[1] <= 65535


@given(shares, shares, windows)
def test_lighter_stays_lighter_whatever_is_set(brightness, contrast, window):
    tone = valid_tone(brightness, contrast, window)
    table = pixel_table(tone, USUAL)
    if table is not None:
        assert (np.diff(table.astype(int)) >= 0).all()
    assert (np.diff(sample_table(tone, USUAL).astype(int)) >= 0).all()


def test_without_a_wish_the_eye_sees_what_the_networks_are_given():
    assert pixel_table(PLAIN, None) is None and pixel_table(PLAIN, USUAL) is None
    np.testing.assert_array_equal(sample_table(PLAIN, USUAL), window_table(USUAL))


def test_a_window_spreads_its_samples_and_clips_the_others():
    table = sample_table(Tone(window=(2000.0, 3000.0)), USUAL)
    assert table[:2001].max() == 0 and table[3000:].min() == 255
    assert table[2500] in (127, 128)


def test_pixels_stand_in_for_samples_as_well_as_8_bits_can():
    tone = Tone(window=(2000.0, 3000.0))
    values = np.arange(1000, 5000)
    pixels = window_table(USUAL)[values]
    truth, stand_in = sample_table(tone, USUAL)[values], pixel_table(tone, USUAL)[pixels]
    step = 4000 / 255  # samples a pixel's step stands for
    assert np.abs(truth.astype(int) - stand_in).max() <= np.ceil(step / 2 * 255 / 1000)
    assert len(np.unique(stand_in)) < len(np.unique(truth))


@given(st.sampled_from([None, USUAL]), shares, shares, st.floats(0.01, 0.9))
def test_a_drag_upwards_never_darkens_and_one_to_the_right_never_flattens(usual, up, right, more):
    start = valid_tone(up / 2, right / 2, usual)

    def table(tone):
        return (pixel_table(tone) if usual is None else sample_table(tone, usual)).astype(int)

    brighter = table(dragged(start, usual, 0, more))
    assert (brighter >= table(dragged(start, usual, 0, 1e-9))).all()
    steeper, before = dragged(start, usual, more, 0), dragged(start, usual, 0, 0)
    if usual is None:
        assert steeper.contrast >= before.contrast
    else:
        assert np.subtract(*steeper.window[::-1]) <= np.subtract(*before.window[::-1]) + 1


def test_a_drag_on_an_8_bit_photo_makes_no_window():
    assert dragged(PLAIN, None, 0.3, 0.2).window is None


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_fitting_makes_the_least_that_is_seen_black_and_the_most_white(depth):
    rng = np.random.default_rng(1)
    low, high = (100, 140) if depth == np.uint8 else (1800, 2300)
    seen = rng.integers(low, high, (300, 400)).astype(depth)
    usual = None if depth == np.uint8 else USUAL
    tone = fitted(Tone(0.3, -0.2), usual, seen)
    levels = pixel_table(tone)[seen] if usual is None else sample_table(tone, usual)[seen]
    share = np.mean((levels > 2) & (levels < 253))
    assert 0.9 < share < 0.999
    assert levels.min() == 0 and levels.max() == 255


def test_an_even_view_can_be_fitted_too():
    assert fitted(PLAIN, None, np.full((5, 5, 3), 60, np.uint8)).contrast == 1.0
    tone = fitted(PLAIN, USUAL, np.full((5, 5), 3000, np.uint16))
    assert tone.window[0] < tone.window[1]


# -- in the scene --


def deep_scene(grey: bool) -> tuple[Scene, np.ndarray]:
    shape = (200, 260) if grey else (200, 260, 3)
    samples = np.random.default_rng(4).integers(1000, 5000, shape, np.uint16)
    levels = window_table(USUAL)[samples]
    pixels = np.dstack([levels] * 3) if grey else levels
    made = Scene()
    made.photo = PhotoPyramid(pixels, None, 200, 260)
    made.photo.levels = halved_levels(pixels)
    deep = PhotoPyramid(samples, None, 200, 260)
    deep.levels = halved_levels(samples)
    made.set_depth(USUAL, deep)
    return made, samples


def seen(made: Scene) -> np.ndarray:
    made.compose()
    return made.photo_picture.view(np.uint8).reshape(*made.photo_picture.shape, 4)[:, :, 2::-1]


@pytest.mark.parametrize("grey", [True, False])
def test_the_screen_shows_the_chosen_window_of_the_true_samples(grey):
    made, samples = deep_scene(grey)
    made.set_viewport(Viewport(80, 120, 200, 260, 4.0, -200, -100))
    tone = Tone(0.1, 0.2, (2100.0, 2400.0))
    made.set_tone(tone)
    part = sample_table(tone, USUAL)[samples[50:70, 25:55]]
    part = np.dstack([part] * 3) if grey else part
    np.testing.assert_array_equal(seen(made), part.repeat(4, 0).repeat(4, 1))
    made.set_tone(PLAIN)
    usual = made.photo.pixels[50:70, 25:55]
    np.testing.assert_array_equal(seen(made), usual.repeat(4, 0).repeat(4, 1))


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
def test_a_photo_that_was_moved_after_toning_equals_one_shown_anew(scale):
    made, _ = deep_scene(True)
    made.set_viewport(Viewport(80, 120, 200, 260).zoomed(scale, 0, 0).centred_on(100, 130))
    made.compose()
    made.set_tone(Tone(0.2, 0.3, (1500.0, 2500.0)))
    made.set_viewport(made.viewport.panned(7, -5))
    moved = seen(made).copy()
    made.spoil(photo=True)
    np.testing.assert_array_equal(moved, seen(made))


def test_toning_composes_nothing_but_the_photo():
    made, _ = deep_scene(False)
    made.set_viewport(Viewport(80, 120, 200, 260))
    made.compose()
    made.overlay_picture[:] = 0x01010101
    made.set_tone(Tone(0.5))
    made.compose()
    assert (made.overlay_picture == 0x01010101).all()


def test_the_dehazed_photo_has_the_tone_of_the_photo_and_transmission_has_not():
    made, _ = deep_scene(False)
    made.set_viewport(Viewport(200, 260, 200, 260, 1.0, 0, 0))
    pictures = {"dehazed": made.photo.pixels, "transmission": made.photo.pixels[:, :, 0].copy()}
    made.haze.pyramids = {name: PhotoPyramid(pixels, None, 200, 260) for name, pixels in pictures.items()}
    made.set_layer(replace(made.layers["dehazed"], visible=True))
    made.compose()
    plain = made.haze.picture.copy()
    made.set_tone(Tone(0.2, 0.4))
    made.compose()
    np.testing.assert_array_equal(made.haze.picture, made.photo_picture)
    assert not np.array_equal(made.haze.picture, plain)
    made.set_layer(replace(made.layers["transmission"], visible=True))
    made.compose()
    grey = made.haze.picture.view(np.uint8).reshape(200, 260, 4)[:, :, 0]
    np.testing.assert_array_equal(grey, pictures["transmission"])


def test_peeking_shows_the_photo_even_where_it_was_hidden():
    made, _ = deep_scene(False)
    made.set_viewport(Viewport(80, 120, 200, 260, 1.0, 0, 0))
    plain = seen(made).copy()
    made.set_layer(replace(made.layers["photo"], visible=False))
    assert not np.array_equal(seen(made), plain)
    made.set_peek(True)
    np.testing.assert_array_equal(seen(made), plain)
    made.set_peek(False)
    assert not np.array_equal(seen(made), plain)


def test_a_change_of_tone_samples_nothing_and_whatever_else_comes_is_sampled_anew():
    made, _ = deep_scene(True)
    made.set_viewport(Viewport(80, 120, 200, 260, 0.4, 0, 0))
    made.set_tone(Tone(window=(1500.0, 2500.0)))
    made.compose()
    asked: list[Box] = []
    sample = made.deep.sample
    made.deep.sample = lambda view, box: asked.append(box) or sample(view, box)
    made.set_tone(Tone(0.1, 0.2, (1400.0, 2600.0)))
    made.compose()
    assert asked == []
    made.refresh_photo(Box(0, 0, 200, 260))
    made.compose()
    assert len(asked) == 1
    made.set_tone(PLAIN)
    usual = seen(made).copy()
    made.spoil(photo=True)
    np.testing.assert_array_equal(usual, seen(made))
    assert len(asked) == 1, "the pixels of the networks are there"


def test_what_is_asked_for_elsewhere_has_the_tone_as_well():
    made, _ = deep_scene(True)
    made.set_tone(Tone(window=(2000.0, 2001.0)))
    small = made.photo_seen(Viewport(20, 26, 200, 260, 0.1, 0, 0), Box(0, 0, 20, 26))
    assert small.shape == (20, 26, 3) and set(np.unique(small)) <= {0, 255}
