"""Decides whether a head that learned from answers may replace the one in use, and says why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resatt_studio.records.label_learning import LEAST_JUDGES, LabelResult
from resatt_studio.records.training import Verdict
from resatt_studio.records.weights import LabelScores

MIN_GAIN = 0.02
"""Nats by which the mean surprise at the answers has to fall."""
CHANCE = 0.05
"""Largest chance of so large a mean gain among signs drawn by lot."""
MAX_FORGOTTEN = 0.10
"""Share of the reference tiles that may be named wrongly in addition; a few dozen tiles say it no finer."""
MAX_SURPRISE = 0.05
"""Nats by which the mean surprise may rise on the reference tiles; a finer measure than counting them."""
_EXACT = 14
_DRAWS = 20_000


def judge_labels(result: LabelResult, *, min_gain: float = MIN_GAIN, chance: float = CHANCE) -> Verdict:
    """Promote only what is better here beyond chance, names no fewer photos rightly, and forgets nothing.

    The decision is paired: every photo that judges says by how much its answer surprises the candidate less
    than the weights in use. A few such gains may point one way by luck, so their mean has to be among the
    largest ``chance`` of the means of the same gains with signs drawn by lot (Fisher's randomisation test).

    Args:
        result: Scores before and after.
        min_gain: Nats, 0 or more.
        chance: In (0, 1).
    """
    old, new = result.comparison.before, result.comparison.after
    gain = old.surprise - new.surprise
    said = f"{new.right} of {new.photos} held-back photos named as you do, before {old.right}"
    change = f"surprise at your answers {_change(old, new)}"
    if new.photos < LEAST_JUDGES:
        return Verdict(
            False,
            f"Not promoted: {new.photos} answered photos are too few to judge by; {LEAST_JUDGES} have to.",
        )
    if new.right < old.right:
        return Verdict(False, f"Not promoted: {said}.")
    if gain < min_gain:
        return Verdict(False, f"Not promoted: {said}; {change}, and has to fall by at least {min_gain:.2f}.")
    luck = chance_of(result.gains)
    if luck > chance:
        return Verdict(
            False,
            f"Not promoted: {said}; {change}, which may be chance "
            f"({100 * luck:.0f} %; at most {100 * chance:.0f} % is let through).",
        )
    before, after = result.comparison.reference_before, result.comparison.reference_after
    elsewhere = f"{after.right} of {after.photos} reference tiles named rightly, before {before.right}"
    lost = (before.right - after.right) / max(1, after.photos)
    if lost > MAX_FORGOTTEN or after.surprise - before.surprise > MAX_SURPRISE:
        return Verdict(False, f"Not promoted: {said}, but {elsewhere} (surprise {_change(before, after)}).")
    return Verdict(True, f"Promoted: {said}; {change}; {elsewhere}.")


def chance_of(gains: Sequence[float]) -> float:
    """How often the mean gain would be as large if every gain's sign were drawn by lot, in (0, 1].

    Exact for up to 14 gains, by 20,000 draws with a fixed seed for more.
    """
    size = np.abs(np.asarray(gains, np.float64))
    if not size.size:
        return 1.0
    if size.size <= _EXACT:
        draws = (np.arange(2**size.size)[:, None] >> np.arange(size.size)) & 1
    else:
        draws = np.random.default_rng(0).integers(0, 2, (_DRAWS, size.size))
        draws[0] = np.asarray(gains) > 0  # what was seen is one of the possible draws
    sums = (2 * draws - 1) @ size
    return float(np.mean(sums >= float(np.sum(gains)) - 1e-12))


def _change(before: LabelScores, after: LabelScores) -> str:
    """Words for what the two digits show: equal digits are no change."""
    old, new = round(before.surprise, 2), round(after.surprise, 2)
    if old == new:
        return f"stayed at {old:.2f}"
    return f"{'rose' if new > old else 'fell'} from {old:.2f} to {new:.2f}"
