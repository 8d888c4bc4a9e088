"""What the inspector said about pixels: crack, not crack, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.geometry import Box


class Label(IntEnum):
    """Value of one pixel of a correction. Unsaid is not background."""

    UNSAID = 0
    CRACK = 1
    NOT_CRACK = 2


TILE_PX = 256
"""Side of the tiles in which corrections are kept, in memory and in the store."""


@dataclass(frozen=True, eq=False)
class Correction:
    """Labels of one whole photo.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        labels: H x W uint8 of :class:`Label` values, read-only.
    """

    photo_id: str
    labels: UInt8Array = field(repr=False)


@dataclass(frozen=True, eq=False, slots=True)
class TileChange:
    """What one edit did to one tile.

    Attributes:
        row, column: Tile index; the tile's first pixel is (row * TILE_PX, column * TILE_PX).
        box: Changed box in pixels of the photo; inside the tile.
        before, after: h x w uint8 labels of that box.
    """

    row: int
    column: int
    box: Box
    before: UInt8Array = field(repr=False)
    after: UInt8Array = field(repr=False)


@dataclass(frozen=True, eq=False, slots=True)
class Edit:
    """One act of the inspector on one photo: a stroke, a fill, an approval of an area; one undo step.

    Attributes:
        edit_id: Random 128-bit hex; the same in memory and in the journal.
        tool: Name of the tool's table line, such as "brush".
        label: What was painted.
        radius_px: Brush radius in photo pixels, 0 where it has no meaning.
        path: Points (row, column) in photo pixels, sub-pixel, as the pointer went.
        changes: Touched tiles; empty when the act changed nothing.
        author: Who; "" when unknown.
        made_at: ISO 8601 with zone.
        weights_id: Weights whose prediction was on the screen, or "".
    """

    edit_id: str
    tool: str
    label: Label
    radius_px: float
    path: tuple[tuple[float, float], ...] = field(repr=False)
    changes: tuple[TileChange, ...] = field(repr=False)
    author: str = ""
    made_at: str = ""
    weights_id: str = ""

    @property
    def box(self) -> Box:
        """Smallest box of photo pixels that holds every change."""
        box = Box(0, 0, 0, 0)
        for change in self.changes:
            box = box.union(change.box)
        return box

    @property
    def summary(self) -> Step:
        """What a list says of it."""
        return Step(self.edit_id, self.tool, self.label, self.author, self.made_at)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a photo's history; small enough to be kept of every edit.

    Attributes:
        edit_id: Of the edit.
        tool: As in :class:`Edit`.
        label: What was painted; unsaid also when the act set several labels.
        author: Who; "" when unknown.
        made_at: ISO 8601 with zone.
    """

    edit_id: str
    tool: str
    label: Label
    author: str = ""
    made_at: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state of a photo's correction that somebody gave a name.

    Attributes:
        checkpoint_id: Grows with time within a project.
        photo_id: Whose correction.
        name: Given by the inspector.
        edit_id: The newest edit that was done then, "" when there was none.
        author: Who; "" when unknown.
        made_at: ISO 8601 with zone.
    """

    checkpoint_id: int
    photo_id: str
    name: str
    edit_id: str = ""
    author: str = ""
    made_at: str = ""
