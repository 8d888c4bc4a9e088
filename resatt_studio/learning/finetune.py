"""Few-shot fine-tuning: corrected photos in, a judged candidate out; the weights it starts from never change.

Spec: the network is retrained with a few rectified samples (Katsamenis et al., arXiv 2303.01582, abstract).
The rest of the recipe is this app's: unlabelled pixels never count, BatchNorm statistics are frozen, drawn
scenes are replayed, the candidate is an average over steps, and held-back photos choose among the candidates
of one run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from resatt_studio.errors import LearningError, OutOfMemory
from resatt_studio.inference.device import Threads, is_out_of_memory
from resatt_studio.learning.course import Course
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.student import NotFinite
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import AnySample
from resatt_studio.records.surface import Surroundings
from resatt_studio.records.training import FineTunePlan, FineTuneResult, StepReport
from resatt_studio.records.weights import WeightsFile

NOTHING_AROUND = Surroundings()


class Diverged(LearningError):
    """A loss was not finite; learning ended.

    Attributes:
        kept: The best candidate judged before, or None when there was none.
    """

    def __init__(self, message: str, hint: str, kept: FineTuneResult | None) -> None:
        super().__init__(message, hint)
        self.kept = kept


def fine_tune(
    base: WeightsFile,
    samples: Sequence[AnySample],
    plan: FineTunePlan,
    reference: ReferenceSet,
    device: str = "auto",
    should_yield: Callable[[], None] | None = None,
    resume: Path | None = None,
    *,
    finish_early: threading.Event | None = None,
    threads: Threads = None,
    precision: str = "auto",
    around: Surroundings = NOTHING_AROUND,
    rival: WeightsFile | None = None,
    earlier: WeightsFile | None = None,
    threshold: float | None = None,
) -> Generator[StepReport, None, FineTuneResult]:
    """Teach a copy of ``base`` the corrections in ``samples``.

    Closing the generator stops it and keeps nothing but the resume point. Between two reports it holds no
    torch mode and no global seed, and passes over a batch once at most: a few tenths of a second on one core
    for the networks a CPU is meant for.

    Yields:
        Where it is; several times a step.

    Args:
        base: Weights to start from.
        samples: Training samples teach, validation samples judge.
        plan: Limits and recipe.
        reference: Replayed scenes, and scenes that show forgetting; may be empty.
        device: "auto", "cpu", "cuda" or "mps".
        should_yield: Called before each piece of work; may sleep while somebody needs the machine.
        resume: File of the resume point; used when it belongs to this very run, rewritten every 10 s, removed
            at the end. None keeps no resume point; a disk that takes none is told in a report.
        finish_early: Once set, the run ends within two seconds with the best candidate so far.
        threads: CPU threads, a function asked before each piece of work, or None for all cores.
        precision: "auto", "fp32" or "bf16".
        around: Where the candidate answers, and photos there. Patches of these remind of what the network
            answered before, in place of the reference set's scenes.
        rival: Weights in use that the candidate has to beat, where they are not ``base``: its scores are
            those "before".
        earlier: A candidate made from ``base``; learning goes on from what its run and those before it came
            to. None begins with ``base``; so does one whose header does not say how far it went.
        threshold: Probability in [0, 1] above which the inspector wants pixels called crack, or None for the
            one that suits the photos that judge. The candidate is compared and, with None, shown with it.

    Returns:
        The candidate with scores before and after. Without validation photos, parts of the training photos
        are held back and judge; where too little was corrected for that, what was learned from judges, and
        ``judged_by`` says so.

    Raises:
        LearningError: There is nothing to learn from, the plan has no meaning, or learning was stopped before
            its first step; :class:`Diverged` when a loss is not finite.
        OutOfMemory: One smallest patch does not fit on the CPU either, or judging does not.
    """
    _check(samples, plan)
    course = Course(
        base,
        samples,
        plan,
        reference,
        device=device,
        precision=precision,
        threads=threads,
        resume=resume,
        around=around,
        rival=rival or base,
        earlier=earlier,
        threshold=threshold,
    )
    course.pause = should_yield or (lambda: None)
    course.finish_early = finish_early or threading.Event()
    try:
        yield from course.judge_before()
        yield from course.learn()
        yield from course.judge_after()
        return course.result()
    except NotFinite as error:
        raise _diverged(error, course) from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(
            "memory ran out while learning, and smaller patches do not help.",
            "Close other programs and learn again; the weights in use stay as they are.",
        ) from error
    finally:
        course.writer.wait()


def _diverged(error: NotFinite, course: Course) -> Diverged:
    kept = course.packed()
    saved = "The best candidate so far is kept." if kept else "The weights in use stay as they are."
    step = course.student.steps_done + 1
    where = _people_call(error.names, course.samples)
    return Diverged(
        f"learning ended at step {step}: the loss on {where} is not finite.",
        f"{saved} Try a lower learning rate, or check what was painted there.",
        kept,
    )


def _people_call(names: Sequence[str], samples: Sequence[AnySample]) -> str:
    """Photos by the names of their files; what is no sample is a scene that reminds."""
    photos = {sample.sample_id: f"photo {sample.name or sample.sample_id}" for sample in samples}
    return ", ".join(dict.fromkeys(photos.get(name, f"the reminding scene {name}") for name in names))


def _check(samples: Sequence[AnySample], plan: FineTunePlan) -> None:
    if not any(sample.split is Split.TRAIN for sample in samples):
        held_back = f"; the {len(samples)} corrected so far are held back to judge by" if samples else ""
        raise LearningError(
            f"there is no corrected photo to learn from{held_back}.", "Correct another photo and approve it."
        )
    if plan.seconds <= 0 or plan.steps < 0 or plan.batch < 1 or plan.crop_px < 32 or plan.learning_rate <= 0:
        raise LearningError(
            f"the plan has no meaning: {plan}.",
            "Seconds, batch and learning rate must be above 0, crop_px at least 32.",
        )
