"""Claims about the ranking: doubt first, then what is new, and rather what stands for many."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.learning.next_photos import USUAL_LIKENESS, rank_photos
from resatt_studio.records.arrays import Float32Array


def wall(name: str, middle: float, count: int, seed: int = 0) -> dict[str, Float32Array]:
    """Descriptors of photos of one wall, and no two walls alike."""
    random = np.random.default_rng(seed)
    return {
        f"{name}{number}": (middle + random.normal(0, 0.3, 21)).astype(np.float32) for number in range(count)
    }


@given(st.dictionaries(st.text("abc", min_size=1), st.floats(0, 1), max_size=12), st.integers(0, 99))
def test_every_photo_has_one_place_and_greedy_gains_never_rise(doubts: dict[str, float], seed: int) -> None:
    random = np.random.default_rng(seed)
    looks = {one: random.normal(size=21).astype(np.float32) for one in doubts if random.random() < 0.7}
    ranks = rank_photos(doubts, looks)
    assert sorted(rank.photo_id for rank in ranks) == sorted(doubts)
    assert [rank.place for rank in ranks] == list(range(1, len(doubts) + 1))
    gains = [rank.gain for rank in ranks]
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(gains))
    assert all(0 <= rank.gain <= rank.doubt + 1e-9 and 0 <= rank.nearest <= 1 + 1e-9 for rank in ranks)


def test_without_looks_doubt_alone_decides() -> None:
    ranks = rank_photos({"a": 0.2, "b": 0.9, "c": 0.5}, {})
    assert [rank.photo_id for rank in ranks] == ["b", "c", "a"]
    assert ranks[0].nearest_id == "" and {rank.nearest for rank in ranks[1:]} == {USUAL_LIKENESS}


def test_a_photo_of_unknown_look_is_as_like_the_others_as_most_are() -> None:
    looks = wall("a", 0, 6) | wall("b", 4, 6, 1)
    ranks = rank_photos(dict.fromkeys([*looks, "unknown"], 0.5), looks)
    unknown = next(rank for rank in ranks if rank.photo_id == "unknown")
    assert unknown.crowd == pytest.approx(USUAL_LIKENESS) and unknown.nearest <= USUAL_LIKENESS


def test_the_first_photos_are_not_all_of_the_wall_with_the_most_doubt() -> None:
    looks = wall("a", 0, 6) | wall("b", 4, 6, 1) | wall("c", -4, 6, 2)
    doubts = {one: {"a": 0.8, "b": 0.6, "c": 0.55}[one[0]] for one in looks}
    first = [rank.photo_id[0] for rank in rank_photos(doubts, looks)[:3]]
    assert sorted(first) == ["a", "b", "c"]


def test_what_looks_like_an_approved_photo_comes_later_and_says_so() -> None:
    looks = wall("a", 0, 5) | wall("b", 4, 5, 1)
    doubts = {one: 0.6 if one[0] == "a" else 0.5 for one in looks if one != "a0"}
    without = rank_photos(doubts, looks)
    assert without[0].photo_id[0] == "a" and without[0].nearest_id == ""
    ranks = rank_photos(doubts, looks, approved=["a0"])
    assert ranks[0].photo_id[0] == "b"
    later = next(rank for rank in ranks if rank.nearest_id == "a0")
    assert not later.before
    close = next(rank for rank in ranks if rank.photo_id[0] == "a")
    assert close.nearest > 0.7 > 0.5 > ranks[0].nearest


def test_of_equal_doubts_the_one_that_stands_for_many_comes_before_an_outlier() -> None:
    looks = wall("a", 0, 8) | wall("z", 9, 1, 1)
    ranks = rank_photos(dict.fromkeys(looks, 0.5), looks)
    assert ranks[0].photo_id[0] == "a"
    crowd = {rank.photo_id: rank.crowd for rank in ranks}
    assert crowd["z0"] < min(value for one, value in crowd.items() if one != "z0")


def test_a_certain_photo_brings_nothing_however_it_looks() -> None:
    looks = wall("a", 0, 4)
    ranks = rank_photos({"a0": 0.0, "a1": 0.3, "a2": 0.2, "a3": 0.1}, looks)
    assert ranks[-1].photo_id == "a0" and ranks[-1].gain == 0.0


def test_the_same_project_is_ranked_the_same_whatever_order_it_is_read_in() -> None:
    looks = wall("a", 0, 7) | wall("b", 2, 7, 3)
    doubts = {one: (index % 5) / 5 for index, one in enumerate(looks)}
    backwards = dict(reversed(list(doubts.items())))
    assert rank_photos(doubts, looks) == rank_photos(backwards, dict(reversed(list(looks.items()))))


def test_photos_that_are_all_the_same_are_ranked_by_doubt() -> None:
    looks = {one: np.ones(21, np.float32) for one in "abcd"}
    ranks = rank_photos({"a": 0.1, "b": 0.4, "c": 0.3, "d": 0.2}, looks)
    assert [rank.photo_id for rank in ranks] == ["b", "c", "d", "a"]
    assert ranks[1].nearest == pytest.approx(1.0) and ranks[1].nearest_id == "b" and ranks[1].before


def test_a_thousand_photos_are_all_ranked() -> None:
    random = np.random.default_rng(0)
    looks = {f"{number:04d}": random.normal(size=21).astype(np.float32) for number in range(1000)}
    doubts = {one: float(random.random()) for one in looks}
    assert len(rank_photos(doubts, looks, approved=["0000"])) == 1000


def test_of_many_approved_photos_the_nearest_counts() -> None:
    looks = {f"{number:04d}": np.full(21, number, np.float32) for number in range(1200)}
    waiting = {"0003": 0.5, "1100": 0.5}
    (rank,) = rank_photos({"1100": 0.5}, looks, [one for one in looks if one not in waiting])
    assert rank.nearest_id in ("1099", "1101") and not rank.before
