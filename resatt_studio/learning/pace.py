"""How far a run is: the clock, the share done, when to check, and the learning rate that follows from it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from resatt_studio.records.training import FineTunePlan

CHECKS = (0.25, 0.5, 0.75)
WARM_UP_STEPS = 10
COOL_FROM = 0.4
COOLED_TO = 0.05
LONGEST_GAP_S = 10.0
"""Between two looks at the clock no more than this counts. They come several times a second; a longer gap is
a laptop that slept (only some systems stop their monotonic clock then) or a machine that was held up, and
neither may eat the time meant for learning."""


class Pace:
    """Time and steps of one run.

    With ``plan.steps`` the share done counts steps, so the same plan gives the same weights however fast the
    machine is; the wall clock then only ends a run that takes too long. Without, it counts time.

    Args:
        plan: Limits.
        used_seconds: Spent before a crash.
        clock: Monotonic seconds.
    """

    def __init__(
        self, plan: FineTunePlan, used_seconds: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._seen = clock()
        self._seconds = used_seconds
        self._learning_from = 0.0
        self._reserve = 0.0
        self._checks = list(CHECKS)

    @property
    def seconds(self) -> float:
        """Wall clock since the run began; crashes, and all but 10 s of every sleep, left out."""
        now = self._clock()
        self._seconds += min(max(now - self._seen, 0.0), LONGEST_GAP_S)
        self._seen = now
        return self._seconds

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._plan.seconds - self.seconds)

    def begin_learning(self, judging_seconds: float, step: int) -> None:
        """Say how long judging took; three times as much is kept free for the end,
        where a candidate that forgot too much is judged again after it was pulled back."""
        self._learning_from = self.seconds if step == 0 else min(self._learning_from, self.seconds)
        self._reserve = 3.0 * judging_seconds + 0.5
        self._checks = [check for check in CHECKS if check > self.share(step)]

    def share(self, step: int) -> float:
        """Share of the learning that is done after ``step`` steps, in [0, 1]."""
        if self._plan.steps:
            return min(1.0, step / self._plan.steps)
        length = self._plan.seconds - self._reserve - self._learning_from
        return min(1.0, (self.seconds - self._learning_from) / length) if length > 0 else 1.0

    def over(self, step: int) -> bool:
        """Whether learning has to end."""
        return self.share(step) >= 1.0 or self.seconds + self._reserve >= self._plan.seconds

    def check_due(self, step: int) -> bool:
        """Whether it is time to judge the candidate; true once a check."""
        due = [check for check in self._checks if self.share(step) >= check]
        self._checks = self._checks[len(due) :]
        return bool(due)

    def rate_factor(self, step: int) -> float:
        """Factor in (0, 1] on the learning rate: a short warm-up, a plateau, half a cosine down."""
        warm = min(1.0, (step + 1) / WARM_UP_STEPS)
        late = max(0.0, (self.share(step) - COOL_FROM) / (1.0 - COOL_FROM))
        return warm * (COOLED_TO + (1.0 - COOLED_TO) * 0.5 * (1.0 + math.cos(math.pi * late)))

    def steps(self, step: int) -> int:
        """Estimated number of steps of the whole run."""
        if self._plan.steps:
            return self._plan.steps
        share = self.share(step)
        return max(step, round(step / share)) if share > 0 else step
