"""Claims about the way from click to click, on drawn cracks whose truth is exact."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.annotation import tracing
from resatt_studio.annotation.crack_path import CrackPath, outline
from resatt_studio.annotation.line_ends import place_on_crack
from resatt_studio.annotation.tapered import tapered
from resatt_studio.annotation.tracing import (
    Ground,
    MovingTrace,
    Ways,
    measured,
    read_ground,
    resized,
    snapped,
    surroundings,
    window_for,
)
from resatt_studio.errors import BugError
from resatt_studio.imaging.centre_lines import centre_lines
from resatt_studio.records.geometry import Box
from resatt_studio.synthesis.scenes import Recipe, Scene, render_scene
from resatt_studio.synthesis.strands import CrackStyle

HIGH, WIDE = 260, 420
PHOTO = Box(0, 0, HIGH, WIDE)


@cache
def scene(seed: int, width_px: float) -> Scene:
    """One crack from side to side, without branches, on asphalt."""
    style = CrackStyle(width_px=width_px, branch_rate=0.0, faintest=0.8)
    recipe = Recipe(patterns=("transverse",), style=style, contrast=0.85, spall=0.0)
    return render_scene(seed, HIGH, WIDE, recipe=recipe)


def ground_of(drawn: Scene, guided: bool = False, box: Box = PHOTO) -> Ground:
    wide = surroundings(box, PHOTO)
    answer = cv2.GaussianBlur(drawn.mask.astype(np.uint8) * 255, (0, 0), 1.0)[wide.slices]
    return read_ground(drawn.pixels[wide.slices], answer if guided else None, box, PHOTO)


def ends(drawn: Scene) -> tuple[tuple[float, float], tuple[float, float]]:
    """The truth's middle near both sides of the photo, as a hand clicks it: a little off."""
    line = np.argwhere(centre_lines(drawn.mask))
    first, last = line[line[:, 1].argmin()] + 0.5, line[line[:, 1].argmax()] + 0.5
    return (first[0] + 1.0, first[1] + 1.0), (last[0] - 1.0, last[1] - 1.0)


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("width_px", [3.0, 6.0])
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_two_clicks_find_the_crack_and_its_width(seed, width_px, guided):
    drawn = scene(seed, width_px)
    ground, (start, end) = ground_of(drawn, guided), ends(drawn)
    trace = measured(Ways(ground, snapped(start, ground, 3)).to(snapped(end, ground, 3)), ground)
    box, mask = tapered(trace.curve, trace.half_widths_px, PHOTO)
    whole = np.zeros(drawn.mask.shape, np.bool_)
    whole[box.slices] = mask
    middle = np.ones(drawn.mask.shape, np.uint8)
    middle[tuple(np.floor(trace.curve).astype(int).clip(0, (HIGH - 1, WIDE - 1)).T)] = 0
    away = cv2.distanceTransform(middle, cv2.DIST_L2, 5)[centre_lines(drawn.mask)]
    assert np.mean(away <= 3.0) >= 0.9
    dice = 2 * (whole & drawn.mask).sum() / (whole.sum() + drawn.mask.sum())
    assert dice >= (0.85 if guided else 0.7)


def test_a_smaller_map_finds_the_same_way(monkeypatch):
    drawn = scene(1, 4.0)
    ground, (start, end) = ground_of(drawn), ends(drawn)
    full = Ways(ground, start)
    monkeypatch.setattr(tracing, "FIELD_PX", HIGH * WIDE // 8)
    small = Ways(ground, start)
    assert full.shrunk == 1 and small.shrunk == 3
    one, other = full.to(end), small.to(end)
    away = np.hypot(*(one[:, None] - other[None]).transpose(2, 0, 1)).min(axis=1)
    assert np.percentile(away, 95) < 2.5


def test_the_way_to_a_moving_pointer_is_measured_as_if_it_stood_still():
    drawn = scene(2, 6.0)
    ground, (start, end) = ground_of(drawn, guided=True), ends(drawn)
    ways, moving = Ways(ground, start), MovingTrace()
    # On along the crack, beside it, and back: the ways grow, part and shrink.
    places = [ways.to(end)[place] for place in (*range(20, 360, 7), *range(355, 250, -9))]
    for number, place in enumerate(places):
        curve = ways.to(snapped((place[0] + 12 * (number % 5 == 4), place[1]), ground, 3.0))
        trace, whole = moving.to(curve, ground), measured(curve, ground)
        np.testing.assert_allclose(trace.curve, whole.curve, atol=1e-5)
        np.testing.assert_allclose(trace.half_widths_px, whole.half_widths_px, atol=1e-5)


def test_only_what_is_another_way_is_measured_again(monkeypatch):
    drawn = scene(2, 6.0)
    ground, (start, end) = ground_of(drawn), ends(drawn)
    ways, moving = Ways(ground, start), MovingTrace()
    before = moving.to(ways.to(end), ground)
    lengths: list[int] = []

    def counted(curve, at):
        lengths.append(len(curve))
        return measured(curve, at)

    monkeypatch.setattr(tracing, "measured", counted)
    assert moving.to(ways.to(end), ground) is before and not lengths
    moving.to(ways.to((end[0] + 2.0, end[1])), ground)
    assert len(lengths) == 1 and lengths[0] < len(before.curve) / 2
    other = ground_of(drawn)
    moving.to(ways.to(end), other)
    assert lengths[1] == len(ways.to(end)), "another window says other things about all of it"


def test_a_window_knows_what_the_whole_photo_knows():
    drawn = scene(1, 4.0)
    box = Box(64, 128, 192, 320)
    whole, part = ground_of(drawn), ground_of(drawn, box=box)
    np.testing.assert_allclose(part.cost, whole.cost[box.slices], atol=0.01)
    np.testing.assert_array_equal(part.lightness, whole.lightness[box.slices])


@given(st.tuples(*[st.floats(0, 3999)] * 4))
def test_a_window_holds_both_ends_and_lies_in_the_photo(ends):
    photo = Box(0, 0, 4000, 4000)
    box = window_for(ends[:2], ends[2:], photo)
    assert box.intersection(photo) == box
    for row, column in (ends[:2], ends[2:]):
        assert box.top <= row < box.bottom and box.left <= column < box.right


def test_a_click_moves_to_the_crack_but_never_far():
    drawn = scene(1, 4.0)
    ground = ground_of(drawn)
    row, column = np.argwhere(centre_lines(drawn.mask))[150] + 0.5
    place = snapped((row + 2.5, column), ground, 5.0)
    assert drawn.mask[int(place[0]), int(place[1])]
    assert np.hypot(place[0] - row - 2.5, place[1] - column) <= 5.0
    assert snapped((10.2, 11.7), ground, 0.0) == (10.2, 11.7)


def test_a_width_can_be_fixed_or_added_to():
    trace = tracing.Trace(np.zeros((3, 2)), np.array([0.5, 1.0, 2.0]))
    assert resized(trace).half_widths_px.tolist() == [0.5, 1.0, 2.0]
    assert resized(trace, margin_px=0.5).half_widths_px.tolist() == [1.0, 1.5, 2.5]
    assert resized(trace, half_width_px=3).half_widths_px.tolist() == [3.0] * 3


# -- the path in hand ----------------------------------------------------------------------------------


def straight(start: tuple[float, float], end: tuple[float, float]) -> tracing.Trace:
    curve = np.linspace(start, end, 20)
    return tracing.Trace(curve, np.full(20, 2.0))


def test_a_path_goes_point_by_point_and_back_again():
    path = CrackPath((10, 10))
    path.add(straight((10, 10), (10, 40)))
    path.add(straight((10, 40), (30, 40)))
    assert path.points == ((10, 10), (10, 40), (30, 40)) and path.nearest((28, 41), 5) == 2
    assert path.nearest((20, 20), 5) is None
    two = path.stamp()[1].sum()
    assert path.step_back() and len(path.pieces) == 1 and path.stamp()[1].sum() < two
    assert path.step_back() and path.points == ((10, 10),) and not path.stamp()[1].any()
    assert not path.step_back()


def test_a_moved_point_takes_both_its_pieces_along():
    path = CrackPath((10, 10))
    path.add(straight((10, 10), (10, 40)))
    path.add(straight((10, 40), (30, 40)))
    path.move(1, (20, 30), straight((10, 10), (20, 30)), straight((20, 30), (30, 40)))
    assert path.points[1] == (20, 30) and path.pieces[0].curve[-1].tolist() == [20, 30]
    with pytest.raises(BugError):
        path.move(0, (5, 5), straight((0, 0), (5, 5)), straight((5, 5), (20, 30)))


def test_an_outline_goes_around_at_the_width():
    trace = straight((10, 10), (10, 40))
    edges = outline(trace)
    assert sorted(set(edges[:, 0].round(6))) == [8, 12] and len(edges) == 40


@pytest.mark.parametrize(
    ("click", "place"),
    [((20, 47), (20.5, 44.5)), ((26, 25), (20.5, 25.5)), ((40, 25), None), ((20, 1), (20.5, 1.5))],
)
def test_a_click_near_a_painted_crack_means_its_end_or_its_middle(click, place):
    mask = np.zeros((50, 60), np.bool_)
    mask[19:22, :46] = True  # leaves the window on the left, ends on the right
    found = place_on_crack(mask, click, 8.0)
    if place is None:
        assert found is None
    else:
        assert found == pytest.approx(place, abs=1.1)
