"""What a network's own count of tiles or views becomes as the reports of a job."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from resatt_studio.records.jobs import JobProgress
from resatt_studio.workflow.jobs import Job, progress

T = TypeVar("T")


def counted(
    steps: Generator[tuple[int, int], None, T], unit: str, report: JobProgress | None = None
) -> Job[T]:
    """Step ``steps`` to its end and return its result.

    Args:
        steps: Yields (done, total).
        unit: Of what is counted.
        report: Said instead of the count, for steps that are part of a larger job.
    """
    try:
        while True:
            done, total = next(steps)
            yield report or progress(done, total, unit)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()
