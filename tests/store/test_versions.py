"""The weights shelf: one active version per model, a lineage that goes back, files that are verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resatt_studio.errors import BugError, WeightsError
from resatt_studio.records.calibration import Reliability, ReliabilityBin
from resatt_studio.records.weights import LabelComparison, LabelScores, Scores, WeightsFile, WeightsState
from resatt_studio.store import schema
from resatt_studio.store.versions import WeightsShelf

if TYPE_CHECKING:
    from store.conftest import Opened

WeightsOf = Callable[..., WeightsFile]
ACTIVE = WeightsState.ACTIVE


def test_a_label_network_s_comparison_comes_back(shelf: WeightsShelf, weights_of: WeightsOf) -> None:
    comparison = LabelComparison(*(LabelScores(6, right, right / 7) for right in range(4)))
    added = shelf.add(weights_of("head", "rmt"), labels=comparison)
    assert shelf.version(added.weights_id).labels == comparison
    assert shelf.add(weights_of("other", "rmt")).labels is None


def test_what_judging_found_comes_back(shelf: WeightsShelf, weights_of: WeightsOf) -> None:
    before, after = (Reliability((ReliabilityBin(9, 0.25, share), ReliabilityBin(0, 0.0, 0.0)))
                     for share in (0.75, 0.3))  # fmt: skip
    added = shelf.add(weights_of("a"), reliability_before=before, reliability_after=after, threshold=0.41)
    assert (added.reliability_before, added.reliability_after, added.threshold) == (before, after, 0.41)
    plain = shelf.add(weights_of("b"))
    assert (plain.reliability_before, plain.reliability_after, plain.threshold) == (None, None, None)


def test_want_of_evidence_is_remembered_until_somebody_decides(
    shelf: WeightsShelf, weights_of: WeightsOf
) -> None:
    version = shelf.add(weights_of("a")).weights_id
    assert shelf.refuse(version, "too little", undecided=True).undecided
    assert not shelf.refuse(version, "clearly worse").undecided
    shelf.refuse(version, "too little", undecided=True)
    assert not shelf.promote(version).undecided


def test_a_version_comes_back_with_everything_that_was_said(
    opened: Opened, add, weights_of: WeightsOf
) -> None:
    sample = opened.store.approve(add("a"), np.ones((30, 40), np.uint8))
    factory = opened.shelf.add(weights_of("factory"), state=ACTIVE, name="factory")
    before, after = Scores(0.5, 0.4, 0.3, 0.2, 0.1, 2.0, 3), Scores(0.6, 0.5, 0.4, 0.3, 0.2, 2.0, 3)
    added = opened.shelf.add(
        weights_of("tuned"),
        parent=factory.weights_id,
        samples=[sample.sample_id],
        before=before,
        after=after,
        reference_after=before,
        reason="because",
    )
    assert opened.shelf.versions() == [factory, added]
    assert (added.number, added.name, added.state) == (2, "v2", WeightsState.CANDIDATE)
    assert (added.parent, added.samples) == (factory.weights_id, (sample.sample_id,))
    assert (added.before, added.after, added.reference_before) == (before, after, None)
    assert (added.reference_after, added.reason) == (before, "because")
    assert dict(added.config) == {"base_width": 2}


def test_the_file_comes_back_to_the_byte(shelf: WeightsShelf, weights_of: WeightsOf) -> None:
    given = weights_of("bytes")
    shelf.add(given)
    back = shelf.load(given.weights_id)
    assert (back.data, back.model, dict(back.config)) == (given.data, given.model, dict(given.config))
    assert dict(back.metadata) == dict(given.metadata)


def test_the_same_weights_are_kept_once_with_their_first_file(
    shelf: WeightsShelf, weights_of: WeightsOf
) -> None:
    first = shelf.add(weights_of("same"), state=ACTIVE, name="factory")
    other_header = WeightsFile(first.weights_id, "r2aunet", {"base_width": 2}, {}, b"another header")
    assert shelf.add(other_header) == first
    assert shelf.load(first.weights_id).data == b"same"


class Lineage:
    """What promoting and rolling back must do: a stack."""

    def __init__(self) -> None:
        self.stack: list[int] = []

    def promote(self, number: int) -> None:
        if not self.stack or self.stack[-1] != number:
            self.stack.append(number)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.lists(st.integers(-2, 3), max_size=12))
def test_promotions_are_a_stack_that_rolling_back_takes_down(
    opened: Opened, weights_of: WeightsOf, acts: list[int]
) -> None:
    model = repr(acts)[:60]
    ids = [opened.shelf.add(weights_of(f"{acts} {n}", model)).weights_id for n in range(4)]
    lineage = Lineage()
    lineage.promote(0)
    opened.shelf.promote(ids[0])
    for act in acts:
        if act >= 0:
            lineage.promote(act)
            opened.shelf.promote(ids[act])
        elif len(lineage.stack) > 1:
            lineage.stack.pop()
            opened.shelf.rollback(model)
        else:
            with pytest.raises(WeightsError, match="no earlier"):
                opened.shelf.rollback(model)
        states = [version.state for version in opened.shelf.versions(model)]
        assert states.count(ACTIVE) == 1
        assert states[lineage.stack[-1]] is ACTIVE
        assert opened.shelf.active(model).weights_id == ids[lineage.stack[-1]]
        before = ids[lineage.stack[-2]] if len(lineage.stack) > 1 else None
        assert opened.shelf.earlier().get(model) == before
    assert opened.problems() == []


def test_models_are_active_independently(shelf: WeightsShelf, weights_of: WeightsOf) -> None:
    one = shelf.add(weights_of("one"), state=ACTIVE)
    two = shelf.add(weights_of("two", "other"), state=ACTIVE)
    assert shelf.active() == one
    assert shelf.active("other") == two


def test_the_database_itself_refuses_a_second_active_version(opened: Opened, weights_of: WeightsOf) -> None:
    opened.shelf.add(weights_of("one"), state=ACTIVE)
    opened.shelf.add(weights_of("two"))
    with pytest.raises(BugError, match="constraint"), opened.database.writing() as connection:
        connection.execute(schema.weights.update().values(state="active"))
    assert [version.state for version in opened.shelf.versions()] == ["active", "candidate"]


def test_refusing_keeps_the_reason_and_never_touches_the_active_version(
    shelf: WeightsShelf, weights_of: WeightsOf
) -> None:
    active = shelf.add(weights_of("one"), state=ACTIVE)
    refused = shelf.refuse(shelf.add(weights_of("two")).weights_id, "Dice fell.")
    assert (refused.state, refused.reason) == (WeightsState.REFUSED, "Dice fell.")
    with pytest.raises(WeightsError, match="in use"):
        shelf.refuse(active.weights_id)
    assert shelf.active() == active


def test_a_version_is_found_by_the_first_digits_unless_two_share_them(
    opened: Opened, weights_of: WeightsOf
) -> None:
    version = opened.shelf.add(weights_of("one"))
    assert opened.shelf.version(version.weights_id[:6]) == version
    for wrong in ("", version.weights_id[:3], "0" * 64):
        with pytest.raises(WeightsError, match="no weights"):
            opened.shelf.version(wrong)
    for digit in "ab":
        opened.shelf.add(WeightsFile("1234" + digit * 60, "r2aunet", {}, {}, digit.encode()))
    with pytest.raises(WeightsError, match="2 weights"):
        opened.shelf.version("1234")


@pytest.mark.parametrize(("spoil", "word"), [(Path.unlink, "cannot be read"), (Path.touch, "")])
def test_a_lost_weights_file_is_named(
    opened: Opened, weights_of: WeightsOf, spoil: Callable[[Path], None], word: str
) -> None:
    version = opened.shelf.add(weights_of("one"), state=ACTIVE)
    spoil(opened.shelf.path(version.weights_id))
    if not word:
        assert opened.shelf.load(version.weights_id).data == b"one"
        assert opened.problems() == []
        return
    with pytest.raises(WeightsError, match=word) as caught:
        opened.shelf.load(version.weights_id)
    assert str(opened.shelf.folder) in caught.value.message
    assert word in opened.problems()[0]


def test_a_changed_weights_file_is_never_loaded(opened: Opened, weights_of: WeightsOf) -> None:
    version = opened.shelf.add(weights_of("one"), state=ACTIVE)
    opened.shelf.path(version.weights_id).write_bytes(b"two")
    with pytest.raises(WeightsError, match="damaged"):
        opened.shelf.load(version.weights_id)
    assert "damaged" in opened.problems()[0]


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"two")])
def test_adding_the_very_same_file_mends_a_damaged_one(
    opened: Opened, weights_of: WeightsOf, spoil: Callable[[Path], None]
) -> None:
    weights = weights_of("one")
    version = opened.shelf.add(weights, state=ACTIVE)
    spoil(opened.shelf.path(version.weights_id))
    assert opened.problems() != []
    assert opened.shelf.add(weights) == version
    assert opened.shelf.load(version.weights_id).data == weights.data
    assert opened.problems() == []


def test_no_active_version_is_said_plainly(shelf: WeightsShelf, weights_of: WeightsOf) -> None:
    shelf.add(weights_of("one"))
    with pytest.raises(WeightsError, match="no active weights"):
        shelf.active()
