"""A host for tools without a canvas: for recordings that are painted again, and for tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.app.tools.base import Answer
from resatt_studio.app.tools.options import OptionValue
from resatt_studio.app.tools.registry import default_option
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Edit, Label
from resatt_studio.records.geometry import Box


class NoCanvas:
    """What a tool asks of the canvas where there is none: the photo at 100 %, options as at first.

    Args:
        document: Of the photo; None for a photo that is not open yet.
        label: What the inspector says.
        radius_px: Half the brush's width.
        pixels: H x W x 3 uint8 RGB, or None while the photo is loading.
        probability: H x W uint8, crack probability * 255, or None for nothing predicted.
    """

    def __init__(
        self,
        document: CorrectionDocument | None,
        label: Label = Label.CRACK,
        radius_px: float = 4.0,
        pixels: UInt8Array | None = None,
        probability: UInt8Array | None = None,
    ) -> None:
        self.document = document
        self.label = label
        self.radius_px = radius_px
        self.pixels = pixels
        self.probability = probability
        self.probability_version = 0
        self.scale = self.ratio = 1.0
        self.threshold = 0.5
        self.mm_per_px: float | None = None
        self.options: dict[tuple[str, str], OptionValue] = {}

    @property
    def visible(self) -> Box:
        """The whole photo."""
        return Box(0, 0, 0, 0) if self.document is None else self.document.labels.box

    def option(self, tool: str, name: str) -> OptionValue:
        """What is set for an option of a tool."""
        return self.options.get((tool, name), default_option(tool, name))

    def in_background(
        self,
        kind: str,
        work: Callable[[], Answer],
        then: Callable[[Answer], Edit | None],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """At once: there is nothing to keep waiting."""
        then(work())

    def read_pixels(self, box: Box) -> UInt8Array | None:
        """Photo pixels of a box inside the photo."""
        return None if self.pixels is None else self.pixels[box.slices]

    def read_probability(self, box: Box) -> UInt8Array | None:
        """Probability of a box inside the photo."""
        return None if self.probability is None else self.probability[box.slices]

    def knows_probability(self, box: Box) -> bool:
        """Whether there is a probability."""
        return self.probability is not None

    def unpredicted(self, box: Box) -> BoolArray:
        """All of the box, or nothing of it."""
        return np.full((box.height, box.width), self.probability is None)

    def pan_by(self, rows: int, columns: int) -> None:
        """Nothing moves: there is no view."""

    def ask_at(self, row: float, column: float) -> None:
        """Nothing is asked: no network listens."""

    def measured(self, length_px: float | None) -> None:
        """Nobody wants to know."""

    def tell(self, words: str) -> None:
        """Nobody reads it."""
