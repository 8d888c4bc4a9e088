"""The type of crack that a mask shows, by rule: none, longitudinal, transverse or branching."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from resatt_studio.imaging.centre_lines import (
    centre_lines,
    directions,
    junction_count,
    loop_count,
    prune_spurs,
)
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.labels import CrackType

_SPUR_SHARE = 0.06
_SPUR_WIDTHS = 1.5
_SPECK_PX = 12
_NET_LOOPS, _NET_JUNCTIONS = 2, 6
_TILE_POINTS = 4
_OBLIQUE_DEG = (35.0, 55.0)
_LEAST_COHERENCE = 0.3


@dataclass(frozen=True, slots=True)
class Course:
    """How the cracks of a mask run.

    Attributes:
        kind: By the rule of :func:`crack_course`.
        ambiguous: Oblique, without a main direction, or only just branching.
        length_px: Pixels of the centre lines.
        loops, junctions: Areas that the lines enclose, and places where lines meet.
        angle_deg: Mean direction, 0 along the rows to 90 along the columns; NaN without a crack.
        coherence: How well the local directions agree, in [0, 1].
        width_px: 95th percentile of the width.
    """

    kind: CrackType
    ambiguous: bool
    length_px: int = 0
    loops: int = 0
    junctions: int = 0
    angle_deg: float = math.nan
    coherence: float = 0.0
    width_px: float = 0.0

    @property
    def points(self) -> int:
        """What says "net" on a small part of a photo: two for a loop, one for a junction."""
        return 2 * self.loops + self.junctions


def crack_course(mask: BoolArray, part: bool = False) -> Course:
    """Find the type of crack by its centre lines.

    Closed by one pixel, without specks and pin-holes, thinned, and without spurs shorter than 6 % of the
    short side or 1.5 widths. Branching: 2 loops or 6 junctions; on a small part of a photo, 2 x loops +
    junctions of at least 4. Otherwise the mean direction decides, taken with doubled angles: within 45
    degrees of the rows it is transverse, else longitudinal.

    Args:
        mask: H x W bool, True where crack.
        part: The mask is a tile of a photo.

    Returns:
        The course; ``ambiguous`` within 10 degrees of the diagonal, below a coherence of 0.3, or at the edge
        of branching.
    """
    clean = _cleaned(mask)
    lines = centre_lines(clean)
    if not lines.any():
        return Course(CrackType.NO_CRACK, ambiguous=bool(mask.any()))
    depth = cv2.distanceTransform(clean.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    width_px = float(np.percentile(2 * depth[lines] - 1, 95))
    lines = prune_spurs(lines, max(_SPUR_SHARE * min(mask.shape), _SPUR_WIDTHS * width_px))
    loops, junctions = loop_count(lines), junction_count(lines)
    cosine, sine = (float(np.mean(values)) for values in directions(lines))
    angle = abs(math.degrees(math.atan2(sine, cosine)) / 2)
    coherence = math.hypot(cosine, sine)
    points = 2 * loops + junctions
    if points >= _TILE_POINTS if part else (loops >= _NET_LOOPS or junctions >= _NET_JUNCTIONS):
        kind = CrackType.BRANCHING
        edge = points == _TILE_POINTS if part else (loops <= _NET_LOOPS and junctions <= _NET_JUNCTIONS)
    else:
        kind = CrackType.TRANSVERSE if angle < 45.0 else CrackType.LONGITUDINAL
        edge = _OBLIQUE_DEG[0] <= angle <= _OBLIQUE_DEG[1] or coherence < _LEAST_COHERENCE
    return Course(kind, edge, int(np.count_nonzero(lines)), loops, junctions, angle, coherence, width_px)


def _cleaned(mask: BoolArray) -> BoolArray:
    """Close gaps of one pixel; drop specks and fill pin-holes of a few pixels."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return ~_without_specks(~_without_specks(closed.astype(np.bool_)))


def _without_specks(mask: BoolArray) -> BoolArray:
    _, labels, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = facts[:, cv2.CC_STAT_AREA] >= _SPECK_PX
    large[0] = False
    return np.asarray(large[labels], np.bool_)
