"""Claims about second readers in the store: who may say what, the chain, and what is learned from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from resatt_studio.errors import BugError, ReviewError
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.review import ReviewAct
from resatt_studio.store.samples import SampleStore

Add = Callable[..., str]
ONES = np.ones((30, 40), np.uint8)
AGREED, SENT_BACK = ReviewAct.AGREED, ReviewAct.SENT_BACK


@pytest.fixture
def approved(store: SampleStore, add: Add) -> str:
    """A photo that Ada approved."""
    photo = add("a.jpg")
    store.approve(photo, ONES, author="Ada")
    return photo


def test_a_photo_goes_to_and_fro_until_the_second_reader_agrees(store: SampleStore, approved: str) -> None:
    assert store.photo(approved).unread
    store.second_reading(approved, SENT_BACK, " The left crack is missing. ", "Bo")
    entry = store.photo(approved)
    assert entry.sent_back and entry.state is ReviewState.CORRECTING
    assert entry.review is not None and entry.review.note == "The left crack is missing."
    again = store.approve(approved, ONES * 2, author="Ada")
    assert store.photo(approved).unread and not store.photo(approved).sent_back
    store.second_reading(approved, AGREED, "", "Bo")
    assert store.photo(approved).agreed and not store.photo(approved).unread
    chain = store.reviews(approved)
    assert [(link.act.value, link.author) for link in chain] == [
        ("approved", "Ada"),
        ("sent-back", "Bo"),
        ("approved", "Ada"),
        ("agreed", "Bo"),
    ]
    assert chain[-1].sample_id == again.sample_id != chain[0].sample_id
    assert [link.made_at for link in chain] == sorted(link.made_at for link in chain)
    assert store.photo(approved).review == chain[-1]
    kinds = [(event.kind, event.author) for event in store.events(4)]
    assert sorted(kinds) == sorted((link.act.value, link.author) for link in chain)
    assert "The left crack is missing." in [event.detail for event in store.events(4)]


@pytest.mark.parametrize("reader", ["Ada", " ada "])
def test_nobody_is_the_second_reader_of_their_own_approval(
    store: SampleStore, approved: str, reader: str
) -> None:
    for act in (AGREED, SENT_BACK):
        with pytest.raises(ReviewError, match=r"approved a\.jpg and cannot be its second reader") as refused:
            store.second_reading(approved, act, "note", reader)
        assert "one person" in refused.value.hint
    assert len(store.reviews(approved)) == 1 and store.photo(approved).unread
    assert store.second_reading(approved, AGREED, "", reader, own_too=True).act is AGREED


def test_whoever_approved_last_is_the_first_inspector(store: SampleStore, approved: str) -> None:
    store.approve(approved, ONES, author="Bo")
    with pytest.raises(ReviewError, match="Bo approved"):
        store.second_reading(approved, AGREED, "", "Bo")
    assert store.second_reading(approved, AGREED, "", "Ada").author == "Ada"


def test_an_approval_by_nobody_known_can_be_agreed_to_by_anybody(store: SampleStore, add: Add) -> None:
    photo = add("b.jpg")
    store.approve(photo, ONES)
    assert store.second_reading(photo, AGREED, "", "Ada").author == "Ada"


def test_what_cannot_be_read_a_second_time_is_told_with_a_cure(store: SampleStore, approved: str) -> None:
    with pytest.raises(ReviewError, match="needs a name") as nameless:
        store.second_reading(approved, AGREED, "", " ")
    assert "settings" in nameless.value.hint
    with pytest.raises(ReviewError, match="not sent back"):
        store.second_reading(approved, SENT_BACK, "  ", "Bo")
    store.set_state(approved, ReviewState.CORRECTING)  # painted on since
    with pytest.raises(ReviewError, match="is not approved"):
        store.second_reading(approved, AGREED, "", "Bo")
    with pytest.raises(BugError):
        store.second_reading(approved, ReviewAct.APPROVED, "", "Bo")
    assert len(store.reviews(approved)) == 1


def test_approving_again_asks_for_a_second_reader_again(store: SampleStore, approved: str) -> None:
    store.second_reading(approved, AGREED, "", "Bo")
    store.approve(approved, ONES, author="Ada")  # the same labels, perhaps over another prediction
    assert store.photo(approved).unread
    assert store.samples(agreed_only=True) == []


def test_nobody_learns_from_what_was_sent_back_until_it_is_approved_again(
    store: SampleStore, approved: str, add: Add
) -> None:
    other = store.approve(add("b.jpg"), ONES, author="Ada")
    store.second_reading(approved, SENT_BACK, "no", "Bo")
    assert store.samples() == [other] == store.unlearned()
    corrected = store.approve(approved, ONES * 2, author="Ada")
    assert store.samples() == [other, corrected]


def test_learning_can_be_kept_to_what_a_second_reader_agreed_to(
    store: SampleStore, approved: str, add: Add
) -> None:
    store.approve(add("b.jpg"), ONES, author="Ada")
    assert len(store.samples()) == len(store.unlearned()) == 2
    assert store.samples(agreed_only=True) == store.unlearned(agreed_only=True) == []
    store.second_reading(approved, AGREED, "", "Bo")
    store.set_state(approved, ReviewState.CORRECTING)  # painted on: the sample that was agreed to stands
    assert [sample.photo_id for sample in store.samples(agreed_only=True)] == [approved]
    assert [sample.photo_id for sample in store.unlearned(agreed_only=True)] == [approved]
    assert not store.photo(approved).agreed


def test_a_photo_that_is_skipped_after_it_was_sent_back_is_skipped(store: SampleStore, approved: str) -> None:
    store.second_reading(approved, SENT_BACK, "blurred", "Bo")
    store.set_state(approved, ReviewState.SKIPPED)
    assert not store.photo(approved).sent_back
