"""From many looks at a photo to one answer: is there a crack, and how does it run?

Crack or not. A crack that crosses a photo appears in about sqrt(N) of N squares that tile it, while a network
that is sometimes wrong is wrong in single ones. So a level's crack probability is not its largest value but
the r-th largest, with r = ``crossing`` * sqrt(N): the crack has to cross that share of the photo. The levels
are then joined by a noisy-or with weights, 1 - prod (1 - c_l)^w_l: the whole photo may miss a thin crack that
only the close squares show, and the close squares may miss the net that only the whole shows. With one level
its own answer stands.

Type. The mean of the looks' answers given that there is a crack, each look weighed by how surely it sees one;
first within each level, then over the levels by weight and crack probability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resatt_studio.errors import BugError
from resatt_studio.records.labels import CRACK_TYPES, CrackType

Probabilities = NDArray[np.float64]
"""N x types, rows summing to 1, in the order of ``CRACK_TYPES``."""

_NO_CRACK = CRACK_TYPES.index(CrackType.NO_CRACK)
_SURE = 1e-6


@dataclass(frozen=True, slots=True)
class LabelRule:
    """The constants of the rule.

    Attributes:
        crossing: Share of the photo's side, in squares of a level, that has to see a crack; 0 takes the
            single surest look.
        whole_weight: Weight of the whole photo's level in "crack or not", where there are closer ones.
        close_weight: Weight of the closer levels, shared evenly between them.
        shift: Added to the log-odds of crack at the end; above 0 finds more cracks and more false ones.
        whole_type_weight, close_type_weight: The same two weights for the type.
        trust: Exponent on a look's crack probability as its weight for the type; 0 lets every look speak
            alike.
        contrast: Exponent on the type shares at the end. A mean over looks is flatter than any of them, and
            above 1 makes up for that; the most probable type stays what it is.
    """

    crossing: float = 0.5
    whole_weight: float = 0.5
    close_weight: float = 1.0
    shift: float = 0.0
    whole_type_weight: float = 1.0
    close_type_weight: float = 1.0
    trust: float = 2.0
    contrast: float = 2.0


RULE = LabelRule()
"""What the app uses."""


def combine(levels: Sequence[Probabilities], rule: LabelRule = RULE) -> tuple[float, ...]:
    """Join the looks at one photo.

    Args:
        levels: The answers of the looks, level by level, the whole photo's first.
        rule: The constants.

    Returns:
        One probability for each of ``CRACK_TYPES``, summing to 1.

    Raises:
        BugError: There is no look, or a look has another number of answers.
    """
    if not levels or any(level.ndim != 2 or not len(level) for level in levels):
        raise BugError("a photo without looks has no label")
    if any(level.shape[1] != len(CRACK_TYPES) for level in levels):
        raise BugError(f"a look needs {len(CRACK_TYPES)} answers, one for each type")
    found = np.array([_level_crack(level, rule) for level in levels])
    closer = max(1, len(levels) - 1)
    weights = np.array([rule.whole_weight] + [rule.close_weight / closer] * (len(levels) - 1))
    if len(levels) == 1:
        weights = np.ones(1)
    missed = float(np.prod((1.0 - found) ** weights))
    crack = _shifted(1.0 - missed, rule.shift)
    weights = np.array([rule.whole_type_weight] + [rule.close_type_weight / closer] * (len(levels) - 1))
    types = np.zeros(len(CRACK_TYPES))
    for level, weight in zip(levels, weights * found, strict=True):
        types += weight * _level_types(level, rule)
    shares = _normalised(_normalised(types) ** rule.contrast)
    answer = crack * shares
    answer[_NO_CRACK] = 1.0 - crack
    return tuple(float(value) for value in answer)


def _level_crack(level: Probabilities, rule: LabelRule) -> float:
    """Crack probability of one level, in [0, 1)."""
    seen = np.sort(1.0 - level[:, _NO_CRACK])[::-1]
    rank = max(1, round(rule.crossing * math.sqrt(len(seen))))
    return float(np.clip(seen[rank - 1], 0.0, 1.0 - _SURE))


def _level_types(level: Probabilities, rule: LabelRule) -> Probabilities:
    """Shares of the types given a crack, (types,), 0 for no crack; even ones where no look sees a crack."""
    seen = np.clip(1.0 - level[:, _NO_CRACK], _SURE, 1.0)
    given = level / seen[:, None]
    given[:, _NO_CRACK] = 0.0
    return _normalised((seen[:, None] ** rule.trust * given).sum(axis=0))


def _normalised(shares: Probabilities) -> Probabilities:
    """Shares that sum to 1, 0 for no crack; even ones where there is nothing to go by."""
    total = float(shares.sum())
    if total > 0.0:
        return shares / total
    even = np.full(len(CRACK_TYPES), 1.0 / (len(CRACK_TYPES) - 1))
    even[_NO_CRACK] = 0.0
    return even


def _shifted(probability: float, shift: float) -> float:
    if shift == 0.0:
        return probability
    clipped = min(max(probability, _SURE), 1.0 - _SURE)
    return 1.0 / (1.0 + math.exp(-(math.log(clipped / (1.0 - clipped)) + shift)))
