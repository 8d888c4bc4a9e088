"""Decides whether a fine-tuned candidate may replace the weights it came from, and says why."""

from __future__ import annotations

from resatt_studio.records.training import FineTuneResult, JudgedBy, Verdict
from resatt_studio.records.weights import Scores

MIN_GAIN = 0.002
"""Dice has to rise by this much. One held-back photo errs by more, and to both sides: after learning
from four CrackMap photos a rise of 0.004 on the fifth was one of 0.020 on twelve others."""
MAX_FORGETTING = 0.02


def judge(
    result: FineTuneResult, *, min_gain: float = MIN_GAIN, max_forgetting: float = MAX_FORGETTING
) -> Verdict:
    """Promote only what is better here and not worse elsewhere.

    "Here" is what the candidate did not learn from: the project's held-back photos, or, before there are any,
    the held-back parts of its photos. What it did learn from proves nothing, so where there is nothing else
    nothing is promoted. "Elsewhere" is the shipped reference set.

    Args:
        result: Scores before and after.
        min_gain: Dice must rise by at least this; in [0, 1].
        max_forgetting: Dice may fall by at most this on the reference set; in [0, 1].
    """
    before, after = result.before, result.after
    if before is None or after is None:
        return Verdict(False, "Not promoted: there was no corrected photo to judge the candidate by.")
    change = f"Dice {_change(before, after)} on {_place(result.judged_by, after.photos)}"
    if result.judged_by is JudgedBy.LEARNED:
        return Verdict(
            False,
            f"Not promoted: too little was corrected to hold a part of it back and judge by that. {change}, "
            "which proves nothing. Correct more, or look at the candidate and promote it yourself.",
        )
    if after.dice - before.dice < min_gain:
        return Verdict(False, f"Not promoted: {change}; it has to rise by at least {min_gain:.3f}.")
    if result.reference_before is None or result.reference_after is None:
        return Verdict(True, f"Promoted: {change}; there is no reference set to compare.")
    elsewhere = f"{_change(result.reference_before, result.reference_after)} on the reference set"
    if result.reference_before.dice - result.reference_after.dice > max_forgetting:
        return Verdict(
            False,
            f"Not promoted: {change}, but {elsewhere}; at most {max_forgetting:.3f} may be lost there.",
        )
    return Verdict(True, f"Promoted: {change}; {elsewhere}.")


def _place(judged_by: JudgedBy, photos: int) -> str:
    noun = "photo" if photos == 1 else "photos"
    return {
        JudgedBy.PHOTOS: f"{photos} held-back {noun}",
        JudgedBy.PARTS: f"held-back parts of {photos} {noun} (no whole photo is held back yet)",
        JudgedBy.LEARNED: f"the {photos} {noun} it learned from",
    }[judged_by]


def _change(before: Scores, after: Scores) -> str:
    """Words for what the three digits show: equal digits are no change."""
    old, new = round(before.dice, 3), round(after.dice, 3)
    if old == new:
        return f"stayed at {old:.3f}"
    return f"{'rose' if new > old else 'fell'} from {old:.3f} to {new:.3f}"
