"""What a version forgot of the reference set, beside the most that the gate lets pass."""

from __future__ import annotations

from dataclasses import dataclass

from resatt_studio.learning.label_gate import MAX_FORGOTTEN
from resatt_studio.records.training import USUAL_RULES
from resatt_studio.records.weights import WeightsVersion
from resatt_studio.words import mark

_DICE, _SHARE = "Dice", "Share named rightly"
_CHANGES = {
    _DICE: mark("Dice {before} → {after}"),
    _SHARE: mark("Share named rightly {before} → {after}"),
}
"""What is said of a change, by what was measured."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How the reference set fared.

    Attributes:
        before, after: Dice of parent and version on it, in [0, 1]; of a label network the share of the
            reference tiles that are named rightly.
        limit: Most that may be lost, in [0, 1].
        measure: What the numbers are, "Dice" or "Share named rightly".
    """

    before: float
    after: float
    limit: float
    measure: str = _DICE

    @property
    def lost(self) -> float:
        """Before minus after; negative when the reference set gained."""
        return self.before - self.after

    @property
    def over(self) -> bool:
        """Whether more was lost than may be."""
        return self.lost > self.limit

    @property
    def words(self) -> str:
        """One sentence with the numbers, as three digits show them."""
        lost = round(self.lost, 3)
        if lost <= 0:
            words = mark("Nothing forgotten: {change} on the reference set.")
        elif self.over:
            words = mark("{lost} forgotten, over the limit of {limit}: {change} on the reference set.")
        else:
            words = mark("{lost} forgotten, within the limit of {limit}: {change} on the reference set.")
        change = _CHANGES[self.measure].format(before=f"{self.before:.3f}", after=f"{self.after:.3f}")
        return words.format(lost=f"{lost:.3f}", limit=f"{self.limit:.3f}", change=change)


def forgetting(version: WeightsVersion, limit: float = USUAL_RULES.max_forgetting) -> Forgetting | None:
    """What is known of a version's forgetting; None when it was not asked about the reference set.

    Args:
        version: Of any network.
        limit: Most Dice that may be lost, in [0, 1]; a label network has a limit of its own.
    """
    before, after, labels = version.reference_before, version.reference_after, version.labels
    if before is not None and after is not None:
        return Forgetting(before.dice, after.dice, limit)
    if labels is None or not labels.reference_after.photos:
        return None
    old, new = labels.reference_before, labels.reference_after
    return Forgetting(old.right / max(1, old.photos), new.right / new.photos, MAX_FORGOTTEN, _SHARE)
