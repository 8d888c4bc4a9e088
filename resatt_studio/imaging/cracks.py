"""The cracks of a mask of any size: found in bands, joined across them, each then looked at by itself.

A crack is a set of pixels that touch at sides or corners. What is found does not depend on the bands, so a
photo that is read by parts has the same cracks as one that is held whole.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.geometry import Box

ReadMask: TypeAlias = Callable[[Box], BoolArray]
"""Gives a box of the mask, h x w bool."""

Ints: TypeAlias = npt.NDArray[np.int64]
Ring: TypeAlias = list[tuple[int, int]]
Polygon: TypeAlias = list[Ring]
_Corner: TypeAlias = tuple[int, int]
_Steps: TypeAlias = dict[_Corner, set[_Corner]]

BAND_ROWS = 512
LARGEST_BOX_PX = 50_000_000
"""Of a crack that spreads over a larger box, length and outline are not made."""
_ON_THE_RIGHT = {(0, 1): (0, 0), (1, 0): (0, -1), (0, -1): (-1, -1), (-1, 0): (-1, 0)}
"""From a corner to the pixel on the right hand of who leaves it in a direction."""
_FIRST, _AREA, _TOP, _LEFT, _BOTTOM, _RIGHT = range(6)


@dataclass(frozen=True, slots=True)
class Crack:
    """One crack of a mask.

    Attributes:
        first: (row, column) of its first pixel in reading order.
        box: Smallest that holds it.
        area_px: Its pixels.
    """

    first: tuple[int, int]
    box: Box
    area_px: int

    @property
    def small_enough(self) -> bool:
        """Whether all of it may be looked at at once."""
        return self.box.height * self.box.width <= LARGEST_BOX_PX


def find_cracks(
    height: int, width: int, read: ReadMask, band_rows: int = BAND_ROWS
) -> Generator[int, None, list[Crack]]:
    """Find the cracks of a mask, in the reading order of their first pixels.

    Args:
        height, width: Of the mask.
        read: Asked for bands, from the top.
        band_rows: Rows of a band; they change nothing but the memory that it takes.

    Yields:
        Rows that are done, after each band.
    """
    parts: list[Ints] = []
    pairs: list[Ints] = []
    known = 0
    above: npt.NDArray[np.int64] = np.zeros(width, np.int64)  # 0 is none, else 1 + number of the part
    for top in range(0, height, band_rows):
        band = read(Box(top, 0, min(top + band_rows, height), width))
        found, coloured = cv2.connectedComponents(band.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
        labels = np.asarray(coloured, np.int32)
        if found > 1:
            parts.append(_parts(labels, found, top, width))
        first, last = (
            np.where(row > 0, row + known, 0)
            for row in (labels[0].astype(np.int64), labels[-1].astype(np.int64))
        )
        pairs.append(_touching(above, first))
        above, known = last, known + found - 1
        yield min(top + band_rows, height)
    if not parts:
        return []
    return _joined(np.concatenate(parts), np.concatenate(pairs), width)


def crack_mask(crack: Crack, read: ReadMask) -> BoolArray:
    """The pixels of one crack in its box, h x w bool; others that lie in the box are left out."""
    _, labels = cv2.connectedComponents(read(crack.box).astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    own = labels[crack.first[0] - crack.box.top, crack.first[1] - crack.box.left]
    return np.asarray(labels == own)


def outline(mask: BoolArray) -> list[Polygon]:
    """The outline of one crack along the edges of its pixels, as polygons that are valid by OGC's rules.

    No ring touches itself (OGC 06-103r4, Simple feature access, section 6.1.11), so each part of the crack
    whose pixels touch at sides is a polygon of its own; parts that touch at corners alone share these.

    Args:
        mask: H x W bool, of pixels that touch at sides or corners.

    Returns:
        Polygons: the ring around all of it, then those around its holes. Rings are closed, of (row, column)
        corners, the first one again at the end; a pixel has its corners at its row and column and one more.
        With columns as x and rows as y the outer ones run counter-clockwise and holes clockwise, as RFC 7946
        asks. The polygons come in the reading order of their first pixels.
    """
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    steps = _edges(mask)
    polygons: dict[int, Polygon] = {}
    for start in sorted(steps):
        while start in steps:
            down, right = _ON_THE_RIGHT[min(steps[start])]
            polygon = polygons.setdefault(int(parts[start[0] + down, start[1] + right]), [])
            for ring in _simple(_walk(steps, start)):
                # The first ring of a part lies around it, but its walk may close those around holes first.
                polygon.insert(0 if _surrounds(ring) else len(polygon), ring)
    return list(polygons.values())


def _walk(steps: _Steps, start: _Corner) -> list[_Corner]:
    """Every corner of one way around, which is taken out of ``steps``; the first one comes last again."""
    walk = [start]
    place, heading = start, min(steps[start])
    while True:
        steps[place].remove(heading)
        if not steps[place]:
            del steps[place]
        place = (place[0] + heading[0], place[1] + heading[1])
        walk.append(place)
        if place == start:
            return walk
        following = steps[place]
        # The crack lies on the right hand; turning right parts pixels that touch at a corner.
        right = (heading[1], -heading[0])
        heading = right if right in following else next(iter(following))


def _simple(walk: list[_Corner]) -> list[Ring]:
    """A way around as rings of which none passes any corner twice, by the corners where they turn."""
    rings = []
    ahead: list[_Corner] = []
    places: dict[_Corner, int] = {}
    for corner in walk:
        since = places.get(corner)
        if since is None:
            places[corner] = len(ahead)
            ahead.append(corner)
            continue
        ring = ahead[since:]
        for passed in ring[1:]:
            del places[passed]
        del ahead[since + 1 :]
        before = [*ring[-1:], *ring[:-1]]
        after = [*ring[1:], *ring[:1]]
        bends = [
            one
            for last, one, following in zip(before, ring, after, strict=True)
            if last[0] != following[0] and last[1] != following[1]
        ]
        rings.append([*bends, bends[0]])
    return rings


def _surrounds(ring: Ring) -> bool:
    """Whether the crack lies within a ring, by the sign of its area."""
    return sum(one[1] * other[0] - other[1] * one[0] for one, other in pairwise(ring)) > 0


def _edges(mask: BoolArray) -> _Steps:
    """Where the rim leads from each corner, in steps of one pixel, with the mask on the right hand."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    rims = (
        (inside & ~padded[:-2, 1:-1], (0, 0), (0, 1)),  # along the top, to the right
        (inside & ~padded[1:-1, 2:], (0, 1), (1, 0)),  # down the right
        (inside & ~padded[2:, 1:-1], (1, 1), (0, -1)),  # along the bottom, to the left
        (inside & ~padded[1:-1, :-2], (1, 0), (-1, 0)),  # up the left
    )
    steps: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for rim, corner, heading in rims:
        for row, column in np.argwhere(rim).tolist():
            steps.setdefault((row + corner[0], column + corner[1]), set()).add(heading)
    return steps


def _parts(labels: npt.NDArray[np.int32], found: int, top: int, width: int) -> Ints:
    """What is known of each part of a band: one row of first pixel, area and box."""
    rows, columns = np.nonzero(labels)
    own = labels[rows, columns] - 1
    count = found - 1
    answer = np.empty((count, 6), np.int64)
    answer[:, _AREA] = np.bincount(own, minlength=count)
    places = (rows + top).astype(np.int64) * width + columns
    for column, values, lowest in (
        (_FIRST, places, True),
        (_TOP, rows + top, True),
        (_LEFT, columns, True),
        (_BOTTOM, rows + top + 1, False),
        (_RIGHT, columns + 1, False),
    ):
        answer[:, column] = np.iinfo(np.int64).max if lowest else 0
        (np.minimum if lowest else np.maximum).at(answer[:, column], own, values)
    return answer


def _touching(above: Ints, below: Ints) -> Ints:
    """Pairs of numbers of parts that touch from the last row of a band to the first of the next."""
    found = [np.stack([above, below], axis=1)]
    found.append(np.stack([above[:-1], below[1:]], axis=1))
    found.append(np.stack([above[1:], below[:-1]], axis=1))
    pairs = np.concatenate(found)
    return np.unique(pairs[(pairs > 0).all(axis=1)], axis=0) - 1


def _joined(parts: Ints, pairs: Ints, width: int) -> list[Crack]:
    """Cracks of the parts that touch."""
    root = np.arange(len(parts))

    def leader(part: int) -> int:
        while root[part] != part:
            root[part] = root[root[part]]
            part = int(root[part])
        return part

    for one, other in pairs.tolist():
        one, other = leader(one), leader(other)
        root[max(one, other)] = min(one, other)
    own = np.array([leader(part) for part in range(len(parts))])
    whole = parts.copy()
    whole[:, _AREA] = 0
    np.add.at(whole[:, _AREA], own, parts[:, _AREA])
    for column in (_FIRST, _TOP, _LEFT):
        np.minimum.at(whole[:, column], own, parts[:, column])
    for column in (_BOTTOM, _RIGHT):
        np.maximum.at(whole[:, column], own, parts[:, column])
    leaders = whole[np.unique(own)]
    return [
        Crack(divmod(first, width), Box(top, left, bottom, right), area)
        for first, area, top, left, bottom, right in leaders[np.argsort(leaders[:, _FIRST])].tolist()
    ]
