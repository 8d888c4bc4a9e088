"""Claims about files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from resatt_studio.durable import PART_SUFFIX, write_whole


def test_the_file_holds_what_was_written_and_nothing_stands_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / ("n" * 200)
    for data in (b"first", b"second, longer"):
        write_whole(path, data)
        assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_whatever_step_fails_the_old_content_stays_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows forces no folder to the disk")
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO], ids=errno.errorcode.get)
def test_a_drive_that_forces_no_folder_to_the_disk_takes_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fsync = os.fsync

    def files_alone(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_alone)
    if number == errno.EIO:  # a disk that fails is told
        with pytest.raises(OSError, match="Input/output error"):
            write_whole(tmp_path / "file", b"x")
    else:
        write_whole(tmp_path / "file", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_part_says_what_it_is_until_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    replace = Path.replace

    def watch(part: Path, target: Path) -> Path:
        seen.append(part)
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", watch)
    write_whole(tmp_path / "file", b"x")
    assert [part.suffix for part in seen] == [PART_SUFFIX]
    assert seen[0].parent == tmp_path
