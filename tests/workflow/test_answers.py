"""Claims about what inspectors answer about whole photos."""

from __future__ import annotations

from pathlib import Path

import pytest

from resatt_studio.errors import StoreError
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.workflow.answers import CRACK_TYPE, answer_crack_type, crack_type_answer
from resatt_studio.workflow.project import open_project


@pytest.mark.parametrize("kind", CRACK_TYPES)
def test_an_answer_is_there_again_when_the_project_is_reopened(project_folder: Path, kind: CrackType) -> None:
    with open_project(project_folder) as project:
        photo_id = project.store.photos()[0].photo_id
        assert crack_type_answer(project, photo_id) is None
        answer_crack_type(project, photo_id, CrackType.NO_CRACK, "Ada")
        answer_crack_type(project, photo_id, kind, "Bo")
    with open_project(project_folder) as project:
        answer = crack_type_answer(project, photo_id)
        assert (answer.answer, answer.author) == (kind.value, "Bo")
        assert answer.made_at
        others = [entry.photo_id for entry in project.store.photos()[1:]]
        assert [crack_type_answer(project, other) for other in others] == [None] * 3


def test_an_answer_that_was_taken_back_counts_no_more(project_folder: Path) -> None:
    with open_project(project_folder) as project:
        photo_id = project.store.photos()[0].photo_id
        answer_crack_type(project, photo_id, CrackType.BRANCHING)
        answer_crack_type(project, photo_id, None)
        assert crack_type_answer(project, photo_id) is None


def test_an_answer_of_a_newer_version_is_no_answer_here(project_folder: Path) -> None:
    with open_project(project_folder) as project:
        photo_id = project.store.photos()[0].photo_id
        project.store.label_answer(photo_id, CRACK_TYPE, "spalling")
        assert crack_type_answer(project, photo_id) is None


def test_an_answer_about_a_strange_photo_is_refused(project_folder: Path) -> None:
    with open_project(project_folder) as project, pytest.raises(StoreError):
        answer_crack_type(project, "0" * 64, CrackType.TRANSVERSE)
