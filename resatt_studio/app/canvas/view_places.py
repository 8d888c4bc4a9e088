"""Where each photo was looked at last: zoom and middle of the view, kept across restarts; without Qt."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_PLACES = 500
"""Photos that are remembered; those that were looked at longest ago go first."""


@dataclass(frozen=True, slots=True)
class ViewPlace:
    """How one photo was looked at.

    Attributes:
        size: (H, W) of the photo.
        scale: View pixels per photo pixel.
        row, column: Photo point in the middle of the view.
    """

    size: tuple[int, int]
    scale: float
    row: float
    column: float


class ViewPlaces:
    """Places by photo id.

    Args:
        text: What :attr:`text` was when the app was closed; what cannot be understood of it is left out.
        changed: Called with the new text after each change, to be kept.
    """

    def __init__(self, text: str = "", changed: Callable[[str], None] | None = None) -> None:
        self._places: OrderedDict[str, ViewPlace] = OrderedDict()
        self._changed = changed
        try:
            rows = json.loads(text) if text else []
        except ValueError:
            rows = []
        for row in rows if isinstance(rows, list) else []:
            place = _read(row)
            if place is not None:
                self._places[row[0]] = place

    @property
    def text(self) -> str:
        """All places as JSON."""
        rows = [
            [photo_id, *place.size, place.scale, round(place.row, 2), round(place.column, 2)]
            for photo_id, place in self._places.items()
        ]
        return json.dumps(rows, separators=(",", ":"))

    def get(self, photo_id: str) -> ViewPlace | None:
        """Where the photo was looked at last; None for one that was seen whole, or never."""
        return self._places.get(photo_id)

    def put(self, photo_id: str, place: ViewPlace | None) -> None:
        """Remember a place; None when the photo is seen whole."""
        if self._places.get(photo_id) == place:
            return
        self._places.pop(photo_id, None)
        if place is not None:
            self._places[photo_id] = place
        while len(self._places) > MOST_PLACES:
            self._places.popitem(last=False)
        if self._changed is not None:
            self._changed(self.text)


def _read(row: object) -> ViewPlace | None:
    if not isinstance(row, list) or len(row) != 6 or not isinstance(row[0], str):
        return None
    numbers = row[1:]
    if not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers) or numbers[2] <= 0:
        return None
    height, width, scale, at_row, at_column = numbers
    return ViewPlace((int(height), int(width)), float(scale), float(at_row), float(at_column))
