"""Questions to a network's attention, and their answers as maps over the photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.geometry import Box


class HeatKind(StrEnum):
    """What a map shows.

    RECEIVED: attention that each place gets from all places, on average (in a ReViT with a class token: from
    that token). POINT: what one place attends to. POINT_WITHOUT_PRIOR: the same divided by the decay with
    distance that is built into RMT. ROLLOUT: attention carried through all blocks of ReViT up to the asked
    one. OWN: what a block of ReViT attends to without what it inherits. GRADIENT: Grad-CAM of one class, for
    comparison.
    """

    RECEIVED = "received"
    POINT = "point"
    POINT_WITHOUT_PRIOR = "point_without_prior"
    ROLLOUT = "rollout"
    OWN = "own"
    GRADIENT = "gradient"


HEAT_KINDS: Mapping[str, tuple[HeatKind, ...]] = MappingProxyType(
    {
        "rmt": (HeatKind.RECEIVED, HeatKind.POINT, HeatKind.POINT_WITHOUT_PRIOR, HeatKind.GRADIENT),
        "revit": (HeatKind.RECEIVED, HeatKind.POINT, HeatKind.ROLLOUT, HeatKind.OWN, HeatKind.GRADIENT),
    }
)
"""What each network can be asked, by registry name."""

POINT_NEEDED = frozenset({HeatKind.POINT, HeatKind.POINT_WITHOUT_PRIOR})
POINT_TAKEN = POINT_NEEDED | {HeatKind.ROLLOUT, HeatKind.OWN}
"""Kinds that show one place when a point is given; the others take a point only as the middle of a tile."""


@dataclass(frozen=True, slots=True)
class HeatStage:
    """What can be asked of one stage of a network.

    Attributes:
        blocks: Number of blocks.
        heads: Heads of each.
        stride_px: Pixels of the network's input that one token stands for, along each side. A token of ReViT
            sees just these. Convolutions feed those of RMT: they also see what is around, and most strongly
            what is (stride_px - 1) / 2 input pixels above and left of the middle.
    """

    blocks: int
    heads: int
    stride_px: int


@dataclass(frozen=True, slots=True)
class HeatQuestion:
    """One question.

    Attributes:
        model: Registry name, "rmt" or "revit".
        kind: What to show.
        stage: Stage of RMT, from 0; None takes the last. ReViT has one stage.
        block: Block within the stage, from 0; None takes the last.
        head: Head, from 0; None takes the mean over heads. ROLLOUT and GRADIENT mix all heads.
        point: Photo pixel (row, column). POINT kinds need it; ROLLOUT and OWN show what this place attends
            to instead of the mean over all; a tile has it in its middle.
        label: Index of a class for GRADIENT, in the order of ``CRACK_TYPES``; None takes the most probable.
        tile_px: Side in photo pixels of the square around ``point`` that the network looks at in full
            resolution; None shows it the whole photo, made smaller.
    """

    model: str
    kind: HeatKind = HeatKind.RECEIVED
    stage: int | None = None
    block: int | None = None
    head: int | None = None
    point: tuple[int, int] | None = None
    label: int | None = None
    tile_px: int | None = None


@dataclass(frozen=True, eq=False)
class Heat:
    """The answer over a photo, or over the tile of it that was asked.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        weights_id: Content hash of the weights.
        question: What was asked, with the stage, block and label that a None of it came to.
        grid: h x w float32, read-only, one value a token, as the network gave it. Attention: shares of 1
            (with a class token the part that falls on the token itself is left out). GRADIENT: from 0, in
            units of the logit.
        cells: Photo pixels (height, width) that one value of ``grid`` covers; fractional. Value (i, j) covers
            the rows ``box.top`` + i * height to ``box.top`` + (i + 1) * height of the upright photo, and it
            is centred there. All values together cover ``box`` exactly.
        box: Part of the photo that the network saw.
        height, width: Of the photo.
        seconds, device: Of the network; 0 s where its last answer still held.
    """

    photo_id: str
    weights_id: str
    question: HeatQuestion
    grid: Float32Array = field(repr=False)
    cells: tuple[float, float]
    box: Box
    height: int
    width: int
    seconds: float = 0.0
    device: str = ""

    @property
    def peak(self) -> tuple[int, int]:
        """Photo pixel (row, column) in the middle of the highest value's cell; the first of equals."""
        i, j = np.unravel_index(int(np.argmax(self.grid)), self.grid.shape)
        row = self.box.top + int((i + 0.5) * self.cells[0])
        column = self.box.left + int((j + 0.5) * self.cells[1])
        return row, column
