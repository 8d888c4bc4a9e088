"""Claims about cracks that are cut at their junctions: a branch goes, what it leaves keeps its width."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.annotation.branches import Branches, branches_of
from resatt_studio.annotation.tapered import tapered
from resatt_studio.imaging.scores import count, dice
from resatt_studio.records.geometry import Box
from resatt_studio.synthesis.scenes import render_scene

PHOTO = Box(0, 0, 240, 260)
MIDDLE = (120.5, 130.5)


def arm(
    degrees: float, width_px: float, length_px: float = 90.0, end_width_px: float | None = None
) -> np.ndarray:
    """A crack from the middle of the photo in a direction (0 to the right, 90 down), with its width."""
    turn = math.radians(degrees)
    end = MIDDLE[0] + length_px * math.sin(turn), MIDDLE[1] + length_px * math.cos(turn)
    widths = width_px, width_px if end_width_px is None else end_width_px
    box, mask = tapered(np.array([MIDDLE, end]), np.array(widths) / 2, PHOTO)
    drawn = np.zeros((PHOTO.height, PHOTO.width), np.bool_)
    drawn[box.slices] = mask
    return drawn


def at(degrees: float, away_px: float = 70.0) -> tuple[int, int]:
    turn = math.radians(degrees)
    return int(MIDDLE[0] + away_px * math.sin(turn)), int(MIDDLE[1] + away_px * math.cos(turn))


def drawn(angles: Sequence[float], widths: Sequence[float]) -> list[np.ndarray]:
    return [arm(angle, width) for angle, width in zip(angles, widths, strict=True)]


def names_at(branches: Branches, angles: Sequence[float]) -> list[int]:
    return [int(branches.names[at(angle)]) for angle in angles]


SHAPES = {
    "T": (0, 180, 90),
    "Y": (30, 150, 270),
    "X": (10, 100, 190, 280),
    "slanting T": (20, 200, 80),
    "K": (90, 270, 30, 320),
}


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 10, 16])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_branch_is_cut_off_at_the_junction_and_the_others_stay_whole(shape: str, width: int) -> None:
    angles = SHAPES[shape]
    arms = drawn(angles, [width] * len(angles))
    crack = np.logical_or.reduce(arms)
    branches = branches_of(crack)
    names = names_at(branches, angles)
    assert len(set(names)) == len(angles) == len(branches.junctions) and min(names) > 0
    for index, name in enumerate(names):
        left = crack & ~branches.cut(name)
        others = np.logical_or.reduce([other for place, other in enumerate(arms) if place != index])
        # What is left of the branch is no more than a bump of the others' edge, and nothing of them is gone.
        lost, bump = int((others & ~left).sum()), int((left & ~others).sum())
        assert lost <= 4 + 0.03 * width**2 and bump <= 6 + 0.05 * width**2, (angles[index], lost, bump)
        away = np.hypot(*(np.indices(crack.shape) + 0.5 - np.reshape(MIDDLE, (2, 1, 1))))
        assert not (left & ~others)[away > 1.3 * width + 2].any()


@pytest.mark.parametrize(("trunk", "branch"), [(12, 3), (4, 10), (20, 8), (3, 2)])
def test_a_trunk_keeps_its_width_whatever_the_width_of_the_branch(trunk: int, branch: int) -> None:
    arms = drawn((0, 180, 75), (trunk, trunk, branch))
    crack = arms[0] | arms[1] | arms[2]
    branches = branches_of(crack)
    left = crack & ~branches.cut(int(branches.names[at(75)]))
    whole = arms[0] | arms[1]
    assert dice(count(left, whole)) > 0.985 and (whole & ~left).sum() <= 3


def test_a_branch_that_narrows_goes_to_its_very_end() -> None:
    trunk = arm(0, 9) | arm(180, 9)
    branch = arm(90, 8, end_width_px=1)
    branches = branches_of(trunk | branch)
    cut = branches.cut(int(branches.names[at(90, 40)]))
    assert (branch & ~trunk & ~cut).sum() <= 6 and cut[at(90, 89)]


@pytest.mark.parametrize("width", [1, 3, 8, 15])
def test_a_crack_without_a_junction_is_one_branch_that_leaves_nothing(width: int) -> None:
    for crack in (arm(17, width) | arm(197, width), arm(50, width) | arm(160, width)):
        branches = branches_of(crack)
        assert list(branches.junctions.values()) == [()]
        (name,) = branches.junctions
        np.testing.assert_array_equal(branches.cut(name), crack)


def test_ragged_edges_and_blunt_ends_make_no_branches() -> None:
    crack = np.zeros((80, 200), np.bool_)
    crack[34:47, 20:180] = True
    random = np.random.default_rng(3)
    for column in random.integers(25, 175, 25):
        crack[32:34, column : column + 2] = True
    assert list(branches_of(crack).junctions.values()) == [()]


def test_a_tail_is_cut_off_a_ring_that_stays_whole_and_round() -> None:
    rows, columns = np.indices((120, 160))
    ring = np.abs(np.hypot(rows - 60, columns - 60) - 40) <= 3
    tail = np.zeros_like(ring)
    tail[57:64, 98:150] = True
    branches = branches_of(ring | tail)
    left = (ring | tail) & ~branches.cut(int(branches.names[60, 130]))
    # Over the width of the tail the outer edge is straight, not round.
    assert (ring & ~left).sum() <= 14 and (left & ~ring).sum() <= 12


def test_what_lies_between_two_junctions_is_a_branch_that_leaves_both() -> None:
    crack = np.zeros((100, 200), np.bool_)
    crack[48:53, 10:190] = True
    crack[10:90, 58:62] = crack[10:50, 138:142] = True
    branches = branches_of(crack)
    name = int(branches.names[50, 100])
    assert len(set(branches.junctions[name])) == 2
    left = crack & ~branches.cut(name)
    assert left[10:90, 58:62].all() and left[10:51, 138:142].all() and not left[48:53, 66:134].any()


@given(st.integers(0, 400))
def test_branches_share_the_crack_out_among_them(seed: int) -> None:
    crack = render_scene(seed, 96, 128).mask
    branches = branches_of(crack)
    np.testing.assert_array_equal(branches.names != 0, crack)
    assert set(np.unique(branches.names[branches.names > 0])) <= set(branches.junctions)
    junctions = {name for names in branches.junctions.values() for name in names}
    assert junctions <= set(np.unique(branches.lines[branches.lines < 0]).tolist())
    for name in branches.junctions:
        assert not (branches.cut(name) & ~crack).any()


def test_nothing_has_no_branches() -> None:
    branches = branches_of(np.zeros((5, 7), np.bool_))
    assert not branches.junctions and not branches.names.any()
