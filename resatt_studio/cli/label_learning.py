"""``finetune --model rmt|revit|both``: the heads of the label networks learn from class answers."""

from __future__ import annotations

from pathlib import Path

from resatt_studio.cli.choices import chosen_threads
from resatt_studio.cli.console import say, watch, write_json
from resatt_studio.errors import LearningError
from resatt_studio.settings import Settings

BOTH = "both"


def learn_labels(
    project: Path, model: str, promote_better: bool, json_file: Path | None, device: str, settings: Settings
) -> None:
    """Teach one label network or both, and say what came of it.

    Raises:
        LearningError: ``model`` is none of them, or too few photos are answered.
    """
    from resatt_studio.records.label_learning import LabelPlan
    from resatt_studio.workflow.label import LABEL_MODELS
    from resatt_studio.workflow.learn_labels import learn_project_labels
    from resatt_studio.workflow.project import open_project

    if model not in (*LABEL_MODELS, BOTH):
        raise LearningError(
            f"--model {model} does not learn here.", f"Choose r2aunet, {', '.join(LABEL_MODELS)} or {BOTH}."
        )
    rows = {}
    with open_project(project) as opened:
        for name in LABEL_MODELS if model == BOTH else (model,):
            job = learn_project_labels(
                opened,
                LabelPlan(name),
                promote_better=promote_better,
                device=device,
                threads=chosen_threads(settings),
                author=settings.author,
            )
            outcome = watch(job, f"Learning {name}")
            rows[name] = outcome.as_json()
            say(json_file, f"{name}: candidate {outcome.version.weights_id} ({outcome.result.seconds:.0f} s)")
            say(json_file, outcome.verdict.reason)
    write_json(json_file, {"networks": rows})
