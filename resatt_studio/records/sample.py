"""An approved correction that a network may learn from or be judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.photo import Split


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """A sample as the store lists it.

    Attributes:
        sample_id: Content hash of the labels blob together with the photo id.
        photo_id: SHA-256 (hex) of the photo's bytes.
        photo_path: Where the photo is now.
        group: Photo group of the split.
        split: Sticky side.
        labels_blob: Content hash of the labels (H x W uint8 of ``Label`` values).
        predicted_blob: Content hash of the prediction (uint8 probability) that was on the screen when the
            inspector approved, or "".
        dehazer_id: Content hash of the dehazing network's weights when that prediction was one of the dehazed
            photo; "" when it was one of the photo itself.
        complete: True when the inspector stands for every pixel (ground truth mask), False when unsaid
            pixels are merely an approved prediction.
        author, made_at: Who and when (ISO 8601).
        threshold: Probability above which that prediction was shown as crack, in [0, 1].
    """

    sample_id: str
    photo_id: str
    photo_path: Path
    group: str
    split: Split
    labels_blob: str
    predicted_blob: str = ""
    complete: bool = False
    author: str = ""
    made_at: str = ""
    dehazer_id: str = ""
    threshold: float = 0.5


@dataclass(frozen=True, eq=False)
class Sample:
    """Pixels of a sample, ready for learning.

    Attributes:
        sample_id: As in :class:`SampleEntry`.
        photo_id: SHA-256 (hex) of the photo's bytes.
        group, split: As in :class:`SampleEntry`.
        pixels: H x W x 3 uint8 RGB, read-only.
        labels: H x W uint8 of ``Label`` values, read-only.
        predicted: H x W uint8 probability * 255 of the approved prediction, or None.
        fresh: True when no weights have learned from it yet.
        name: Of the photo's file, for people; "" where nobody will read it.
        threshold: As in :class:`SampleEntry`.
    """

    sample_id: str
    photo_id: str
    group: str
    split: Split
    pixels: UInt8Array = field(repr=False)
    labels: UInt8Array = field(repr=False)
    predicted: UInt8Array | None = field(repr=False, default=None)
    fresh: bool = True
    name: str = ""
    threshold: float = 0.5
