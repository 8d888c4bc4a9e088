"""``predict`` and ``evaluate``: networks on photos, with or without a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resatt_studio.cli.choices import Device, Inverted, chosen_device, chosen_settings, chosen_threads
from resatt_studio.cli.console import say, show_table, warn, watch, write_json

if TYPE_CHECKING:
    from resatt_studio.records.weights import WeightsFile

WeightsName = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="ID_OR_FILE",
        help="A safetensors file, factory or generated, or with --project active, candidate, v3 or an ID. "
        "Default: the active weights of the project, else those that the setting starting_weights names.",
    ),
]
ProjectOption = Annotated[
    Path | None, typer.Option("--project", metavar="PROJECT", help="Project to take weights from.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Summary as JSON; - for stdout.")
]


def predict(
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO_OR_DIR...", help="Photos, and folders of photos.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write <stem>.mask.png into.")],
    weights: WeightsName = None,
    project: ProjectOption = None,
    probability: Annotated[
        bool, typer.Option("--probability", help="Also write <stem>.probability.png, 16 bit.")
    ] = False,
    shown: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="raw|dehazed|auto",
            help="What the network is shown: the photo, the dehazed photo, or the latter for hazy photos.",
        ),
    ] = "raw",
    device: Device = "auto",
    json_file: JsonFile = None,
) -> None:
    """Write a crack mask (0/255, the photo's size) of every photo."""
    from resatt_studio.workflow.photo_input import photo_input
    from resatt_studio.workflow.predict import predict_files

    wanted = photo_input(shown)
    settings, chosen = chosen_settings(), _chosen(weights, project)
    summary = watch(
        predict_files(
            chosen.weights,
            photos,
            out,
            probability=probability,
            threshold=chosen.threshold,
            shown=wanted,
            device=chosen_device(device, settings),
            threads=chosen_threads(settings),
            engine_path=settings.engine_path,
        ),
        "Predicting",
    )
    for refused in summary.refused:
        warn(f"{refused.path}: {refused.reason}")
    write_json(json_file, summary.as_json())
    say(json_file, f"{len(summary.photos)} masks in {out}, {summary.seconds_per_megapixel:.2f} s a megapixel")


def evaluate(
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos.")],
    masks: Annotated[Path, typer.Option(metavar="DIR", help="True masks of the same stems.")],
    json_file: Annotated[Path, typer.Option("--json", metavar="FILE", help="Scores as JSON; - for stdout.")],
    list_file: Annotated[
        Path | None, typer.Option("--list", metavar="FILE", help="Only the stems that this file lists.")
    ] = None,
    weights: WeightsName = None,
    project: ProjectOption = None,
    tolerance: Annotated[
        float, typer.Option(metavar="PX", min=0.0, help="Distance within which a pixel counts as hit.")
    ] = 2.0,
    inverted: Inverted = False,
    device: Device = "auto",
) -> None:
    """Score predictions against true masks."""
    from resatt_studio.workflow.evaluate import evaluate_files
    from resatt_studio.workflow.sources import read_list

    settings = chosen_settings()
    stems = read_list(list_file) if list_file is not None else None
    chosen = _chosen(weights, project)
    job = evaluate_files(
        chosen.weights,
        photos,
        masks,
        stems,
        inverted=inverted,
        tolerance_px=tolerance,
        threshold=chosen.threshold,
        device=chosen_device(device, settings),
        threads=chosen_threads(settings),
    )
    scored = watch(job, "Evaluating")
    for refused in scored.refused:
        warn(f"{refused.path}: {refused.reason}")
    write_json(json_file, scored.as_json())
    whole = scored.evaluation
    names = ("dice", "iou", "precision", "recall")
    rows = [
        (title, *(f"{getattr(scores, name):.4f}" for name in names))
        for title, scores in (("micro", whole.micro), ("macro", whole.macro))
    ]
    show_table(json_file, f"{len(whole.photos)} photos", ("", *names), rows)
    say(
        json_file,
        f"F1 at {tolerance:g} px {whole.micro.tolerance_f1:.4f}, centre lines {whole.centreline_dice:.4f}, "
        f"{whole.seconds_per_megapixel:.2f} s a megapixel",
    )


@dataclass(frozen=True)
class _Chosen:
    """Weights, and the threshold that belongs to where they come from."""

    weights: WeightsFile
    threshold: float


def _chosen(name: str | None, project: Path | None) -> _Chosen:
    from resatt_studio.workflow.predict import THRESHOLD
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import choose_weights

    if project is None:
        default = chosen_settings().starting_weights
        return _Chosen(choose_weights(name, None, default), THRESHOLD)
    with open_project(project) as opened:
        weights = choose_weights(name, opened)
        return _Chosen(weights, opened.settings.threshold_of(weights.weights_id))
