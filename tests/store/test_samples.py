"""Samples, answers, settings: the newest counts, the older stay on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from resatt_studio.annotation.tiled_labels import TiledLabels
from resatt_studio.errors import BugError, StoreError
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import ReviewState, Split
from resatt_studio.records.weights import WeightsFile, WeightsState
from resatt_studio.store.blobs import BlobStore
from resatt_studio.store.samples import SampleStore
from resatt_studio.store.versions import WeightsShelf

if TYPE_CHECKING:
    from store.conftest import Opened

Add = Callable[..., str]
ONES = np.ones((30, 40), np.uint8)


def test_a_sample_keeps_labels_and_prediction_exactly(store: SampleStore, add: Add, tmp_path) -> None:
    labels = np.random.default_rng(1).integers(0, 3, (30, 40)).astype(np.uint8)
    predicted = np.random.default_rng(2).integers(0, 256, (30, 40)).astype(np.uint8)
    sample = store.approve(add("a", "g"), labels, predicted, complete=True, author="Ada")
    blobs = BlobStore(tmp_path / "blobs")
    assert np.array_equal(blobs.get_array(sample.labels_blob), labels)
    assert np.array_equal(blobs.get_array(sample.predicted_blob), predicted)
    assert (sample.group, sample.complete, sample.author) == ("g", True, "Ada")
    assert store.samples() == [sample]
    assert store.sample(sample.sample_id) == sample


def test_a_sample_in_tiles_keeps_what_was_said_and_the_prediction_without_a_copy(
    store: SampleStore, add: Add, opened: Opened
) -> None:
    photo, labels = add("a", "g"), TiledLabels(30, 40)
    labels.write(Box(3, 5, 6, 9), np.full((3, 4), 2, np.uint8))
    with opened.blobs.map_writer(30, 40) as writer:
        writer.put(Box(0, 0, 30, 40), ONES * 9)
        predicted = opened.blobs.open_map(writer.seal())
    assert predicted is not None
    sample = store.approve(photo, labels, predicted, threshold=0.3)
    assert sample.predicted_blob == predicted.blob and store.samples() == [sample]
    kept = opened.blobs.open_map(sample.labels_blob)
    assert kept is not None and np.array_equal(kept.read(labels.box), labels.to_array())
    again = store.approve(photo, labels, predicted, threshold=0.3)
    assert again.sample_id == sample.sample_id, "the same labels over the same mask, the same sample"
    assert opened.problems() == []


def test_a_sample_knows_at_which_threshold_it_was_approved(store: SampleStore, add: Add) -> None:
    photo = add("a")
    assert store.approve(photo, ONES, ONES, threshold=0.3).threshold == 0.3
    assert store.approve(photo, ONES, ONES).threshold == 0.5
    assert store.samples()[0].threshold == 0.5


def test_the_same_labels_over_another_mask_are_another_sample(store: SampleStore, add: Add) -> None:
    photo, some = add("a"), ONES.copy()
    some[0] = Label.UNSAID
    first = store.approve(photo, some, ONES * 9)
    second = store.approve(photo, some, ONES * 200)
    assert second.sample_id != first.sample_id and store.samples() == [second]
    assert store.sample(first.sample_id).predicted_blob == first.predicted_blob, "the first truth is kept"
    assert store.first_samples([photo])[0].predicted_blob == first.predicted_blob
    third = store.approve(photo, some, ONES * 200, threshold=0.3)
    assert third.sample_id not in (first.sample_id, second.sample_id), "a mask cut elsewhere is another"
    everything = store.approve(photo, ONES)
    again = store.approve(photo, ONES, ONES * 9, threshold=0.3)
    assert again.sample_id == everything.sample_id, "what says all leaves nothing to a mask"
    alone = store.approve(photo, some * 2)
    assert store.approve(photo, some * 2, threshold=0.3).sample_id == alone.sample_id, (
        "there is no mask to cut"
    )
    for again in (second, first):
        once_more = store.approve(photo, some, ONES * (200 if again is second else 9))
        assert once_more.sample_id == again.sample_id and store.samples() == [once_more]


def test_a_photo_that_was_skipped_after_its_approval_neither_teaches_nor_judges(
    store: SampleStore, add: Add
) -> None:
    photo = add("a")
    sample = store.approve(photo, ONES)
    store.set_state(photo, ReviewState.SKIPPED)
    assert store.samples() == [] and store.unlearned() == []
    store.set_state(photo, ReviewState.CORRECTING)
    assert store.samples() == [], "painting on it approves nothing"
    assert store.approve(photo, ONES).sample_id == sample.sample_id and len(store.samples()) == 1


def test_the_first_samples_are_those_of_the_first_approvals(store: SampleStore, add: Add) -> None:
    first, other = add("a"), add("b")
    samples = [store.approve(photo, labels) for labels in (ONES, ONES * 2) for photo in (first, other)]
    assert store.first_samples([first, other]) == samples[:2]
    assert store.first_samples([other]) == [samples[1]]
    assert store.first_samples([]) == []


def test_a_later_approval_replaces_the_sample_and_keeps_the_old_one_on_record(
    store: SampleStore, add: Add
) -> None:
    photo = add("a")
    first = store.approve(photo, ONES)
    second = store.approve(photo, ONES * 2)
    assert store.samples() == [second]
    assert store.sample(first.sample_id).labels_blob == first.labels_blob


def test_approving_the_same_labels_again_is_the_same_sample(store: SampleStore, add: Add) -> None:
    photo = add("a")
    first = store.approve(photo, ONES)
    store.approve(photo, ONES * 2)
    again = store.approve(photo, ONES, complete=True, author="Bo")
    assert again.sample_id == first.sample_id
    assert store.samples() == [again]
    assert (again.complete, again.author) == (True, "Bo")


def test_samples_of_one_side_are_those_of_its_groups(store: SampleStore, add: Add) -> None:
    for number in range(5):
        store.approve(add(str(number)), ONES)
    sides = {split: store.samples(split) for split in Split}
    assert len(sides[Split.TRAIN]) == 4
    assert len(sides[Split.VALIDATION]) == 1
    assert sorted(s.sample_id for side in sides.values() for s in side) == sorted(
        s.sample_id for s in store.samples()
    )


def test_unlearned_are_training_samples_that_no_kept_weights_have_seen(
    store: SampleStore, shelf: WeightsShelf, add: Add, weights_of: Callable[..., WeightsFile]
) -> None:
    for number in range(5):
        store.approve(add(str(number)), ONES)
    train = [sample.sample_id for sample in store.samples(Split.TRAIN)]
    shelf.add(weights_of("base"), state=WeightsState.ACTIVE)
    assert [sample.sample_id for sample in store.unlearned()] == train
    refused = shelf.add(weights_of("worse"), samples=train)
    assert store.unlearned() == []
    shelf.refuse(refused.weights_id)
    assert [sample.sample_id for sample in store.unlearned()] == train
    shelf.add(weights_of("taken back"), samples=train, state=WeightsState.ACTIVE)
    assert store.unlearned() == []
    shelf.rollback()
    assert [sample.sample_id for sample in store.unlearned()] == train
    shelf.add(weights_of("better"), samples=train[:3], state=WeightsState.ACTIVE)
    assert [sample.sample_id for sample in store.unlearned()] == train[3:]
    corrected = store.approve(store.sample(train[0]).photo_id, ONES * 2)
    assert corrected in store.unlearned()


@pytest.mark.parametrize(
    ("labels", "predicted"),
    [
        (np.ones((40, 30), np.uint8), None),
        (np.ones((30, 40), np.uint8), np.ones((30, 41), np.uint8)),
        (np.ones((30, 40), np.float32), None),
        (np.full((30, 40), 3, np.uint8), None),
        (TiledLabels(40, 30), None),
        (ONES, TiledLabels(30, 41)),
    ],
)
def test_arrays_that_do_not_fit_are_our_mistake_and_leave_nothing(
    store: SampleStore, add: Add, labels: Any, predicted: Any
) -> None:
    photo = add("a")
    with pytest.raises(BugError):
        store.approve(photo, labels, predicted)
    assert store.samples() == []
    assert store.photo(photo).split is None


def test_an_unknown_sample_is_refused(store: SampleStore) -> None:
    with pytest.raises(StoreError, match="no sample"):
        store.sample("0" * 64)


def test_the_newest_answer_to_each_question_counts(store: SampleStore, add: Add) -> None:
    photo, other = add("a"), add("b")
    store.label_answer(photo, "surface", "asphalt")
    store.label_answer(photo, "wet", "no", "Ada")
    store.label_answer(photo, "surface", "concrete", "Bo")
    store.label_answer(other, "surface", "brick")
    answers = [(a.question, a.answer, a.author) for a in store.label_answers(photo)]
    assert answers == [("surface", "concrete", "Bo"), ("wet", "no", "Ada")]


def test_an_answer_can_be_taken_back_and_every_step_is_in_the_event_log(store: SampleStore, add: Add) -> None:
    photo = add("a.png")
    for answer in ("transverse", "branching", ""):
        store.label_answer(photo, "crack type", answer, "Ada")
    assert store.label_answers(photo) == []
    told = [(e.photo_id, e.detail, e.author) for e in store.events(9) if e.kind == "label-answer"]
    assert sorted(told) == [
        (photo, "crack type: answer taken back", "Ada"),
        (photo, "crack type: branching", "Ada"),
        (photo, "crack type: transverse", "Ada"),
    ]
    store.label_answer(photo, "crack type", "no_crack", "Bo")
    assert [a.answer for a in store.label_answers(photo)] == ["no_crack"]


@pytest.mark.parametrize("value", [0.25, "text", None, True, [1, 2], {"a": {"b": 1.5}}])
def test_settings_come_back_as_set(store: SampleStore, value: object) -> None:
    assert store.setting("key", "default") == "default"
    store.set_setting("key", "something else")
    store.set_setting("key", value)
    assert store.setting("key", "default") == value
