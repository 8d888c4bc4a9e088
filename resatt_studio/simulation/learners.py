"""Recipes at work in a project: each is a job that may leave other weights in use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from resatt_studio.errors import LearningError, OutOfMemory
from resatt_studio.records.sample import Sample
from resatt_studio.records.training import FineTunePlan, FineTuneResult, Verdict
from resatt_studio.records.weights import WeightsFile
from resatt_studio.simulation.recipes import Gate, Recipe
from resatt_studio.workflow.finetune import collect_samples, fine_tune_project, shelve
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.predict import Threads
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.promote import decide

if TYPE_CHECKING:
    from resatt_studio.learning.plain_recipe import PlainRecipe

MOST_LOST = 0.01
"""Dice that :attr:`Gate.RETENTION` lets a candidate lose on the reference set."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of one run.

    Attributes:
        promoted: Whether other weights are in use now.
        reason: The gate's sentence, or why nothing was learned.
        steps: Optimiser steps.
    """

    promoted: bool
    reason: str
    steps: int


def learn_in_project(
    project: Project,
    recipe: Recipe,
    plan: FineTunePlan,
    device: str = "auto",
    threads: Threads = None,
    reference_folder: Path | None = None,
) -> Job[Learned]:
    """Learn the recipe's way from the approved photos of a project, and put the result in use or not.

    A run that has nothing to learn from, whose loss runs away, or that does not fit in memory ends with its
    reason and changes nothing, as in the app.

    Args:
        project: Open project.
        recipe: One that learns.
        plan: Seconds, steps, patches and seed; the recipe changes the rest.
        device, threads: Where it learns.
        reference_folder: As for ``fine_tune_project``.
    """
    plan = replace(plan, **recipe.plan)
    try:
        if recipe.plain is not None:
            return (
                yield from _plainly(
                    project, recipe.plain, recipe.gate, plan, device, threads, reference_folder
                )
            )
        outcome = yield from fine_tune_project(
            project,
            plan,
            promote_better=recipe.gate is Gate.APP,
            device=device,
            threads=threads,
            reference_folder=reference_folder,
            start_from=recipe.start_from,
        )
    except (LearningError, OutOfMemory) as error:
        return Learned(False, str(error), 0)
    if recipe.gate is Gate.APP:
        return Learned(outcome.promoted, outcome.told, outcome.result.steps)
    verdict = _decide(project, outcome.version.weights_id, judge_by(recipe.gate, outcome.result))
    words = f"{verdict.reason} The app's gate: {outcome.verdict.reason}"
    return Learned(verdict.promoted, words, outcome.result.steps)


def _plainly(
    project: Project,
    recipe: PlainRecipe,
    gate: Gate,
    plan: FineTunePlan,
    device: str,
    threads: Threads,
    reference_folder: Path | None,
) -> Job[Learned]:
    from resatt_studio.learning.plain import learn_plainly
    from resatt_studio.learning.reference import ReferenceSet

    collected, _ = yield from collect_samples(project)
    samples = [one for one in collected if isinstance(one, Sample)]  # of simulated photos none is huge
    base = _start(project, recipe)
    reference = ReferenceSet.load(reference_folder)
    steps = learn_plainly(base, samples, recipe, plan, reference, device, threads)
    try:
        while True:
            report = next(steps)
            yield progress(report.step, report.steps, "steps", report.phase, report)
    except StopIteration as end:
        result: FineTuneResult = end.value
    finally:
        steps.close()
    learned = tuple(sample.sample_id for sample in samples)
    verdict = judge_by(gate, result)
    version = shelve(project, base, result, learned, verdict.reason)
    verdict = _decide(project, version.weights_id, verdict)
    return Learned(verdict.promoted, verdict.reason, result.steps)


def _start(project: Project, recipe: PlainRecipe) -> WeightsFile:
    if recipe.from_factory:
        return project.shelf.load(min(project.shelf.versions(), key=lambda one: one.number).weights_id)
    return project.shelf.load(project.shelf.active().weights_id)


def judge_by(gate: Gate, result: FineTuneResult) -> Verdict:
    """What a gate that is not the app's says of a candidate."""
    if gate is Gate.ALWAYS:
        return Verdict(True, "Promoted: this recipe has no gate.")
    pairs = {
        Gate.RISE: (result.before, result.after),
        Gate.RETENTION: (result.reference_before, result.reference_after),
    }
    before, after = pairs[gate]
    if before is None or after is None:
        return Verdict(gate is Gate.RETENTION, "There was nothing to judge the candidate by.")
    change = after.dice - before.dice
    words = f"Dice went from {before.dice:.3f} to {after.dice:.3f}"
    if gate is Gate.RISE:
        return Verdict(change > 0, f"{words} on what was held back.")
    return Verdict(change >= -MOST_LOST, f"{words} on the reference set.")


def _decide(project: Project, weights_id: str, verdict: Verdict) -> Verdict:
    return decide(project, project.shelf.version(weights_id), verdict)[1]
