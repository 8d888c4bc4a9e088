"""What the label networks and an inspector can call a photo."""

from __future__ import annotations

from enum import StrEnum


class CrackType(StrEnum):
    """Course of the cracks in a photo; the travel direction is taken as the vertical of the photo.

    "Branching" is net-like or alligator cracking. The order is the order of the networks' logits.
    """

    NO_CRACK = "no_crack"
    LONGITUDINAL = "longitudinal"
    TRANSVERSE = "transverse"
    BRANCHING = "branching"


CRACK_TYPES: tuple[CrackType, ...] = tuple(CrackType)


def turned_quarter(kind: CrackType) -> CrackType:
    """The type of the same photo after a quarter turn: longitudinal and transverse change places."""
    swapped = {
        CrackType.LONGITUDINAL: CrackType.TRANSVERSE,
        CrackType.TRANSVERSE: CrackType.LONGITUDINAL,
    }
    return swapped.get(kind, kind)
