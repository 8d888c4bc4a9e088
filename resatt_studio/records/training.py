"""What fine-tuning is told, says while it runs, and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from resatt_studio.records.weights import Scores, WeightsFile


@dataclass(frozen=True, slots=True)
class FineTunePlan:
    """Everything that decides a fine-tuning run; the same plan, samples and seed give the same weights on CPU
    when the limit is ``steps`` (a wall-clock limit stops where the machine got to).

    Attributes:
        seconds: Wall-clock limit for learning and judging together.
        steps: Most optimiser steps, 0 for no limit but time.
        crop_px, batch: Patch side and patches per step.
        learning_rate: AdamW, for the whole network (depth factors in ``learning.freeze``).
        replay: Share of a step's patches that remind instead of teach: photos of the same surface that nobody
            corrected, or where there are none drawn scenes and other views of the corrected ones. Their
            target is what the network answered before learning.
        weak_weight: Weight of the approved or the model's own probability on unsaid pixels.
        ema_decay: Of the averaged weights.
        blend: How far the candidate goes from the weights it started from to the averaged ones, in (0, 1].
        seed: Of everything random.
    """

    seconds: float = 90.0
    steps: int = 0
    crop_px: int = 192
    batch: int = 4
    learning_rate: float = 5e-4
    replay: float = 0.25
    weak_weight: float = 1.0
    ema_decay: float = 0.95
    blend: float = 0.6
    seed: int = 0


@dataclass(frozen=True, slots=True)
class StepReport:
    """Where a run is.

    Attributes:
        step, steps: Done and (estimated) total.
        loss: Of this step.
        dice: On the validation samples at the newest check, or None between checks.
        seconds, seconds_left: Wall clock.
        phase: "judging before", "learning" or "judging after".
        notice: What just happened that the inspector should know, such as memory that ran out; sentences, or
            "" for nothing.
    """

    step: int
    steps: int
    loss: float | None
    dice: float | None
    seconds: float
    seconds_left: float
    phase: str = "learning"
    notice: str = ""


class JudgedBy(StrEnum):
    """What the scores of a run are of; whatever judges is never learned from, except where it says so."""

    PHOTOS = "photos"
    """Photos held back by the project's split."""
    PARTS = "parts"
    """Parts held back of the photos it learned from, while the split holds no photo back."""
    LEARNED = "learned"
    """The very corrections it learned from: too few were made to hold any back."""


@dataclass(frozen=True, eq=False)
class FineTuneResult:
    """A candidate and how it compares.

    Attributes:
        weights: The candidate.
        before, after: Scores on what ``judged_by`` says.
        reference_before, reference_after: On the shipped reference set.
        steps, seconds: How long it learned.
        losses, dices: Curves as (step, value).
        judged_by: Held-back photos, held-back parts of the learned photos, or what was learned from.
    """

    weights: WeightsFile
    before: Scores | None
    after: Scores | None
    reference_before: Scores | None
    reference_after: Scores | None
    steps: int
    seconds: float
    losses: tuple[tuple[int, float], ...] = field(default=(), repr=False)
    dices: tuple[tuple[int, float], ...] = field(default=(), repr=False)
    judged_by: JudgedBy = JudgedBy.PHOTOS

    @property
    def validated(self) -> bool:
        """Whether it was judged by something that it did not learn from."""
        return self.judged_by is not JudgedBy.LEARNED


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer on a candidate.

    Attributes:
        promoted: Whether it became (or may become) active.
        reason: One sentence with the numbers.
    """

    promoted: bool
    reason: str
