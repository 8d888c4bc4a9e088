"""``finetune`` and ``train``: weights that learn from corrections, or from the beginning."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resatt_studio.cli.choices import Device, chosen_device, chosen_settings, chosen_threads, spare_threads
from resatt_studio.cli.console import finish_on_interrupt, say, warn, watch, write_json
from resatt_studio.cli.label_learning import learn_labels
from resatt_studio.cli.projects import ProjectPath
from resatt_studio.errors import LearningError

if TYPE_CHECKING:
    from resatt_studio.records.jobs import JobProgress

SEGMENTER = "r2aunet"


def finetune(
    project: ProjectPath,
    seconds: Annotated[
        float | None, typer.Option(metavar="N", min=1.0, help="Wall-clock limit, judging included.")
    ] = None,
    steps: Annotated[int, typer.Option(metavar="N", min=0, help="Most steps; 0 for no limit but time.")] = 0,
    promote: Annotated[
        str, typer.Option(metavar="auto|never", help="auto makes a better candidate active.")
    ] = "auto",
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything random.")] = 0,
    start_from: Annotated[
        str,
        typer.Option(metavar="newest|first|active", help="Where the newest run ended, or which weights."),
    ] = "newest",
    model: Annotated[
        str,
        typer.Option(metavar="r2aunet|rmt|revit|both", help="rmt, revit and both learn from class answers."),
    ] = SEGMENTER,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="JSON; - for stdout.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Let a copy of the weights learn from the approved corrections. Ctrl-C keeps the best so far.

    With --model rmt, revit or both, the heads of the label networks learn from the class answers instead;
    that takes seconds, and --seconds, --steps and --seed mean nothing to them.
    """
    from resatt_studio.records.training import FineTunePlan, StartFrom
    from resatt_studio.workflow.finetune import fine_tune_project
    from resatt_studio.workflow.project import open_project

    if promote not in ("auto", "never"):
        raise LearningError(f"--promote {promote} has no meaning.", "Choose auto or never.")
    if start_from not in tuple(StartFrom):
        raise LearningError(f"--start-from {start_from} has no meaning.", "Choose newest, first or active.")
    settings = chosen_settings()
    if model != SEGMENTER:
        learn_labels(project, model, promote == "auto", json_file, chosen_device(device, settings), settings)
        return
    limit_s = seconds if seconds is not None else settings.learn_seconds
    plan = replace(FineTunePlan(), seconds=limit_s, steps=steps, seed=seed)
    with open_project(project) as opened, finish_on_interrupt("Keeping the best so far.") as finish_early:
        job = fine_tune_project(
            opened,
            plan,
            promote_better=promote == "auto",
            device=chosen_device(device, settings),
            threads=chosen_threads(settings) if steps else spare_threads(settings),
            finish_early=finish_early,
            author=settings.author,
            start_from=StartFrom(start_from),
            rules=settings.gate_rules,
        )
        notices: list[str] = []
        try:
            outcome = watch(job, "Learning", partial(_step_text, notices))
        finally:  # also of a run that failed
            for words in notices:
                warn(words)
    write_json(json_file, outcome.as_json())
    say(json_file, f"Candidate {outcome.version.weights_id} ({outcome.result.seconds:.0f} s)")
    say(json_file, outcome.told)


def train(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The safetensors file to write.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR...",
            help="Folder with images/, masks/ and train.txt, val.txt; give it again for more. "
            "Generated scenes need none.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML with every option; default: every set found, 30 minutes."),
    ] = None,
    task: Annotated[
        str, typer.Option(metavar="crack|label|dehaze", help="What to train; default: what FILE says.")
    ] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint beside FILE.")] = False,
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR...]", help="Further folders of --data.")
    ] = None,
) -> None:
    """Train weights from the beginning."""
    from resatt_studio.workflow.train import train_weights

    weights = watch(
        train_weights(config, [*(data or []), *(more or [])], out, task=task, resume=resume), "Training"
    )
    say(None, f"{out}: {weights.weights_id}")


def _step_text(notices: list[str], report: JobProgress) -> str:
    """Words for one report; what it has to say besides is added to ``notices``."""
    from resatt_studio.records.training import StepReport

    step = report.detail
    if not isinstance(step, StepReport):
        return report.message
    if step.notice:
        notices.append(step.notice)
    parts = [step.phase]
    if step.loss is not None:
        parts.append(f"loss {step.loss:.3f}")
    if step.dice is not None:
        parts.append(f"Dice {step.dice:.3f}")
    return ", ".join(parts)
