"""Two versions of the weights on the same photos: Dice before and after, and which pixels changed sides."""

from __future__ import annotations

from dataclasses import dataclass, field

from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.weights import Scores, WeightsVersion

SAME, GAINED, LOST = 0, 1, 2
"""Ranks of pixels in a :class:`ChangeMap`. Where a map is shown smaller the highest rank of a cell is seen,
so a lost crack, which nobody would look for, is never hidden by a gained one."""


@dataclass(frozen=True, slots=True)
class ChangedAreas:
    """How much of a photo changed sides of the threshold.

    Attributes:
        gained_px: Pixels that are crack only after.
        lost_px: Pixels that were crack only before.
        pixels: Of the whole photo, at least 1.
    """

    gained_px: int
    lost_px: int
    pixels: int

    @property
    def gained_share(self) -> float:
        """Gained pixels / all pixels, in [0, 1]."""
        return self.gained_px / self.pixels

    @property
    def lost_share(self) -> float:
        """Lost pixels / all pixels, in [0, 1]."""
        return self.lost_px / self.pixels


@dataclass(frozen=True, eq=False)
class ChangeMap:
    """What other weights changed in the crack mask of one photo.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        before_id, after_id: Weights whose masks are compared.
        thresholds: Probability in [0, 1] above which a pixel is crack, before and after.
        ranks: H x W uint8: :data:`SAME`, :data:`GAINED` or :data:`LOST`; read-only.
        areas: Its counts.
        input: "raw" or "dehazed": what both were shown.
    """

    photo_id: str
    before_id: str
    after_id: str
    thresholds: tuple[float, float]
    ranks: UInt8Array = field(repr=False)
    areas: ChangedAreas
    input: str = "raw"

    @property
    def height(self) -> int:
        return int(self.ranks.shape[0])

    @property
    def width(self) -> int:
        return int(self.ranks.shape[1])


@dataclass(frozen=True, slots=True)
class PhotoComparison:
    """One photo as both versions see it.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        name: Of its file.
        before, after: Scores over the pixels that the inspector spoke about.
        learned: Whether one of the versions, or one that it comes from, learned from this photo; its score
            then proves little.
    """

    photo_id: str
    name: str
    before: Scores
    after: Scores
    learned: bool = False

    @property
    def change(self) -> float:
        """Dice after minus Dice before, in [-1, 1]."""
        return self.after.dice - self.before.dice


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """Two versions on the same photos.

    Attributes:
        before, after: The versions.
        thresholds: Probability in [0, 1] above which a pixel is crack, before and after.
        photos: A row each, in the order of approval.
        pooled_before, pooled_after: Scores of all photos' pixels together.
        held_back: Whether the photos are those that the project holds back to judge by; False when they were
            named, or when none is held back yet and all approved photos stand in.
        left_out: Photos that could not be compared, and why.
    """

    before: WeightsVersion
    after: WeightsVersion
    thresholds: tuple[float, float]
    photos: tuple[PhotoComparison, ...]
    pooled_before: Scores
    pooled_after: Scores
    held_back: bool
    left_out: tuple[str, ...] = ()

    @property
    def change(self) -> float:
        """Pooled Dice after minus before, in [-1, 1]."""
        return self.pooled_after.dice - self.pooled_before.dice
