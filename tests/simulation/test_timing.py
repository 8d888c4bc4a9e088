"""Claims about the time a person takes: nothing is free, longer is longer, and the screen is what counts."""

from __future__ import annotations

import pytest

from resatt_studio.records.correction import Label
from resatt_studio.simulation.strokes import Stroke
from resatt_studio.simulation.timing import TimeModel

TIMES = TimeModel()


def stroke(length: float, radius: float = 3.0, label: Label = Label.CRACK, row: float = 50.0) -> Stroke:
    return Stroke(label, radius, ((row, 50.0), (row, 50.0 + length)))


def test_a_right_photo_costs_the_look_and_the_approval_alone() -> None:
    assert TIMES.strokes_s([], 256, 256) == 0
    assert TIMES.search_s(256, 256) > 0 and TIMES.approve_s() == pytest.approx(1.55)


def test_small_photos_are_shown_enlarged_and_take_as_long_to_look_over() -> None:
    assert TIMES.zoom(256, 256) == pytest.approx(900 / 256) and TIMES.zoom(4000, 6000) == 1
    assert TIMES.search_s(256, 256) == pytest.approx(TIMES.search_s(512, 512))
    assert TIMES.search_s(3000, 4000) > 5 * TIMES.search_s(900, 900)
    assert TIMES.search_s(900, 900) == pytest.approx(900**2 / 120**2 * 0.275)


def test_a_stroke_is_decided_on_travelled_to_and_painted() -> None:
    alone = TIMES.strokes_s([stroke(0)], 900, 900, hand=(50.0, 50.0))
    assert alone == pytest.approx(1.35 + 0.2)
    assert TIMES.strokes_s([stroke(0)], 900, 900, hand=(50.0, 850.0)) == pytest.approx(alone + 1.0)
    speed = TIMES.paint_px_s(3.0, 1.0)
    assert TIMES.strokes_s([stroke(100)], 900, 900, hand=(50.0, 50.0)) == pytest.approx(alone + 100 / speed)


def test_another_label_or_brush_is_a_key() -> None:
    same = TIMES.strokes_s([stroke(0), stroke(0)], 900, 900, hand=(50.0, 50.0))
    other = TIMES.strokes_s([stroke(0), stroke(0, 9.0, Label.NOT_CRACK)], 900, 900, hand=(50.0, 50.0))
    assert other == pytest.approx(same + 2 * 0.2)


def test_a_wide_brush_is_moved_faster_within_bounds() -> None:
    speeds = [TIMES.paint_px_s(radius, 1.0) for radius in (0.5, 5.0, 500.0)]
    assert speeds == sorted(speeds) and speeds[-1] == 200
    assert TIMES.paint_px_s(0.5, 0.1) == 30
