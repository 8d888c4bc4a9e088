"""A moved photo is found by its content, wherever it went."""

from __future__ import annotations

from pathlib import Path

from resatt_studio.store.blobs import sha256
from resatt_studio.store.search import find_by_content


def test_a_renamed_photo_is_found_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "same size.jpg").write_bytes(b"12345")
    moved = tmp_path / "a" / "b" / "renamed.jpg"
    moved.write_bytes(b"photo")
    assert find_by_content(sha256(b"photo"), 5, [tmp_path / "missing", tmp_path]) == moved


def test_equal_size_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "other.jpg").write_bytes(b"12345")
    assert find_by_content(sha256(b"photo"), 5, [tmp_path]) is None


def test_projects_and_hidden_folders_are_not_searched(tmp_path: Path) -> None:
    for name in (".trash", "x.resatt"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "photo.jpg").write_bytes(b"photo")
    assert find_by_content(sha256(b"photo"), 5, [tmp_path]) is None
