"""Versions of a network's weights and how well each did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from resatt_studio.records.calibration import Reliability

Config: TypeAlias = Mapping[str, Any]
"""Constructor arguments of a network: numbers, words, yes or no, and tuples of them (in JSON: lists)."""


USUAL_THRESHOLD = 0.5
"""Probability above which a pixel is crack where nothing has chosen another."""


class WeightsState(StrEnum):
    """Exactly one version per model is active; a candidate waits or was refused; the rest is retired."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores over known pixels, pooled over photos (micro); all in [0, 1].

    ``tolerance_f1`` counts a predicted pixel when a true one lies within ``tolerance_px`` and vice versa.
    """

    dice: float
    iou: float
    precision: float
    recall: float
    tolerance_f1: float
    tolerance_px: float = 2.0
    photos: int = 0


@dataclass(frozen=True, slots=True)
class LabelScores:
    """How well a label network names photos.

    Attributes:
        photos: How many were asked about.
        right: How many were named as the inspector, or the truth, does.
        surprise: Mean of -ln(probability of the right class) in nats, 0 or more.
    """

    photos: int
    right: int
    surprise: float


@dataclass(frozen=True, slots=True)
class LabelComparison:
    """A label network's candidate beside the weights that were in use.

    Attributes:
        before, after: On the project's answered photos that judge.
        reference_before, reference_after: On the shipped reference tiles.
    """

    before: LabelScores
    after: LabelScores
    reference_before: LabelScores
    reference_after: LabelScores


@dataclass(frozen=True, slots=True)
class WeightsVersion:
    """One set of weights on the shelf of a project.

    Attributes:
        weights_id: SHA-256 (hex) of the tensors (names, shapes, dtypes, bytes); see ``models.state``.
        model: Registry name, such as "r2aunet".
        config: Constructor arguments, such as {"base_width": 16, "t": 2, "stem": 2}.
        number: 1, 2, 3 ... in the order of arrival in the project.
        parent: weights_id it was fine-tuned from, or "".
        state: Candidate, active, retired or refused.
        samples: sample_ids it learned from.
        before, after: Scores of the weights in use then, mostly the parent, and of self on the project's
            validation samples, or None.
        reference_before, reference_after: The same on the shipped reference set (forgetting).
        reason: Why it was promoted or refused, or "".
        made_at: ISO 8601.
        name: Shown to the inspector, such as "factory" or "v3".
        labels: How a label network that learned from answers compares, else None.
        reliability_before, reliability_after: Of its probabilities before and after they were calibrated, on
            what judged it; None where nothing did.
        threshold: Probability that drew the best mask on what judged it, in [0, 1]; None where nothing did.
        undecided: Whether it was refused for want of evidence alone; more photos may decide otherwise.
    """

    weights_id: str
    model: str
    config: Config
    number: int
    parent: str = ""
    state: WeightsState = WeightsState.CANDIDATE
    samples: tuple[str, ...] = ()
    before: Scores | None = None
    after: Scores | None = None
    reference_before: Scores | None = None
    reference_after: Scores | None = None
    reason: str = ""
    made_at: str = ""
    name: str = ""
    labels: LabelComparison | None = None
    reliability_before: Reliability | None = None
    reliability_after: Reliability | None = None
    threshold: float | None = None
    undecided: bool = False


def automatic_threshold(version: WeightsVersion | None) -> float:
    """The threshold that a version brings along, in [0, 1]; the usual one where nothing judged it."""
    return USUAL_THRESHOLD if version is None or version.threshold is None else version.threshold


@dataclass(frozen=True, eq=False)
class WeightsFile:
    """Weights as read from or written to safetensors: arrays by key, and what the header says.

    Attributes:
        weights_id: As in :class:`WeightsVersion`.
        model: Registry name.
        config: Constructor arguments.
        metadata: The rest of the header (data, command, commit, scores, licence terms), all strings.
        data: The file's bytes.
        elsewhere: Weights that answer about photos of other surfaces than ``home`` of the header, or None
            when these answer about every photo; the shelf of a project finds them.
    """

    weights_id: str
    model: str
    config: Config
    metadata: Mapping[str, str]
    data: bytes = field(repr=False)
    elsewhere: WeightsFile | None = field(repr=False, default=None)
