"""Claims about order and filter of the photo list."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.app.listing import FILTERS, SORTS, Listing, natural_key, neighbour, unchecked
from resatt_studio.records.doubt import Rank
from resatt_studio.records.photo import PhotoEntry, PhotoFacts, ReviewState


def entry(name: str, state: ReviewState = ReviewState.NEW, uncertainty: float | None = None) -> PhotoEntry:
    return PhotoEntry(PhotoFacts(name, Path(name), 10, 10, 100), state, uncertainty=uncertainty)


ENTRIES = st.lists(
    st.builds(
        entry,
        st.text("abc019_. ", min_size=1, max_size=8),
        st.sampled_from(ReviewState),
        st.none() | st.floats(0, 0.7),
    ),
    unique_by=lambda e: e.name,
    max_size=12,
)


@given(ENTRIES, st.sampled_from(list(SORTS)), st.sampled_from(list(FILTERS)))
def test_a_listing_is_the_passing_entries_in_some_order(
    entries: list[PhotoEntry], sort: str, filter: str
) -> None:
    listed = Listing(sort, filter).of(entries)
    assert {e.name for e in listed} == {e.name for e in entries if FILTERS[filter][1](e)}
    assert Listing(sort, filter).of(listed) == listed


@given(ENTRIES)
def test_walking_forward_visits_every_openable_photo_once(entries: list[PhotoEntry]) -> None:
    listed = Listing().of(entries)
    walked, here = [], neighbour(listed, None, +1)
    while here is not None:
        walked.append(here)
        here = neighbour(listed, here.photo_id, +1)
    assert walked == [e for e in listed if e.state is not ReviewState.BROKEN]


@given(ENTRIES, st.sampled_from([-1, 1]))
def test_unchecked_steps_land_on_unchecked_photos_only(entries: list[PhotoEntry], step: int) -> None:
    listed = Listing("state").of(entries)
    here = neighbour(listed, None, step, unchecked)
    assert (here is None) == (not any(unchecked(e) for e in listed))
    assert here is None or unchecked(here)


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["IMG_10.jpg", "img_9.jpg", "IMG_100.jpg"]
    assert sorted(names, key=natural_key) == ["img_9.jpg", "IMG_10.jpg", "IMG_100.jpg"]


def test_the_most_uncertain_comes_first_and_broken_files_last() -> None:
    entries = [
        entry("a", ReviewState.PREDICTED, 0.1),
        entry("b", ReviewState.PREDICTED, 0.4),
        entry("c"),
        entry("d", ReviewState.BROKEN),
    ]
    assert [e.name for e in Listing("uncertainty").of(entries)] == ["b", "a", "c", "d"]


def test_search_ignores_case() -> None:
    assert [e.name for e in Listing(search="DSC").of([entry("dsc_1"), entry("img")])] == ["dsc_1"]


def test_what_to_correct_next_is_ranked_then_unranked_then_done() -> None:
    entries = [
        entry("approved", ReviewState.APPROVED, 0.1),
        entry("new_10"),
        entry("second", ReviewState.PREDICTED, 0.4),
        entry("first", ReviewState.CORRECTING, 0.1),
        entry("new_9"),
        entry("broken", ReviewState.BROKEN),
        entry("skipped", ReviewState.SKIPPED),
    ]
    ranks = {
        name: Rank(name, place, 0.1, 0.1, 0.1) for place, name in enumerate(("first", "second", "approved"))
    }
    listed = [one.name for one in Listing("next").of(entries, ranks)]
    assert listed == ["first", "second", "new_9", "new_10", "approved", "skipped", "broken"]
    assert [one.name for one in Listing("next").of(entries)][:2] == ["first", "new_9"]
