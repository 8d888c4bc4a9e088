"""Copies of a project database, made while nobody writes, the newest two kept."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from resatt_studio.durable import PART_SUFFIX
from resatt_studio.errors import ProjectError, StoreError
from resatt_studio.store.engine import refused

KEEP = 2


def backup_paths(database: Path, folder: Path) -> list[Path]:
    """Where the copies are, newest first, whether they exist or not."""
    return [folder / f"{database.stem}-{number}{database.suffix}" for number in range(1, KEEP + 1)]


def check_and_back_up(database: Path, folder: Path) -> bool:
    """Check the structure of a SQLite database, then copy it, unless it has not changed since the last copy.

    A damaged database is never copied, so it cannot push a good copy out.

    Returns:
        Whether a copy was made.

    Raises:
        ProjectError: The database is damaged.
        StoreError: The database cannot be read now, such as while another program holds it
            (``StoreBusy``), or the copy could not be written.
    """
    newest, *older = backup_paths(database, folder)
    with closing(_connect(database)) as source:
        _quick_check(source, database, [path for path in (newest, *older) if path.exists()])
        if newest.exists() and newest.stat().st_mtime >= _changed_at(database):
            return False
        part = newest.with_suffix(PART_SUFFIX)
        try:
            folder.mkdir(exist_ok=True)
            _copy(source, part)
            for previous, path in reversed(list(zip([newest, *older], older, strict=False))):
                if previous.exists():
                    previous.replace(path)
            part.replace(newest)
        except (OSError, sqlite3.Error) as error:
            part.unlink(missing_ok=True)
            raise StoreError(
                f"The project's backup {newest} could not be written: {error}.",
                "Free some disk space and check that the project folder is writable.",
            ) from error
    return True


def _connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(database, timeout=10.0, isolation_level=None)


def _quick_check(source: sqlite3.Connection, database: Path, copies: list[Path]) -> None:
    try:
        lines = [str(row[0]) for row in source.execute("PRAGMA quick_check(5)")]
    except sqlite3.OperationalError as error:  # locked, out of reach, not to be written: nothing is damaged
        raise refused(database, error) from error
    except sqlite3.DatabaseError as error:
        lines = [str(error)]
    if lines != ["ok"]:
        names = " or ".join(str(path) for path in copies)
        raise ProjectError(
            f"The project database {database} is damaged: {'; '.join(lines)}.",
            f"Keep a copy of the folder, remove {database.name}-wal, then put {names} in its place."
            if copies
            else "Restore the project folder from a backup.",
        )


def _changed_at(database: Path) -> float:
    log = database.with_name(f"{database.name}-wal")
    changed = database.stat().st_mtime
    return max(changed, log.stat().st_mtime) if log.exists() and log.stat().st_size else changed


def _copy(source: sqlite3.Connection, part: Path) -> None:
    part.unlink(missing_ok=True)
    with closing(_connect(part)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE").close()  # one file, no log beside it
    with part.open("rb+") as file:
        os.fsync(file.fileno())
