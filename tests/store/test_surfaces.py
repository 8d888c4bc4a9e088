"""Claims about the descriptors of photos in a project."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resatt_studio.records.photo import PhotoFacts
from resatt_studio.workflow.project import Project, create_project, open_project


def add(project: Project, name: str) -> str:
    facts = PhotoFacts(photo_id=name * 64, path=Path(f"/photos/{name}.jpg"), height=4, width=4, bytes=9)
    return project.store.add_photo(facts).photo_id


def test_descriptors_are_kept_bit_by_bit_and_only_of_described_photos(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(0, 9, 21).astype(np.float32)
    with create_project(tmp_path / "wall.resatt") as project:
        one, other = add(project, "a"), add(project, "b")
        project.store.describe(one, values)
        assert project.store.surface(one) is not None
        assert project.store.surface(other) is None
    with open_project(tmp_path / "wall.resatt") as project:
        kept = project.store.surfaces()
    assert list(kept) == [one]
    assert kept[one].tobytes() == values.tobytes()
