"""An approved correction that a network may learn from or be judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import TILE_PX
from resatt_studio.records.geometry import Box
from resatt_studio.records.maps import TiledMap
from resatt_studio.records.photo import Split


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """A sample as the store lists it.

    Attributes:
        sample_id: Content hash of the labels blob together with the photo id; and with prediction and
            threshold, where the same labels were approved over another mask before.
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

    @property
    def height(self) -> int:
        return int(self.labels.shape[0])

    @property
    def width(self) -> int:
        return int(self.labels.shape[1])

    def pixels_in(self, box: Box) -> UInt8Array:
        """Photo pixels of a box inside it, h x w x 3 uint8 RGB."""
        return self.pixels[box.slices]

    def labels_in(self, box: Box) -> UInt8Array:
        """Labels of a box, h x w uint8."""
        return self.labels[box.slices]

    def predicted_in(self, box: Box) -> UInt8Array | None:
        """The approved prediction in a box, h x w uint8; None where the sample has none."""
        return None if self.predicted is None else self.predicted[box.slices]

    def said(self) -> Iterator[tuple[Box, UInt8Array]]:
        """Boxes that hold everything that was said, and their labels."""
        yield Box(0, 0, self.height, self.width), self.labels


@dataclass(frozen=True, eq=False)
class HugeSample:
    """A sample of a photo that is too large to be held whole: everything is read by boxes when it is wanted.

    Attributes:
        sample_id, photo_id, group, split, fresh, name, threshold: As in :class:`Sample`.
        photo: Gives a box of the photo's pixels, h x w x 3 uint8 RGB. Raises ``PhotoError`` when the file is
            gone, and ``PhotoChanged`` when it is no longer the one that was approved.
        labels: Of ``Label`` values.
        predicted: Probability * 255 of the approved prediction, or None.
    """

    sample_id: str
    photo_id: str
    group: str
    split: Split
    photo: Callable[[Box], UInt8Array] = field(repr=False)
    labels: TiledMap = field(repr=False)
    predicted: TiledMap | None = field(repr=False, default=None)
    fresh: bool = True
    name: str = ""
    threshold: float = 0.5

    @property
    def height(self) -> int:
        return self.labels.height

    @property
    def width(self) -> int:
        return self.labels.width

    def pixels_in(self, box: Box) -> UInt8Array:
        """As of a :class:`Sample`; read from the file.

        Raises:
            PhotoError: See :attr:`photo`.
        """
        return self.photo(box)

    def labels_in(self, box: Box) -> UInt8Array:
        """As of a :class:`Sample`.

        Raises:
            StoreError: They are missing or damaged.
        """
        return self.labels.read(box)

    def predicted_in(self, box: Box) -> UInt8Array | None:
        """As of a :class:`Sample`.

        Raises:
            StoreError: It is missing or damaged.
        """
        return None if self.predicted is None else self.predicted.read(box)

    def said(self) -> Iterator[tuple[Box, UInt8Array]]:
        """As of a :class:`Sample`; tile by tile.

        Raises:
            StoreError: The labels are missing or damaged.
        """
        for (row, column), values in self.labels.tiles():
            top, left = row * TILE_PX, column * TILE_PX
            yield Box(top, left, top + values.shape[0], left + values.shape[1]), values


AnySample: TypeAlias = Sample | HugeSample
"""Whatever a network may learn from or be judged by."""
