"""The integrity check finds every kind of damage, and nothing in a healthy project."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import WeightsFile, WeightsState

if TYPE_CHECKING:
    from store.conftest import Opened


@pytest.fixture
def full(opened: Opened, add: Callable[..., str], weights_of: Callable[..., WeightsFile]) -> Opened:
    """A healthy project with one of everything."""
    photo = add("a", "g")
    store = opened.store
    for number in range(3):
        store.append_edit(photo, b"x", f"{number:032}", {(0, 0): bytes([number])})
    store.mark_undone(photo, f"{2:032}", {(0, 0): b"\1"})
    store.add_checkpoint(photo, "before the rain")
    sample = store.approve(photo, np.ones((30, 40), np.uint8), np.full((30, 40), 7, np.uint8))
    store.put_prediction(Prediction(photo, "w" * 64, np.zeros((30, 40), np.uint8), 0.1))
    opened.shelf.add(weights_of("one"), state=WeightsState.ACTIVE)
    opened.shelf.add(weights_of("two"), state=WeightsState.ACTIVE, samples=[sample.sample_id])
    return opened


def replay(_height: int, _width: int, done: object) -> dict[tuple[int, int], bytes]:
    return {(0, 0): b"\1"} if done else {}


def test_a_healthy_project_has_no_problems(full: Opened) -> None:
    assert full.store.check(replay, full.shelf.folder) == []


def test_a_healthy_empty_project_has_no_problems(opened: Opened) -> None:
    assert opened.store.check(replay, opened.shelf.folder) == []


def test_a_model_that_was_never_in_use_needs_no_active_version(
    full: Opened, weights_of: Callable[..., WeightsFile]
) -> None:
    full.shelf.add(weights_of("three", "another"))
    assert full.store.check(replay, full.shelf.folder) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE photo_groups SET split = NULL, turn = NULL", "without a side"),
        ("UPDATE edits SET state = 'undone' WHERE seq = 1", "older than an edit that is done"),
        ("UPDATE weights SET state = 'retired'", "0 active versions"),
        ("UPDATE activations SET taken_back = 1 WHERE id = 2", "not the one promoted last"),
        ("DELETE FROM correction_tiles", "differs from its journal"),
        ("UPDATE correction_tiles SET labels = x'00'", "cannot be replayed"),
        ("UPDATE checkpoint_tiles SET labels = x'00'", "“before the rain” cannot be gone back to"),
        ("DELETE FROM photos", "does not exist"),
        ("UPDATE samples SET labels_blob = 'abc'", "lacks its file"),
        ("UPDATE weights SET file_hash = 'abc' WHERE number = 1", "content has changed"),
    ],
)
def test_every_broken_promise_is_told(full: Opened, damage: str, told: str) -> None:
    with full.database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute(damage)
        driver.execute("PRAGMA foreign_keys = ON")
    assert any(told in problem for problem in full.store.check(replay, full.shelf.folder))


def test_each_blob_is_read(full: Opened) -> None:
    blobs = list(full.blobs.all())
    assert len(blobs) == 3
    for blob in blobs:
        full.blobs.path(blob).write_bytes(b"spoilt")
    assert len(full.store.check(replay, full.shelf.folder)) == 3
