"""Second readers: agreeing to what somebody approved, or sending it back with a note."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from resatt_studio.records.photo import PhotoEntry
from resatt_studio.records.review import ReviewAct, ReviewEntry, ReviewRules
from resatt_studio.workflow.project import Project


def agree(project: Project, photo_id: str, author: str, note: str = "") -> ReviewEntry:
    """Agree to the approval of a photo as its second reader.

    Raises:
        StoreError: The project has no such photo.
        ReviewError: It is not approved, or this person cannot be its second reader.
    """
    return _read(project, photo_id, ReviewAct.AGREED, note, author)


def send_back(project: Project, photo_id: str, author: str, note: str) -> ReviewEntry:
    """Send an approved photo back to be corrected; nobody learns from it until it is approved again.

    Args:
        project: Open project.
        photo_id: SHA-256 (hex) of the photo's bytes.
        author: The second reader.
        note: What is to be corrected.

    Raises:
        StoreError: The project has no such photo.
        ReviewError: It is not approved, this person cannot be its second reader, or the note is missing.
    """
    return _read(project, photo_id, ReviewAct.SENT_BACK, note, author)


def require_reader(project: Project, photo_id: str, author: str) -> None:
    """Make sure that somebody can be the second reader of a photo now, before they are asked why.

    Raises:
        StoreError, ReviewError: As for :func:`agree`.
    """
    project.store.require_reader(photo_id, author, project.settings.one_person)


def rules(project: Project) -> ReviewRules:
    """What the project asks of second readers."""
    settings = project.settings
    return ReviewRules(settings.learn_agreed_only, settings.one_person)


def review_rows(project: Project, entries: Iterable[PhotoEntry]) -> list[dict[str, Any]]:
    """For programs: each photo with its state and the chain of who said what and when."""
    return [
        {
            "photo": str(entry.facts.path),
            "photo_id": entry.photo_id,
            "state": entry.state.value,
            "review": entry.standing,
            "chain": [
                {"act": link.act.value, "author": link.author, "made_at": link.made_at, "note": link.note}
                for link in project.store.reviews(entry.photo_id)
            ],
        }
        for entry in entries
    ]


def _read(project: Project, photo_id: str, act: ReviewAct, note: str, author: str) -> ReviewEntry:
    own_too = project.settings.one_person
    return project.store.second_reading(photo_id, act, note, author, own_too)
