"""Which photos the list shows and in what order; plain values, no widget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from resatt_studio.records.doubt import Rank
from resatt_studio.records.photo import PhotoEntry, ReviewState
from resatt_studio.words import mark

SORTS: dict[str, str] = {
    "next": mark("What to correct next"),
    "uncertainty": mark("Most uncertain first"),
    "name": mark("By name"),
    "state": mark("By review state"),
}
"""Sort keys and how the list names them."""

_UNCHECKED = (ReviewState.NEW, ReviewState.PREDICTED, ReviewState.CORRECTING)


def unchecked(entry: PhotoEntry) -> bool:
    """Whether a photo is to review: neither approved nor skipped, and it can be opened."""
    return entry.state in _UNCHECKED


def openable(entry: PhotoEntry) -> bool:
    """Whether a photo can be opened."""
    return entry.state is not ReviewState.BROKEN


FILTERS: dict[str, tuple[str, Callable[[PhotoEntry], bool]]] = {
    "all": (mark("All photos"), lambda entry: True),
    "unchecked": (mark("To review"), unchecked),
    "new": (mark("New"), lambda entry: entry.state is ReviewState.NEW),
    "predicted": (mark("Predicted"), lambda entry: entry.state is ReviewState.PREDICTED),
    "correcting": (mark("In progress"), lambda entry: entry.state is ReviewState.CORRECTING),
    "sent_back": (mark("Sent back"), lambda entry: entry.sent_back),
    "approved": (mark("Approved"), lambda entry: entry.state is ReviewState.APPROVED),
    "unread": (mark("For a second reader"), lambda entry: entry.unread),
    "agreed": (mark("Agreed by two"), lambda entry: entry.agreed),
    "skipped": (mark("Skipped"), lambda entry: entry.state is ReviewState.SKIPPED),
    "broken": (mark("Broken"), lambda entry: entry.state is ReviewState.BROKEN),
}
"""Filter keys, how the list names them and the entries they let through."""

STATE_WORDS: dict[str, str] = {
    ReviewState.NEW: mark("new"),
    ReviewState.PREDICTED: mark("predicted"),
    ReviewState.CORRECTING: mark("correcting"),
    ReviewState.APPROVED: mark("approved"),
    ReviewState.SKIPPED: mark("skipped"),
    ReviewState.BROKEN: mark("broken"),
    "agreed": mark("agreed"),
    "sent back": mark("sent back"),
}
"""What is said of where a photo stands, by ``PhotoEntry.standing``."""

_STATE_ORDER = {
    state: place
    for place, state in enumerate(
        (
            ReviewState.CORRECTING,
            ReviewState.PREDICTED,
            ReviewState.NEW,
            ReviewState.APPROVED,
            ReviewState.SKIPPED,
            ReviewState.BROKEN,
        )
    )
}


@dataclass(frozen=True, slots=True)
class Listing:
    """What the inspector asked the list to show.

    Attributes:
        sort: Key of :data:`SORTS`.
        filter: Key of :data:`FILTERS`.
        search: Part of the file name, of who reviewed last and their note, or of what else is known of a
            photo; case does not matter.
    """

    sort: str = "name"
    filter: str = "all"
    search: str = ""

    def of(
        self,
        entries: Iterable[PhotoEntry],
        ranks: Mapping[str, Rank] | None = None,
        words: Mapping[str, str] | None = None,
    ) -> tuple[PhotoEntry, ...]:
        """The entries that pass, in order; ties go by name, naturally (2 before 10).

        Args:
            entries: Of the project.
            ranks: By photo, for the order "next": what has no rank but is to review comes after what has one,
                then what is done.
            words: By photo, what else it is found by, such as its class.
        """
        passes = FILTERS[self.filter][1]
        wanted, known = self.search.casefold(), words or {}
        passing = [
            e for e in entries if passes(e) and wanted in _found_by(e, known.get(e.photo_id, "")).casefold()
        ]
        return tuple(sorted(passing, key=lambda entry: self._key(entry, ranks or {})))

    def _key(self, entry: PhotoEntry, ranks: Mapping[str, Rank]) -> tuple[object, ...]:
        name = natural_key(entry.name)
        if self.sort == "next":
            rank = ranks.get(entry.photo_id) if unchecked(entry) else None
            if rank is not None:
                return (0, rank.place, name)
            done = not unchecked(entry)
            return (1, done, _STATE_ORDER[entry.state] if done else 0, name)
        if self.sort == "uncertainty":
            broken = entry.state is ReviewState.BROKEN
            known = entry.uncertainty is not None
            return (broken, not known, -(entry.uncertainty or 0.0), name)
        if self.sort == "state":
            return (_STATE_ORDER[entry.state], name)
        return (name,)


def _found_by(entry: PhotoEntry, words: str) -> str:
    """Everything that a search looks through."""
    said = (entry.review.author, entry.review.note) if entry.review is not None else ()
    return "\n".join((entry.name, *said, words))


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key in which numbers inside a name count as numbers."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)


def neighbour(
    listed: tuple[PhotoEntry, ...],
    photo_id: str | None,
    step: int,
    wanted: Callable[[PhotoEntry], bool] = openable,
) -> PhotoEntry | None:
    """The next wanted entry ``step`` (+1 or -1) away from ``photo_id``; None at the end of the list.

    With no photo open, or one that the list does not show, the search starts before its first entry
    (step +1) or after its last (step -1).
    """
    ids = [e.photo_id for e in listed]
    start = ids.index(photo_id) if photo_id in ids else (-1 if step > 0 else len(ids))
    place = start + step
    while 0 <= place < len(listed):
        if wanted(listed[place]):
            return listed[place]
        place += step
    return None
