"""A job of which only the newest counts: what earlier ones still say is dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resatt_studio.app.worker import Answers, Listed, Worker
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.workflow.jobs import JobFactory


class NewestJob:
    """At most one job on a worker; a later one replaces it.

    Args:
        worker: Where it runs.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._job_id: int | None = None
        self._turn = 0

    @property
    def running(self) -> bool:
        """Whether an answer is on its way."""
        return self._job_id is not None

    def submit(
        self,
        job: JobFactory,
        urgency: Urgency,
        answered: Callable[[Any], None],
        progressed: Callable[[JobProgress], None],
        refused: Callable[[Exception], None],
        listed: Listed | None = None,
    ) -> None:
        """Queue a job in place of the one before; it no longer runs when its answer or refusal is told."""
        self.withdraw()
        turn = self._turn

        def mine(act: Callable[[Any], None], *, last: bool) -> Callable[[Any], None]:
            def told(said: Any) -> None:
                if turn == self._turn:
                    if last:
                        self._job_id = None
                    act(said)

            return told

        answers = Answers(mine(answered, last=True), mine(progressed, last=False), mine(refused, last=True))
        self._job_id = self._worker.submit(job, urgency, answers, listed=listed)

    def withdraw(self) -> None:
        """Wait for it no longer."""
        self._worker.cancel(self._job_id)
        self._job_id = None
        self._turn += 1
