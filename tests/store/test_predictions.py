"""Predictions: one per photo, weights and what was segmented, exactly as made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import update

from resatt_studio.errors import StoreError
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import WeightsFile, WeightsState
from resatt_studio.store import schema

if TYPE_CHECKING:
    from store.conftest import Opened


def test_a_prediction_comes_back_exactly(opened: Opened, add: Callable[..., str]) -> None:
    probability = np.random.default_rng(0).integers(0, 256, (30, 40)).astype(np.uint8)
    given = Prediction(add("a"), "w" * 64, probability, 0.123456789, 1.5, "cpu")
    opened.store.put_prediction(given)
    back = opened.store.prediction(given.photo_id, given.weights_id)
    assert back is not None
    assert back == given
    assert np.array_equal(back.probability_8bit, probability)
    assert (back.mean_entropy, back.seconds, back.device) == (0.123456789, 1.5, "cpu")
    assert opened.store.has_prediction(given.photo_id, given.weights_id)


def test_weights_that_never_saw_the_photo_have_no_prediction(opened: Opened, add: Callable[..., str]) -> None:
    photo = add("a")
    opened.store.put_prediction(Prediction(photo, "w" * 64, np.zeros((30, 40), np.uint8), 0.1))
    assert opened.store.prediction(photo, "v" * 64) is None
    assert not opened.store.has_prediction(photo, "v" * 64)


def test_a_newer_prediction_of_the_same_weights_replaces_the_older(
    opened: Opened, add: Callable[..., str]
) -> None:
    photo = add("a")
    for value in (10, 20):
        opened.store.put_prediction(Prediction(photo, "w" * 64, np.full((30, 40), value, np.uint8), 0.1))
    back = opened.store.prediction(photo, "w" * 64)
    assert back is not None
    assert back.probability_8bit[0, 0] == 20


def test_a_lost_prediction_file_is_an_error_that_names_it_and_not_an_empty_answer(
    opened: Opened, add: Callable[..., str]
) -> None:
    photo = add("a")
    opened.store.put_prediction(Prediction(photo, "w" * 64, np.zeros((30, 40), np.uint8), 0.1))
    (blob,) = opened.blobs.all()
    opened.blobs.path(blob).unlink()
    with pytest.raises(StoreError, match=blob):
        opened.store.prediction(photo, "w" * 64)
    assert len(opened.problems()) == 1


def test_predictions_of_the_photo_and_of_the_dehazed_photo_stand_side_by_side(
    opened: Opened, add: Callable[..., str]
) -> None:
    photo = add("a")
    for value, dehazer_id in ((3, ""), (7, "d" * 64), (9, "e" * 64)):
        values = np.full((30, 40), value, np.uint8)
        opened.store.put_prediction(Prediction(photo, "w" * 64, values, 0.1, dehazer_id=dehazer_id))
    for value, dehazer_id in ((3, ""), (7, "d" * 64), (9, "e" * 64)):
        back = opened.store.prediction(photo, "w" * 64, dehazer_id)
        assert back is not None
        assert (back.dehazer_id, back.probability_8bit[0, 0]) == (dehazer_id, value)
        assert back.input == ("dehazed" if dehazer_id else "raw")
    assert not opened.store.has_prediction(photo, "w" * 64, "f" * 64)


def test_a_sample_says_what_its_prediction_was_made_from(opened: Opened, add: Callable[..., str]) -> None:
    photo, labels = add("a"), np.zeros((30, 40), np.uint8)
    plain = opened.store.approve(photo, labels, labels)
    assert plain.dehazer_id == ""
    again = opened.store.approve(photo, labels, labels, dehazer_id="d" * 64)
    assert again.dehazer_id == opened.store.samples()[0].dehazer_id == "d" * 64


def test_the_uncertainty_of_a_photo_is_that_of_the_weights_in_use_whoever_was_compared_since(
    opened: Opened, add: Callable[..., str], weights_of: Callable[..., WeightsFile]
) -> None:
    photo = add("a")
    old = opened.shelf.add(weights_of("old"), state=WeightsState.ACTIVE)
    new = opened.shelf.add(weights_of("new"))
    for version, entropy in ((old, 0.1), (new, 0.2)):
        opened.store.put_prediction(
            Prediction(photo, version.weights_id, np.zeros((30, 40), np.uint8), entropy)
        )
    assert opened.store.photo(photo).uncertainty == 0.1
    opened.shelf.promote(new.weights_id)
    assert opened.store.photo(photo).uncertainty == 0.2


def test_values_are_counted_of_the_newest_prediction_of_each_photo(
    opened: Opened, add: Callable[..., str]
) -> None:
    first, second, _ = add("a"), add("b"), add("c")
    values = np.random.default_rng(0).integers(0, 256, (30, 40)).astype(np.uint8)
    for photo, weights, shown in ((first, "w", values), (first, "v", values // 2), (second, "w", values)):
        opened.store.put_prediction(Prediction(photo, weights * 64, shown, 0.1))
    counts = opened.store.value_counts()
    assert counts.keys() == {first, second} and opened.store.uncounted() == []
    assert np.array_equal(counts[first], np.bincount((values // 2).ravel(), minlength=256))
    assert np.array_equal(counts[second], np.bincount(values.ravel(), minlength=256))


def test_values_are_counted_of_the_weights_in_use_whoever_was_compared_since(
    opened: Opened, add: Callable[..., str], weights_of: Callable[..., WeightsFile]
) -> None:
    photo = add("a")
    used = opened.shelf.add(weights_of("used"), state=WeightsState.ACTIVE)
    compared = opened.shelf.add(weights_of("compared"))
    for version, value in ((used, 3), (compared, 120)):
        values = np.full((30, 40), value, np.uint8)
        opened.store.put_prediction(Prediction(photo, version.weights_id, values, 0.1))
    assert opened.store.value_counts()[photo][3] == 1200
    with opened.database.writing() as connection:
        connection.execute(update(schema.predictions).values(value_counts=None))
    assert opened.store.uncounted() == [(photo, used.weights_id, "")]


def test_what_was_never_counted_is_told_and_can_be_noted(opened: Opened, add: Callable[..., str]) -> None:
    photo = add("a")
    opened.store.put_prediction(Prediction(photo, "w" * 64, np.zeros((30, 40), np.uint8), 0.1))
    with opened.database.writing() as connection:
        connection.execute(update(schema.predictions).values(value_counts=None))
    assert opened.store.value_counts() == {}
    (key,) = opened.store.uncounted()
    assert key == (photo, "w" * 64, "")
    opened.store.note_counts(*key, np.arange(256))
    assert np.array_equal(opened.store.value_counts()[photo], np.arange(256))
