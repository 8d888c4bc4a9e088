"""Colours and colour maps that eyes of every kind tell apart, for what lies over photos."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from resatt_studio.errors import BugError
from resatt_studio.records.arrays import UInt8Array, read_only
from resatt_studio.words import mark


@dataclass(frozen=True, slots=True)
class Hue:
    """One colour of a set.

    Attributes:
        name: For people.
        colour: ``#rrggbb``, sRGB.
    """

    name: str
    colour: str


OKABE_ITO: tuple[Hue, ...] = (
    Hue(mark("Orange"), "#e69f00"),
    Hue(mark("Sky blue"), "#56b4e9"),
    Hue(mark("Bluish green"), "#009e73"),
    Hue(mark("Yellow"), "#f0e442"),
    Hue(mark("Blue"), "#0072b2"),
    Hue(mark("Vermilion"), "#d55e00"),
    Hue(mark("Reddish purple"), "#cc79a7"),
)
"""Colours of states, told apart under every common colour blindness: M. Okabe, K. Ito, "Color Universal
Design", 2008, without its black, which a shadow would swallow."""

COLOUR_MAPS: dict[str, int] = {
    "viridis": cv2.COLORMAP_VIRIDIS,
    "cividis": cv2.COLORMAP_CIVIDIS,
    "magma": cv2.COLORMAP_MAGMA,
}
"""Maps for values, from low to high, by name: viridis and magma by S. van der Walt, N. Smith and E. Firing
(2015, CC0), cividis by J. Nunez, C. Anderton and R. Renslow (PLoS ONE 13(7), 2018); OpenCV has the tables.
Lightness rises evenly, so that order is kept in grey prints and under every common colour blindness."""


@lru_cache(maxsize=len(COLOUR_MAPS))
def colour_map(name: str) -> UInt8Array:
    """256 x 3 uint8 RGB from the lowest to the highest value.

    Raises:
        BugError: No map of that name.
    """
    if name not in COLOUR_MAPS:
        raise BugError(f"no colour map {name!r}")
    bgr = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], COLOUR_MAPS[name])[:, 0]
    return read_only(np.ascontiguousarray(bgr[:, ::-1]))
