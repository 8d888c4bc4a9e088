"""The stroke journal and the correction tiles it adds up to; both change in one transaction.

An edit is opaque bytes here (``annotation.journal`` knows what they mean). It is *done*, *undone*, or
*discarded*: undone and then overtaken by a new edit, so that it can never be redone. Discarded edits are
kept: the journal tells how a mask came about, and nothing of it is deleted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from resatt_studio.errors import StoreError
from resatt_studio.records.correction import TILE_PX
from resatt_studio.records.photo import ReviewState
from resatt_studio.store import schema
from resatt_studio.store.base import Records
from resatt_studio.store.packed import unpacked
from resatt_studio.store.photos import set_review_state

_edits, _tiles = schema.edits.c, schema.correction_tiles.c
_LEVEL = 1

Tiles = Mapping[tuple[int, int], bytes]
"""Labels of whole tiles by (tile row, tile column), as uncompressed bytes."""


class Act(StrEnum):
    """What happened to an edit."""

    APPENDED = "appended"
    UNDONE = "undone"
    REDONE = "redone"


@dataclass(frozen=True, slots=True)
class JournalAct:
    """One line of the journal to be written.

    Attributes:
        act: Appended, undone or redone.
        edit_id: Of the edit.
        tiles: New labels of every tile the act touched; a tile without any label is dropped.
        data: The encoded edit; only for ``Act.APPENDED``.
    """

    act: Act
    edit_id: str
    tiles: Tiles = field(repr=False)
    data: bytes = field(default=b"", repr=False)


class JournalRecords(Records):
    """Writing and reading the journal of one photo at a time."""

    def append_edit(self, photo_id: str, edit: bytes, edit_id: str, tiles: Tiles) -> None:
        """Keep a new edit and the tiles it changed; edits undone before it can no longer be redone."""
        self.write_journal(photo_id, [JournalAct(Act.APPENDED, edit_id, tiles, edit)])

    def mark_undone(self, photo_id: str, edit_id: str, tiles: Tiles) -> None:
        """Note that the newest done edit was undone, with the tiles as they are now."""
        self.write_journal(photo_id, [JournalAct(Act.UNDONE, edit_id, tiles)])

    def mark_redone(self, photo_id: str, edit_id: str, tiles: Tiles) -> None:
        """Note that the edit undone last was redone, with the tiles as they are now."""
        self.write_journal(photo_id, [JournalAct(Act.REDONE, edit_id, tiles)])

    def write_journal(self, photo_id: str, acts: Sequence[JournalAct]) -> None:
        """Keep several acts, in order, in one transaction: all of them or none.

        The photo's state becomes "correcting". Tiles touched several times are written once.

        Raises:
            StoreError: No such photo, an edit kept twice, undo or redo out of order, or the database refused.
        """
        tiles: dict[tuple[int, int], bytes] = {}
        packed: dict[tuple[int, int], bytes | None] = {}
        for act in acts:
            tiles.update(act.tiles)
        for cell, labels in tiles.items():  # outside the transaction: others may write meanwhile
            packed[cell] = _pack(labels)
        with self._database.writing() as connection:
            self._require_photo(connection, photo_id)
            for act in acts:
                if act.act is Act.APPENDED:
                    _append(connection, photo_id, act)
                else:
                    _turn(connection, photo_id, act)
            _write_tiles(connection, photo_id, packed)
            if acts:
                set_review_state(connection, photo_id, ReviewState.CORRECTING)

    def journal(self, photo_id: str) -> tuple[list[bytes], list[bytes]]:
        """Encoded edits that are done, oldest first, and undone, in the order in which they were undone.

        The last of the undone ones is the one to redo next.
        """
        with self._database.reading() as connection:
            query = select(_edits.data).where(_edits.photo_id == photo_id)
            done = connection.scalars(query.where(_edits.state == "done").order_by(_edits.seq))
            undone = connection.scalars(query.where(_edits.state == "undone").order_by(_edits.seq.desc()))
            return list(done), list(undone)

    def journal_edits(self, photo_id: str, state: str) -> Iterator[bytes]:
        """The same one by one, of one state ("done" or "undone"), so that a long journal is never in memory
        as a whole. What is written meanwhile is not among them."""
        order = _edits.seq if state == "done" else _edits.seq.desc()
        query = select(_edits.edit_id).where(_edits.photo_id == photo_id, _edits.state == state)
        with self._database.reading() as connection:
            ids = connection.scalars(query.order_by(order)).all()
        for edit_id in ids:
            yield self.edit(edit_id)

    def edit(self, edit_id: str) -> bytes:
        """One encoded edit, whatever its state.

        Raises:
            StoreError: There is none of that id.
        """
        with self._database.reading() as connection:
            data = connection.scalar(select(_edits.data).where(_edits.edit_id == edit_id))
        if data is None:
            raise StoreError(f"The journal has no edit {edit_id}.")
        return bytes(data)

    def tiles(self, photo_id: str) -> dict[tuple[int, int], bytes]:
        """Labels of every tile that has any, by (tile row, tile column).

        Raises:
            StoreError: A tile is damaged.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                select(_tiles.tile_row, _tiles.tile_column, _tiles.labels).where(_tiles.photo_id == photo_id)
            ).all()
        return unpacked_tiles(rows, f"The correction of the photo {photo_id[:12]}")


def unpacked_tiles(rows: Iterable[Any], whose: str) -> dict[tuple[int, int], bytes]:
    """Labels by (tile row, tile column) of rows with ``tile_row``, ``tile_column`` and packed ``labels``.

    Raises:
        StoreError: A tile is damaged; the message begins with ``whose``.
    """
    try:
        return {(row.tile_row, row.tile_column): unpacked(row.labels, TILE_PX * TILE_PX) for row in rows}
    except zlib.error as error:
        raise StoreError(
            f"{whose} is damaged: {error}.", "Restore one of the copies in the project's backups folder."
        ) from error


def _append(connection: Connection, photo_id: str, act: JournalAct) -> None:
    if connection.scalar(select(_edits.edit_id).where(_edits.edit_id == act.edit_id)) is not None:
        raise StoreError(f"The edit {act.edit_id} is in the journal already.")
    connection.execute(
        update(schema.edits)
        .where(_edits.photo_id == photo_id, _edits.state == "undone")
        .values(state="discarded")
    )
    newest = connection.scalar(select(func.max(_edits.seq)).where(_edits.photo_id == photo_id))
    row = {"edit_id": act.edit_id, "photo_id": photo_id, "seq": (newest or 0) + 1, "data": act.data}
    connection.execute(insert(schema.edits).values(state="done", **row))


def _turn(connection: Connection, photo_id: str, act: JournalAct) -> None:
    """Undo the newest done edit, or redo the edit undone last; any other would break the stack."""
    undo = act.act is Act.UNDONE
    before, after = ("done", "undone") if undo else ("undone", "done")
    order = _edits.seq.desc() if undo else _edits.seq.asc()
    top = connection.scalar(
        select(_edits.edit_id)
        .where(_edits.photo_id == photo_id, _edits.state == before)
        .order_by(order)
        .limit(1)
    )
    if top != act.edit_id:
        raise StoreError(f"The edit {act.edit_id} cannot be {act.act}: it is not the next in the journal.")
    connection.execute(update(schema.edits).where(_edits.edit_id == act.edit_id).values(state=after))


def _write_tiles(
    connection: Connection, photo_id: str, packed: Mapping[tuple[int, int], bytes | None]
) -> None:
    for (row, column), labels in packed.items():
        here = (_tiles.photo_id == photo_id, _tiles.tile_row == row, _tiles.tile_column == column)
        if labels is None:
            connection.execute(delete(schema.correction_tiles).where(*here))
        elif (
            connection.execute(update(schema.correction_tiles).where(*here).values(labels=labels)).rowcount
            == 0
        ):
            connection.execute(
                insert(schema.correction_tiles).values(
                    photo_id=photo_id, tile_row=row, tile_column=column, labels=labels
                )
            )


def _pack(labels: bytes) -> bytes | None:
    """Compressed labels, None when nothing is said anywhere in the tile."""
    return None if labels.count(0) == len(labels) else zlib.compress(labels, _LEVEL)
