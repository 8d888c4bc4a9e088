"""Claims about what may go on with the figures of an earlier simulation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import resatt_studio
from resatt_studio.simulation.resume import code_id


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's sources."""
    copy = tmp_path_factory.mktemp("checkout") / "resatt_studio"
    ignored = shutil.ignore_patterns("__pycache__", "assets")
    shutil.copytree(next(iter(resatt_studio.__path__)), copy, ignore=ignored)
    return copy


def test_a_copy_of_the_code_is_the_same_code(package: Path) -> None:
    assert code_id(package) == code_id()


@pytest.mark.parametrize(
    "source", ["learning/course.py", "records/training.py", "inference/surface.py", "store/split.py"]
)
def test_what_decides_over_figures_counts_wherever_it_lies(package: Path, source: str) -> None:
    path, before = package / source, code_id(package)
    text = path.read_bytes()
    try:
        path.write_bytes(text + b"\n# another rule\n")
        assert code_id(package) != before
    finally:
        path.write_bytes(text)
    assert code_id(package) == before


def test_the_window_may_change(package: Path) -> None:
    before = code_id(package)
    (package / "app" / "another.py").write_text("# nothing that a session sees\n")
    assert code_id(package) == before
