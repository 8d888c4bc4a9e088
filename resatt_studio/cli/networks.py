"""``label`` and ``dehaze``: the other networks on photos, without a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resatt_studio.cli.choices import Device, chosen_device, chosen_settings, chosen_threads
from resatt_studio.cli.console import say, show_table, warn, watch, write_json
from resatt_studio.errors import SettingsError

if TYPE_CHECKING:
    from resatt_studio.records.labelling import Labelling

BOTH = "both"

Photos = Annotated[
    list[Path], typer.Argument(metavar="PHOTO_OR_DIR...", help="Photos, and folders of photos.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Results as JSON; - for stdout.")
]


def label(
    photos: Photos,
    json_file: JsonFile = None,
    model: Annotated[str, typer.Option(metavar="rmt|revit|both", help="The network to ask.")] = BOTH,
    weights: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Weights of one of the networks; give it again for the other. Default: the factory weights.",
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Say of every photo whether it shows cracks, and of which type."""
    from resatt_studio.workflow.label import LABEL_MODELS, label_files, label_weights

    if model not in (*LABEL_MODELS, BOTH):
        raise SettingsError(
            f"--model {model} labels no photos.", f"Choose {', '.join(LABEL_MODELS)} or {BOTH}."
        )
    settings = chosen_settings()
    models = LABEL_MODELS if model == BOTH else (model,)
    job = label_files(
        label_weights(models, weights or ()),
        photos,
        device=chosen_device(device, settings),
        threads=chosen_threads(settings),
        engine_path=settings.engine_path,
    )
    labelled = watch(job, "Labelling")
    for refused in labelled.refused:
        warn(f"{refused.path}: {refused.reason}")
    write_json(json_file, labelled.as_json())
    columns = ("photo", *labelled.weights, *(("agree",) if len(models) > 1 else ()))
    rows = [
        (
            row.photo.name,
            *map(_answer, row.labellings),
            *(() if row.agree is None else ("yes" if row.agree else "no",)),
        )
        for row in labelled.photos
    ]
    show_table(json_file, f"{len(rows)} photos", columns, rows, text_columns=len(columns))


def dehaze(
    photos: Photos,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder to write into, not the photos' own. JPEG and PNG keep name and format, the rest "
            "becomes PNG.",
        ),
    ],
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights of DHFormer. Default: the factory weights.")
    ] = None,
    device: Device = "auto",
    json_file: JsonFile = None,
) -> None:
    """Write every photo without its haze, for viewing; a dehazed photo is no evidence."""
    from resatt_studio.workflow.dehaze import dehaze_files, dehaze_weights

    settings = chosen_settings()
    job = dehaze_files(
        dehaze_weights(weights),
        photos,
        out,
        device=chosen_device(device, settings),
        threads=chosen_threads(settings),
        engine_path=settings.engine_path,
    )
    dehazed = watch(job, "Dehazing")
    for refused in dehazed.refused:
        warn(f"{refused.path}: {refused.reason}")
    write_json(json_file, dehazed.as_json())
    say(json_file, f"{len(dehazed.photos)} dehazed photos in {out}")


def _answer(labelling: Labelling) -> str:
    """Such as "transverse 0.93"."""
    return f"{labelling.label.value} {max(labelling.probabilities):.2f}"
