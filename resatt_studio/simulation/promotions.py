"""What gates did in a simulation: promotions and what they changed, refusals and their reasons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from resatt_studio.simulation.points import Event, Point, by_session

LOST = 0.01
"""Dice on unseen photos that a promotion may cost; more counts as a wrong one."""

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Promotion:
    """One change of the weights in use.

    Attributes:
        recipe, seed: Which session.
        photos: Approved when it came into use.
        replaced_id, weights_id: The version in use before, and the new one.
        before, after: Their Dice on unseen photos.
        reason: The gate's sentence.
    """

    recipe: str
    seed: int
    photos: int
    replaced_id: str
    weights_id: str
    before: float
    after: float
    reason: str

    @property
    def change(self) -> float:
        """Dice won; below 0 where it fell."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class GateRecord:
    """What one recipe's gate did over all its sessions.

    Attributes:
        recipe: Name.
        promotions: In the order of the sessions.
        refusals: How often each kind of sentence was said; numbers in it are written as N.
        without_reason: Refusals that said nothing; there should be none.
    """

    recipe: str
    promotions: tuple[Promotion, ...]
    refusals: tuple[tuple[str, int], ...]
    without_reason: int

    @property
    def worst(self) -> float | None:
        """The promotion that lost most, as a change of Dice; None without promotions."""
        return min((one.change for one in self.promotions), default=None)

    @property
    def lost(self) -> int:
        """Promotions that cost more than :data:`LOST`."""
        return sum(one.change < -LOST for one in self.promotions)


def gate_records(points: Iterable[Point]) -> list[GateRecord]:
    """What each recipe's gate did, in the order of the points; recipes that never learn are left out."""
    sessions: dict[str, list[Sequence[Point]]] = {}
    for (recipe, _), session in by_session(points).items():
        sessions.setdefault(recipe, []).append(session)
    records = [_record(recipe, found) for recipe, found in sessions.items()]
    return [one for one in records if one.promotions or one.refusals or one.without_reason]


def _record(recipe: str, sessions: Iterable[Sequence[Point]]) -> GateRecord:
    promotions: list[Promotion] = []
    kinds: Counter[str] = Counter()
    without = 0
    for session in sessions:
        for before, point in pairwise(session):
            if point.event is not Event.LEARNED:
                continue
            if point.weights_id != before.weights_id:
                promotions.append(_promotion(before, point))
            elif point.reason.strip():
                kinds[_NUMBER.sub("N", point.reason)] += 1
            else:
                without += 1
    return GateRecord(recipe, tuple(promotions), tuple(kinds.most_common()), without)


def _promotion(before: Point, after: Point) -> Promotion:
    return Promotion(
        after.recipe,
        after.seed,
        after.photos,
        before.weights_id,
        after.weights_id,
        before.dice,
        after.dice,
        after.reason,
    )
