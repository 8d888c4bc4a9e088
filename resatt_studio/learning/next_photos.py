"""Ranks photos by what correcting them is expected to bring; numpy alone, no network is asked.

Three things make a photo worth correcting: its mask is in doubt; it looks unlike what is approved already, so
that it teaches something new; and it looks like many others, so that what it teaches carries over. Doubt
times likeness to the others is the information density of Settles and Craven (EMNLP 2008, section 3.3); the
part about what is approved follows the greedy k-centre choice of Sener and Savarese (ICLR 2018, algorithm 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from resatt_studio.records.arrays import Float32Array
from resatt_studio.records.doubt import Rank

Floats = npt.NDArray[np.float64]

CARRIES_OVER = 0.6
"""Share of a photo's doubt that is expected to go when one that looks the same is corrected."""
CROWD_POWER = 0.25
GREEDY = 200
"""So many places are chosen one after the other; the rest follows by what is left of its gain then."""
USUAL_LIKENESS = float(np.exp(-1.0))
"""Of two photos that are as unlike as most."""
_SAMPLE = 500
"""So many photos at most are compared with all others at a time."""


def rank_photos(
    doubts: Mapping[str, float],
    looks: Mapping[str, Float32Array],
    approved: Sequence[str] = (),
) -> tuple[Rank, ...]:
    """Rank photos that wait for correction.

    gain = doubt x (1 - 0.6 x nearest) x crowd ** 0.25. Likeness of two photos is exp(-d^2 / m) with d the
    distance of their descriptors, each number divided by its standard deviation over the project, and m the
    median squared distance: 1 for equals, 0.37 for two photos as unlike as most. ``nearest`` is the likeness
    to the nearest photo that is approved or already has its place; ``crowd`` the mean likeness to those that
    wait, weighted by their doubt.

    Args:
        doubts: In [0, 1], by photo, of those that wait; see ``imaging.doubt.expected_doubt``.
        looks: Descriptors (``imaging.surface``) by photo, as far as they are known; a photo without one is
            taken to be as like the others as most are.
        approved: Photos that are corrected already.

    Returns:
        A rank for each photo of ``doubts``, the next one to correct first.
    """
    ids = sorted(doubts)
    if not ids:
        return ()
    doubt = np.array([doubts[one] for one in ids])
    places = _Looks(looks, [*ids, *approved])
    crowd = _crowd(places, ids, doubt)
    chosen = list(approved)
    nearest, nearest_of = np.zeros(len(ids)), np.full(len(ids), -1, np.intp)
    for start in range(0, len(chosen), _SAMPLE):
        table = places.likeness(ids, chosen[start : start + _SAMPLE])
        nearer = table.max(1) > nearest
        nearest[nearer], nearest_of[nearer] = table.max(1)[nearer], start + table.argmax(1)[nearer]
    ranks: list[Rank] = []
    waiting = np.ones(len(ids), np.bool_)

    def gains() -> Floats:
        return np.asarray(doubt * (1 - CARRIES_OVER * nearest) * crowd**CROWD_POWER)

    def take(index: int, gain: float) -> None:
        other = int(nearest_of[index])
        ranks.append(
            Rank(
                ids[index],
                len(ranks) + 1,
                float(gain),
                float(doubt[index]),
                float(crowd[index]),
                float(nearest[index]),
                chosen[other] if other >= 0 else "",
                other >= len(approved),
            )
        )
        waiting[index] = False

    while waiting.any() and len(ranks) < GREEDY:
        now = gains()
        index = int(np.argmax(np.where(waiting, now, -1.0)))
        take(index, now[index])
        chosen.append(ids[index])
        likeness = places.likeness(ids, [ids[index]])[:, 0]
        nearer = likeness > nearest
        nearest[nearer], nearest_of[nearer] = likeness[nearer], len(chosen) - 1
    now = gains()
    for index in np.argsort(-now, kind="stable"):
        if waiting[index]:
            take(int(index), now[index])
    return tuple(ranks)


class _Looks:
    """Descriptors of a project on one scale."""

    def __init__(self, looks: Mapping[str, Float32Array], ids: Sequence[str]) -> None:
        own = [one for one in dict.fromkeys(ids) if one in looks]
        rows = np.asarray([looks[one] for one in own], np.float64).reshape(len(own), -1 if own else 0)
        spread = rows.std(0) if len(own) else np.ones(rows.shape[1])
        self._rows = rows / np.where(spread > 0, spread, 1.0)
        self._row_of = {one: row for row, one in enumerate(own)}
        sample = self._rows[:: max(1, len(own) // _SAMPLE)]
        gaps = _squared_gaps(sample, sample)[np.triu_indices(len(sample), 1)]
        self._usual = max(float(np.median(gaps)), 1e-9) if gaps.size else 1.0

    def likeness(self, ids: Sequence[str], others: Sequence[str]) -> Floats:
        """len(ids) x len(others), in [0, 1]; the usual one where a look is not known."""
        rows = np.array([self._row_of.get(one, -1) for one in ids], np.intp)
        columns = np.array([self._row_of.get(one, -1) for one in others], np.intp)
        if not len(self._rows):
            return np.full((len(ids), len(others)), USUAL_LIKENESS)
        table = np.exp(-_squared_gaps(self._rows[rows], self._rows[columns]) / self._usual)
        table[rows < 0], table[:, columns < 0] = USUAL_LIKENESS, USUAL_LIKENESS
        return np.asarray(table)


def _squared_gaps(left: Floats, right: Floats) -> Floats:
    gaps = (left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2 * left @ right.T
    return np.asarray(np.maximum(gaps, 0.0))


def _crowd(places: _Looks, ids: Sequence[str], doubt: Floats) -> Floats:
    """Mean likeness to the photos that wait, those in doubt counting most; of a project that is too large to
    compare all with all, to every so-manieth of them."""
    step = max(1, len(ids) // _SAMPLE)
    weights = doubt[::step] if doubt[::step].any() else np.ones(len(doubt[::step]))
    return np.asarray(places.likeness(ids, ids[::step]) @ weights / weights.sum())
