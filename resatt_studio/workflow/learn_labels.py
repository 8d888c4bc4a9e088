"""Class answers to candidate weights of a label network: learn the head, judge, promote what is better."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.errors import StudioError, WeightsError
from resatt_studio.models.registry import model_entry
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.label_learning import AnsweredPhoto, LabelPlan, LabelResult
from resatt_studio.records.project import RunState
from resatt_studio.records.training import StepReport, Verdict
from resatt_studio.records.weights import WeightsFile, WeightsState, WeightsVersion
from resatt_studio.workflow.answers import answered_photos
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.label import LABEL_MODELS
from resatt_studio.workflow.load import open_photo
from resatt_studio.workflow.promote import decide
from resatt_studio.workflow.runs import close_run
from resatt_studio.workflow.weights import factory_path, load_file

if TYPE_CHECKING:
    from resatt_studio.inference.device import Threads
    from resatt_studio.learning.label_looks import KeptLooks
    from resatt_studio.workflow.project import Project


@dataclass(frozen=True, eq=False)
class LabelOutcome:
    """What came of a run.

    Attributes:
        version: The candidate as it stands on the shelf.
        verdict: Whether it is active now, and why.
        result: Scores and curve.
    """

    version: WeightsVersion
    verdict: Verdict
    result: LabelResult

    def as_json(self) -> dict[str, Any]:
        """A row of what ``finetune --model rmt --json`` writes."""
        return {
            "candidate": self.version.weights_id,
            "promoted": self.verdict.promoted,
            "reason": self.verdict.reason,
            **asdict(self.result.comparison),
            "taught": self.result.taught,
            "steps": self.result.steps,
            "seconds": self.result.seconds,
            "left_out": list(self.result.left_out),
        }


def learn_project_labels(
    project: Project,
    plan: LabelPlan,
    *,
    promote_better: bool = True,
    device: str = "auto",
    threads: Threads = None,
    kept: KeptLooks | None = None,
    author: str = "",
    reference_folder: Path | None = None,
) -> Job[LabelOutcome]:
    """Let the head of a label network learn what the inspector calls photos, and promote it if better.

    The active weights never change; the candidate goes on the shelf whatever the gate says. Closing the job
    stops it and leaves no candidate; a lesson takes seconds, so one that was cut off begins anew.

    Yields:
        Progress whose ``detail`` is a ``StepReport``.

    Args:
        project: Open project.
        plan: Whose head, and the recipe's numbers.
        promote_better: False leaves the candidate waiting, whatever the gate says.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, or a function asked before each piece of work.
        kept: What the networks saw before (:func:`make_kept_looks`); None looks at every photo again.
        author: Who started it.
        reference_folder: Tiles that are replayed and that show forgetting; the shipped ones when None.

    Raises:
        LearningError: Too few photos are answered, or a number is not finite.
        WeightsError: The network labels no photos, or has no weights here.
    """
    model = label_model(plan.model)
    names = {entry.photo_id: entry.name for entry in project.store.photos()}
    photos = tuple(replace(one, name=names[one.photo_id]) for one in answered_photos(project))
    yield progress(0, 0, "photos", "reading the answers")
    # torch is loaded from here on
    from resatt_studio.learning.label_learning import learn_labels, refuse_too_few
    from resatt_studio.learning.label_reference import LabelReference
    from resatt_studio.learning.reference import ReferenceSet

    refuse_too_few(photos)
    in_use = _in_use(project, model)
    base = _before_any_answer(project, in_use)
    run_id = _begin(project, in_use, plan, photos, author)

    def read(photo: AnsweredPhoto) -> UInt8Array:
        return open_photo(project, photo.photo_id).pixels

    try:
        reference = LabelReference.of(ReferenceSet.load(reference_folder))
        steps = learn_labels(base, in_use, photos, read, plan, reference, device, threads=threads, kept=kept)
        result = yield from _watched(project, run_id, steps)
        version, verdict = _judged(project, in_use, result, promote_better, author)
    except GeneratorExit:
        close_run(project, run_id, RunState.STOPPED, reason="stopped on request")
        raise
    except StudioError as error:
        close_run(project, run_id, RunState.FAILED, reason=str(error))
        raise
    except Exception as error:
        close_run(project, run_id, RunState.FAILED, reason=f"{type(error).__name__}: {error}")
        raise
    close_run(project, run_id, RunState.FINISHED, version.weights_id, verdict.reason)
    return LabelOutcome(version, verdict, result)


def label_model(name: str) -> str:
    """Registry name of a network that can learn from class answers.

    Raises:
        WeightsError: It labels no photos.
    """
    if name not in LABEL_MODELS:
        titles = " or ".join(model_entry(model).title for model in LABEL_MODELS)
        raise WeightsError(f"{name} does not learn from class answers.", f"Choose {titles}.")
    return name


def make_kept_looks() -> KeptLooks:
    """A memory of what the networks saw, for lessons to come; loads torch."""
    from resatt_studio.learning.label_looks import KeptLooks

    return KeptLooks()


def _active(project: Project, model: str) -> WeightsVersion | None:
    return next((v for v in project.shelf.versions(model) if v.state is WeightsState.ACTIVE), None)


def _in_use(project: Project, model: str) -> WeightsFile:
    """The active weights, or the factory's where the project has none."""
    active = _active(project, model)
    return load_file(factory_path(model)) if active is None else project.shelf.load(active.weights_id)


def _before_any_answer(project: Project, in_use: WeightsFile) -> WeightsFile:
    """The weights that ``in_use`` goes back to, or itself when it did not come from answers."""
    version = next((v for v in project.shelf.versions() if v.weights_id == in_use.weights_id), None)
    if version is None or not version.parent:
        return in_use
    if any(other.weights_id == version.parent for other in project.shelf.versions()):
        return _before_any_answer(project, project.shelf.load(version.parent))
    factory = load_file(factory_path(in_use.model))
    return factory if factory.weights_id == version.parent else in_use


def _begin(
    project: Project, in_use: WeightsFile, plan: LabelPlan, photos: tuple[AnsweredPhoto, ...], author: str
) -> int:
    """Note the run; one of this network that a crash cut off is closed."""
    for entry in project.store.runs():
        if entry.state is RunState.RUNNING and entry.model == plan.model:
            project.store.end_run(entry.run_id, RunState.FAILED, reason="cut off")
    return project.store.start_run(in_use.weights_id, plan, [photo.said for photo in photos], author)


def _watched(
    project: Project, run_id: int, steps: Generator[StepReport, None, LabelResult]
) -> Job[LabelResult]:
    """Hand on every report; keep the curve, which a second draws, in one write."""
    curve: list[StepReport] = []
    try:
        while True:
            report = next(steps)
            if report.loss is not None:
                curve.append(report)
            yield progress(report.step, report.steps, "steps", report.phase, report)
    except StopIteration as end:
        project.store.record_steps(run_id, curve)
        result: LabelResult = end.value
        return result
    finally:
        steps.close()


def _judged(
    project: Project, in_use: WeightsFile, result: LabelResult, promote_better: bool, author: str
) -> tuple[WeightsVersion, Verdict]:
    """Put the candidate on the shelf and let the gate decide."""
    from resatt_studio.learning.label_gate import judge_labels

    active = _active(project, result.weights.model)
    if result.weights.weights_id == in_use.weights_id and active is not None:
        return active, Verdict(False, "Not promoted: the answers that hold now were learned already.")
    verdict = judge_labels(result)
    version = project.shelf.add(
        result.weights, parent=result.parent, labels=result.comparison, reason=verdict.reason, author=author
    )
    if active is not None and active.weights_id != in_use.weights_id:
        return version, Verdict(
            False, f"Waits as candidate: other weights came into use meanwhile. {verdict.reason}"
        )
    return decide(project, version, verdict, promote_better, author)
