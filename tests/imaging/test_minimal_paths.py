"""Claims about the cheapest way over a map of costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.errors import BugError
from resatt_studio.imaging.minimal_paths import PathField

SIDE = 9


def price(cost: np.ndarray, path: np.ndarray) -> float:
    steps = np.hypot(*np.diff(path, axis=0).T)
    return float((cost[tuple(path[1:].T)] * steps).sum())


def cheapest(cost: np.ndarray, start: tuple[int, int]) -> np.ndarray:
    """What each pixel is reached for: ask all neighbours again until nothing changes (Bellman-Ford)."""
    best = np.full((SIDE + 2, SIDE + 2), np.inf)
    best[start[0] + 1, start[1] + 1] = 0
    while True:
        before = best.copy()
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                came = before[1 + down : 1 + down + SIDE, 1 + right : 1 + right + SIDE]
                best[1:-1, 1:-1] = np.minimum(best[1:-1, 1:-1], came + cost * np.hypot(down, right))
        if (best == before).all():
            return best[1:-1, 1:-1]


@given(seed=st.integers(0, 10_000), ends=st.tuples(*[st.integers(0, SIDE - 1)] * 4))
@settings(max_examples=60, deadline=None)
def test_no_way_is_cheaper_than_the_one_that_is_found(seed, ends):
    cost = np.random.default_rng(seed).uniform(0.01, 1, (SIDE, SIDE)).astype(np.float32)
    start, end = ends[:2], ends[2:]
    path = PathField(cost, start).path_to(end)
    assert tuple(path[0]) == start and tuple(path[-1]) == end
    assert len(path) == 1 or np.abs(np.diff(path, axis=0)).max() == 1
    assert price(cost, path) == pytest.approx(cheapest(cost, start)[end], rel=1e-4)


def test_ends_outside_are_refused():
    cost = np.ones((4, 5), np.float32)
    with pytest.raises(BugError):
        PathField(cost, (4, 0))
    with pytest.raises(BugError):
        PathField(cost, (0, 0)).path_to((0, 5))
