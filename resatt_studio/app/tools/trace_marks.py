"""What the tracer draws over the photo: the crack so far, the way to the pointer, the clicked points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from resatt_studio.annotation.crack_path import outline
from resatt_studio.annotation.strokes import Point
from resatt_studio.annotation.tracing import Trace, resized
from resatt_studio.app.tools.marking import label_tone
from resatt_studio.app.tools.overlay import DotsMark, KeptMarks, LineMark, Mark, points_of
from resatt_studio.records.correction import Label

_POINTS_APART_PX = 3.0  # view pixels between points of a drawn line; more of them would not be seen
_EDGES_FROM_PX = 8.0  # view pixels of width from which both edges are drawn, else one line in the middle


@dataclass(frozen=True, slots=True)
class Look:
    """How a path is drawn.

    Attributes:
        label: What is painted.
        scale: View pixels per photo pixel.
        half_width_px, margin_px: As for :func:`.tracing.resized`.
    """

    label: Label
    scale: float
    half_width_px: float | None
    margin_px: float


class TraceMarks:
    """Makes only those marks anew that changed, as the canvas paints what is another object."""

    def __init__(self) -> None:
        self._kept = KeptMarks()
        self._marks: tuple[Mark, ...] = ()

    def of(
        self,
        points: tuple[Point, ...],
        pieces: tuple[Trace, ...],
        preview: Trace | None,
        beyond: tuple[Point, Point] | None,
        hot: int | None,
        look: Look,
    ) -> tuple[Mark, ...]:
        """The marks of a path.

        Args:
            points: Clicked ones.
            pieces: Between them.
            preview: From the last one to the pointer.
            beyond: Ends of a straight line for what is not known yet.
            hot: Index of the point under the pointer.
            look: How all is drawn.
        """
        parts = (
            *(
                self._kept.of(f"piece-{n}", (piece, look), partial(_crack, piece, look))
                for n, piece in enumerate(pieces)
            ),
            self._kept.of("preview", (preview, look), partial(_crack, preview, look)),
            self._kept.of("beyond", (beyond, look), partial(_straight, beyond, look)),
            self._kept.of("points", (points, hot, look), partial(_dots, points, hot, look)),
        )
        marks = tuple(mark for part in parts for mark in part)
        if marks != self._marks:  # marks are compared by identity
            self._marks = marks
        return self._marks


def _crack(trace: Trace | None, look: Look) -> tuple[Mark, ...]:
    if trace is None or len(trace.curve) < 2:
        return ()
    wide = resized(trace, look.half_width_px, look.margin_px)
    tone = label_tone(look.label)
    width_px = 2 * float(np.median(wide.half_widths_px))
    if width_px * look.scale < _EDGES_FROM_PX:
        return (LineMark(wide.curve[_seen(len(wide.curve), look.scale)], tone),)
    edges, seen = outline(wide), _seen(len(wide.curve), look.scale)
    # Both sides at the same places, counted from the start, so that a preview's old part stays as it is.
    return (LineMark(np.concatenate([edges[seen], edges[::-1][seen][::-1]]), tone, closed=True),)


def _straight(ends: tuple[Point, Point] | None, look: Look) -> tuple[Mark, ...]:
    return () if ends is None else (LineMark(points_of(ends), label_tone(look.label), dashed=True),)


def _dots(points: tuple[Point, ...], hot: int | None, look: Look) -> tuple[Mark, ...]:
    return (DotsMark(points_of(points), label_tone(look.label), -1 if hot is None else hot),)


def _seen(count: int, scale: float) -> npt.NDArray[np.int64]:
    """Which of a curve's points are drawn: every so many-th, and the last one; they are about 1 px apart."""
    every = max(1, round(_POINTS_APART_PX / max(scale, 1e-6)))
    return np.append(np.arange(0, count - 1, every), count - 1)
