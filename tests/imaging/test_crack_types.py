"""The type of crack follows from the mask by rule, and turns with the photo."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from resatt_studio.imaging.crack_types import crack_course
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.labels import CrackType, turned_quarter


def line(angle_deg: float, side: int = 224, width: int = 5) -> BoolArray:
    canvas = np.zeros((side, side), np.uint8)
    reach = 0.45 * side * np.array([np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))])
    ends = [tuple(int(value) for value in np.round(side / 2 + sign * reach)) for sign in (-1, 1)]
    cv2.line(canvas, ends[0], ends[1], 1, width)
    return canvas.astype(np.bool_)


def net(side: int = 224) -> BoolArray:
    canvas = np.zeros((side, side), np.uint8)
    for place in range(40, side, 60):
        canvas[place : place + 4] = 1
        canvas[:, place : place + 4] = 1
    return canvas.astype(np.bool_)


def test_an_empty_mask_has_no_crack() -> None:
    course = crack_course(np.zeros((64, 64), np.bool_))
    assert course.kind is CrackType.NO_CRACK
    assert not course.ambiguous
    assert np.isnan(course.angle_deg)


@pytest.mark.parametrize(
    ("angle", "kind"),
    [
        (0, CrackType.TRANSVERSE),
        (160, CrackType.TRANSVERSE),
        (90, CrackType.LONGITUDINAL),
        (70, CrackType.LONGITUDINAL),
    ],
)
def test_the_direction_decides(angle: float, kind: CrackType) -> None:
    course = crack_course(line(angle))
    assert course.kind is kind
    assert not course.ambiguous
    assert course.coherence > 0.95
    assert 4 <= course.width_px <= 7


@pytest.mark.parametrize("angle", [40, 45, 52, 130])
def test_an_oblique_crack_is_ambiguous(angle: float) -> None:
    assert crack_course(line(angle)).ambiguous


@pytest.mark.parametrize("part", [False, True])
def test_a_net_branches(part: bool) -> None:
    course = crack_course(net(), part)
    assert course.kind is CrackType.BRANCHING
    assert not course.ambiguous
    assert course.loops >= 4


def test_a_quarter_turn_swaps_longitudinal_and_transverse() -> None:
    for mask in (line(10), line(80), net()):
        before, after = crack_course(mask), crack_course(np.rot90(mask))
        assert after.kind is turned_quarter(before.kind)
        assert after.loops == before.loops


def test_a_speck_is_no_crack_but_no_clean_photo_either() -> None:
    mask = np.zeros((64, 64), np.bool_)
    mask[10:12, 10:12] = True
    course = crack_course(mask)
    assert course.kind is CrackType.NO_CRACK
    assert course.ambiguous


def test_the_ragged_edge_of_a_wide_crack_is_no_branch() -> None:
    rng = np.random.default_rng(3)
    mask = line(5, width=15)
    for column in rng.integers(20, 200, 30):
        rows = np.nonzero(mask[:, column])[0]
        mask[rows.min() - 5 : rows.min(), column : column + 2] = True
    assert crack_course(mask).junctions == 0
