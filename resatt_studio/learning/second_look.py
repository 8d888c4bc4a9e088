"""Test, then train: photos that a waiting candidate never saw judge it before anything learns from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence

from resatt_studio.inference.device import Threads, choose_compute
from resatt_studio.inference.surface import make_answering
from resatt_studio.learning.comparing import Reading, compare
from resatt_studio.learning.course import JUDGE_PIXELS_A_SECOND
from resatt_studio.learning.exam import Exam, Marks
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.student import relative_cost
from resatt_studio.learning.support import choose_windows, within_pixels
from resatt_studio.models.calibration import calibration_of
from resatt_studio.records.sample import AnySample
from resatt_studio.records.training import FineTunePlan, FineTuneResult, JudgedBy, StepReport
from resatt_studio.records.weights import WeightsFile

PHASE = "judging the candidate that waits"


def compare_on(
    active: WeightsFile,
    candidate: WeightsFile,
    thresholds: tuple[float, float],
    samples: Sequence[AnySample],
    plan: FineTunePlan,
    reference: ReferenceSet,
    device: str = "auto",
    should_yield: Callable[[], None] | None = None,
    threads: Threads = None,
) -> Generator[StepReport, None, FineTuneResult]:
    """Compare a candidate with the weights in use on photos that neither learned from.

    Yields:
        Where it is, after every tile.

    Args:
        active, candidate: Weights of the same network.
        thresholds: At which the masks of either are shown, in [0, 1].
        samples: Corrected photos; all of them judge.
        plan: Its seconds bound how many pixels are looked at, as in a run.
        reference: Its judging half shows forgetting.
        device, should_yield, threads: As for ``finetune.fine_tune``.

    Returns:
        The candidate beside the weights in use, after no step of learning; scores are None where nothing was
        said about any pixel.
    """
    began = time.monotonic()
    pixels = JUDGE_PIXELS_A_SECOND * plan.seconds / relative_cost(candidate.config)
    exam = Exam(within_pixels(choose_windows(samples), pixels), reference)
    readings, marks = [], []
    for weights, threshold in zip((active, candidate), thresholds, strict=True):
        sitting = exam.sit(make_answering(weights, choose_compute(device), threads))
        while True:
            if should_yield is not None:
                should_yield()
            try:
                next(sitting)
            except StopIteration as done:
                answered: Marks = done.value
                break
            yield StepReport(0, 0, None, None, time.monotonic() - began, plan.seconds, PHASE)
        marks.append(answered)
        readings.append(Reading(calibration_of(weights.metadata), threshold))
    compared = compare(exam, marks[0], marks[1], readings[0], readings[1])
    return FineTuneResult(
        weights=candidate,
        before=compared.before,
        after=compared.after,
        reference_before=compared.reference_before,
        reference_after=compared.reference_after,
        steps=0,
        seconds=time.monotonic() - began,
        judged_by=JudgedBy.FRESH,
        pairs=compared.pairs,
        names={sample.sample_id: sample.name for sample in samples},
    )
