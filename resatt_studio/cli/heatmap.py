"""``heatmap``: what a label network attends to in a photo, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resatt_studio.cli.choices import Device, chosen_device, chosen_settings, chosen_threads
from resatt_studio.cli.console import say, watch, write_json

if TYPE_CHECKING:
    from resatt_studio.records.heat import HeatKind


def heatmap(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The photo.")],
    model: Annotated[str, typer.Option(metavar="rmt|revit", help="The network to ask.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="PNG to write: photo, heat, colour bar, caption.")
    ],
    point: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="Photo pixel to ask for: column, row of the upright photo, from 0."),
    ] = None,
    stage: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Stage of RMT, counted from 1 to 4 as in the paper. Default: the last."
        ),
    ] = None,
    block: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Block of the stage, counted from 1. Default: the last."),
    ] = None,
    head: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Head, counted from 1. Default: the mean over heads."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="received: attention that each place gets. point: what the point attends to. "
            "point_without_prior: the same without RMT's decay with distance. rollout: through all blocks of "
            "ReViT. own: a block of ReViT without what it inherits. gradient: Grad-CAM of the most probable "
            "class. Default: point with --point, else received.",
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of the network. Default: the factory weights."),
    ] = None,
    device: Device = "auto",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Values as JSON; - for stdout.")
    ] = None,
) -> None:
    """Show what RMT or ReViT attends to in a photo."""
    from resatt_studio.records.heat import HeatKind, HeatQuestion
    from resatt_studio.workflow.heatmap import describe, heat_to_file

    settings = chosen_settings()
    asked_at = None if point is None else _pixel(point)
    question = HeatQuestion(
        model=model,
        kind=_kind(kind or (HeatKind.RECEIVED if point is None else HeatKind.POINT)),
        stage=None if stage is None else stage - 1,
        block=None if block is None else block - 1,
        head=None if head is None else head - 1,
        point=asked_at,
    )
    job = heat_to_file(
        photo,
        question,
        out,
        weights=weights,
        device=chosen_device(device, settings),
        threads=chosen_threads(settings),
    )
    written = watch(job, "Looking")
    write_json(json_file, written.as_json())
    row, column = written.heat.peak
    say(json_file, f"{describe(written.heat)}\n{out}, highest around {column},{row}")


def _kind(name: str) -> HeatKind:
    from resatt_studio.records.heat import HeatKind

    try:
        return HeatKind(name)
    except ValueError:
        raise typer.BadParameter(
            f"{name!r} is no kind of map; choose one of {', '.join(HeatKind)}.", param_hint="--kind"
        ) from None


def _pixel(text: str) -> tuple[int, int]:
    """ "X,Y" to (row, column)."""
    parts = text.split(",")
    try:
        column, row = (int(part) for part in parts)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no point; give column,row in whole pixels, such as 640,360.", param_hint="--point"
        ) from None
    return row, column
