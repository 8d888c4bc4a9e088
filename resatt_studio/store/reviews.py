"""The chain of a photo's review: approvals, and what second readers said of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from resatt_studio.errors import BugError, ReviewError
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.review import ReviewAct, ReviewEntry, same_person
from resatt_studio.store import schema
from resatt_studio.store.base import Records, log_event, now
from resatt_studio.store.photos import set_review_state

_reviews, _photos = schema.reviews.c, schema.photos.c


class ReviewRecords(Records):
    """Second readings; approvals come with :meth:`SampleRecords.approve`."""

    def second_reading(
        self, photo_id: str, act: ReviewAct, note: str = "", author: str = "", own_too: bool = False
    ) -> ReviewEntry:
        """Agree to the approval of a photo, or send the photo back; in one transaction with its state.

        A photo that is sent back is to be corrected again, and nobody learns from it meanwhile.

        Args:
            photo_id: Of the photo.
            act: AGREED or SENT_BACK.
            note: Why; sending back asks for one.
            author: The second reader.
            own_too: Whether they may read their own approval.

        Raises:
            StoreError: The project has no such photo.
            ReviewError: It is not approved, the reader has no name or is who approved it, or the note is
                missing.
            BugError: An approval is no second reading.
        """
        if act is ReviewAct.APPROVED:
            raise BugError("an approval was given as a second reading")
        with self._database.writing() as connection:
            approval = self._require_reader(connection, photo_id, author, own_too)
            if act is ReviewAct.SENT_BACK and not note.strip():
                raise ReviewError("The photo was not sent back.", "Say in a note what is to be corrected.")
            if act is ReviewAct.SENT_BACK:
                set_review_state(connection, photo_id, ReviewState.CORRECTING)
            return note_review(connection, photo_id, approval.sample_id, act, note.strip(), author)

    def require_reader(self, photo_id: str, author: str, own_too: bool = False) -> None:
        """Make sure that somebody can be the second reader of a photo now.

        Raises:
            StoreError, ReviewError: As for :meth:`second_reading`.
        """
        with self._database.reading() as connection:
            self._require_reader(connection, photo_id, author, own_too)

    def reviews(self, photo_id: str) -> tuple[ReviewEntry, ...]:
        """The chain of a photo, oldest first; empty while nobody approved it."""
        query = select(schema.reviews).where(_reviews.photo_id == photo_id).order_by(_reviews.review_id)
        with self._database.reading() as connection:
            return tuple(_entry(row) for row in connection.execute(query))

    def _require_reader(
        self, connection: Connection, photo_id: str, author: str, own_too: bool
    ) -> ReviewEntry:
        """The approval that is to be read."""
        self._require_photo(connection, photo_id)
        photo = connection.execute(
            select(_photos.path, _photos.state).where(_photos.photo_id == photo_id)
        ).one()
        name = photo.path.replace("\\", "/").rpartition("/")[2]
        approval = _approval(connection, photo_id)
        if photo.state != ReviewState.APPROVED or approval is None:
            raise ReviewError(
                f"{name} is not approved, so there is nothing for a second reader.",
                "Let the first inspector correct and approve it.",
            )
        if not author.strip():
            raise ReviewError("A second reader needs a name.", "Enter yours in the settings (RESATT_AUTHOR).")
        if same_person(author, approval.author) and not own_too:
            raise ReviewError(
                f"{author} approved {name} and cannot be its second reader as well.",
                "Let somebody else read it, or allow one person to do both in this project.",
            )
        return approval


def note_review(
    connection: Connection, photo_id: str, sample_id: str, act: ReviewAct, note: str, author: str
) -> ReviewEntry:
    """Add a link to a photo's chain and a line to the event log, within the caller's transaction."""
    row = {"photo_id": photo_id, "sample_id": sample_id, "note": note, "author": author, "made_at": now()}
    made = connection.execute(insert(schema.reviews).values(act=act, **row)).inserted_primary_key
    assert made is not None
    detail = f"sample {sample_id}" if act is ReviewAct.APPROVED else note
    log_event(connection, act, detail, photo_id, author=author)
    return ReviewEntry(review_id=int(made[0]), act=act, **row)


def _approval(connection: Connection, photo_id: str) -> ReviewEntry | None:
    """The newest approval of a photo."""
    query = (
        select(schema.reviews)
        .where(_reviews.photo_id == photo_id, _reviews.act == ReviewAct.APPROVED)
        .order_by(_reviews.review_id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _entry(row)


def _entry(row: Row[Any]) -> ReviewEntry:
    return ReviewEntry(**(dict(row._mapping) | {"act": ReviewAct(row.act)}))
