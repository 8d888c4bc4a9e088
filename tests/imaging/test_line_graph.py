"""Claims about centre lines as graphs: arms and junctions of the line, none of thinning."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.imaging.centre_lines import centre_lines
from resatt_studio.imaging.line_graph import LineGraph
from resatt_studio.records.arrays import BoolArray
from resatt_studio.synthesis.scenes import render_scene

Stroke = tuple[tuple[int, int], tuple[int, int]]


def graph_of(mask: BoolArray) -> tuple[LineGraph, BoolArray]:
    mask = np.pad(mask, 1)
    lines = centre_lines(mask)
    return LineGraph(lines, cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5) - 0.5), lines


def drawn(*strokes: Stroke, width: int) -> BoolArray:
    canvas = np.zeros((120, 120), np.uint8)
    for start, end in strokes:
        cv2.line(canvas, start, end, 1, width)
    return canvas.astype(np.bool_)


@pytest.mark.parametrize("width", [1, 3, 6, 11])
def test_a_crossing_is_one_junction_of_four_arms(width: int) -> None:
    graph, _ = graph_of(drawn(((10, 20), (110, 90)), ((25, 100), (90, 12)), width=width))
    junctions = graph.junctions()
    assert len(junctions) == 4 and len(set(junctions.values())) == 1
    assert all(len(knots) == 1 and knots[0] < 0 for knots in junctions.values())


@pytest.mark.parametrize("width", [1, 4, 9, 20])
@pytest.mark.parametrize("end", [(110, 15), (110, 60), (70, 110), (12, 103)])
def test_a_line_in_any_direction_is_one_arm_without_a_junction(end: tuple[int, int], width: int) -> None:
    graph, lines = graph_of(drawn(((12, 12), end), width=width))
    assert list(graph.junctions().values()) == [()]
    (name,) = graph.junctions()
    assert (graph.names()[lines] == name).all()


def test_a_ring_has_no_junction_and_one_with_a_tail_comes_back_to_its_own() -> None:
    ring = np.zeros((120, 120), np.uint8)
    cv2.circle(ring, (60, 60), 30, 1, 5)
    assert list(graph_of(ring.astype(np.bool_))[0].junctions().values()) == [()]
    cv2.line(ring, (90, 60), (115, 60), 1, 5)
    tail, around = sorted(graph_of(ring.astype(np.bool_))[0].junctions().values(), key=len)
    assert len(tail) == 1 and around == tail * 2


def test_a_fork_near_a_blunt_end_stays_one() -> None:
    fork = drawn(((20, 60), (110, 40)), width=9) | drawn(((36, 62), (90, 110)), width=4)
    graph, _ = graph_of(fork)
    assert [len(knots) for knots in graph.junctions().values()] == [1, 1, 1]


def test_a_pinhole_makes_no_branches() -> None:
    line = drawn(((10, 60), (110, 60)), width=9)
    line[59:62, 50:53] = False
    assert list(graph_of(line)[0].junctions().values()) == [()]


@given(st.integers(0, 500))
def test_every_pixel_of_a_line_has_an_arm_or_a_junction_that_at_least_three_arms_meet_in(seed: int) -> None:
    graph, lines = graph_of(render_scene(seed, 96, 96).mask)
    names, junctions = graph.names(), graph.junctions()
    np.testing.assert_array_equal(names != 0, lines)
    meeting = [knot for knots in junctions.values() for knot in knots]
    assert set(np.unique(names[names > 0]).tolist()) <= junctions.keys()
    assert all(meeting.count(knot) >= 3 for knot in set(meeting))
