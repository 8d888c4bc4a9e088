"""The pointer paths that the canvas's benchmarks replay, and which of their moves the race can time."""

from __future__ import annotations

import itertools

import canvas_race as race
import numpy as np
import pytest
import recorded_paths as paths

VIEWS = [(100, 60, 900, 600), (0, 0, 75, 50), (7, 3, 1900, 1000)]


@pytest.mark.parametrize("name", ["follow", "scrub", "touch_up"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_path_stays_in_its_view_and_no_report_repeats_the_last(name, view):
    view = paths.View(*view)
    steps = paths.steps_of(name, view)
    moves = [(step.x, step.y) for step in steps if step.kind == "move"]
    assert all(one != other for one, other in itertools.pairwise(moves))
    assert all(view.left <= x < view.left + view.width for x, _ in moves[1:])
    assert all(view.top <= y < view.top + view.height for _, y in moves)
    seconds = [step.seconds for step in steps]
    assert seconds == sorted(seconds)
    buttons = [step.kind for step in steps if step.kind != "move"]
    assert buttons == ["press", "release"] * (len(buttons) // 2) and buttons


def test_a_clicked_path_holds_no_button_while_it_moves_on():
    steps = paths.steps_of("follow", paths.View(*VIEWS[0]), click=True)
    buttons = [index for index, step in enumerate(steps) if step.kind != "move"]
    assert [steps[index].kind for index in buttons] == ["press", "release"]
    assert buttons[1] == buttons[0] + 1 and len(steps) > buttons[1] + 100


def test_a_timed_pixel_is_under_the_brush_of_its_move_and_of_none_before():
    steps, radius_px = paths.steps_of("scrub", paths.View(*VIEWS[0])), 20.0
    probes = race.probes_of(steps, radius_px, line=False)
    assert len(probes) > 200
    for index, probe in probes.items():
        place = np.array([probe.row, probe.column])
        earlier = np.array([(step.y, step.x) for step in steps[:index]])
        assert np.hypot(*(earlier - place).T).min() > radius_px
        assert np.hypot(*(place - (steps[index].y, steps[index].x))) <= radius_px


def test_paint_is_told_from_the_photo_and_from_the_outline_that_runs_ahead():
    probe = race.Probe(1.0, 0, 0, first=0x808080)
    white, painted = 0xE9EDEF, 0x35C2FF
    probe.seen = [(1.1, white), (1.2, 0x3BB0E0), (1.3, painted)]
    assert probe.shown_at(painted) == 1.2 and probe.shown_at(None) == 1.1
    probe.seen = [(1.1, white)]
    assert probe.shown_at(painted) is None


def test_a_line_strip_is_clicked_and_never_dragged():
    steps = race.with_clicks(paths.steps_of("touch_up", paths.View(*VIEWS[0])))
    for index, step in enumerate(steps):
        if step.kind == "press":
            assert steps[index + 1].kind == "release" and steps[index + 1][2:] == step[2:]
    assert sum(step.kind == "press" for step in steps) >= 6
