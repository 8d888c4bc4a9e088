"""Claims about the paths of a centre line: pixels once, in order, between ends and junctions, no spurs."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resatt_studio.imaging.centre_lines import whole_centre_lines
from resatt_studio.imaging.line_paths import LinePath, line_paths
from resatt_studio.records.arrays import BoolArray

MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))


def paths_of(lines: BoolArray, half_width_px: float = 0.5) -> list[LinePath]:
    """Paths in a frame of one pixel of nothing."""
    return line_paths(np.pad(lines, 1), np.full(np.add(lines.shape, 2), half_width_px, np.float32))


def picture(*rows: str) -> BoolArray:
    return np.array([[sign == "#" for sign in row] for row in rows], np.bool_)


@given(MASKS)
def test_without_spurs_every_pixel_is_on_a_path_and_neighbours_follow_each_other(mask: BoolArray) -> None:
    lines = whole_centre_lines(mask)
    paths = paths_of(lines, half_width_px=-10.0)  # no end is so near
    drawn = np.zeros(np.add(lines.shape, 2), np.int64)
    for path in paths:
        assert all(np.abs(one - other).max() == 1 for one, other in pairwise(path.points))
        assert len(np.unique(path.points, axis=0)) >= len(path.points) - 1
        np.add.at(drawn, tuple(path.points.T), 1)
    np.testing.assert_array_equal(drawn[1:-1, 1:-1] > 0, lines)
    inner = [tuple(place) for path in paths for place in path.points[1:-1].tolist()]
    assert len(set(inner)) == len(inner), "what is no end and no junction lies on one path"


@given(MASKS)
def test_pruning_parts_no_line_and_leaves_none_out(mask: BoolArray) -> None:
    lines = whole_centre_lines(mask)
    kept = np.zeros(np.add(lines.shape, 2), np.bool_)
    for path in paths_of(lines, half_width_px=2.0):
        kept[tuple(path.points.T)] = True
    kept = kept[1:-1, 1:-1]
    assert not (kept & ~lines).any()
    count, names = cv2.connectedComponents(lines.astype(np.uint8), connectivity=8)
    assert cv2.connectedComponents(kept.astype(np.uint8), connectivity=8)[0] == count
    assert set(np.unique(names[kept]).tolist()) == set(range(1, count))


def test_a_lone_pixel_ends_at_both_sides() -> None:
    (path,) = paths_of(picture("#"))
    assert path.points.tolist() == [[1, 1]] and path.free == (True, True) and not path.closed


def test_a_corner_of_the_line_is_no_junction() -> None:
    (path,) = paths_of(picture("###", "#..", "#.."))
    assert sorted(path.points[[0, -1]].tolist()) == [[1, 3], [3, 1]] and path.free == (True, True)


def test_a_ring_comes_back_to_its_first_pixel() -> None:
    (path,) = paths_of(picture(".#.", "#.#", ".#."))
    assert path.closed and path.free == (False, False)
    assert len(path.points) == 5 and path.points[0].tolist() == path.points[-1].tolist()


def test_a_spur_goes_and_the_two_paths_that_are_left_are_one() -> None:
    line, branch = "###############", [".......#......."]
    (path,) = paths_of(picture(line, *branch * 3))
    assert path.points[:, 0].tolist() == [1] * 15
    long = picture(line, *branch * 4)
    assert sorted(len(path.points) for path in paths_of(long)) == [5, 8, 8]
    assert len(paths_of(long, half_width_px=1.0)) == 1, "of a wider line longer ones are spurs"


def test_of_a_fork_of_spurs_one_goes_on_to_the_end() -> None:
    (path,) = paths_of(picture("..........#", "..........#", "#########.#", ".........#.", "..........#"))
    assert path.points[0].tolist() == [3, 1] or path.points[-1].tolist() == [3, 1]
    assert path.free == (True, True) and len(path.points) >= 11


def test_a_ring_whose_tail_goes_is_closed_and_one_with_a_tail_is_not() -> None:
    ring = np.zeros((30, 60), np.uint8)
    cv2.circle(ring, (15, 15), 10, 1, 1)
    for reach, closed in ((2, True), (20, False)):
        tailed = ring.copy()
        tailed[15, 25 : 26 + reach] = 1
        paths = paths_of(whole_centre_lines(tailed > 0))
        assert [path.closed for path in paths if path.points[0].tolist() == path.points[-1].tolist()] == [
            closed
        ]
        assert len(paths) == (1 if closed else 2)
