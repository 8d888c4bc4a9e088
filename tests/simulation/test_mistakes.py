"""Claims about a noisy hand: strokes are wrong as their kind says, as often as asked, and unnoticed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.cli.replay import paint
from resatt_studio.errors import SettingsError
from resatt_studio.records.correction import Label
from resatt_studio.records.prediction import Prediction
from resatt_studio.simulation.inspector import Corrected, Inspector
from resatt_studio.simulation.mistakes import (
    BESIDE_WIDTHS,
    NO_CRACK_PX,
    HandNoise,
    Mistake,
    Unnoticed,
    spoil,
)
from resatt_studio.simulation.photo_set import PhotoPair
from resatt_studio.simulation.recipes import Hand
from resatt_studio.simulation.strokes import HiddenTruth, Stroke, plan_strokes
from resatt_studio.simulation.timing import TimeModel

SIDE = 256


def wall() -> tuple[np.ndarray, np.ndarray]:
    """A photo with three cracks and, far from them, the edge of a shadow; and its truth."""
    truth = np.zeros((SIDE, SIDE), np.uint8)
    for row in (30, 60, 90):
        cv2.line(truth, (10, row), (240, row + 8), 1, 4)
    pixels = np.full((SIDE, SIDE, 3), 170, np.uint8)
    pixels[190:] = 90
    pixels[truth > 0] = 40
    return pixels, truth > 0


PIXELS, MASK = wall()
TRUTH = HiddenTruth.of(MASK)


@pytest.fixture
def pair(tmp_path: Path) -> PhotoPair:
    found = PhotoPair(tmp_path / "wall.png", tmp_path / "mask.png")
    assert cv2.imwrite(str(found.photo), PIXELS)
    assert cv2.imwrite(str(found.mask), MASK.astype(np.uint8) * 255)
    return found


def corrected(
    pair: PhotoPair, noise: HandNoise, seed: int = 0, number: int = 0
) -> tuple[Corrected, np.ndarray]:
    """What a photo took on which nothing is shown, and the labels that it got."""
    document = CorrectionDocument("a" * 64, SIDE, SIDE)
    nothing = Prediction("a" * 64, "b" * 64, np.zeros((SIDE, SIDE), np.uint8), 0.0)
    inspector = Inspector(Hand.CORRECTS, noise, TimeModel(), 3, seed, paint)
    return inspector.correct(document, nothing, pair, number, 0.5), document.labels.to_array()


def test_a_wrong_label_is_the_other_one_on_the_same_path() -> None:
    stroke = plan_strokes(np.zeros_like(MASK), TRUTH)[0]
    wrong = spoil(stroke, Mistake.LABEL, TRUTH, PIXELS, np.random.default_rng(0))
    assert (stroke.label, wrong.label) == (Label.CRACK, Label.NOT_CRACK) and wrong.path == stroke.path


@given(st.integers(0, 10_000))
def test_a_displaced_stroke_lies_several_widths_beside_its_place(seed: int) -> None:
    stroke = Stroke(Label.CRACK, 3.0, ((120.5, 60.5), (128.5, 190.5)))
    wrong = spoil(stroke, Mistake.DISPLACED, TRUTH, PIXELS, np.random.default_rng(seed))
    away = np.hypot(*(np.array(wrong.path) - np.array(stroke.path)).T)
    assert (
        np.all((BESIDE_WIDTHS[0] * 6 <= away) & (away <= BESIDE_WIDTHS[1] * 6))
        and wrong.label is stroke.label
    )


@given(st.integers(0, 10_000))
def test_a_made_up_crack_follows_an_edge_where_no_crack_is(seed: int) -> None:
    stroke = plan_strokes(np.zeros_like(MASK), TRUTH)[0]
    wrong = spoil(stroke, Mistake.MADE_UP, TRUTH, PIXELS, np.random.default_rng(seed))
    rows = [row for row, _ in wrong.path]
    assert wrong.label is Label.CRACK and all(abs(row - 190) < 4 for row in rows)
    assert min(TRUTH.away[int(row), int(column)] for row, column in wrong.path) >= NO_CRACK_PX


def test_without_an_edge_a_made_up_crack_is_a_displaced_stroke() -> None:
    plain = np.full((SIDE, SIDE, 3), 128, np.uint8)
    stroke = plan_strokes(np.zeros_like(MASK), TRUTH)[0]
    wrong = spoil(stroke, Mistake.MADE_UP, TRUTH, plain, np.random.default_rng(1))
    assert len(wrong.path) == len(stroke.path) and wrong.path != stroke.path


def test_who_does_not_notice_a_mistake_sees_the_truth_there() -> None:
    unnoticed = Unnoticed(np.zeros_like(MASK))
    strokes = plan_strokes(np.zeros_like(MASK), TRUTH)
    for stroke in strokes:
        unnoticed.add(stroke)
    assert plan_strokes(unnoticed.seen(np.zeros_like(MASK), TRUTH), TRUTH) == []


def test_every_stroke_or_none_is_wrong_at_the_ends_of_the_scale(pair: PhotoPair) -> None:
    right, labels = corrected(pair, HandNoise())
    assert right.strokes and not right.wrong and not np.any(MASK & (labels == Label.NOT_CRACK))
    wrong, spoilt = corrected(pair, HandNoise(wrong_strokes=1.0))
    assert wrong.wrong == wrong.strokes > 0 and not np.array_equal(labels, spoilt)


def test_the_share_of_wrong_strokes_is_the_one_asked_for(pair: PhotoPair) -> None:
    told = [corrected(pair, HandNoise(wrong_strokes=0.3), seed)[0] for seed in range(60)]
    assert sum(one.wrong for one in told) / sum(one.strokes for one in told) == pytest.approx(0.3, abs=0.08)


def test_the_seed_decides_every_mistake(pair: PhotoPair) -> None:
    noise = HandNoise(wrong_strokes=0.5)
    (first, labels), (again, same) = corrected(pair, noise, 4), corrected(pair, noise, 4)
    assert first == again and np.array_equal(labels, same)
    others = [corrected(pair, noise, seed)[1] for seed in range(5, 9)]
    assert any(not np.array_equal(labels, other) for other in others)


def test_an_upside_down_photo_vouches_for_the_turned_truth(pair: PhotoPair) -> None:
    noise = HandNoise(upside_down=1)
    (turned,) = noise.turned(photos=3, seed=2)
    took, labels = corrected(pair, noise, 2, turned)
    assert took.upside_down and took.seconds > 0
    assert np.array_equal(labels == Label.CRACK, MASK[::-1, ::-1]) and not np.any(labels == Label.UNSAID)
    assert not corrected(pair, noise, 2, (turned + 1) % 3)[0].upside_down


def test_so_many_photos_as_asked_for_are_upside_down_and_the_seed_draws_which() -> None:
    drawn = [HandNoise(upside_down=2).turned(photos=10, seed=seed) for seed in range(5)]
    assert {len(one) for one in drawn} == {2} and len(set(drawn)) > 1


@pytest.mark.parametrize("numbers", [{"wrong_strokes": 1.1}, {"wrong_strokes": -0.1}, {"upside_down": -1}])
def test_noise_out_of_range_is_the_users_to_mend(numbers: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="Give"):
        HandNoise(**numbers)  # type: ignore[arg-type]


def test_more_photos_upside_down_than_approved_are_refused() -> None:
    with pytest.raises(SettingsError, match="--photos"):
        HandNoise(upside_down=4).turned(photos=3, seed=0)
