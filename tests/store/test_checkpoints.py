"""Checkpoints: a name for a state of a correction, with its labels, for good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resatt_studio.errors import StoreError
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.workflow.correct import StoredDocument, check_project, open_document
from resatt_studio.workflow.project import Project, open_project


def stroke(document: StoredDocument, row: float, label: Label = Label.CRACK) -> None:
    document.begin("brush", label, 4.0)
    document.extend([(row, 5.0), (row, 120.0)])
    document.end()


def opened(project: Project) -> StoredDocument:
    return open_document(project, project.store.photos()[0].photo_id, "Ada")


def with_two_strokes(project: Project) -> tuple[StoredDocument, UInt8Array]:
    """The document, and its labels."""
    document = opened(project)
    stroke(document, 20)
    stroke(document, 60)
    return document, document.labels.to_array()


def test_a_checkpoint_has_the_labels_as_they_were_also_after_other_strokes_took_their_place(
    project_folder: Path,
) -> None:
    with open_project(project_folder) as project:
        document, then = with_two_strokes(project)
        made = document.add_checkpoint("before the rain")
        assert made.edit_id == document.steps[1].edit_id
        document.undo()
        stroke(document, 90, Label.NOT_CRACK)  # the second stroke can no longer be redone
        assert made.edit_id not in {step.edit_id for step in document.steps}
    with open_project(project_folder) as project:
        document = opened(project)
        assert project.store.checkpoints(document.photo_id) == (made,)
        assert (made.name, made.author) == ("before the rain", "Ada")
        now = document.labels.to_array()
        assert document.become("checkpoint", document.checkpoint_tiles(made)) is not None
        assert np.array_equal(document.labels.to_array(), then)
        document.undo()
        assert np.array_equal(document.labels.to_array(), now)
        document.flush()
        assert check_project(project) == []


def test_strokes_and_undos_that_follow_a_checkpoint_have_no_part_in_it_and_wait_for_nobody(
    project_folder: Path,
) -> None:
    with open_project(project_folder) as project:
        document, then = with_two_strokes(project)
        wait = document.checkpoint("two")
        document.undo()
        stroke(document, 90, Label.NOT_CRACK)
        document.flush()  # nobody has waited for the checkpoint
        made = wait()
        assert project.store.checkpoints(document.photo_id) == (made,)
        assert made.edit_id and made.edit_id not in {step.edit_id for step in document.steps}
        document.become("checkpoint", document.checkpoint_tiles(made))
        assert np.array_equal(document.labels.to_array(), then)
        document.flush()
        assert check_project(project) == []


def test_a_checkpoint_that_cannot_be_written_is_given_up_and_the_strokes_after_it_are_not(
    project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_project(project_folder) as project:
        document = opened(project)
        stroke(document, 20)
        document.flush()

        def full(*_: object) -> None:
            raise StoreError("The disk is full.")

        with monkeypatch.context() as patched:
            patched.setattr(type(project.store), "add_checkpoint", full)
            wait = document.checkpoint("lost")
            stroke(document, 60)
            with pytest.raises(StoreError, match="disk is full"):
                wait()
        document.flush()
        assert document.unsaved == 0 and project.store.checkpoints(document.photo_id) == ()
        assert len(project.store.journal(document.photo_id)[0]) == 2


def test_a_checkpoint_before_the_first_stroke_names_no_edit_and_has_no_labels(project_folder: Path) -> None:
    with open_project(project_folder) as project:
        document = opened(project)
        made = document.add_checkpoint("untouched")
        assert made.edit_id == "" and document.checkpoint_tiles(made) == {}
        event = project.store.events(1)[0]
        assert (event.kind, event.detail, event.photo_id) == ("checkpoint", "untouched", document.photo_id)


def test_checkpoints_are_those_of_the_photo_in_the_order_in_which_they_were_made(
    project_folder: Path,
) -> None:
    with open_project(project_folder) as project:
        first, second = (entry.photo_id for entry in project.store.photos()[:2])
        names = [project.store.add_checkpoint(first, name).name for name in ("b", "a", "b")]
        project.store.add_checkpoint(second, "elsewhere")
        assert [made.name for made in project.store.checkpoints(first)] == names


def test_a_photo_that_is_not_there_has_no_checkpoint(project_folder: Path) -> None:
    with open_project(project_folder) as project, pytest.raises(StoreError, match="no photo"):
        project.store.add_checkpoint("0" * 64, "nowhere")
