"""Where a mask is in doubt, and which photo is worth correcting next."""

from __future__ import annotations

from dataclasses import dataclass

from resatt_studio.records.geometry import Box


@dataclass(frozen=True, slots=True)
class DoubtfulPlace:
    """A part of a photo in which the network may be wrong about a crack.

    Attributes:
        box: Photo pixels that hold all of it.
        row, column: Its most doubtful pixel.
        mass: Sum of the binary entropies of its pixels, in bits; what the places are ranked by.
    """

    box: Box
    row: int
    column: int
    mass: float


@dataclass(frozen=True, slots=True)
class Rank:
    """What correcting a photo is expected to bring, and why.

    Attributes:
        photo_id: Of the photo.
        place: 1 for the photo to correct next.
        gain: What photos are ranked by, in [0, 1]; figures of one ranking can be compared, no others.
        doubt: Share of the mask that is in doubt, in [0, 1]: 1 - expected Dice, as far as probabilities
            can be believed (``imaging.doubt.expected_doubt``).
        crowd: How much like the project's other photos it looks, in [0, 1].
        nearest: How much like the nearest photo that is approved or ranked before it, in [0, 1].
        nearest_id: That photo, or "" when there is none.
        before: Whether that photo is only ranked before it, not approved.
    """

    photo_id: str
    place: int
    gain: float
    doubt: float
    crowd: float
    nearest: float = 0.0
    nearest_id: str = ""
    before: bool = False
