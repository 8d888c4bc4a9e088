"""What a version forgot of the reference set, beside the most that the gate lets pass."""

from __future__ import annotations

from dataclasses import dataclass

from resatt_studio.learning.label_gate import MAX_FORGOTTEN
from resatt_studio.records.training import USUAL_RULES
from resatt_studio.records.weights import WeightsVersion


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How the reference set fared.

    Attributes:
        before, after: Dice of parent and version on it, in [0, 1]; of a label network the share of the
            reference tiles that are named rightly.
        limit: Most that may be lost, in [0, 1].
        measure: What the numbers are, such as "Dice".
    """

    before: float
    after: float
    limit: float
    measure: str = "Dice"

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
        change = f"{self.measure} {self.before:.3f} → {self.after:.3f} on the reference set"
        lost = round(self.lost, 3)
        if lost <= 0:
            return f"Nothing forgotten: {change}."
        told = "within the limit" if not self.over else "over the limit"
        return f"{lost:.3f} forgotten, {told} of {self.limit:.3f}: {change}."


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
    return Forgetting(
        old.right / max(1, old.photos), new.right / new.photos, MAX_FORGOTTEN, "Share named rightly"
    )
