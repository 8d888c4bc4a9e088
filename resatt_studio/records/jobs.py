"""All that a worker ever says: progress, an outcome, or a failure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Urgency(IntEnum):
    """The worker steps the most urgent job first.

    ``DECIDE`` swaps weights and waits for no prediction. ``LOOK_SHOWN`` is a short look at the open photo:
    its labels, a heat map. Dehazing it takes longer, so a look that is asked for meanwhile comes first.
    ``LEARN_LABELS`` takes seconds, ``FINE_TUNE`` minutes, ``PREDICT_HUGE`` hours.
    """

    DECIDE = 0
    PREDICT_SHOWN = 1
    LOOK_SHOWN = 2
    DEHAZE_SHOWN = 3
    EVALUATE = 4
    PREDICT_AHEAD = 5
    LEARN_LABELS = 6
    FINE_TUNE = 7
    PREDICT_HUGE = 8


@dataclass(frozen=True, slots=True)
class JobProgress:
    """One report of a running job.

    Attributes:
        job_id: As given by ``JobRunner.submit``.
        done, total: Units of work; total 0 when unknown.
        unit: "tiles", "steps", "photos".
        message: For people.
        detail: The job's own record (``StepReport``, a partial ``Prediction`` ...), or None.
    """

    job_id: int
    done: int
    total: int
    unit: str = ""
    message: str = ""
    detail: Any = None


@dataclass(frozen=True, slots=True)
class JobDone:
    """A job's outcome; ``result`` is the generator's return value."""

    job_id: int
    result: Any


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job ended by an error.

    Attributes:
        error: What was raised; of a job that was asked to stop, mostly None.
        cancelled: Whether it had been asked to stop before it ended.
    """

    job_id: int
    error: Exception | None
    cancelled: bool = False


JobReport = JobProgress | JobDone | JobFailed
