"""Backups: two good copies, made only of a good database that has changed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from resatt_studio.errors import ProjectError, StoreBusy
from resatt_studio.store import backup
from resatt_studio.store.backup import backup_paths, check_and_back_up


def write(path: Path, value: int, age_s: float = 0.0) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS t (value)")
        connection.execute("DELETE FROM t")
        connection.execute("INSERT INTO t VALUES (?)", (value,))
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime + age_s))


def read(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT value FROM t").fetchone()[0])


def test_the_newest_two_states_are_kept(tmp_path: Path) -> None:
    database, folder = tmp_path / "project.sqlite3", tmp_path / "backups"
    for value in range(4):
        write(database, value, age_s=10 * (value + 1))
        assert check_and_back_up(database, folder)
    assert [read(path) for path in backup_paths(database, folder)] == [3, 2]
    assert sorted(path.name for path in folder.iterdir()) == ["project-1.sqlite3", "project-2.sqlite3"]


def test_an_unchanged_database_is_not_copied_again(tmp_path: Path) -> None:
    database, folder = tmp_path / "project.sqlite3", tmp_path / "backups"
    write(database, 1, age_s=-10)
    assert check_and_back_up(database, folder)
    assert not check_and_back_up(database, folder)


def test_what_a_killed_process_left_in_the_log_is_in_the_copy(tmp_path: Path) -> None:
    database = tmp_path / "project.sqlite3"
    write(database, 1)
    living = sqlite3.connect(database, isolation_level=None)
    living.execute("UPDATE t SET value = 2")  # in the write-ahead log only
    copy = tmp_path / "killed"
    copy.mkdir()
    for name in ("project.sqlite3", "project.sqlite3-wal"):
        (copy / name).write_bytes((tmp_path / name).read_bytes())
    living.close()
    assert check_and_back_up(copy / "project.sqlite3", copy / "backups")
    assert read(copy / "backups" / "project-1.sqlite3") == 2


def test_a_database_that_another_program_holds_is_busy_and_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "project.sqlite3"
    write(database, 1)

    def impatient(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=0.0, isolation_level=None)

    monkeypatch.setattr(backup, "_connect", impatient)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE t SET value = 2")
        with pytest.raises(StoreBusy, match="locked") as told:
            check_and_back_up(database, tmp_path / "backups")
    assert str(database) in told.value.message and "wal" not in told.value.hint
    assert not (tmp_path / "backups").exists()


def test_a_damaged_database_is_named_and_pushes_no_good_copy_out(tmp_path: Path) -> None:
    database, folder = tmp_path / "project.sqlite3", tmp_path / "backups"
    write(database, 1, age_s=-10)
    check_and_back_up(database, folder)
    data = bytearray(database.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    database.write_bytes(data)
    with pytest.raises(ProjectError, match="damaged") as caught:
        check_and_back_up(database, folder)
    assert "project-1.sqlite3" in caught.value.hint
    assert read(folder / "project-1.sqlite3") == 1
