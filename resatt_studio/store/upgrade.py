"""Brings a database to the newest schema; Alembic is loaded only when there is something to do."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from resatt_studio.errors import ProjectError, StoreError
from resatt_studio.store.schema import SCHEMA_VERSIONS

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def schema_version(engine: Engine) -> str:
    """Revision that the database was left at, "" when it is empty."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one_or_none()
    return "" if row is None else str(row[0])


def upgrade(engine: Engine) -> bool:
    """Make or upgrade the tables; all steps succeed together or nothing changes.

    Returns:
        Whether anything had to be done.

    Raises:
        ProjectError: The database was written by a newer version of ResAtt Studio.
        StoreError: A step left rows that name missing rows; the database is as it was.
    """
    version = schema_version(engine)
    if version == SCHEMA_VERSIONS[-1]:
        return False
    if version and version not in SCHEMA_VERSIONS:
        raise ProjectError(
            f"The project database {engine.url.database} has the format {version}, which is newer than this "
            f"version of ResAtt Studio ({SCHEMA_VERSIONS[-1]}).",
            "Open it with a newer ResAtt Studio.",
        )
    with engine.connect() as connection:
        # Rebuilding a table must not count as deleting the rows that others name; this cannot be switched
        # within a transaction, and Alembic then runs in ours.
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            _outside_transaction(connection, "PRAGMA foreign_keys = OFF")
        with connection.begin():
            _run_steps(connection)
            if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise StoreError(f"Upgrading {engine.url.database} failed; it was left as it was.")
        if sqlite:
            _outside_transaction(connection, "PRAGMA foreign_keys = ON")
    return True


def _outside_transaction(connection: Connection, statement: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statement).close()


def _run_steps(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
