"""Photos: known by content, found where they are now, broken ones listed with their reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resatt_studio.errors import StoreError
from resatt_studio.records.photo import PhotoEntry, PhotoFacts, ReviewState
from resatt_studio.records.prediction import Prediction
from resatt_studio.store.samples import SampleStore

Facts = Callable[..., PhotoFacts]


def test_facts_come_back_as_given(store: SampleStore, facts_of: Facts) -> None:
    facts = replace(
        facts_of("Mauer [1] ü 裂缝.jpg", "wall"), orientation=6, taken_at="2026-05-01T10:00:00", bytes=1 << 33
    )
    assert store.add_photo(facts) == PhotoEntry(facts)
    assert store.photos() == [PhotoEntry(facts)]
    assert store.photo(facts.photo_id).facts == facts


def test_a_photo_without_a_group_is_its_own(store: SampleStore, facts_of: Facts) -> None:
    facts = facts_of("a.jpg")
    assert store.add_photo(facts).facts.group == facts.photo_id


def test_photos_are_listed_in_the_order_of_arrival(store: SampleStore, add: Callable[..., str]) -> None:
    ids = [add(name) for name in ("c", "a", "b")]
    add("a")
    assert [entry.photo_id for entry in store.photos()] == ids


def test_a_moved_photo_keeps_its_work_and_gets_the_new_path(
    store: SampleStore, facts_of: Facts, tmp_path: Path
) -> None:
    old, new = tmp_path / "old.jpg", tmp_path / "new.jpg"
    facts = replace(facts_of("a"), path=old)
    store.add_photo(facts)
    store.append_edit(facts.photo_id, b"stroke", "e" * 32, {})
    new.touch()
    entry = store.add_photo(replace(facts, path=new))
    assert (entry.facts.path, entry.edits) == (new, 1)


def test_a_copy_does_not_take_the_place_of_a_photo_that_is_still_there(
    store: SampleStore, facts_of: Facts, tmp_path: Path
) -> None:
    here, copy = tmp_path / "here.jpg", tmp_path / "copy.jpg"
    for path in (here, copy):
        path.write_bytes(b"photo")
    facts = replace(facts_of("a"), path=here, bytes=5, photo_id=hashlib.sha256(b"photo").hexdigest())
    store.add_photo(facts)
    assert store.add_photo(replace(facts, path=copy)).facts.path == here
    here.write_bytes(b"other")
    assert store.add_photo(replace(facts, path=copy)).facts.path == copy, "the card was used again"


def test_relocating_changes_the_path_alone(store: SampleStore, facts_of: Facts, tmp_path: Path) -> None:
    before = store.add_photo(facts_of("a"))
    after = store.relocate(before.photo_id, tmp_path / "b.jpg")
    assert after == replace(before, facts=replace(before.facts, path=tmp_path / "b.jpg"))


def test_a_broken_file_is_listed_with_its_reason_until_it_can_be_read(
    store: SampleStore, facts_of: Facts
) -> None:
    facts = facts_of("torn.jpg")
    broken = store.add_broken(facts.path, "The file ends too early.")
    assert (broken.state, broken.reason) == (ReviewState.BROKEN, "The file ends too early.")
    assert store.add_broken(facts.path, "Another reason.").reason == "Another reason."
    assert len(store.photos()) == 1
    store.add_photo(facts)
    assert [entry.state for entry in store.photos()] == [ReviewState.NEW]


def test_review_state_follows_the_work(store: SampleStore, add: Callable[..., str]) -> None:
    photo = add("a")
    probability = np.zeros((30, 40), np.uint8)
    seen = [store.photo(photo).state]
    store.put_prediction(Prediction(photo, "w" * 64, probability, 0.25))
    seen.append(store.photo(photo).state)
    store.append_edit(photo, b"stroke", "e" * 32, {})
    seen.append(store.photo(photo).state)
    store.put_prediction(Prediction(photo, "v" * 64, probability, 0.5))
    seen.append(store.photo(photo).state)
    store.approve(photo, probability)
    seen.append(store.photo(photo).state)
    store.set_state(photo, ReviewState.SKIPPED)
    seen.append(store.photo(photo).state)
    assert seen == ["new", "predicted", "correcting", "correcting", "approved", "skipped"]


def test_uncertainty_is_that_of_the_newest_prediction(store: SampleStore, add: Callable[..., str]) -> None:
    photo = add("a")
    for weights, entropy in (("w" * 64, 0.25), ("v" * 64, 0.5), ("w" * 64, 0.125)):
        store.put_prediction(Prediction(photo, weights, np.zeros((30, 40), np.uint8), entropy))
    assert store.photo(photo).uncertainty == 0.125


def test_an_unknown_photo_is_refused_everywhere(store: SampleStore) -> None:
    nobody = "f" * 64
    labels = np.zeros((3, 3), np.uint8)
    acts = [
        lambda: store.photo(nobody),
        lambda: store.set_state(nobody, ReviewState.SKIPPED),
        lambda: store.relocate(nobody, Path("/x")),
        lambda: store.append_edit(nobody, b"", "e" * 32, {}),
        lambda: store.approve(nobody, labels),
        lambda: store.put_prediction(Prediction(nobody, "w" * 64, labels, 0.0)),
        lambda: store.label_answer(nobody, "surface", "asphalt"),
    ]
    for act in acts:
        with pytest.raises(StoreError, match="no photo"):
            act()
    assert store.photos() == []


def test_a_file_name_that_is_no_unicode_is_refused_with_a_cure(store: SampleStore, facts_of: Facts) -> None:
    facts = replace(facts_of("a"), path=Path("/photos/\udcff.jpg"))
    with pytest.raises(StoreError, match="not valid Unicode") as caught:
        store.add_photo(facts)
    assert "Rename" in caught.value.hint
