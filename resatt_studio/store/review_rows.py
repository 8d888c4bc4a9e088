"""The newest link of a photo's review beside the rows of other tables, for their queries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import FromClause, Row, Subquery, func, select

from resatt_studio.records.review import ReviewAct, ReviewEntry
from resatt_studio.store import schema

_reviews = schema.reviews.c
_COLUMNS = ("review_id", "sample_id", "act", "note", "author", "made_at")


def newest_reviews() -> Subquery:
    """The newest link of every photo that was ever approved, one row a photo."""
    newest = select(func.max(_reviews.review_id)).group_by(_reviews.photo_id)
    return select(schema.reviews).where(_reviews.review_id.in_(newest)).subquery("newest_reviews")


def with_reviews(photos: FromClause, newest: Subquery) -> FromClause:
    """Rows that have a ``photos`` part, each beside the newest link of its photo, or beside nothing."""
    return photos.outerjoin(newest, newest.c.photo_id == schema.photos.c.photo_id)


def review_columns(newest: Subquery) -> list[Any]:
    """Columns for :func:`review_of`, under names that no other table has."""
    return [newest.c[name].label(f"review_{name}") for name in _COLUMNS]


def review_of(row: Row[Any], photo_id: str) -> ReviewEntry | None:
    """The link in a row with :func:`review_columns`, or None."""
    values = {name: getattr(row, f"review_{name}") for name in _COLUMNS}
    if values["review_id"] is None:
        return None
    return ReviewEntry(photo_id=photo_id, **(values | {"act": ReviewAct(values["act"])}))
