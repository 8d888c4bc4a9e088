"""Transactions: durable, whole or nothing, and refusals put into words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from resatt_studio.errors import BugError, StoreError
from resatt_studio.store.engine import Database, open_engine, sqlite_url

if TYPE_CHECKING:
    from store.conftest import Opened


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
def test_every_connection_is_durable_and_checked(opened: Opened, pragma: str, value: object) -> None:
    with opened.database.reading() as outer, opened.database.reading() as inner:
        for connection in (outer, inner):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_transaction_that_an_error_leaves_changes_nothing(opened: Opened) -> None:
    with pytest.raises(RuntimeError, match="halfway"), opened.database.writing() as connection:
        connection.execute(text("INSERT INTO settings VALUES ('a', '1')"))
        raise RuntimeError("halfway")
    assert opened.store.setting("a") is None


def test_a_reader_sees_one_moment(opened: Opened) -> None:
    opened.store.set_setting("a", 1)
    with opened.database.reading() as connection:
        first = connection.execute(text("SELECT value FROM settings")).scalar()
        opened.store.set_setting("a", 2)
        assert connection.execute(text("SELECT value FROM settings")).scalar() == first
    assert opened.store.setting("a") == 2


def test_many_threads_write_without_a_loss(opened: Opened, add: Callable[..., str]) -> None:
    photos = [add(str(number)) for number in range(4)]

    def paint(photo: str) -> None:
        for number in range(20):
            opened.store.append_edit(photo, str(number).encode(), photo[:20] + f"{number:012}", {})

    threads = [threading.Thread(target=paint, args=(photo,)) for photo in photos]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for photo in photos:
        assert opened.store.journal(photo)[0] == [str(number).encode() for number in range(20)]


def test_a_row_that_names_nothing_is_a_broken_promise(opened: Opened) -> None:
    with pytest.raises(BugError, match="constraint"), opened.database.writing() as connection:
        connection.execute(text("INSERT INTO weights_samples VALUES ('w', 's')"))


def test_a_locked_database_is_said_in_words(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resatt_studio.store.engine.BUSY_TIMEOUT_MS", 20)
    path = opened.folder / "project.sqlite3"
    hasty = Database(open_engine(sqlite_url(path)))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as caught, hasty.writing():
        pass
    assert "Close other programs" in caught.value.hint
    other.close()
    hasty.close()


def test_a_file_that_is_no_database_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    path.write_bytes(b"this is a text file, not a database" * 40)
    database = Database(open_engine(sqlite_url(path)))
    with pytest.raises(StoreError, match="not a database") as caught, database.reading():
        pass
    assert "backups" in caught.value.hint
    assert str(path) in caught.value.message
