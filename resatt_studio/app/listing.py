"""Which photos the list shows and in what order; plain values, no widget."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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

FILTERS: dict[str, tuple[str, frozenset[ReviewState]]] = {
    "all": (mark("All photos"), frozenset(ReviewState)),
    "unchecked": (
        mark("To review"),
        frozenset({ReviewState.NEW, ReviewState.PREDICTED, ReviewState.CORRECTING}),
    ),
    "approved": (mark("Approved"), frozenset({ReviewState.APPROVED})),
    "skipped": (mark("Skipped"), frozenset({ReviewState.SKIPPED})),
    "broken": (mark("Broken"), frozenset({ReviewState.BROKEN})),
}
"""Filter keys, how the list names them and the states they let through."""

STATE_WORDS: dict[ReviewState, str] = {
    ReviewState.NEW: mark("new"),
    ReviewState.PREDICTED: mark("predicted"),
    ReviewState.CORRECTING: mark("correcting"),
    ReviewState.APPROVED: mark("approved"),
    ReviewState.SKIPPED: mark("skipped"),
    ReviewState.BROKEN: mark("broken"),
}
"""What the review states are called."""

UNCHECKED = FILTERS["unchecked"][1]

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
        search: Part of the file name, case does not matter.
    """

    sort: str = "name"
    filter: str = "all"
    search: str = ""

    def of(
        self, entries: Iterable[PhotoEntry], ranks: Mapping[str, Rank] | None = None
    ) -> tuple[PhotoEntry, ...]:
        """The entries that pass, in order; ties go by name, naturally (2 before 10).

        Args:
            entries: Of the project.
            ranks: By photo, for the order "next": what has no rank but is to review comes after what has one,
                then what is done.
        """
        states = FILTERS[self.filter][1]
        wanted = self.search.casefold()
        passing = [e for e in entries if e.state in states and wanted in e.name.casefold()]
        return tuple(sorted(passing, key=lambda entry: self._key(entry, ranks or {})))

    def _key(self, entry: PhotoEntry, ranks: Mapping[str, Rank]) -> tuple[object, ...]:
        name = natural_key(entry.name)
        if self.sort == "next":
            rank = ranks.get(entry.photo_id) if entry.state in UNCHECKED else None
            if rank is not None:
                return (0, rank.place, name)
            done = entry.state not in UNCHECKED
            return (1, done, _STATE_ORDER[entry.state] if done else 0, name)
        if self.sort == "uncertainty":
            broken = entry.state is ReviewState.BROKEN
            known = entry.uncertainty is not None
            return (broken, not known, -(entry.uncertainty or 0.0), name)
        if self.sort == "state":
            return (_STATE_ORDER[entry.state], name)
        return (name,)


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key in which numbers inside a name count as numbers."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)


def neighbour(
    listed: tuple[PhotoEntry, ...], photo_id: str | None, step: int, unchecked_only: bool = False
) -> PhotoEntry | None:
    """The next openable entry ``step`` (+1 or -1) away from ``photo_id``; None at the end of the list.

    With no photo open, or one that the list does not show, the search starts before its first entry
    (step +1) or after its last (step -1).
    """
    ids = [e.photo_id for e in listed]
    start = ids.index(photo_id) if photo_id in ids else (-1 if step > 0 else len(ids))
    place = start + step
    while 0 <= place < len(listed):
        entry = listed[place]
        wanted = entry.state in UNCHECKED if unchecked_only else entry.state is not ReviewState.BROKEN
        if wanted:
            return entry
        place += step
    return None
