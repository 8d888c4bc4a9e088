"""What is said of a photo's second reading, for people."""

from __future__ import annotations

from resatt_studio.records.photo import PhotoEntry
from resatt_studio.records.review import ReviewEntry


def read_words(entry: PhotoEntry) -> str:
    """Who approved, agreed or sent back, when, and why; "" of a photo about which nobody said so."""
    said = entry.review
    if said is None:
        return ""
    if entry.sent_back:
        return f"Sent back by {_who(said)}: {said.note}"
    if entry.agreed:
        return f"Agreed by {_who(said)}." + (f" {said.note}" if said.note else "")
    return f"Approved by {_who(said)}." if entry.unread else ""


def _who(said: ReviewEntry) -> str:
    return f"{said.author or 'somebody'} on {said.made_at[:16].replace('T', ' ')}"
