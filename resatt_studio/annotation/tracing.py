"""From a click to the pointer along a crack: what is known around, all ways from the click, one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from resatt_studio.annotation.strokes import Point
from resatt_studio.imaging.crack_edges import LEAST_HALF_WIDTH_PX, find_edges
from resatt_studio.imaging.curves import Curve, normals, points_together, profiles, smoothed, stepped
from resatt_studio.imaging.minimal_paths import PathField
from resatt_studio.imaging.path_cost import crack_cost
from resatt_studio.imaging.ridges import REACH_PX as RIDGE_REACH_PX
from resatt_studio.imaging.ridges import grey
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.geometry import Box

FIELD_PX = 320_000
"""Most pixels of one map of ways; a larger window is searched on a smaller photo and refined at full size."""

MARGIN_PX = 96
"""How far around click and pointer a way may go at least."""

LARGEST_WINDOW_PX = 4_000_000
"""Most pixels of one window: a search takes about 81 bytes and a microsecond a pixel (measured)."""

_SHARE = 0.2  # of the distance between click and pointer, as margin
_HALVINGS = 16  # of the way to the farthest place: to a pixel of a gigapixel photo
_STEP_PX = 64  # windows grow in steps, so that a moving pointer does not ask for a new one each time
_RAW_SMOOTH_PX = 1.5
_CENTRE_SMOOTH_PX = 3.0
_FARTHEST_SHIFT_PX = 2.5  # that edges may move the path: beyond, they are of something else
_SEEN_AHEAD = 50  # points ahead and behind that have a say in where one point's edges lie
_SAME_PX = 1e-6


@dataclass(frozen=True, eq=False)
class Ground:
    """What photo and network say about a window of the photo.

    Attributes:
        box: The window, inside the photo.
        lightness: h x w float32, 0 to 255.
        cost: h x w float32; see :func:`.path_cost.crack_cost`.
        probability: h x w float32 in [0, 1], or None.
    """

    box: Box
    lightness: Float32Array = field(repr=False)
    cost: Float32Array = field(repr=False)
    probability: Float32Array | None = field(repr=False)

    @property
    def guided(self) -> bool:
        """Whether a network had a say."""
        return self.probability is not None


def surroundings(box: Box, photo: Box) -> Box:
    """What has to be read of the photo to know a window of it."""
    return box.expanded(RIDGE_REACH_PX).intersection(photo)


def read_ground(pixels: UInt8Array, probability_8bit: UInt8Array | None, box: Box, photo: Box) -> Ground:
    """What is known of a window; its values do not depend on where a window of :func:`window_for` was cut.

    Args:
        pixels: H x W x 3 uint8 RGB of the window's :func:`surroundings`.
        probability_8bit: H x W uint8 of the same, or None without a network's answer.
        box: The window, inside the photo.
        photo: The whole photo's box.
    """
    wide = surroundings(box, photo)
    inner = box.shifted(-wide.top, -wide.left).slices
    lightness = grey(pixels)
    cost = np.ascontiguousarray(crack_cost(lightness, probability_8bit)[inner])
    if probability_8bit is None:
        return Ground(box, np.ascontiguousarray(lightness[inner]), cost, None)
    probability = probability_8bit[inner].astype(np.float32) / np.float32(255)
    return Ground(box, np.ascontiguousarray(lightness[inner]), cost, probability)


def window_for(start: Point, end: Point, photo: Box) -> Box:
    """The part of the photo in which ways from ``start`` to ``end`` are looked for."""
    margin = MARGIN_PX + _SHARE * math.dist(start, end)
    top, bottom = min(start[0], end[0]) - margin, max(start[0], end[0]) + margin
    left, right = min(start[1], end[1]) - margin, max(start[1], end[1]) + margin
    grid = _STEP_PX
    return Box(
        math.floor(top / grid) * grid,
        math.floor(left / grid) * grid,
        math.ceil(bottom / grid) * grid,
        math.ceil(right / grid) * grid,
    ).intersection(photo)


def within_reach(start: Point, end: Point, photo: Box) -> Point:
    """The place farthest on the way from ``start`` to ``end`` whose :func:`window_for` is not too large."""

    def place(share: float) -> Point:
        return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])

    def fits(share: float) -> bool:
        window = window_for(start, place(share), photo)
        return window.height * window.width <= LARGEST_WINDOW_PX

    if fits(1.0):
        return end
    near, far = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        near, far = (middle, far) if fits(middle) else (near, middle)
    return place(near)


class Ways:
    """The cheapest ways from one point to every other one of a window.

    Where the window is large the ways are searched on a smaller map, each of whose pixels costs what the
    cheapest of the photo's pixels in it costs (a hairline must not be averaged away), and the way that is
    asked for is searched again at full size in a narrow strip around the first answer.

    Args:
        ground: The window.
        start: Inside it, in photo pixels.
    """

    def __init__(self, ground: Ground, start: Point) -> None:
        self.ground = ground
        self.start = start
        self.shrunk = 1
        while ground.box.height * ground.box.width > FIELD_PX * self.shrunk**2:
            self.shrunk += 1
        self._field = PathField(_least(ground.cost, self.shrunk), self._cell(start))
        self._last: tuple[Point, Curve] | None = None

    def to(self, end: Point) -> Curve:
        """The way to a point of the window: N x 2 photo pixels, about 1 px apart, both ends included; on the
        crack to about a pixel, not yet centred; the same array when the same point is asked for again."""
        if self._last is None or self._last[0] != end:
            self._last = end, self._way_to(end)
        return self._last[1]

    def _way_to(self, end: Point) -> Curve:
        cells = self._field.path_to(self._cell(end))
        origin = np.array([self.ground.box.top, self.ground.box.left], np.float64)
        curve = (cells + 0.5) * self.shrunk + origin
        curve[0], curve[-1] = self.start, end
        if self.shrunk > 1 and len(curve) > 3:
            curve = self._refined(curve)
        return stepped(smoothed(curve, _RAW_SMOOTH_PX))

    def _cell(self, point: Point) -> tuple[int, int]:
        box = self.ground.box
        row = min(max(math.floor(point[0]), box.top), box.bottom - 1) - box.top
        column = min(max(math.floor(point[1]), box.left), box.right - 1) - box.left
        return row // self.shrunk, column // self.shrunk

    def _refined(self, curve: Curve) -> Curve:
        """Search again in the strip around a way of the smaller map, laid out straight."""
        box = self.ground.box
        spacing = min(2.0, self.shrunk)
        middle = stepped(smoothed(curve, 1.0), spacing)
        across = normals(middle)
        half = math.ceil(1.5 * self.shrunk) + 1
        offsets = np.arange(-half, half + 1, dtype=np.float64)
        strip = profiles(self.ground.cost, middle - (box.top, box.left), across, offsets)
        cells = PathField(strip, (0, half)).path_to((len(middle) - 1, half))
        refined = middle[cells[:, 0]] + across[cells[:, 0]] * offsets[cells[:, 1], None]
        refined[0], refined[-1] = curve[0], curve[-1]
        return np.asarray(refined, np.float64)


def _least(cost: Float32Array, block: int) -> Float32Array:
    """The least of each block of block x block pixels; the last ones may be smaller."""
    if block == 1:
        return cost
    rows = np.minimum.reduceat(cost, np.arange(0, cost.shape[0], block), axis=0)
    return np.ascontiguousarray(np.minimum.reduceat(rows, np.arange(0, cost.shape[1], block), axis=1))


@dataclass(frozen=True, eq=False)
class Trace:
    """A crack as a line with a width.

    Attributes:
        curve: N x 2 photo pixels, about 1 px apart, in the middle of the crack.
        half_widths_px: N values, at least half a pixel.
    """

    curve: Curve = field(repr=False)
    half_widths_px: Curve = field(repr=False)


def measured(curve: Curve, ground: Ground) -> Trace:
    """Lay a way into the middle between the crack's edges and take its width from them.

    Args:
        curve: As of :meth:`Ways.to`.
        ground: A window that holds it.
    """
    corner = (ground.box.top, ground.box.left)
    edges = find_edges(curve - corner, ground.lightness, ground.probability)
    shift = np.clip(0.5 * (edges.right_px - edges.left_px), -_FARTHEST_SHIFT_PX, _FARTHEST_SHIFT_PX)
    centred = curve + normals(curve) * smoothed(shift, _CENTRE_SMOOTH_PX)[:, None]
    return Trace(centred, np.maximum(0.5 * (edges.left_px + edges.right_px), LEAST_HALF_WIDTH_PX))


class MovingTrace:
    """The crack to a pointer that moves: only what is another way than a moment ago is measured again.

    Ways from one point to neighbouring ones go together nearly all the way. What :meth:`to` gives is what
    :func:`measured` gives of the whole way, and the very same trace where the way is the same.
    """

    def __init__(self) -> None:
        self._ground: Ground | None = None
        self._curve: Curve = np.empty((0, 2))
        self._trace = Trace(np.empty((0, 2)), np.empty(0))

    def to(self, curve: Curve, ground: Ground) -> Trace:
        """As :func:`measured`."""
        together = points_together(self._curve, curve, _SAME_PX) if ground is self._ground else 0
        if together and together == len(curve) == len(self._curve):
            return self._trace
        # The last points that both have look ahead to where they part.
        kept = max(0, together - _SEEN_AHEAD)
        begin = max(0, kept - _SEEN_AHEAD)
        rest, before = measured(curve[begin:], ground), self._trace
        trace = Trace(
            np.concatenate([before.curve[:kept], rest.curve[kept - begin :]]),
            np.concatenate([before.half_widths_px[:kept], rest.half_widths_px[kept - begin :]]),
        )
        # Points that were kept stay those that were measured, or they would creep away, move by move.
        self._curve = np.concatenate([self._curve[:kept], curve[kept:]])
        self._ground, self._trace = ground, trace
        return trace


def resized(trace: Trace, half_width_px: float | None = None, margin_px: float = 0.0) -> Trace:
    """The same line with another width.

    Args:
        half_width_px: Everywhere; None keeps what was measured.
        margin_px: Added on either side of what was measured.
    """
    if half_width_px is not None:
        widths = np.full(len(trace.curve), float(half_width_px))
    else:
        widths = trace.half_widths_px + margin_px
    return Trace(trace.curve, np.maximum(widths, LEAST_HALF_WIDTH_PX))


def snapped(point: Point, ground: Ground, within_px: float) -> Point:
    """The best place to begin or end near a click: where a way is cheap, and not far."""
    reach = math.ceil(within_px)
    near = Box(
        math.floor(point[0]) - reach,
        math.floor(point[1]) - reach,
        math.floor(point[0]) + reach + 1,
        math.floor(point[1]) + reach + 1,
    ).intersection(ground.box)
    if near.empty or within_px <= 0:
        return point
    rows = np.arange(near.top, near.bottom)[:, None] + 0.5
    columns = np.arange(near.left, near.right) + 0.5
    away = np.hypot(rows - point[0], columns - point[1])
    cost = ground.cost[near.shifted(-ground.box.top, -ground.box.left).slices] + 0.3 * away / within_px
    cost = np.where(away <= within_px, cost, np.inf)
    row, column = np.unravel_index(int(np.argmin(cost)), cost.shape)
    if not np.isfinite(cost[row, column]):
        return point
    return near.top + float(row) + 0.5, near.left + float(column) + 0.5
