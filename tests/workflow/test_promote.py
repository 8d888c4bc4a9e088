"""Promotion: the active weights change whole or not at all, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from resatt_studio.errors import BugError, WeightsError
from resatt_studio.models import create_model
from resatt_studio.models.state import pack_weights, save_weights, state_of
from resatt_studio.records.weights import WeightsFile, WeightsState
from resatt_studio.workflow.correct import check_project
from resatt_studio.workflow.project import Project, create_project, open_project
from resatt_studio.workflow.promote import (
    import_weights,
    promote,
    promote_factory,
    refuse,
    rollback,
)

CONFIG = {"base_width": 2, "t": 1, "stem": 2}


def tiny(seed: int) -> WeightsFile:
    torch.manual_seed(seed)
    return pack_weights("r2aunet", CONFIG, create_model("r2aunet", **CONFIG).state_dict())


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    torch.manual_seed(0)
    factory = tmp_path / "factory.safetensors"
    save_weights(factory, "r2aunet", CONFIG, create_model("r2aunet", **CONFIG).state_dict())
    with create_project(tmp_path / "x.resatt", factory) as project:
        yield project


def test_a_promoted_candidate_is_active_after_reopening_and_can_be_taken_back(project: Project) -> None:
    factory = project.shelf.active()
    candidate = project.shelf.add(tiny(1), parent=factory.weights_id)
    promoted = promote(project, candidate.weights_id, "Dice rose.", "Ada")
    assert (promoted.state, promoted.reason) == (WeightsState.ACTIVE, "Dice rose.")
    project.close()
    with open_project(project.folder) as again:
        assert again.shelf.active().weights_id == candidate.weights_id
        assert rollback(again).weights_id == factory.weights_id
        with pytest.raises(WeightsError, match="no earlier"):
            rollback(again)
        assert check_project(again) == []


def test_every_change_of_weights_is_in_the_event_log(project: Project) -> None:
    candidate = project.shelf.add(tiny(1))
    promote(project, candidate.weights_id, author="Ada")
    rollback(project, author="Bo")
    refuse(project, candidate.weights_id, "worse", "Cy")
    log = [(event.kind, event.author) for event in reversed(project.store.events(3))]
    assert log == [("promoted", "Ada"), ("rolled-back", "Bo"), ("refused", "Cy")]


def test_damaged_weights_never_become_active(project: Project) -> None:
    factory = project.shelf.active()
    candidate = project.shelf.add(tiny(1))
    path = project.shelf.path(candidate.weights_id)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="damaged"):
        promote(project, candidate.weights_id)
    assert project.shelf.active() == factory


def test_rolling_back_never_leads_to_damaged_weights(project: Project) -> None:
    factory = project.shelf.active()
    promoted = promote(project, project.shelf.add(tiny(1)).weights_id)
    project.shelf.path(factory.weights_id).write_bytes(b"torn")
    with pytest.raises(WeightsError, match="damaged"):
        rollback(project)
    assert project.shelf.active() == promoted


def test_imported_weights_wait_as_a_candidate(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.safetensors"
    path.write_bytes(tiny(5).data)
    version = import_weights(project, path)
    assert (version.state, version.number) == (WeightsState.CANDIDATE, 2)
    assert str(path) in version.reason
    assert project.shelf.load(version.weights_id).data == path.read_bytes()


def test_a_file_that_holds_no_weights_is_not_imported(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "photo.safetensors"
    path.write_bytes(b"\xff\xd8 a photo")
    with pytest.raises(WeightsError):
        import_weights(project, path)
    assert len(project.shelf.versions()) == 1


def test_weights_of_another_network_are_refused_and_it_is_named(
    project: Project, tmp_path: Path, small_weights: Callable[..., Any]
) -> None:
    path = tmp_path / "labels.safetensors"
    path.write_bytes(small_weights("revit").data)
    with pytest.raises(
        WeightsError, match=r"labels\.safetensors holds weights of ReViT, not of RMT"
    ) as error:
        import_weights(project, path, model="rmt")
    assert "Import them for ReViT" in error.value.hint
    assert len(project.shelf.versions()) == 1
    assert import_weights(project, path, model="revit").model == "revit"


def test_a_pth_is_imported_and_the_very_same_weights_stay_one_version(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "again.pth"
    torch.save(state_of(project.shelf.load(project.shelf.active().weights_id)), path)
    assert import_weights(project, path, model="r2aunet") == project.shelf.active()


def test_the_first_own_version_of_a_network_can_be_rolled_back_to_the_factorys(
    project: Project, small_weights: Callable[..., Any]
) -> None:
    own = project.shelf.add(small_weights("dhformer"))
    assert "dhformer" not in project.shelf.earlier()
    promote(project, own.weights_id)
    factory = rollback(project, "dhformer")
    assert (factory.name, factory.state) == ("factory", WeightsState.ACTIVE)
    assert project.shelf.active("dhformer") == factory


def test_without_shipped_weights_the_first_own_version_is_promoted_alone(
    project: Project, small_weights: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*parts: str) -> Path:
        raise BugError(f"bundled file {'/'.join(parts)} is missing")

    monkeypatch.setattr("resatt_studio.workflow.project.asset", missing)
    own = project.shelf.add(small_weights("rmt"))
    assert promote(project, own.weights_id).state is WeightsState.ACTIVE
    assert [version.model for version in project.shelf.versions()] == ["r2aunet", "rmt"]
    with pytest.raises(WeightsError, match="no factory weights of rmt"):
        promote_factory(project, "rmt")


def test_the_factorys_weights_can_be_chosen_by_hand(
    project: Project, small_weights: Callable[..., Any]
) -> None:
    own = project.shelf.add(small_weights("dhformer"), state=WeightsState.ACTIVE)
    chosen = promote_factory(project, "dhformer", "chosen", "Ada")
    assert (chosen.name, chosen.state) == ("factory", WeightsState.ACTIVE)
    assert rollback(project, "dhformer").weights_id == own.weights_id


def test_labels_of_other_things_never_reach_the_shelf(
    project: Project, tmp_path: Path, small_weights: Callable[..., Any]
) -> None:
    path = tmp_path / "everyday.safetensors"
    path.write_bytes(small_weights("rmt", num_classes=10).data)
    with pytest.raises(WeightsError, match=r"everyday\.safetensors do not answer with the types of crack"):
        import_weights(project, path)
    assert len(project.shelf.versions()) == 1
