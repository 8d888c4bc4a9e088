"""Decides whether a fine-tuned candidate may replace the weights it came from, and says why."""

from __future__ import annotations

from resatt_studio.records.training import FineTuneResult, Verdict
from resatt_studio.records.weights import Scores


def judge(result: FineTuneResult, *, min_gain: float = 0.0, max_forgetting: float = 0.02) -> Verdict:
    """Promote only what is better here and not worse elsewhere.

    "Here" are the project's held-back photos, or, before there are any, the photos it learned from: for those
    the score before is honest (they had not been seen), the score after is not, and the reason says so.
    "Elsewhere" is the shipped reference set.

    Args:
        result: Scores before and after.
        min_gain: Dice must rise by more than this; in [0, 1].
        max_forgetting: Dice may fall by at most this on the reference set; in [0, 1].
    """
    before, after = result.before, result.after
    if before is None or after is None:
        return Verdict(False, "Not promoted: there was no corrected photo to judge the candidate by.")
    place = _place(result.validated, after.photos)
    change = _change(before, after)
    forgotten = _forgotten(result.reference_before, result.reference_after)
    gain = after.dice - before.dice
    if gain <= min_gain:
        wanted = "rise" if min_gain == 0 else f"rise by more than {min_gain:.3f}"
        return Verdict(False, f"Not promoted: Dice {change} on {place}; it has to {wanted}.")
    if forgotten is None:
        return Verdict(True, f"Promoted: Dice {change} on {place}; there is no reference set to compare.")
    reference = _change_of(result.reference_before, result.reference_after)
    if forgotten > max_forgetting:
        return Verdict(
            False,
            f"Not promoted: Dice {change} on {place}, but {reference} on the reference set; "
            f"at most {max_forgetting:.3f} may be lost there.",
        )
    return Verdict(True, f"Promoted: Dice {change} on {place}; {reference} on the reference set.")


def _place(validated: bool, photos: int) -> str:
    noun = "photo" if photos == 1 else "photos"
    if validated:
        return f"{photos} held-back {noun}"
    return f"the {photos} {noun} it learned from (none is held back yet)"


def _change(before: Scores, after: Scores) -> str:
    verb = "rose" if after.dice > before.dice else "fell" if after.dice < before.dice else "stayed"
    return f"{verb} from {before.dice:.3f} to {after.dice:.3f}"


def _change_of(before: Scores | None, after: Scores | None) -> str:
    return _change(before, after) if before is not None and after is not None else ""


def _forgotten(before: Scores | None, after: Scores | None) -> float | None:
    return before.dice - after.dice if before is not None and after is not None else None
