"""From a URL to transactions: pragmas, pool, time-outs, and database errors put into words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from resatt_studio.errors import BugError, StoreBusy, StoreError

BUSY_TIMEOUT_MS = 10_000
_BEGIN = "sqlite_begin"


def sqlite_url(path: Path) -> URL:
    """URL of a database file; any character is allowed in ``path``."""
    return URL.create("sqlite", database=str(path))


def open_engine(url: str | URL) -> Engine:
    """Return an engine whose SQLite connections are durable and checked.

    Every connection runs in WAL mode with ``synchronous=FULL`` (what is committed survives a power cut), with
    foreign keys enforced, and waits ``BUSY_TIMEOUT_MS`` for another writer. Transactions are begun
    explicitly: the driver's own habit of beginning late would let two writers read before either writes.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE"))


class Database:
    """Short transactions on one engine; safe to use from any thread.

    Args:
        engine: As made by :func:`open_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(**{_BEGIN: "BEGIN"})
        self._closed = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that may write; committed at the end, rolled back when an error leaves it.

        Raises:
            StoreError: The database could not be written, or was closed; nothing of the transaction remains.
        """
        self._require_open()
        with errors_in_words(self.engine), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the database.

        Raises:
            StoreError: The database could not be read, or was closed.
        """
        self._require_open()
        with errors_in_words(self.engine), self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection; SQLite then folds the write-ahead log into the database."""
        self._closed = True
        self.engine.dispose()

    def _require_open(self) -> None:
        if self._closed:  # the engine would quietly open a file that another program may hold by now
            raise StoreError(f"The project database {self.engine.url.database} was closed.", "Open it again.")


@contextmanager
def errors_in_words(engine: Engine) -> Iterator[None]:
    """Turn database errors into ours: what the user can mend, and broken promises.

    Raises:
        StoreError: The database refused; says why and what cures it. ``StoreBusy`` when another program holds
            it.
        BugError: A constraint of the schema would have been broken.
    """
    try:
        yield
    except exc.IntegrityError as error:
        raise BugError(f"a constraint of the project database was broken: {error.orig}") from error
    except (exc.DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        raise refused(engine.url.database, cause) from error


def refused(database: str | Path | None, cause: BaseException | None) -> StoreError:
    """What a person needs to know of what a database said."""
    kind = StoreBusy if "locked" in str(cause).lower() else StoreError
    return kind(f"The project database {database} refused: {cause}.", _hint(str(cause)))


_HINTS = {
    "full": "Free some disk space; nothing already saved is lost.",
    "locked": "Close other programs that have this project open, then try again.",
    "readonly": "Make the project folder writable, or copy the project to a folder that is.",
    "unable to open": "Check that the project folder still exists and that you may write to it.",
    "malformed": "Restore one of the copies in the project's backups folder.",
    "not a database": "Restore one of the copies in the project's backups folder.",
    "disk i/o": "Check the disk or network drive that holds the project.",
}


def _hint(cause: str) -> str:
    lower = cause.lower()
    return next((hint for word, hint in _HINTS.items() if word in lower), "Try again.")
