"""What a project remembers besides pixels: events, label answers and training runs with their curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from resatt_studio.records.photo import Split


@dataclass(frozen=True, slots=True)
class EventEntry:
    """One line of the event log.

    Attributes:
        event_id: Grows with time within a project.
        kind: What happened, such as "approved", "promoted", "run-ended".
        detail: For people.
        photo_id, weights_id: What it happened to, or "".
        author: Who, "" when unknown.
        made_at: ISO 8601 with zone.
    """

    event_id: int
    kind: str
    detail: str = ""
    photo_id: str = ""
    weights_id: str = ""
    author: str = ""
    made_at: str = ""


@dataclass(frozen=True, slots=True)
class LabelAnswer:
    """The newest answer to one question about one photo, such as ("surface", "asphalt")."""

    photo_id: str
    question: str
    answer: str
    author: str = ""
    made_at: str = ""


@dataclass(frozen=True, slots=True)
class SidedAnswer:
    """The answer that counts for a photo, and on which side of the split it stands.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        group: Photo group.
        split: Side for answers; independent of the one for masks, and as sticky.
        answer: Such as "transverse".
    """

    photo_id: str
    group: str
    split: Split
    answer: str


class RunState(StrEnum):
    """How a training run stands; a run found RUNNING when a project opens was cut off and may be resumed."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One point of a run's curves.

    Attributes:
        step: Optimiser step.
        loss: Of that step, or None.
        dice: On the validation samples, None between checks.
        seconds: Wall clock since the run began.
        phase: As in ``StepReport``.
    """

    step: int
    loss: float | None
    dice: float | None
    seconds: float
    phase: str = "learning"


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One fine-tuning run.

    Attributes:
        run_id: Grows with time within a project.
        base: weights_id it started from.
        plan: Fields of the ``FineTunePlan``, or of the ``LabelPlan``.
        samples: sample_ids it was given; for a ``LabelPlan`` "photo_id:class" of every answer.
        state: Running, finished, stopped or failed.
        weights_id: The candidate it made, or "".
        reason: The gate's sentence, or what went wrong, or "".
        started_at, ended_at: ISO 8601 with zone; ``ended_at`` is "" while it runs.
        author: Who started it.
        curve: Points in the order of the steps.
    """

    run_id: int
    base: str
    plan: Mapping[str, Any] = field(repr=False)
    samples: tuple[str, ...] = field(repr=False)
    state: RunState
    weights_id: str = ""
    reason: str = ""
    started_at: str = ""
    ended_at: str = ""
    author: str = ""
    curve: tuple[RunPoint, ...] = field(default=(), repr=False)

    @property
    def model(self) -> str:
        """Registry name of the network that learned."""
        return str(self.plan.get("model", "r2aunet"))
