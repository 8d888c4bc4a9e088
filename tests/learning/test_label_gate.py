"""Claims about which head may be promoted."""

from __future__ import annotations

import numpy as np
import pytest

from resatt_studio.learning.label_gate import CHANCE, chance_of, judge_labels
from resatt_studio.records.label_learning import LabelResult
from resatt_studio.records.weights import LabelComparison, LabelScores, WeightsFile

WEIGHTS = WeightsFile("id", "rmt", {}, {}, b"")


def result(
    gains: tuple[float, ...],
    right: tuple[int, int] = (2, 4),
    reference: tuple[int, int] = (25, 25),
    surprise: tuple[float, float] = (0.4, 0.4),
) -> LabelResult:
    photos, mean = len(gains), sum(gains) / max(1, len(gains))
    here = [LabelScores(photos, right[0], 1.0), LabelScores(photos, right[1], 1.0 - mean)]
    there = [LabelScores(32, count, nats) for count, nats in zip(reference, surprise, strict=True)]
    return LabelResult(WEIGHTS, "base", LabelComparison(*here, *there), gains, 10, 5, 1.0)


BETTER = (0.3, 0.5, 0.1, 0.4, 0.2, 0.6)


def test_what_is_better_on_every_photo_and_forgets_nothing_is_promoted_with_its_numbers() -> None:
    verdict = judge_labels(result(BETTER))
    assert verdict.promoted
    for words in ("4 of 6 held-back photos", "before 2", "from 1.00 to 0.65", "25 of 32 reference tiles"):
        assert words in verdict.reason


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (result((0.3, 0.5, 0.4, 0.2)), "too few to judge by"),
        (result(BETTER, right=(4, 3)), "3 of 6 held-back photos named as you do, before 4"),
        (result((0.01,) * 6), "has to fall by at least 0.02"),
        (result((-0.3,) * 6, right=(3, 3)), "rose from 1.00 to 1.30"),
        (result((0.9, -0.1, -0.2, 0.1, -0.1, 0.05)), "may be chance"),
        (result(BETTER, reference=(25, 21)), "21 of 32 reference tiles named rightly, before 25"),
        (result(BETTER, surprise=(0.4, 0.6)), "rose from 0.40 to 0.60"),
    ],
)
def test_a_refusal_names_its_reason(candidate: LabelResult, why: str) -> None:
    verdict = judge_labels(candidate)
    assert not verdict.promoted and verdict.reason.startswith("Not promoted: ")
    assert why in verdict.reason


def test_the_chance_of_gains_is_that_of_signs_drawn_by_lot() -> None:
    assert chance_of((1, 1, 1, 1, 1)) == pytest.approx(1 / 32)
    assert chance_of((1, -1)) == pytest.approx(3 / 4)
    assert chance_of((0, 0, 0)) == 1.0
    assert chance_of(()) == 1.0
    many = chance_of((1.0,) * 40)
    assert 0 < many <= 1 / 10_000, "what was seen is possible"


@pytest.mark.parametrize("photos", [6, 20])
def test_gains_that_are_noise_pass_no_more_often_than_promised(photos: int) -> None:
    rng = np.random.default_rng(0)
    passed = np.mean([chance_of(tuple(rng.normal(0, 0.3, photos))) <= CHANCE for _ in range(400)])
    assert passed <= CHANCE + 0.03
