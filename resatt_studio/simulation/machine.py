"""The app's worker in simulated time: what its jobs cost, and until when it is busy.

Jobs go through the app's own runner (``workflow.jobs.JobRunner``), one at a time, on the caller's thread.
What a job costs is the wall-clock time of its steps, second for second; or, so that a run can be repeated, a
fixed price for a step and for a predicted megapixel. Learning is computed at the moment it begins, but counts
as ended only when its time has passed: nothing that happens in between can change it, since a run reads the
samples when it begins.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from resatt_studio.errors import BugError
from resatt_studio.records.jobs import JobDone, JobFailed, JobReport, Urgency
from resatt_studio.workflow.jobs import Job, JobFactory, JobRunner

STEP_S = 0.56
"""Price of a step with all that belongs to it: the demo's 80 steps take about 45 s on two free cores."""

MEGAPIXEL_S = 1.0
"""Price of predicting a megapixel with the factory network on two free cores, rounded up."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What the machine's work counts.

    Attributes:
        step_s: Seconds an optimiser step.
        megapixel_s: Seconds a predicted megapixel.
    """

    step_s: float = STEP_S
    megapixel_s: float = MEGAPIXEL_S


class Machine:
    """The worker and its clock.

    Args:
        prices: Fixed prices, or None to count what the work takes here.
    """

    def __init__(self, prices: Prices | None = None) -> None:
        self._prices = prices
        self._runner = JobRunner()
        self.busy_until = 0.0
        self.counted_s = 0.0
        self.measured_s = 0.0
        self._newest_s = 0.0

    def run(self, factory: JobFactory, urgency: Urgency) -> Job[Any]:
        """Run one job through the runner; return its result.

        Raises:
            Exception: Whatever the job raised.
        """
        said: list[JobReport] = []
        self._runner.submit(factory, urgency)
        self._newest_s = 0.0
        while True:
            began = time.monotonic()
            self._runner.step(said.append)
            self._newest_s += time.monotonic() - began
            report = said.pop()
            if isinstance(report, JobDone):
                self.measured_s += self._newest_s
                return report.result
            if isinstance(report, JobFailed):
                raise report.error or BugError("nobody cancels a simulated job")
            yield report

    def price(self, steps: int = 0, megapixels: float = 0.0) -> float:
        """Seconds that the newest job counts, given what it did."""
        seconds = self._newest_s
        if self._prices is not None:
            seconds = steps * self._prices.step_s + megapixels * self._prices.megapixel_s
        self.counted_s += seconds
        return seconds

    def occupy(self, now: float, seconds: float) -> float:
        """Put work behind what the worker is at; return when it will be done."""
        self.busy_until = max(self.busy_until, now) + seconds
        return self.busy_until

    def interrupt(self, seconds: float) -> None:
        """Let more urgent work go first: what the worker is at is done so much later."""
        self.busy_until += seconds
