"""Everything a healthy project promises, checked one promise at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from sqlalchemy import Connection, func, select

from resatt_studio.errors import StudioError
from resatt_studio.store import schema
from resatt_studio.store.blobs import BlobStore, sha256
from resatt_studio.store.engine import Database

Replay: TypeAlias = Callable[[int, int, Sequence[bytes]], Mapping[tuple[int, int], bytes]]
"""From a photo's height and width and its done edits to the tiles that have any label."""


class _Journals(Protocol):
    def journal(self, photo_id: str) -> tuple[list[bytes], list[bytes]]: ...

    def tiles(self, photo_id: str) -> dict[tuple[int, int], bytes]: ...

    def checkpoint_tiles(self, checkpoint_id: int) -> dict[tuple[int, int], bytes]: ...


def problems(
    database: Database,
    blobs: BlobStore,
    journals: _Journals,
    replay: Replay | None,
    weights_folder: Path | None,
) -> Iterator[str]:
    """Yield one sentence per broken promise; see ``SampleStore.check``."""
    with database.reading() as connection:
        yield from _database(connection)
        yield from _splits(connection)
        yield from _journal_order(connection)
        yield from _active_versions(connection)
        referenced = _referenced_blobs(connection)
        files = connection.execute(select(schema.weights.c.weights_id, schema.weights.c.file_hash)).all()
        named = connection.execute(
            select(schema.checkpoints.c.checkpoint_id, schema.checkpoints.c.name)
        ).all()
        painted = connection.execute(
            select(schema.photos.c.photo_id, schema.photos.c.height, schema.photos.c.width)
        ).all()
    for blob in referenced:
        if wrong := blobs.verify(blob):
            yield wrong
    if weights_folder is not None:
        for weights_id, file_hash in files:
            yield from _weights_file(weights_folder / f"{weights_id}.safetensors", file_hash)
    for checkpoint_id, name in named:
        try:
            journals.checkpoint_tiles(checkpoint_id)
        except StudioError as error:
            yield f"The checkpoint “{name}” cannot be gone back to: {error.message}"
    if replay is not None:
        for photo_id, height, width in painted:
            yield from _tiles(journals, replay, photo_id, height, width)


def _database(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if line != "ok":
            yield f"The database is damaged: {line}."
    for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"Row {row} of {table} names a row of {parent} that does not exist."


def _splits(connection: Connection) -> Iterator[str]:
    groups, photos, samples = schema.photo_groups, schema.photos, schema.samples
    undecided = (
        select(samples.c.sample_id)
        .join(photos, photos.c.photo_id == samples.c.photo_id)
        .join(groups, groups.c.name == photos.c.group_name)
        .where(groups.c.split.is_(None))
    )
    for (sample_id,) in connection.execute(undecided):
        yield f"The sample {sample_id} belongs to a group without a side of the split."


def _journal_order(connection: Connection) -> Iterator[str]:
    edits = schema.edits.c
    newest_done = (
        select(edits.photo_id, func.max(edits.seq).label("seq"))
        .where(edits.state == "done")
        .group_by(edits.photo_id)
        .subquery()
    )
    overtaken = (
        select(edits.edit_id)
        .join(newest_done, newest_done.c.photo_id == edits.photo_id)
        .where(edits.state == "undone", edits.seq < newest_done.c.seq)
    )
    for (edit_id,) in connection.execute(overtaken):
        yield f"The undone edit {edit_id} is older than an edit that is done."


def _active_versions(connection: Connection) -> Iterator[str]:
    weights, activations = schema.weights.c, schema.activations.c
    for model in connection.scalars(select(weights.model).distinct()).all():
        active = connection.scalars(
            select(weights.weights_id).where(weights.model == model, weights.state == "active")
        ).all()
        newest = connection.scalar(
            select(activations.weights_id)
            .where(activations.model == model, activations.taken_back.is_(False))
            .order_by(activations.id.desc())
            .limit(1)
        )
        promised = 0 if newest is None else 1  # candidates of a model that was never in use are fine
        if len(active) != promised:
            yield f"The model {model} has {len(active)} active versions instead of {promised}."
        elif newest is not None and active[0] != newest:
            yield f"The active version of {model} is not the one promoted last."


def _referenced_blobs(connection: Connection) -> list[str]:
    columns = (
        schema.samples.c.labels_blob,
        schema.samples.c.predicted_blob,
        schema.predictions.c.probability_blob,
    )
    found = {blob for column in columns for blob in connection.scalars(select(column).distinct())}
    return sorted(found - {""})


def _weights_file(path: Path, file_hash: str) -> Iterator[str]:
    try:
        if sha256(path.read_bytes()) != file_hash:
            yield f"The weights file {path} is damaged: its content has changed."
    except OSError as error:
        yield f"The weights file {path} cannot be read: {error.strerror or error}."


def _tiles(journals: _Journals, replay: Replay, photo_id: str, height: int, width: int) -> Iterator[str]:
    try:
        kept = journals.tiles(photo_id)
        done, _ = journals.journal(photo_id)
        replayed = replay(height, width, done)
    except StudioError as error:
        yield f"The correction of the photo {photo_id[:12]} cannot be replayed: {error.message}"
        return
    for cell in sorted(kept.keys() | replayed.keys()):
        if kept.get(cell) != replayed.get(cell):
            yield f"Tile {cell} of the photo {photo_id[:12]} differs from its journal."
