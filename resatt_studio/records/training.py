"""What fine-tuning is told, says while it runs, and returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from resatt_studio.records.calibration import Reliability
from resatt_studio.records.weights import Scores, WeightsFile


@dataclass(frozen=True, slots=True)
class FineTunePlan:
    """Everything that decides a fine-tuning run; the same plan, samples and seed give the same weights on CPU
    when the limit is ``steps`` (a wall-clock limit stops where the machine got to).

    Attributes:
        seconds: Wall-clock limit for learning and judging together.
        steps: Most optimiser steps, 0 for no limit but time.
        crop_px, batch: Patch side and patches per step.
        learning_rate: AdamW, for the whole network (depth factors in ``learning.freeze``), from four photos
            on; a quarter of it for one (``learning.course.restrained``).
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
    learning_rate: float = 1e-3
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


class StartFrom(StrEnum):
    """Where a run begins."""

    NEWEST = "newest"
    """What the newest run and those before it came to, if it learned from nothing but what still counts;
    the first weights where there is none."""
    FIRST = "first"
    """The weights that all learning in the project began with."""
    ACTIVE = "active"
    """The weights in use."""


class JudgedBy(StrEnum):
    """What the scores of a run are of; whatever judges is never learned from, except where it says so."""

    PHOTOS = "photos"
    """Photos held back by the project's split."""
    PARTS = "parts"
    """Parts held back of the photos it learned from, while the split holds no photo back."""
    FRESH = "fresh"
    """Photos approved since the candidate learned, before anything learned from them."""
    LEARNED = "learned"
    """The very corrections it learned from: too few were made to hold any back."""


@dataclass(frozen=True, slots=True)
class GateRules:
    """What a candidate has to show before it is promoted.

    Attributes:
        min_gain: Dice has to rise by this much, in [0, 1].
        confidence: How sure the gate has to be that nothing real is lost, in (0.5, 1).
        max_forgetting: Dice may fall by this much on the reference set, in [0, 1].
    """

    min_gain: float = 0.002
    confidence: float = 0.8
    max_forgetting: float = 0.02


USUAL_RULES = GateRules()


@dataclass(frozen=True, slots=True)
class Tally:
    """Pixels of a mask against the truth: rightly crack, wrongly crack, missed crack."""

    tp: int
    fp: int
    fn: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two networks on the same square of a photo.

    Attributes:
        photo: Which photo it is of.
        before, after: What the weights in use and the candidate make of it.
    """

    photo: str
    before: Tally
    after: Tally


@dataclass(frozen=True, eq=False)
class FineTuneResult:
    """A candidate and how it compares.

    Attributes:
        weights: The candidate.
        before, after: Scores on what ``judged_by`` says.
        reference_before, reference_after: On the shipped reference set.
        steps, seconds: How long it learned.
        losses, dices: Curves as (step, value).
        judged_by: Held-back photos, held-back parts of the learned photos, photos approved since, or what was
            learned from.
        pairs: The squares in which either network found or missed crack; what ``before`` and ``after`` are
            the sums of.
        reliability_before, reliability_after: Of the candidate's probabilities before and after they were
            calibrated; None where nothing but what it learned from judges.
        threshold: Probability that draws the candidate's best mask there, in [0, 1]; None likewise.
        names: Of the photos' files, for people, by what ``Pair.photo`` calls the photo.
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
    pairs: tuple[Pair, ...] = field(default=(), repr=False)
    reliability_before: Reliability | None = field(default=None, repr=False)
    reliability_after: Reliability | None = field(default=None, repr=False)
    threshold: float | None = None
    names: Mapping[str, str] = field(default_factory=dict, repr=False)

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
        undecided: Whether it is refused for want of evidence alone.
    """

    promoted: bool
    reason: str
    undecided: bool = False
