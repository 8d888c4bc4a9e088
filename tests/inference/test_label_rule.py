"""Claims about joining many looks to one label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import BugError
from resatt_studio.inference.label_rule import LabelRule, combine

PLAIN = LabelRule(contrast=1.0)


def look(crack: float, types: tuple[float, float, float] = (1.0, 0.0, 0.0)) -> list[float]:
    """One look's answer: crack probability, and shares of longitudinal, transverse and branching."""
    return [1.0 - crack, *(crack * share for share in types)]


@st.composite
def photos(draw: st.DrawFn) -> list[np.ndarray]:
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    sharp = draw(st.sampled_from([0.05, 1.0, 20.0]))
    return [random.dirichlet([sharp] * 4, size) for size in draw(st.lists(st.integers(1, 50), min_size=1))]


@given(photos())
def test_the_answer_is_a_distribution(levels: list[np.ndarray]) -> None:
    answer = combine(levels)
    assert sum(answer) == pytest.approx(1.0) and min(answer) >= 0.0


@given(photos(), st.integers(0, 100))
def test_the_order_of_looks_within_a_level_does_not_matter(levels: list[np.ndarray], seed: int) -> None:
    random = np.random.default_rng(seed)
    mixed = [random.permutation(level) for level in levels]
    assert combine(mixed) == pytest.approx(combine(levels))


@given(photos())
def test_surer_looks_never_make_a_crack_less_likely(levels: list[np.ndarray]) -> None:
    surer = [np.column_stack([level[:, 0] / 2, level[:, 1:]]) for level in levels]
    surer = [level / level.sum(axis=1, keepdims=True) for level in surer]
    assert combine(surer)[0] <= combine(levels)[0] + 1e-9


def test_a_single_look_is_the_answer() -> None:
    row = look(0.7, (0.5, 0.2, 0.3))
    assert combine([np.array([row])], PLAIN) == pytest.approx(row)


def test_contrast_changes_neither_crack_nor_the_order_of_types() -> None:
    row = look(0.7, (0.5, 0.2, 0.3))
    plain, sharp = combine([np.array([row])], PLAIN), combine([np.array([row])])
    assert sharp[0] == pytest.approx(plain[0])
    assert np.argsort(sharp).tolist() == np.argsort(plain).tolist()
    assert max(sharp[1:]) > max(plain[1:])


def test_one_mistaken_look_of_many_makes_no_crack_but_a_line_of_them_does() -> None:
    whole = np.array([look(0.1)])
    mistaken = np.array([look(0.99)] + [look(0.02)] * 47)
    assert combine([whole, mistaken])[0] > 0.8
    crossing = np.array([look(0.99)] * 7 + [look(0.02)] * 41)
    assert combine([whole, crossing])[0] < 0.1


def test_a_crack_that_only_one_level_can_see_is_found() -> None:
    unseen = np.array([look(0.05)] * 2)
    thin = np.array([look(0.98)] * 3 + [look(0.05)] * 6)
    assert combine([unseen, thin])[0] < 0.5
    net = np.array([look(0.98, (0.0, 0.0, 1.0))])
    assert combine([net, np.array([look(0.3)] * 9)])[0] < 0.5


def test_the_type_is_named_by_the_looks_that_see_a_crack() -> None:
    sure = [look(0.95, (0.0, 1.0, 0.0))] * 3
    unsure = [look(0.05, (1.0, 0.0, 0.0))] * 6
    answer = combine([np.array([look(0.5, (0.2, 0.6, 0.2))]), np.array(sure + unsure)])
    assert int(np.argmax(answer)) == 2


def test_the_shift_moves_the_odds_of_a_crack_alone() -> None:
    levels = [np.array([look(0.5, (0.6, 0.3, 0.1))])]
    shifted = combine(levels, LabelRule(shift=1.0, contrast=1.0))
    assert shifted[0] == pytest.approx(1.0 / (1.0 + np.e))
    assert shifted[1] / shifted[2] == pytest.approx(2.0)


@pytest.mark.parametrize("crack", [0.0, 1.0])
def test_certain_looks_give_numbers(crack: float) -> None:
    answer = combine([np.array([look(crack)] * 3), np.array([look(crack)] * 9)])
    assert answer[0] == pytest.approx(1.0 - crack, abs=1e-5)
    assert np.isfinite(answer).all()


@pytest.mark.parametrize("levels", [[], [np.zeros((0, 4))], [np.full((2, 3), 1 / 3)]])
def test_no_looks_or_other_classes_are_a_bug(levels: list[np.ndarray]) -> None:
    with pytest.raises(BugError):
        combine(levels)
