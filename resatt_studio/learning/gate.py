"""Decides whether a fine-tuned candidate may replace the weights in use, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from resatt_studio.records.training import (
    USUAL_RULES,
    FineTuneResult,
    GateRules,
    JudgedBy,
    Pair,
    Verdict,
)
from resatt_studio.records.weights import Scores

TOLERATED_LOSS = 0.005
"""Dice that counts as no real loss."""
LIKELY_LOSS = 0.0035
"""How far below nothing the likely range of the gain may begin. Of 330 promotions of simulated inspectors
those 25 whose range began lower, down to -0.005, lost 0.001 Dice on unseen photos in the mean, and four of
the eleven that lost more than 0.01 were among them. Those whose range began higher, however much, gained
0.006 to 0.013 in the mean (docs/BENCHMARKS-learning.md)."""
ENOUGH_PHOTOS = 6
"""From so many photos on, chance draws photos; of fewer it draws squares, for one photo alone has nothing to
draw from."""
WORTH = 0.25
"""What a square is worth beside one that stands alone: what a network does to one square of a photo it does
to the next. Gains on one or two CrackMap photos missed those on all others by twice what squares drawn as if
they stood alone allow (docs/BENCHMARKS-learning.md)."""
USUAL_GAIN, USUAL_SPREAD = 0.01, 0.02
"""What candidates of this recipe gain on unseen photos, mean and standard deviation in Dice
(docs/BENCHMARKS-learning.md): what is believed before anything judges. One photo says little beside it, six
overrule it."""
LEAST_UNITS = 5
"""With fewer squares not even a gain in every one of them is more than chance (sign test, 1 / 2^5 = 0.03)."""
DRAWS = 4000
_LEAST_SPREAD = 1e-4
_SEED = 20


@dataclass(frozen=True, slots=True)
class Gain:
    """What a candidate gains in pooled Dice, and how far chance could be behind it.

    Attributes:
        mean: Over everything that judges.
        low, high: Between which it likely is, with the asked confidence on either side.
        units: How many photos or squares chance drew from.
    """

    mean: float
    low: float
    high: float
    units: int


def judge(result: FineTuneResult, rules: GateRules = USUAL_RULES) -> Verdict:
    """Promote only what is better here beyond chance and not worse elsewhere.

    "Here" is what the candidate did not learn from: the project's held-back photos, or, before there are any,
    the held-back parts of its photos. What it did learn from proves nothing, so where there is nothing else
    nothing is promoted. The decision is paired: both networks saw the same photos, and chance draws these
    photos anew (:func:`gain_of`). Dice has to rise by ``min_gain``, and a loss of more than ``LIKELY_LOSS``
    has to be unlikely. Nor may more than ``TOLERATED_LOSS`` be lost when any one photo is left out, for one
    that was corrected wrongly must not decide (:func:`least_without_one`). "Elsewhere" is the shipped
    reference set.

    Args:
        result: Scores before and after, and the squares that they add up.
        rules: How much, how sure, how much may be forgotten.

    Returns:
        The verdict; ``undecided`` where more photos could turn it.
    """
    before, after = result.before, result.after
    if before is None or after is None:
        return Verdict(False, "Not promoted: there was no corrected photo to judge the candidate by.", True)
    change = f"Dice {_change(before, after)} on {_place(result.judged_by, after.photos)}"
    if result.judged_by is JudgedBy.LEARNED:
        return Verdict(
            False,
            f"Not promoted: too little was corrected to hold a part of it back and judge by that. {change}, "
            "which proves nothing. Correct more, or look at the candidate and promote it yourself.",
            True,
        )
    if after.dice - before.dice < rules.min_gain:
        return Verdict(False, f"Not promoted: {change}; it has to rise by at least {rules.min_gain:.3f}.")
    elsewhere = "there is no reference set to compare"
    if result.reference_before is not None and result.reference_after is not None:
        elsewhere = f"{_change(result.reference_before, result.reference_after)} on the reference set"
        if result.reference_before.dice - result.reference_after.dice > rules.max_forgetting:
            return Verdict(
                False,
                f"Not promoted: {change}, but {elsewhere}; "
                f"at most {rules.max_forgetting:.3f} may be lost there.",
            )
    gain = gain_of(result.pairs, rules.confidence)
    if gain.units < LEAST_UNITS:
        return Verdict(
            False,
            f"Not promoted: {change}, but only {gain.units} squares of {LEAST_UNITS} that it takes say so. "
            "Correct more.",
            True,
        )
    sure = _interval(gain, rules.confidence)
    if gain.low < -LIKELY_LOSS:
        return Verdict(
            False,
            f"Not promoted: {change}; {sure}, so it may be a loss. More corrected photos would tell.",
            True,
        )
    least = least_without_one(result.pairs)
    if least is not None and least[1] < -TOLERATED_LOSS:
        photo = result.names.get(least[0]) or least[0]
        return Verdict(
            False,
            f"Not promoted: {change}, but {photo} alone makes that so: without this photo it would be "
            f"{least[1]:+.3f}. Look at its correction again; if it is right, more corrected photos would "
            "tell.",
            True,
        )
    return Verdict(True, f"Promoted: {change}; {sure}; {elsewhere}.")


def gain_of(pairs: Sequence[Pair], confidence: float) -> Gain:
    """Gain in pooled Dice, with its paired bootstrap interval (Efron and Tibshirani, An Introduction to the
    Bootstrap, 1993, chapter 13).

    Units are drawn with replacement, both networks' counts of a unit together, so that what is hard about a
    photo falls out. Units are photos where there are ``ENOUGH_PHOTOS``, else squares; these scatter less than
    they should, so the draws' distances from the mean are widened by 1 / sqrt(``WORTH``). What they say is
    weighed against what candidates usually gain, both as normal distributions, by their precisions. The same
    pairs get the same draws.

    Args:
        pairs: Squares of the photos that judge.
        confidence: One-sided, in (0.5, 1).
    """
    photos = len({one.photo for one in pairs})
    units = _units(pairs)
    if not len(units):
        return Gain(0.0, 0.0, 0.0, 0)
    rng = np.random.default_rng(_SEED)
    times = rng.multinomial(len(units), np.full(len(units), 1 / len(units)), DRAWS)
    mean = float(_gain(units.sum(axis=0)[None])[0])
    wider = 1.0 if photos >= ENOUGH_PHOTOS else WORTH**-0.5
    spread = max(wider * float(np.std(_gain(times @ units))), _LEAST_SPREAD)
    seen, usual = spread**-2, USUAL_SPREAD**-2
    likely = NormalDist((seen * mean + usual * USUAL_GAIN) / (seen + usual), (seen + usual) ** -0.5)
    low, high = likely.inv_cdf(1 - confidence), likely.inv_cdf(confidence)
    return Gain(mean, low, high, len(units))


def least_without_one(pairs: Sequence[Pair]) -> tuple[str, float] | None:
    """The photo without which the candidate gains least, and what it gains then in pooled Dice (the
    jackknife; Efron and Tibshirani, chapter 11).

    A photo that is labelled upside down has more crack in it than all others together and would decide alone.

    Args:
        pairs: Squares of the photos that judge.

    Returns:
        None where, whichever is left out, the rest says too little: fewer than ``LEAST_UNITS`` squares, or no
        crack, of which Dice makes all or nothing.
    """
    photos, counts = _by_photo(pairs)
    rest = counts.sum(axis=0) - counts
    squares = [sum(one.photo != photo for one in pairs) for photo in photos]
    telling = (np.array(squares) >= LEAST_UNITS) & (rest[:, 0] + rest[:, 2] > 0)
    if not telling.any():
        return None
    gains = np.where(telling, _gain(rest), np.inf)
    place = int(np.argmin(gains))
    return photos[place], float(gains[place])


def _units(pairs: Sequence[Pair]) -> npt.NDArray[np.int64]:
    """N x 6: tp, fp, fn before and after, of every photo or square."""
    photos, counts = _by_photo(pairs)
    return _rows(pairs) if len(photos) < ENOUGH_PHOTOS else counts


def _by_photo(pairs: Sequence[Pair]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Photos in order, and the N x 6 sums of their squares."""
    owners = [one.photo for one in pairs]
    photos = sorted(set(owners))
    counts = np.zeros((len(photos), 6), np.int64)
    np.add.at(counts, [photos.index(owner) for owner in owners], _rows(pairs))
    return photos, counts


def _rows(pairs: Sequence[Pair]) -> npt.NDArray[np.int64]:
    """N x 6: tp, fp, fn before and after, of every square."""
    return np.array([(*astuple(one.before), *astuple(one.after)) for one in pairs], np.int64).reshape(-1, 6)


def _gain(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Dice after less Dice before of N x 6 counts; 1 where there is neither crack nor mask."""
    dices = []
    for tp, fp, fn in (counts[:, :3].T, counts[:, 3:].T):
        whole = 2 * tp + fp + fn
        dices.append(np.where(whole > 0, 2 * tp / np.maximum(whole, 1), 1.0))
    return np.asarray(dices[1] - dices[0])


def _interval(gain: Gain, confidence: float) -> str:
    inside = round(100 * (2 * confidence - 1))
    return (
        f"a gain of {gain.mean:+.3f} ({inside} % likely: {gain.low:+.3f} to {gain.high:+.3f}, with the usual "
        "gain in mind)"
    )


def _place(judged_by: JudgedBy, photos: int) -> str:
    noun = "photo" if photos == 1 else "photos"
    return {
        JudgedBy.PHOTOS: f"{photos} held-back {noun}",
        JudgedBy.PARTS: f"held-back parts of {photos} {noun} (no whole photo is held back yet)",
        JudgedBy.FRESH: f"{photos} {noun} approved since it learned",
        JudgedBy.LEARNED: f"the {photos} {noun} it learned from",
    }[judged_by]


def _change(before: Scores, after: Scores) -> str:
    """Words for what the three digits show: equal digits are no change."""
    old, new = round(before.dice, 3), round(after.dice, 3)
    if old == new:
        return f"stayed at {old:.3f}"
    return f"{'rose' if new > old else 'fell'} from {old:.3f} to {new:.3f}"
