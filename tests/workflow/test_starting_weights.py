"""A project begins with the weights that were chosen for new projects, and says which."""

from __future__ import annotations

from pathlib import Path

import pytest

from resatt_studio.errors import WeightsError
from resatt_studio.models.state import load_weights
from resatt_studio.workflow.project import create_project
from resatt_studio.workflow.weights import choose_weights, factory_path


@pytest.mark.parametrize("kind", ["factory", "generated"])
def test_both_bundled_sets_start_a_project_and_have_a_name(kind: str, tmp_path: Path) -> None:
    with create_project(tmp_path / "a.resatt", starting_weights=kind) as project:
        active = project.shelf.active("r2aunet")
        assert active is not None
        assert active.name == kind
        assert active.weights_id == load_weights(factory_path(kind=kind)).weights_id
    assert choose_weights(None, None, kind).weights_id == choose_weights(kind, None).weights_id


def test_the_generated_set_was_taught_by_nobodys_photos() -> None:
    header = load_weights(factory_path(kind="generated")).metadata
    assert '"sets": {}' in header["options"]
    assert header["data"] == '{"folders": []}'


def test_weights_that_do_not_exist_are_named() -> None:
    with pytest.raises(WeightsError, match="RMT"):
        factory_path("rmt", "generated")
