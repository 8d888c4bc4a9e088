"""What every part of the sample store stands on: one database, one folder of blobs, one clock."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Select, func, insert, select
from sqlalchemy.sql.schema import Column

from resatt_studio.errors import StoreError
from resatt_studio.records.weights import WeightsState
from resatt_studio.store import schema
from resatt_studio.store.blobs import BlobStore
from resatt_studio.store.engine import Database


def weights_in_use() -> Select[tuple[str]]:
    """Ids of every network's active weights, to compare with inside a statement."""
    return select(schema.weights.c.weights_id).where(schema.weights.c.state == WeightsState.ACTIVE)


def now() -> str:
    """The time in UTC as ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def log_event(
    connection: Connection,
    kind: str,
    detail: str = "",
    photo_id: str = "",
    weights_id: str = "",
    author: str = "",
) -> None:
    """Add a line to the event log within the caller's transaction."""
    row = {"kind": kind, "detail": detail, "photo_id": photo_id, "weights_id": weights_id}
    connection.execute(insert(schema.events).values(author=author, made_at=now(), **row))


def following(connection: Connection, column: Column[int], first: int = 0) -> int:
    """The next number of a column that counts up from ``first``."""
    newest = connection.scalar(select(func.max(column)))
    return first if newest is None else int(newest) + 1


class Records:
    """Base of the parts of :class:`~resatt_studio.store.samples.SampleStore`.

    Args:
        database: The project's database.
        blobs: Where its arrays are kept.
    """

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    def _require_photo(self, connection: Connection, photo_id: str) -> None:
        known = select(schema.photos.c.photo_id).where(schema.photos.c.photo_id == photo_id)
        if connection.scalar(known) is None:
            raise StoreError(
                f"The project has no photo with the content hash {photo_id[:12]}.",
                "Add the photo to the project first.",
            )
