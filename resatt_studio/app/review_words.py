"""What is said of a photo's second reading, for people."""

from __future__ import annotations

from resatt_studio.records.photo import PhotoEntry
from resatt_studio.words import tr


def read_words(entry: PhotoEntry) -> str:
    """Who approved, agreed or sent back, when, and why; "" of a photo about which nobody said so."""
    said = entry.review
    if said is None or not (entry.sent_back or entry.agreed or entry.unread):
        return ""
    if entry.sent_back:
        words = tr("Sent back by {name} on {day}: {note}")
    elif entry.agreed:
        words = tr("Agreed by {name} on {day}. {note}")
    else:
        words = tr("Approved by {name} on {day}.")
    day = said.made_at[:16].replace("T", " ")
    return words.format(name=said.author or tr("somebody"), day=day, note=said.note).strip()
