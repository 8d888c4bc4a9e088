"""Before a run: photos approved since a candidate was made judge it, while no photo is held back to judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.learning.turned import sample_turned
from resatt_studio.records.photo import Split
from resatt_studio.records.project import RunState
from resatt_studio.records.sample import AnySample
from resatt_studio.records.training import FineTunePlan, FineTuneResult, GateRules, Verdict
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.load import open_sample
from resatt_studio.workflow.predict import Threads
from resatt_studio.workflow.promote import promote, refuse
from resatt_studio.workflow.weights import MODEL, lineage, scores_row

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project


@dataclass(frozen=True, eq=False)
class SecondLook:
    """What came of it.

    Attributes:
        version: The candidate as it stands now.
        verdict: Whether it is in use now, and why.
        result: It beside the weights that were in use.
    """

    version: WeightsVersion
    verdict: Verdict
    result: FineTuneResult

    def as_json(self) -> dict[str, Any]:
        """Its part of what ``finetune --json`` writes."""
        return {
            "candidate": self.version.weights_id,
            "promoted": self.verdict.promoted,
            "reason": self.verdict.reason,
            "before": scores_row(self.result.before),
            "after": scores_row(self.result.after),
        }


def look_again(
    project: Project,
    samples: Sequence[AnySample],
    plan: FineTunePlan,
    rules: GateRules,
    device: str = "auto",
    threads: Threads = None,
    should_yield: Callable[[], None] | None = None,
    author: str = "",
    reference_folder: Path | None = None,
) -> Job[SecondLook | None]:
    """Let fresh photos judge the newest candidate that waits or was refused for want of evidence.

    Fresh are photos, and groups of photos, that it did not learn from; they judge with the labels that they
    were first approved with. If the gate lets it through, it is promoted. If the gate is sure that it is no
    gain, a refused one stays refused for good; one that waits for the inspector's word goes on waiting.

    Yields:
        Progress whose ``detail`` is a ``StepReport``.

    Args:
        project: Open project.
        samples: Its samples, as the run will get them.
        plan, device, threads, should_yield, author, reference_folder, rules: Those of the run.

    Returns:
        None where there is nothing to look at: a photo is held back, a run that a crash cut off can go on, no
        candidate made since the weights in use came waits, or no photo is fresh.
    """
    judged = any(sample.split is Split.VALIDATION for sample in samples)
    if judged or any(run.state is RunState.RUNNING and run.model == MODEL for run in project.store.runs()):
        return None
    version = _waiting(project)
    if version is None:
        return None
    fresh = yield from _fresh(project, version, samples)
    if not fresh:
        return None
    from resatt_studio.learning.gate import judge
    from resatt_studio.learning.reference import ReferenceSet
    from resatt_studio.learning.second_look import compare_on

    active = project.shelf.active(MODEL)
    shown = project.settings.threshold_with
    steps = compare_on(
        project.shelf.load(active.weights_id),
        project.shelf.load(version.weights_id),
        (shown(active), shown(version)),
        fresh,
        plan,
        ReferenceSet.load(reference_folder),
        device,
        should_yield,
        threads,
    )
    try:
        while True:
            report = next(steps)
            yield progress(0, 0, "steps", report.phase, report)
    except StopIteration as end:
        result: FineTuneResult = end.value
    finally:
        steps.close()
    verdict = judge(result, rules)
    return SecondLook(_carried_out(project, version, verdict, author), verdict, result)


def _waiting(project: Project) -> WeightsVersion | None:
    """The newest candidate that learned from corrections since the weights in use came, from them or from
    those that all learning began with."""
    active = project.shelf.active(MODEL)
    begun = {active.weights_id, lineage(project, active)[-1].weights_id}
    open_cases = [
        version
        for version in project.shelf.versions(MODEL)
        if version.parent in begun
        and version.number > active.number
        and version.samples
        and (version.state is WeightsState.CANDIDATE or version.undecided)
    ]
    return open_cases[-1] if open_cases else None


def _fresh(project: Project, version: WeightsVersion, samples: Sequence[AnySample]) -> Job[list[AnySample]]:
    """First labels of the photos that neither the candidate nor the versions before it learned from."""
    taught = {sample_id for one in lineage(project, version) for sample_id in one.samples}
    learned = [project.store.sample(sample_id) for sample_id in taught]
    photos = {entry.photo_id for entry in learned}
    groups = {entry.group for entry in learned}
    given = {
        sample.sample_id: sample
        for sample in samples
        if sample.photo_id not in photos and sample.group not in groups
    }
    first = project.store.first_samples([sample.photo_id for sample in given.values()])
    opened = []
    for entry in first:
        known = given.get(entry.sample_id)
        sample = known or (yield from open_sample(project, entry))
        if known is None and sample_turned(sample):
            continue  # as ``collect_samples`` does: corrected anew since, and not because of the mask shown
        opened.append(sample)
    return opened


def _carried_out(project: Project, version: WeightsVersion, verdict: Verdict, author: str) -> WeightsVersion:
    if verdict.promoted:
        return promote(project, version.weights_id, verdict.reason, author)
    if version.state is WeightsState.REFUSED and not verdict.undecided:
        return refuse(project, version.weights_id, verdict.reason, author)
    return version
