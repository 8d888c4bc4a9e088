"""Cracks found in bands are those of the whole mask; outlines are what they say."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resatt_studio.imaging.cracks import Crack, crack_mask, find_cracks, outline
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.records.geometry import Box

MASKS = hnp.arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))


def found(mask: np.ndarray, band_rows: int) -> list[Crack]:
    return run_to_end(find_cracks(*mask.shape, lambda box: mask[box.slices], band_rows))


@given(MASKS, st.integers(1, 9))
def test_bands_change_nothing_and_the_cracks_are_the_connected_components(
    mask: np.ndarray, band_rows: int
) -> None:
    cracks = found(mask, band_rows)
    assert cracks == found(mask, 100)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    boxes = {
        (Box(top, left, top + height, left + width), area)
        for left, top, width, height, area in stats[1:].tolist()
    }
    assert len(cracks) == count - 1 and {(one.box, one.area_px) for one in cracks} == boxes
    for crack in cracks:
        own = labels == labels[crack.first]
        assert np.array_equal(crack_mask(crack, lambda box: mask[box.slices]), own[crack.box.slices])
        assert np.flatnonzero(own)[0] == crack.first[0] * mask.shape[1] + crack.first[1]


def test_a_snake_that_crosses_every_band_is_one_crack() -> None:
    mask = np.zeros((60, 41), np.bool_)
    mask[:, ::2] = True
    mask[0, 1::4] = mask[-1, 3::4] = True
    (crack,) = found(mask, 7)
    assert crack == Crack((0, 0), Box(0, 0, 60, 41), int(mask.sum()))


@given(MASKS)
@example(
    np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.bool_)
)  # four parts around what is none of their holes
@example(np.array([[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]], np.bool_))  # holes that touch
@example(np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], np.bool_))  # a hole that touches the outside
def test_an_outline_filled_again_is_the_crack(mask: np.ndarray) -> None:
    for crack in found(mask, 100):
        own = crack_mask(crack, lambda box: mask[box.slices])
        whole = np.zeros(own.shape, np.int64)
        for polygon in outline(own):
            filled = np.zeros(own.shape, np.bool_)
            for ring in polygon:
                assert ring[0] == ring[-1]
                for (top, left), (bottom, right) in pairwise(ring):
                    assert (top == bottom) != (left == right), "along the edges of pixels"
                    if left == right:  # everything right of a vertical edge changes sides
                        filled[min(top, bottom) : max(top, bottom), left:] ^= True
            assert cv2.connectedComponents(filled.astype(np.uint8), connectivity=4)[0] == 2, "one inside"
            areas = [signed_area(ring) for ring in polygon]
            assert areas[0] > 0 and all(area < 0 for area in areas[1:]), "one ring around all, then the holes"
            assert sum(areas) == filled.sum()
            whole += filled
        assert np.array_equal(whole, own), "polygons share no pixel"


@given(MASKS)
def test_no_ring_passes_a_corner_twice_and_no_two_share_a_piece_of_an_edge(mask: np.ndarray) -> None:
    for crack in found(mask, 100):
        rings = [
            ring for polygon in outline(crack_mask(crack, lambda box: mask[box.slices])) for ring in polygon
        ]
        passed = [[place for one, other in pairwise(ring) for place in between(one, other)] for ring in rings]
        assert all(len(set(places)) == len(places) for places in passed)
        edges = [
            frozenset(edge)
            for places in passed
            for edge in zip(places, [*places[1:], places[0]], strict=True)
        ]
        assert len(set(edges)) == len(edges)


def between(one: tuple[int, int], other: tuple[int, int]) -> list[tuple[int, int]]:
    """Corners from one to the last before the other."""
    count = max(abs(other[0] - one[0]), abs(other[1] - one[1]))
    return [
        (one[0] + (other[0] - one[0]) * step // count, one[1] + (other[1] - one[1]) * step // count)
        for step in range(count)
    ]


def signed_area(ring: list[tuple[int, int]]) -> float:
    """Positive where the inside lies on the right hand."""
    points = np.array(ring, np.float64)
    rows, columns = points[:, 0], points[:, 1]
    return float(np.sum(columns[:-1] * rows[1:] - columns[1:] * rows[:-1]) / 2)
