"""The photos of a project: facts, review state, where the file is now."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from resatt_studio.errors import StoreError
from resatt_studio.imaging.opening import is_unicode
from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.photo import PhotoEntry, PhotoFacts, ReviewState, Split
from resatt_studio.store import schema
from resatt_studio.store.base import Records, following, log_event, now, weights_in_use
from resatt_studio.store.review_rows import newest_reviews, review_columns, review_of, with_reviews
from resatt_studio.store.search import has_content

_photos, _groups = schema.photos.c, schema.photo_groups.c
_MOST_COMPARED_BYTES = 100_000_000


class PhotoRecords(Records):
    """Adding, listing and finding photos."""

    def add_photo(self, facts: PhotoFacts) -> PhotoEntry:
        """Put a photo on the list.

        A photo of the same content is known already: it keeps its place and work, and when its old file is
        gone, or is another one now, it is from now on found at the new path. A file listed as broken at this
        path is replaced.

        Raises:
            StoreError: The path cannot be kept as text, or the database refused.
        """
        path = _text(facts.path)
        where = select(_photos.path).where(_photos.photo_id == facts.photo_id)
        with self._database.reading() as connection:
            former = connection.scalar(where)
        # A card is used again, and its names with it. Whoever opens a large file compares it.
        moved = former not in (None, path) and not has_content(
            Path(former), facts.photo_id, facts.bytes, _MOST_COMPARED_BYTES
        )
        with self._database.writing() as connection:
            connection.execute(
                delete(schema.photos).where(
                    _photos.path == path,
                    _photos.state == ReviewState.BROKEN,
                    _photos.photo_id != facts.photo_id,
                )
            )
            if connection.scalar(where) is None:
                self._insert(connection, facts, ReviewState.NEW, "")
                log_event(connection, "photo-added", path, facts.photo_id)
            elif moved:
                self._move(connection, facts.photo_id, path)
        return self.photo(facts.photo_id)

    def add_broken(self, path: Path, reason: str) -> PhotoEntry:
        """List a file that cannot be read, with the reason.

        There may be no bytes to hash, so its ``photo_id`` is the SHA-256 of its path.
        """
        photo_id = hashlib.sha256(_text(path).encode()).hexdigest()
        facts = PhotoFacts(photo_id=photo_id, path=path, height=0, width=0, bytes=0)
        with self._database.writing() as connection:
            known = connection.scalar(select(_photos.photo_id).where(_photos.photo_id == photo_id))
            if known is None:
                self._insert(connection, facts, ReviewState.BROKEN, reason)
                log_event(connection, "photo-broken", reason, photo_id)
            else:
                connection.execute(
                    update(schema.photos).where(_photos.photo_id == photo_id).values(reason=reason)
                )
        return self.photo(photo_id)

    def photos(self) -> list[PhotoEntry]:
        """Every photo, in the order of arrival."""
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(_listing().order_by(_photos.arrival))]

    def photo(self, photo_id: str) -> PhotoEntry:
        """One photo.

        Raises:
            StoreError: The project has no such photo.
        """
        with self._database.reading() as connection:
            self._require_photo(connection, photo_id)
            return _entry(connection.execute(_listing().where(_photos.photo_id == photo_id)).one())

    def set_state(self, photo_id: str, state: ReviewState) -> None:
        """Set where the inspector stands with a photo. What was approved of one that is skipped
        does not count until it is approved again.

        Raises:
            StoreError: The project has no such photo.
        """
        with self._database.writing() as connection:
            self._require_photo(connection, photo_id)
            if state is ReviewState.SKIPPED:
                mine = schema.samples.c.photo_id == photo_id
                connection.execute(update(schema.samples).where(mine).values(is_current=False))
            set_review_state(connection, photo_id, state)

    def relocate(self, photo_id: str, path: Path) -> PhotoEntry:
        """Note that the photo's file is now at ``path``; the caller has checked its content.

        Raises:
            StoreError: The project has no such photo.
        """
        with self._database.writing() as connection:
            self._require_photo(connection, photo_id)
            self._move(connection, photo_id, _text(path))
        return self.photo(photo_id)

    def describe(self, photo_id: str, descriptor: Float32Array) -> None:
        """Note what a photo's surface looks like (``imaging.surface``); a photo never changes, so once is
        enough."""
        with self._database.writing() as connection:
            connection.execute(
                update(schema.photos)
                .where(_photos.photo_id == photo_id)
                .values(surface=descriptor.astype("<f4").tobytes())
            )

    def surfaces(self) -> dict[str, Float32Array]:
        """Descriptors of the photos that have one, by photo_id."""
        query = select(_photos.photo_id, _photos.surface).where(_photos.surface.is_not(None))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_photos.arrival)).all()
        return {row.photo_id: np.frombuffer(row.surface, "<f4").astype(np.float32) for row in rows}

    def surface(self, photo_id: str) -> Float32Array | None:
        """A photo's descriptor, or None before :meth:`describe`."""
        query = select(_photos.surface).where(_photos.photo_id == photo_id)
        with self._database.reading() as connection:
            kept = connection.scalar(query)
        return None if kept is None else np.frombuffer(kept, "<f4").astype(np.float32)

    def _insert(self, connection: Connection, facts: PhotoFacts, state: ReviewState, reason: str) -> None:
        group = facts.group or facts.photo_id
        if connection.scalar(select(_groups.name).where(_groups.name == group)) is None:
            connection.execute(insert(schema.photo_groups).values(name=group))
        connection.execute(
            insert(schema.photos).values(
                photo_id=facts.photo_id,
                arrival=following(connection, _photos.arrival),
                path=_text(facts.path),
                height=facts.height,
                width=facts.width,
                bytes=facts.bytes,
                orientation=facts.orientation,
                taken_at=facts.taken_at,
                camera=facts.camera,
                group_name=group,
                state=state,
                reason=reason,
                added_at=now(),
            )
        )

    def _move(self, connection: Connection, photo_id: str, path: str) -> None:
        connection.execute(update(schema.photos).where(_photos.photo_id == photo_id).values(path=path))
        log_event(connection, "photo-moved", path, photo_id)


def set_review_state(connection: Connection, photo_id: str, state: ReviewState) -> None:
    connection.execute(update(schema.photos).where(_photos.photo_id == photo_id).values(state=state))


def _text(path: Path) -> str:
    """The path as text that any database can keep.

    Raises:
        StoreError: The name is not Unicode (possible on Linux only).
    """
    text = str(path)
    if not is_unicode(path):
        raise StoreError(
            f"The file name {text!r} is not valid Unicode.",
            "Rename the file or its folder, then add it again.",
        )
    return text


def _listing() -> Select[Any]:
    """All columns of a :class:`PhotoEntry`, one row a photo."""
    edits = (
        select(func.count())
        .where(schema.edits.c.photo_id == _photos.photo_id, schema.edits.c.state == "done")
        .scalar_subquery()
    )
    predictions = schema.predictions.c
    uncertainty = (
        select(predictions.mean_entropy)
        .where(predictions.photo_id == _photos.photo_id)
        # weights that were only compared with those in use say nothing about what is shown
        .order_by(predictions.weights_id.in_(weights_in_use()).desc(), predictions.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    newest = newest_reviews()
    joined = schema.photos.join(schema.photo_groups, _groups.name == _photos.group_name)
    counted = (edits.label("edits"), uncertainty.label("uncertainty"))
    columns = (schema.photos, _groups.split, *counted, *review_columns(newest))
    return select(*columns).select_from(with_reviews(joined, newest))


def _entry(row: Row[Any]) -> PhotoEntry:
    facts = PhotoFacts(
        photo_id=row.photo_id,
        path=Path(row.path),
        height=row.height,
        width=row.width,
        bytes=row.bytes,
        orientation=row.orientation,
        taken_at=row.taken_at,
        camera=row.camera,
        group=row.group_name,
    )
    split = None if row.split is None else Split(row.split)
    state = ReviewState(row.state)
    review = review_of(row, row.photo_id)
    return PhotoEntry(facts, state, split, row.reason, row.uncertainty, row.edits, review)
