"""A centre line as paths of pixels in their order, between ends and junctions, without spurs."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import BoolArray, Float32Array

_SPUR_WIDTHS, _SPUR_PX = 1.0, 2.0
"""A branch is longer than so many widths of what it leaves and so many pixels. A spur is not: rough edges and
blunt ends send one from the middle of the line to every bump and corner."""

_Path: TypeAlias = list[int]
"""Numbers of pixels, in their order; its first and last lie at ends or junctions, or are one in a ring."""


@dataclass(frozen=True, eq=False, slots=True)
class LinePath:
    """What lies between two ends or junctions of a centre line, or a ring.

    Attributes:
        points: N x 2 int, (row, column) of its pixels in their order, at least one; with those at junctions.
            Of a ring without any, the first pixel comes last again.
        free: Whether it ends at its first and at its last pixel; elsewhere it goes on at a junction. A single
            pixel ends at both.
        closed: Whether it is a ring without a junction.
    """

    points: npt.NDArray[np.int64]
    free: tuple[bool, bool]
    closed: bool


def line_paths(lines: BoolArray, half_widths: Float32Array) -> list[LinePath]:
    """Follow lines from pixel to pixel, and leave out spurs.

    Pixels that touch at a side are neighbours, and those that touch at a corner alone where no pixel lies
    beside both (m-adjacency: Gonzalez and Woods, Digital Image Processing, section 2.5), so that a corner of
    the line is none of its junctions. A spur runs from a junction to an end that is no farther away than the
    line is wide at the junction, and 2 pixels. The shortest go first; where two paths are left at a junction
    they become one.

    Args:
        lines: H x W bool, one pixel wide, nothing at the border.
        half_widths: H x W float32, in pixels: of what the lines are the centre of, at each of their pixels.
    """
    flat = np.flatnonzero(lines)
    if not len(flat):
        return []
    rows, columns = np.divmod(flat, lines.shape[1])
    net = _Net(
        _walked(*_adjacency(lines.ravel(), flat, lines.shape[1])),
        rows.tolist(),
        columns.tolist(),
        half_widths.ravel()[flat].tolist(),
    )
    net.prune()
    places = np.stack([rows, columns], axis=1)
    return [
        LinePath(places[path], (net.ends_at(path[0]), net.ends_at(path[-1])), net.is_ring(path))
        for path in net.paths.values()
    ]


def _adjacency(
    line: BoolArray, flat: npt.NDArray[np.int64], width: int
) -> tuple[list[int], list[int], list[int]]:
    """Neighbours of each line pixel: how many, where they begin in the list of all, and the list."""
    left, right, below = line[flat - 1], line[flat + 1], line[flat + width]
    found = (
        (right, 1),
        (below, width),
        (line[flat + width + 1] & ~right & ~below, width + 1),
        (line[flat + width - 1] & ~left & ~below, width - 1),
    )
    one = np.concatenate([np.flatnonzero(where) for where, _ in found])
    other = np.concatenate([np.searchsorted(flat, flat[where] + away) for where, away in found])
    source, target = np.concatenate([one, other]), np.concatenate([other, one])
    degree = np.bincount(source, minlength=len(flat))
    begin = np.cumsum(degree) - degree
    return degree.tolist(), begin.tolist(), target[np.argsort(source, kind="stable")].tolist()


def _walked(degree: list[int], begin: list[int], targets: list[int]) -> list[_Path]:
    """Every path between pixels that have not two neighbours; then the rings."""
    paths: list[_Path] = [[pixel] for pixel, count in enumerate(degree) if count == 0]
    seen = [count != 2 for count in degree]

    def walk(before: int, pixel: int) -> _Path:
        path = [before]
        while not seen[pixel]:
            seen[pixel] = True
            path.append(pixel)
            first = begin[pixel]
            ahead = targets[first] if targets[first] != before else targets[first + 1]
            before, pixel = pixel, ahead
        return [*path, pixel]

    for node, count in enumerate(degree):
        if count == 2:
            continue
        for pixel in targets[begin[node] : begin[node] + count]:
            # Of two neighbours without any pixel between, the later one is met from the earlier alone.
            if not seen[pixel] or (degree[pixel] != 2 and pixel > node):
                paths.append(walk(node, pixel))
    for pixel, count in enumerate(degree):
        if count == 2 and not seen[pixel]:
            seen[pixel] = True
            paths.append(walk(pixel, targets[begin[pixel]]))
    return paths


class _Net:
    """Paths by their numbers, and which of them meet where."""

    def __init__(self, paths: list[_Path], rows: list[int], columns: list[int], half: list[float]) -> None:
        self.paths = dict(enumerate(paths))
        self._rows, self._columns, self._half = rows, columns, half
        self._meeting: dict[int, list[int]] = {}
        """Numbers of the paths that begin or end at a pixel, twice of one that comes back to it."""
        for number, path in self.paths.items():
            for pixel in (path[0], path[-1]):
                self._meeting.setdefault(pixel, []).append(number)

    def ends_at(self, pixel: int) -> bool:
        """Whether a line ends at a pixel where one begins or ends."""
        meeting = self._meeting[pixel]
        return len(meeting) == 1 or len(self.paths[meeting[0]]) == 1

    def is_ring(self, path: _Path) -> bool:
        """Whether a path comes back to its beginning, where it meets no other."""
        return len(path) > 1 and path[0] == path[-1] and len(self._meeting[path[0]]) == 2

    def prune(self) -> None:
        """Leave out spurs, the shortest first."""
        waiting = [
            (self._reach(number), number) for number in self.paths if self._junction_of(number) is not None
        ]
        heapq.heapify(waiting)
        while waiting:
            reach, number = heapq.heappop(waiting)
            junction = self._junction_of(number) if number in self.paths else None
            if junction is None or reach != self._reach(number) or reach > self._longest_spur(junction):
                continue
            path = self.paths.pop(number)
            for pixel in (path[0], path[-1]):
                self._meeting[pixel].remove(number)
            grown = self._straightened(junction)
            if grown is not None and self._junction_of(grown) is not None:
                heapq.heappush(waiting, (self._reach(grown), grown))

    def _longest_spur(self, junction: int) -> float:
        return 2 * _SPUR_WIDTHS * self._half[junction] + _SPUR_PX

    def _junction_of(self, number: int) -> int | None:
        """The junction that a path runs from to its end; None of a path with two ends, or with none."""
        first, last = self.paths[number][0], self.paths[number][-1]
        if self.ends_at(first) == self.ends_at(last):
            return None
        return last if self.ends_at(first) else first

    def _reach(self, number: int) -> float:
        """How far apart the first and the last pixel of a path are."""
        first, last = self.paths[number][0], self.paths[number][-1]
        return math.hypot(self._rows[first] - self._rows[last], self._columns[first] - self._columns[last])

    def _straightened(self, pixel: int) -> int | None:
        """Make one path of two that are left at a pixel; its number, or None where there are more."""
        meeting = self._meeting[pixel]
        if len(meeting) != 2 or meeting[0] == meeting[1]:
            return None
        kept, other = meeting
        one, two = self.paths[kept], self.paths.pop(other)
        one = one if one[-1] == pixel else one[::-1]
        two = two if two[0] == pixel else two[::-1]
        self.paths[kept] = one + two[1:]
        del self._meeting[pixel]
        ends = self._meeting[two[-1]]
        ends[ends.index(other)] = kept
        return kept
