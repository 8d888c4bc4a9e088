"""Claims about naming weights: files, versions by state, number and id, and what is not meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resatt_studio.errors import WeightsError
from resatt_studio.models.state import write_weights
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.weights import (
    choose_weights,
    find_version,
    import_file,
    promote_by_name,
    rollback_active,
)


@pytest.fixture
def other(tmp_path: Path, make_weights: Callable[..., object]) -> Path:
    path = tmp_path / "other.safetensors"
    make_weights(path, seed=1)
    return path


def test_without_a_name_a_project_gives_its_active_weights(project: Project, other: Path) -> None:
    active = project.shelf.active().weights_id
    import_file(project, other)
    assert choose_weights(None, project).weights_id == active


def test_a_version_is_named_by_state_number_name_or_beginning_of_its_id(
    project: Project, other: Path
) -> None:
    candidate = import_file(project, other)
    for name in ("candidate", "v2", candidate.weights_id, candidate.weights_id[:8]):
        assert find_version(project, name).weights_id == candidate.weights_id
        assert choose_weights(name, project).weights_id == candidate.weights_id
    for name in ("active", "v1", "factory"):
        assert find_version(project, name).number == 1


def test_the_candidate_is_that_of_the_segmenter(
    project: Project, other: Path, tmp_path: Path, small_weights: Callable[..., Any]
) -> None:
    candidate = import_file(project, other)
    project.shelf.add(small_weights("rmt"))
    assert find_version(project, "candidate").weights_id == candidate.weights_id


def test_a_file_is_meant_also_beside_a_project(project: Project, other: Path) -> None:
    assert choose_weights(str(other), project).weights_id == choose_weights(str(other), None).weights_id


@pytest.mark.parametrize("name", ["v9", "candidate", "abcdef12", "missing.safetensors"])
def test_a_name_that_means_nothing_is_told(project: Project, name: str) -> None:
    with pytest.raises(WeightsError):
        choose_weights(name, project)


def test_weights_that_draw_no_masks_are_refused(tmp_path: Path, small_weights: Callable[..., Any]) -> None:
    path = tmp_path / "labels.safetensors"
    write_weights(path, small_weights("rmt"))
    with pytest.raises(WeightsError, match=r"RMT cannot say which pixels are crack.*R2AU-Net"):
        choose_weights(str(path), None)


def test_an_id_without_a_project_says_what_is_missing() -> None:
    with pytest.raises(WeightsError) as raised:
        choose_weights("abcdef12", None)
    assert "--project" in raised.value.hint


def test_promoting_by_hand_and_rolling_back_return_to_the_same_weights(project: Project, other: Path) -> None:
    first = project.shelf.active().weights_id
    second = import_file(project, other)
    assert second.state is WeightsState.CANDIDATE
    assert promote_by_name(project, "candidate").state is WeightsState.ACTIVE
    assert project.shelf.active().weights_id == second.weights_id
    assert rollback_active(project).weights_id == first
    assert project.shelf.active().weights_id == first
