"""``new``, ``add`` and ``export``: a project and what goes in and out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resatt_studio.cli.choices import Inverted, chosen_settings, chosen_threads
from resatt_studio.cli.console import say, warn, watch, write_json

if TYPE_CHECKING:
    from resatt_studio.workflow.load import Added
    from resatt_studio.workflow.project import Project

ProjectPath = Annotated[Path, typer.Argument(metavar="PROJECT", help="Project folder, NAME.resatt.")]


def new(
    project: ProjectPath,
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos; they stay where they are.")],
) -> None:
    """Make a project from a folder of photos."""
    from resatt_studio.workflow.project import create_project
    from resatt_studio.workflow.sources import choose_photos

    choose_photos([photos])  # a wrong folder is told before a project is made for it
    starting = chosen_settings().starting_weights
    with create_project(project, starting_weights=starting) as opened:
        added = _add(opened, photos, None, None)
        say(None, f"{opened.folder}: {len(added.photos)} photos")


def add(
    project: ProjectPath,
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos; they stay where they are.")],
    masks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Masks of the same stems; they become approved corrections."),
    ] = None,
    list_file: Annotated[
        Path | None, typer.Option("--list", metavar="FILE", help="Only the stems that this file lists.")
    ] = None,
    inverted: Inverted = False,
) -> None:
    """Add photos to a project, with masks as approved corrections."""
    from resatt_studio.workflow.project import open_project

    if inverted and masks is None:
        raise typer.BadParameter("says how masks are read; give --masks with it", param_hint="--inverted")
    with open_project(project) as opened:
        added = _add(opened, photos, masks, list_file, inverted)
        corrections = f", {len(added.samples)} approved corrections" if masks is not None else ""
        say(None, f"{opened.folder}: {len(added.photos)} photos ({added.new} new){corrections}")


def _add(
    project: Project, photos: Path, masks: Path | None, list_file: Path | None, inverted: bool = False
) -> Added:
    from resatt_studio.workflow.load import add_photos
    from resatt_studio.workflow.sources import read_list

    stems = read_list(list_file) if list_file is not None else None
    author = chosen_settings().author
    added = watch(add_photos(project, [photos], masks, stems, author, inverted), "Adding")
    for refused in added.refused:
        warn(f"{refused.path}: {refused.reason}")
    for suspect in added.suspects:
        warn(f"{suspect.path}: {suspect.reason}")
    return added


def threshold(
    project: ProjectPath,
    value: Annotated[
        str | None,
        typer.Argument(metavar="[auto|VALUE]", help="auto, or a probability from 0.01 to 0.99."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="JSON; - for stdout.")
    ] = None,
) -> None:
    """Show or change the probability above which a project calls pixels crack.

    With auto, every version of the weights brings the threshold that drew the best masks of the photos that
    judged it.
    """
    from resatt_studio.workflow.project import open_project, parse_threshold

    with open_project(project) as opened:
        if value is not None:
            own = parse_threshold(value)
            if own is None:
                opened.settings.threshold_automatic = True
            else:
                opened.settings.threshold = own
        now, automatic = opened.settings.threshold, opened.settings.threshold_automatic
    write_json(json_file, {"threshold": now, "automatic": automatic})
    say(json_file, f"{now:.2f} ({'automatic' if automatic else 'your own'})")


def export(
    project: ProjectPath,
    format_name: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="mask, mask-tiff, tristate, probability, polygons, measures or weights.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write into.")],
) -> None:
    """Write masks, probabilities or weights of a project as files; approved photos as they were approved."""
    from resatt_studio.workflow.export import export_project
    from resatt_studio.workflow.project import open_project

    settings = chosen_settings()
    with open_project(project) as opened:
        job = export_project(
            opened, format_name, out, device=settings.device, threads=chosen_threads(settings)
        )
        exported = watch(job, "Exporting")
        for refused in exported.refused:
            warn(f"{refused.path}: {refused.reason}")
        told = f"{len(exported.files)} files in {out}"
        approved, others = len(exported.approved), len(exported.by_weights)
        if approved or others:
            told += f": {approved} photos as approved, {others} by the weights in use"
        say(None, told)
