"""Named states of corrections: where in the journal they are, and the labels as they were."""

from __future__ import annotations

from sqlalchemy import insert, literal, select

from resatt_studio.records.correction import Checkpoint
from resatt_studio.store import schema
from resatt_studio.store.base import Records, log_event, now
from resatt_studio.store.journal import unpacked_tiles

_checkpoints, _kept = schema.checkpoints.c, schema.checkpoint_tiles.c
_edits, _tiles = schema.edits.c, schema.correction_tiles.c


class CheckpointRecords(Records):
    """Making, listing and reading the checkpoints of one photo at a time. None is ever deleted."""

    def add_checkpoint(self, photo_id: str, name: str, author: str = "") -> Checkpoint:
        """Give the correction as it is in the store now a name; in one transaction, so that the labels kept
        are exactly those after the edit that is named.

        Raises:
            StoreError: No such photo, or the disk refused.
        """
        with self._database.writing() as connection:
            self._require_photo(connection, photo_id)
            newest = connection.scalar(
                select(_edits.edit_id)
                .where(_edits.photo_id == photo_id, _edits.state == "done")
                .order_by(_edits.seq.desc())
                .limit(1)
            )
            row = {"photo_id": photo_id, "name": name, "edit_id": newest or "", "author": author}
            row["made_at"] = now()
            made = connection.execute(insert(schema.checkpoints).values(row)).inserted_primary_key
            assert made is not None
            number = int(made[0])
            columns = (_tiles.tile_row, _tiles.tile_column, _tiles.labels)
            labels = select(literal(number), *columns).where(_tiles.photo_id == photo_id)
            names = ["checkpoint_id", *(column.name for column in columns)]
            connection.execute(insert(schema.checkpoint_tiles).from_select(names, labels))
            log_event(connection, "checkpoint", name, photo_id, author=author)
        return Checkpoint(number, **row)

    def checkpoints(self, photo_id: str) -> tuple[Checkpoint, ...]:
        """Every checkpoint of the photo, oldest first."""
        query = select(schema.checkpoints).where(_checkpoints.photo_id == photo_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_checkpoints.checkpoint_id))
            return tuple(Checkpoint(**row._mapping) for row in rows)

    def checkpoint_tiles(self, checkpoint_id: int) -> dict[tuple[int, int], bytes]:
        """Labels of every tile that had any, by (tile row, tile column).

        Raises:
            StoreError: A tile is damaged.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                select(_kept.tile_row, _kept.tile_column, _kept.labels).where(
                    _kept.checkpoint_id == checkpoint_id
                )
            ).all()
        return unpacked_tiles(rows, f"The checkpoint {checkpoint_id}")
