"""Corrections are on the disk as they are painted, and come back exactly, with undo and redo."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.errors import BugError, StoreError
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import PhotoFacts, ReviewState, Split
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.correct import (
    StoredDocument,
    approve,
    check_project,
    open_document,
)
from resatt_studio.workflow.project import Project, create_project, open_project

PHOTO = "a" * 64
HEIGHT, WIDTH = 300, 700


@pytest.fixture
def project(tmp_path: Path, weights_path: Path) -> Iterator[Project]:
    with create_project(tmp_path / "bridge.resatt", weights_path) as project:
        project.store.add_photo(PhotoFacts(PHOTO, Path("/photos/a.jpg").absolute(), HEIGHT, WIDTH, 1))
        yield project


def paint(document: StoredDocument, *points: tuple[float, float], label: Label = Label.CRACK) -> None:
    document.begin("brush", label, 4.0)
    document.extend(points)
    document.end()


def reopened(project: Project) -> Project:
    project.close()
    return open_project(project.folder)


acts = st.lists(
    st.one_of(
        st.tuples(st.integers(0, HEIGHT), st.integers(0, WIDTH), st.sampled_from(Label)),
        st.sampled_from(("undo", "redo", "fill", "reopen")),
    ),
    max_size=12,
)


@settings(max_examples=8)
@given(acts)
def test_whatever_was_done_is_the_same_after_reopening(
    weights_path: Path, tmp_path_factory: pytest.TempPathFactory, acts: list
) -> None:
    folder = tmp_path_factory.mktemp("project") / "x.resatt"
    with create_project(folder, weights_path) as project:
        project.store.add_photo(PhotoFacts(PHOTO, Path("/a.jpg").absolute(), HEIGHT, WIDTH, 1))
        document = open_document(project, PHOTO, "Ada")
        for act in acts:
            if act == "undo":
                document.undo()
            elif act == "redo":
                document.redo()
            elif act == "fill":
                document.apply_labels("fill", Box(10, 200, 290, 600), np.full((280, 400), 2, np.uint8))
            elif act == "reopen":
                document.close()
                document = open_document(project, PHOTO, "Ada")
            else:
                paint(document, act[:2], label=act[2])
        document.flush()
        labels, done, undone = document.labels.to_array(), document.edits, document.undone
        assert check_project(project) == []
    with open_project(folder) as project:
        again = open_document(project, PHOTO)
        assert np.array_equal(again.labels.to_array(), labels)
        assert [edit.edit_id for edit in again.edits] == [edit.edit_id for edit in done]
        assert [edit.edit_id for edit in again.undone] == [edit.edit_id for edit in undone]
        while again.undo():
            pass
        assert not again.labels.to_array().any()
        while again.redo():
            pass
        again.flush()
        assert check_project(project) == []


def test_a_stroke_comes_to_the_disk_without_being_asked_for(project: Project) -> None:
    document = open_document(project, PHOTO)
    for column in range(0, 600, 60):
        paint(document, (50, column), (200, column + 40))
        until = time.monotonic() + 60.0
        while document.unsaved and time.monotonic() < until:
            time.sleep(0.002)
        assert document.unsaved == 0
        assert len(project.store.journal(PHOTO)[0]) == document.edit_count


def test_strokes_faster_than_the_disk_are_all_written_in_order(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, sizes = project.store.write_journal, []

    def slow(photo_id, acts) -> None:
        time.sleep(0.02)
        sizes.append(len(acts))
        write(photo_id, acts)

    monkeypatch.setattr(project.store, "write_journal", slow)
    document = open_document(project, PHOTO)
    for number in range(150):
        paint(document, (number, 3 * number))
        if number % 3 == 0:
            document.undo()
        if number % 6 == 0:
            document.redo()
    document.flush()
    assert max(sizes) > 1
    assert len(project.store.journal(PHOTO)[0]) == document.edit_count
    assert check_project(project) == []


def test_a_full_disk_is_told_and_loses_nothing_once_there_is_room(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, full, told = project.store.write_journal, threading.Event(), []
    full.set()

    def limited(photo_id, acts) -> None:
        if full.is_set():
            raise StoreError("The disk is full.", "Free some space.")
        write(photo_id, acts)

    monkeypatch.setattr(project.store, "write_journal", limited)
    document = open_document(project, PHOTO, on_error=told.append)
    paint(document, (20, 20))
    paint(document, (60, 60))
    with pytest.raises(StoreError, match="full"):
        document.flush()
    with pytest.raises(StoreError, match="full"):
        document.close()
    assert document.unsaved == 2
    assert told
    assert all(isinstance(error, StoreError) for error in told)
    full.clear()
    document.flush()
    assert len(project.store.journal(PHOTO)[0]) == 2
    assert check_project(project) == []


def test_a_disk_that_does_not_answer_is_told_in_time(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, asleep = project.store.write_journal, threading.Event()

    def stuck(photo_id, acts) -> None:
        asleep.wait(10)
        write(photo_id, acts)

    monkeypatch.setattr(project.store, "write_journal", stuck)
    document = open_document(project, PHOTO)
    paint(document, (20, 20))
    with pytest.raises(StoreError, match="too slow"):
        document.flush(timeout_s=0.05)
    asleep.set()
    document.flush()
    assert document.unsaved == 0


def test_painting_does_not_wait_for_the_disk(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    write, awake, woken = project.store.write_journal, threading.Event(), []

    def stuck(photo_id, acts) -> None:
        woken.append(awake.wait(30))
        write(photo_id, acts)

    monkeypatch.setattr(project.store, "write_journal", stuck)
    document = open_document(project, PHOTO)
    for number in range(20):
        paint(document, (number * 10, 30))
    awake.set()
    document.flush()
    assert woken and all(woken), "the strokes were done before the disk awoke"


def test_closing_the_project_saves_what_is_queued(project: Project) -> None:
    document = open_document(project, PHOTO)
    for number in range(30):
        paint(document, (number, number))
    with reopened(project) as again:
        assert len(again.store.journal(PHOTO)[0]) == 30


def test_an_open_photo_is_the_same_document_until_its_last_user_closes_it(project: Project) -> None:
    one = open_document(project, PHOTO)
    two = open_document(project, PHOTO)
    assert one is two
    one.close()
    paint(two, (9, 9))
    two.close()
    with pytest.raises(BugError, match="closed"):
        paint(two, (90, 90))
    three = open_document(project, PHOTO)
    assert three is not one
    assert three.edit_count == 1


def test_an_edit_that_left_the_memory_is_undone_from_the_disk(project: Project) -> None:
    document = open_document(project, PHOTO)
    document._history.memory_limit_bytes = 2000
    for number in range(60):
        paint(document, (number * 5, 20), (number * 5, 600))
    before = document.labels.to_array()
    while document.undo():
        pass
    assert not document.labels.to_array().any()
    while document.redo():
        pass
    assert np.array_equal(document.labels.to_array(), before)
    document.flush()
    assert check_project(project) == []


def test_a_broken_photo_cannot_be_corrected(project: Project) -> None:
    broken = project.store.add_broken(Path("/photos/torn.jpg"), "It ends too early.")
    with pytest.raises(StoreError, match="could not be read"):
        open_document(project, broken.photo_id)


def test_approving_makes_a_sample_of_what_was_painted(project: Project) -> None:
    document = open_document(project, PHOTO, "Ada")
    paint(document, (100, 100), (120, 300))
    paint(document, (200, 100), label=Label.NOT_CRACK)
    probability = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    sample = approve(project, document, Prediction(PHOTO, "w" * 64, probability, 0.1))
    assert np.array_equal(project.blobs.get_array(sample.labels_blob), document.labels.to_array())
    assert np.array_equal(project.blobs.get_array(sample.predicted_blob), probability)
    assert (sample.split, sample.author, sample.complete) == (Split.TRAIN, "Ada", False)
    assert project.store.photo(PHOTO).state is ReviewState.APPROVED
    paint(document, (250, 250))
    document.flush()
    assert project.store.photo(PHOTO).state is ReviewState.CORRECTING


def test_a_sample_remembers_the_threshold_that_its_prediction_was_shown_at(
    project: Project, make_weights: Callable[..., WeightsFile], tmp_path: Path
) -> None:
    """Other weights may have come into use between looking and approving."""
    shown = project.shelf.add(make_weights(tmp_path / "b", 1), threshold=0.42)
    later = project.shelf.add(make_weights(tmp_path / "c", 2), threshold=0.3)
    project.shelf.promote(later.weights_id)
    probability = np.zeros((HEIGHT, WIDTH), np.uint8)
    document = open_document(project, PHOTO)
    prediction = Prediction(PHOTO, shown.weights_id, probability, 0.1)
    assert approve(project, document, prediction).threshold == 0.42
    assert approve(project, document, None).threshold == 0.3
    project.settings.threshold = 0.6
    assert approve(project, document, prediction).threshold == 0.6
    assert approve(project, document, prediction, threshold=0.7).threshold == 0.7
    document.close()


def test_a_correction_that_says_every_pixel_is_complete(project: Project) -> None:
    document = open_document(project, PHOTO)
    document.apply_labels("mask", Box(0, 0, HEIGHT, WIDTH), np.full((HEIGHT, WIDTH), 2, np.uint8))
    assert approve(project, document, None).complete


@pytest.mark.parametrize("in_tiles", [False, True])
@pytest.mark.parametrize("seen", [False, True])
def test_who_stands_for_every_pixel_says_what_the_mask_shows(
    project: Project, in_tiles: bool, seen: bool
) -> None:
    probability = np.zeros((HEIGHT, WIDTH), np.uint8)
    probability[:, 200:320] = 200
    document = open_document(project, PHOTO)
    paint(document, (100.0, 250.0), label=Label.NOT_CRACK)
    paint(document, (100.0, 600.0))
    painted = document.labels.to_array()
    prediction = Prediction(PHOTO, project.shelf.active().weights_id, probability, 0.1) if seen else None
    sample = approve(project, document, prediction, complete=True, in_tiles=in_tiles)
    kept = project.blobs.open_map(sample.labels_blob)
    assert (kept is not None) == in_tiles
    said = project.blobs.get_array(sample.labels_blob)
    assert sample.complete and np.array_equal(said[painted != Label.UNSAID], painted[painted != Label.UNSAID])
    unsaid = painted == Label.UNSAID
    shown = (probability > 127) & seen
    assert np.array_equal(said[unsaid], np.where(shown, Label.CRACK, Label.NOT_CRACK)[unsaid])
    assert np.array_equal(document.labels.to_array(), painted), "what was painted stays what was painted"
    assert not approve(project, document, prediction, in_tiles=in_tiles).complete
    document.close()


def test_a_stroke_in_hand_is_not_approved(project: Project) -> None:
    document = open_document(project, PHOTO)
    document.begin("brush", Label.CRACK, 3)
    document.extend([(9, 9)])
    with pytest.raises(StoreError, match="in hand"):
        approve(project, document, None)
    document.end()
    assert approve(project, document, None).labels_blob


def test_a_slow_disk_is_waited_for_as_long_as_anything_reaches_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, document = project.store.write_journal, open_document(project, PHOTO)
    now, go = [0.0], threading.Event()

    def slow(photo_id: str, acts: object) -> None:
        assert go.wait(60)
        now[0] += 0.9
        write(photo_id, acts)

    monkeypatch.setattr(project.store, "write_journal", slow)
    monkeypatch.setattr(
        "resatt_studio.workflow.store_journal.time", SimpleNamespace(monotonic=lambda: now[0])
    )
    monkeypatch.setattr("resatt_studio.workflow.store_journal._BATCH", 16)
    for row in range(0, 64, 2):
        paint(document, (row, 5), (row, 9))
        paint(document, (row, 5), (row, 9), label=Label.NOT_CRACK)
    assert len(document.edits) == 64, "four transactions, or five when the first takes few"
    threading.Timer(0.3, go.set).start()
    document.flush(timeout_s=1.0)
    assert document.unsaved == 0 and now[0] > 2, "longer than it may stand still"


def test_an_old_edit_is_handed_back_without_a_wait_for_what_is_queued(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, go = open_document(project, PHOTO), threading.Event()
    paint(document, (10, 10), (10, 90))
    document.flush()
    write = project.store.write_journal
    monkeypatch.setattr(project.store, "write_journal", lambda *act: go.wait(30) and write(*act))
    paint(document, (50, 10), (50, 90))
    written, queued = document.edits
    for edit in (written, queued):
        assert document.journal.reload(edit.edit_id).edit_id == edit.edit_id
    assert document.unsaved == 1, "the disk still sleeps"
    go.set()
    document.flush()
