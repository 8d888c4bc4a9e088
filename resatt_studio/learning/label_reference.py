"""The shipped reference tiles as label networks see them: what is replayed, and what shows forgetting.

Their types follow from their exact masks by rule (:mod:`resatt_studio.imaging.crack_types`). Each tile is
used as it is and turned by a quarter, which exchanges longitudinal and transverse: twice the tiles, and no
direction is more frequent than the other. The tiles are generated, so they ship free of anybody's terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from resatt_studio.imaging.crack_types import crack_course
from resatt_studio.learning.reference import ReferenceSet, ReferenceTile
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.labels import CrackType


@dataclass(frozen=True, eq=False)
class LabelledTile:
    """One tile.

    Attributes:
        name: Of its scene, and how it is turned.
        pixels: H x W x 3 uint8 RGB.
        kind: What its cracks are, by the rule.
    """

    name: str
    pixels: UInt8Array = field(repr=False)
    kind: CrackType


@dataclass(frozen=True)
class LabelReference:
    """Two halves that never mix.

    Attributes:
        replay: Replayed while a head learns; it shall answer them as before, whatever they show.
        exam: Shows what was forgotten; without those whose type is debatable.
    """

    replay: tuple[LabelledTile, ...] = ()
    exam: tuple[LabelledTile, ...] = ()

    @classmethod
    def of(cls, scenes: ReferenceSet) -> LabelReference:
        """The halves of a reference set, its tiles named by rule."""
        return cls(
            replay=tuple(tile for tile, _ in _turned(scenes.replay)),
            exam=tuple(tile for tile, debatable in _turned(scenes.exam) if not debatable),
        )


def _turned(tiles: Iterable[ReferenceTile]) -> Iterable[tuple[LabelledTile, bool]]:
    for tile in tiles:
        for quarters, word in ((0, "upright"), (1, "turned")):
            mask = np.rot90(tile.mask, quarters)
            course = crack_course(np.ascontiguousarray(mask), part=True)
            pixels = np.ascontiguousarray(np.rot90(tile.pixels, quarters))
            yield LabelledTile(f"{tile.name} {word}", pixels, course.kind), course.ambiguous
