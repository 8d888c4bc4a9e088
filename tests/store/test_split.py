"""The sticky split: one group in five validates, early enough, and for good."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.records.photo import Split
from resatt_studio.store.samples import SampleStore
from resatt_studio.store.split import ROUND, decide_side

names = st.lists(st.text(min_size=1, max_size=12), unique=True, min_size=5, max_size=40)


def decide_all(groups: list[str]) -> list[Split]:
    sides: list[Split] = []
    for turn, group in enumerate(groups):
        this_round = sides[turn - turn % ROUND :]
        sides.append(decide_side(group, turn, this_round.count(Split.VALIDATION)))
    return sides


@given(names)
def test_the_first_group_trains_and_the_second_or_third_validates(groups: list[str]) -> None:
    sides = decide_all(groups)
    assert sides[0] is Split.TRAIN
    assert sides[1:3].count(Split.VALIDATION) == 1


@given(names)
def test_every_whole_round_has_exactly_one_validation_group(groups: list[str]) -> None:
    sides = decide_all(groups)
    for start in range(0, len(sides) - ROUND + 1, ROUND):
        assert sides[start : start + ROUND].count(Split.VALIDATION) == 1


@given(names)
def test_equal_names_in_equal_order_get_equal_sides(groups: list[str]) -> None:
    assert decide_all(groups) == decide_all(list(groups))


def test_every_place_of_a_later_round_validates_about_as_often() -> None:
    counts = np.zeros(ROUND, int)
    for draw in range(2000):
        sides = decide_all([f"{draw}-{place}" for place in range(2 * ROUND)])
        counts[sides[ROUND:].index(Split.VALIDATION)] += 1
    assert counts.min() > 330
    assert counts.max() < 470


def test_a_group_keeps_its_side_whatever_comes_later(store: SampleStore, add: Callable[..., str]) -> None:
    labels = np.ones((30, 40), np.uint8)
    first = {}
    for number in range(12):
        photo = add(f"{number}a", f"group {number}")
        first[f"group {number}"] = store.approve(photo, labels).split
    for number in reversed(range(12)):
        photo = add(f"{number}b", f"group {number}")
        assert store.approve(photo, labels).split is first[f"group {number}"]
        assert store.approve(photo, labels * 2).split is first[f"group {number}"]
    assert [*first.values()].count(Split.VALIDATION) in (2, 3)


def test_no_photo_has_a_side_before_its_group_is_approved(
    store: SampleStore, add: Callable[..., str]
) -> None:
    photo = add("a", "g")
    add("b", "h")
    store.approve(photo, np.zeros((30, 40), np.uint8))
    assert [entry.split for entry in store.photos()] == [Split.TRAIN, None]
