"""Confusion counts add up, and its scores are those of the textbook."""

from __future__ import annotations

import numpy as np
import pytest

from resatt_studio.imaging.confusion import Confusion
from resatt_studio.records.labels import CRACK_TYPES, CrackType

NONE, LONG, ACROSS, NET = CRACK_TYPES


def test_right_answers_score_one() -> None:
    found = Confusion.of(CRACK_TYPES, CRACK_TYPES)
    assert found.macro_f1 == 1.0
    assert found.crack_accuracy == 1.0
    np.testing.assert_array_equal(found.counts, np.eye(4))


def test_a_crack_taken_for_another_type_is_a_crack_all_the_same() -> None:
    found = Confusion.of([LONG, ACROSS], [ACROSS, LONG])
    assert found.crack_accuracy == 1.0
    assert found.macro_f1 == 0.0


def test_cracks_of_unknown_type_count_for_crack_or_none_only() -> None:
    found = Confusion.of([None, None, NONE], [NET, NONE, NONE])
    assert found.untyped == (1, 1)
    assert found.number == 3
    assert found.crack_accuracy == pytest.approx(2 / 3)
    assert found.f1 == {CrackType.NO_CRACK: 1.0}


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    found = Confusion.of([LONG, LONG, LONG, NONE], [LONG, LONG, NONE, LONG])
    precision = recall = 2 / 3
    assert found.f1[LONG] == pytest.approx(2 * precision * recall / (precision + recall))


def test_confusions_add() -> None:
    one, two = Confusion.of([LONG, None], [LONG, NET]), Confusion.of([NET], [LONG])
    both = Confusion.of([LONG, None, NET], [LONG, NET, LONG])
    np.testing.assert_array_equal((one + two).counts, both.counts)
    assert (one + two).untyped == both.untyped
