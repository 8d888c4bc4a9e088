"""A photo, as facts about a file and as pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from resatt_studio.records.arrays import UInt8Array, UInt16Array
from resatt_studio.records.review import ReviewAct, ReviewEntry


class ReviewState(StrEnum):
    """Where the inspector stands with a photo."""

    NEW = "new"
    PREDICTED = "predicted"
    CORRECTING = "correcting"
    APPROVED = "approved"
    SKIPPED = "skipped"
    BROKEN = "broken"


class Split(StrEnum):
    """Which side of the sticky split a photo's group is on."""

    TRAIN = "train"
    VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What a file says about itself, read without keeping its pixels.

    Attributes:
        photo_id: SHA-256 (hex) of the file's bytes.
        path: Where it was found; absolute.
        height, width: Size in pixels after the EXIF orientation is applied; 0 where unreadable.
        bytes: File size.
        orientation: EXIF orientation, 1 to 8.
        taken_at: EXIF date and time as ISO 8601, or "".
        camera: Make and model, or "".
        group: Photos of one group never stand on both sides of the split (consecutive shots, crops of
            one source photo). Derived from the file name; see ``workflow.load.photo_group``.
    """

    photo_id: str
    path: Path
    height: int
    width: int
    bytes: int
    orientation: int = 1
    taken_at: str = ""
    camera: str = ""
    group: str = ""

    @property
    def megapixels(self) -> float:
        return self.height * self.width / 1e6


@dataclass(frozen=True, slots=True)
class PhotoEntry:
    """A photo as the project lists it.

    Attributes:
        facts: What the file says about itself.
        state: Review state.
        split: Sticky side of the split, None until a correction of it was approved.
        reason: Why it is broken, else "".
        uncertainty: Mean binary entropy in nats of the newest prediction by weights in use, or where these
            have not seen it, of the newest at all; None when nobody has.
        edits: Number of strokes that are not undone.
        review: The newest link of the chain of its review, None while nobody ever approved it.
    """

    facts: PhotoFacts
    state: ReviewState = ReviewState.NEW
    split: Split | None = None
    reason: str = ""
    uncertainty: float | None = None
    edits: int = 0
    review: ReviewEntry | None = None

    @property
    def photo_id(self) -> str:
        return self.facts.photo_id

    @property
    def name(self) -> str:
        return self.facts.path.name

    @property
    def agreed(self) -> bool:
        """Whether a second reader agreed to the approval that holds."""
        said = self.review is not None and self.review.act is ReviewAct.AGREED
        return said and self.state is ReviewState.APPROVED

    @property
    def standing(self) -> str:
        """Where it stands with second readers counted in: "agreed", "sent back", or its state."""
        if self.agreed:
            return "agreed"
        return "sent back" if self.sent_back else self.state.value

    @property
    def unread(self) -> bool:
        """Whether it is approved and waits for a second reader."""
        return self.state is ReviewState.APPROVED and not self.agreed

    @property
    def sent_back(self) -> bool:
        """Whether a second reader wants it corrected, and nobody approved or skipped it since."""
        said = self.review is not None and self.review.act is ReviewAct.SENT_BACK
        return said and self.state not in (ReviewState.APPROVED, ReviewState.SKIPPED)


@dataclass(frozen=True, eq=False)
class Photo:
    """Pixels of one photo, upright.

    Attributes:
        photo_id: SHA-256 (hex) of the file's bytes.
        pixels: H x W x 3 uint8, RGB, read-only.
        window: Of a file of 16-bit samples: (low, high), the samples that became 0 and 255; else None.
    """

    photo_id: str
    pixels: UInt8Array = field(repr=False)
    window: tuple[float, float] | None = None

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Photo) and other.photo_id == self.photo_id

    def __hash__(self) -> int:
        return hash(self.photo_id)


@dataclass(frozen=True, eq=False)
class DeepPhoto:
    """Samples of a photo of 16 bits as the file has them, upright; for the eye, never for a network.

    Attributes:
        photo_id: SHA-256 (hex) of the file's bytes.
        samples: H x W (grey) or H x W x 3 (RGB) uint16, read-only.
        window: As of the ``Photo``.
    """

    photo_id: str
    samples: UInt16Array = field(repr=False)
    window: tuple[float, float]
