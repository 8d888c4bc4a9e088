"""What a simulation measures: a point each time something changed, and where curves of points stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

PHOTO_COUNTS = (1, 2, 5, 10, 20)
"""After so many photos recipes are compared; other sets are judged only there, at the start and the end."""


class Event(StrEnum):
    """What happened at a point."""

    START = "start"
    APPROVED = "approved"
    LEARNED = "learned"
    """A run ended, whether or not its candidate came into use."""


@dataclass(frozen=True, slots=True)
class Point:
    """How a session stands at one simulated moment.

    Attributes:
        recipe, seed: Which session.
        event: What just happened.
        simulated_s: Seconds since the inspector sat down.
        photos: Approved so far.
        strokes: Painted so far.
        weights_id: In use now.
        dice, tolerance_f1, centreline_recall, width_error_px: Of these weights on unseen photos of the
            surface; see ``scoring.UnseenScores``.
        elsewhere: Dice on other sets, by name; empty where these weights were not judged elsewhere.
        hand_s: Simulated seconds of the inspector's own work so far, waiting left out.
        machine_s: Seconds that predicting and learning were counted with so far.
        measured_s: Wall-clock seconds that they took on this machine so far; differs from ``machine_s`` where
            steps have a price.
        steps: Optimiser steps so far.
        reason: What the gate said, after learning.
        wrong_strokes: Of the strokes, how many came out wrong; all of a photo that is upside down.
        upside_down: Of the photos, how many were vouched for upside down.
    """

    recipe: str
    seed: int
    event: Event
    simulated_s: float
    photos: int
    strokes: int
    weights_id: str
    dice: float
    tolerance_f1: float
    centreline_recall: float
    width_error_px: float | None
    elsewhere: Mapping[str, float] = field(default_factory=dict)
    hand_s: float = 0.0
    machine_s: float = 0.0
    measured_s: float = 0.0
    steps: int = 0
    reason: str = ""
    wrong_strokes: int = 0
    upside_down: int = 0


def at_seconds(session: Sequence[Point], seconds: float) -> Point:
    """Where a session stands at a simulated moment: its last point until then, or its first."""
    return _last(session, lambda point: point.simulated_s <= seconds)


def at_photos(session: Sequence[Point], photos: int) -> Point:
    """Where a session stands before one photo more is approved: its last point with so many, or its first."""
    return _last(session, lambda point: point.photos <= photos)


def lost_elsewhere(session: Sequence[Point], point: Point) -> float | None:
    """Mean Dice lost on other sets since the session began; below 0 where it rose, None where it was
    not judged."""
    first = session[0].elsewhere
    if not first or not point.elsewhere:
        return None
    return sum(first[name] - point.elsewhere[name] for name in first) / len(first)


def by_session(points: Iterable[Point]) -> dict[tuple[str, int], list[Point]]:
    """Points of each (recipe, seed), in their order."""
    sessions: dict[tuple[str, int], list[Point]] = {}
    for point in points:
        sessions.setdefault((point.recipe, point.seed), []).append(point)
    return sessions


def _last(session: Sequence[Point], reached: Callable[[Point], bool]) -> Point:
    passed = [point for point in session if reached(point)]
    return passed[-1] if passed else session[0]
