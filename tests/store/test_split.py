"""The sticky split: one group in five validates, early enough, and for good."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.records.photo import Split
from resatt_studio.store.samples import SampleStore
from resatt_studio.store.split import ANSWER_ROUND, ROUND, answer_sides, decide_side

names = st.lists(st.text(min_size=1, max_size=12), unique=True, min_size=5, max_size=40)


def decide_all(groups: list[str]) -> list[Split]:
    sides: list[Split] = []
    for turn, group in enumerate(groups):
        this_round = sides[turn - turn % ROUND :]
        sides.append(decide_side(group, turn, this_round.count(Split.VALIDATION)))
    return sides


@given(names)
def test_the_first_four_groups_train_and_the_fifth_validates(groups: list[str]) -> None:
    assert decide_all(groups)[:ROUND] == [Split.TRAIN] * (ROUND - 1) + [Split.VALIDATION]


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


@given(names, st.integers(1, 40))
def test_every_third_group_that_is_answered_judges_and_later_answers_move_none(
    groups: list[str], cut: int
) -> None:
    sides = answer_sides(groups)
    assert list(sides) == groups and sides[groups[0]] is Split.TRAIN
    for start in range(0, len(groups) - ANSWER_ROUND + 1, ANSWER_ROUND):
        one_round = [sides[group] for group in groups[start : start + ANSWER_ROUND]]
        assert one_round.count(Split.VALIDATION) == 1
    assert answer_sides(groups[:cut]).items() <= sides.items()
    assert answer_sides([*groups, *groups[::-1]]) == sides, "a group that comes again changes nothing"


def test_photos_of_one_group_stand_on_one_side(store: SampleStore, add: Callable[..., str]) -> None:
    for name in "abcdefgh":
        store.label_answer(add(name, group=name if name < "e" else "burst"), "crack type", "no_crack")
    store.label_answer(add("i"), "surface", "asphalt")
    answers = store.sided_answers("crack type")
    assert [answer.group for answer in answers] == ["a", "b", "c", "d", "burst", "burst", "burst", "burst"]
    assert len({answer.split for answer in answers if answer.group == "burst"}) == 1
