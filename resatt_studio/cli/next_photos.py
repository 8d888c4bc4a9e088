"""``next``: which photos of a project to correct next, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from resatt_studio.cli.choices import Device, chosen_device, chosen_settings, chosen_threads
from resatt_studio.cli.console import say, show_table, warn, watch, write_json
from resatt_studio.cli.photos import JsonFile
from resatt_studio.cli.projects import ProjectPath

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project


def next_photos(
    project: ProjectPath,
    count: Annotated[int, typer.Option(metavar="N", min=0, help="Show so many; 0 for all.")] = 10,
    predict: Annotated[
        bool,
        typer.Option("--predict", help="First predict the photos that the active weights have not seen."),
    ] = False,
    device: Device = "auto",
    json_file: JsonFile = None,
) -> None:
    """Rank a project's photos by what correcting them would bring."""
    from resatt_studio.records.photo import ReviewState
    from resatt_studio.workflow.next_photos import count_predictions, rank_project, reason
    from resatt_studio.workflow.project import open_project

    with open_project(project) as opened:
        if predict:
            _predict(opened, device)
        watch(count_predictions(opened), "Counting")
        entries = opened.store.photos()
        ranks = rank_project(opened, entries)
    names = {entry.photo_id: entry.name for entry in entries}
    paths = {entry.photo_id: str(entry.facts.path) for entry in entries}
    unranked = sum(entry.state is ReviewState.NEW for entry in entries)
    shown = ranks[: count or None]
    rows = [asdict(rank) | {"photo": paths[rank.photo_id], "reason": reason(rank, names)} for rank in shown]
    write_json(json_file, {"photos": rows, "ranked": len(ranks), "not_predicted": unranked})
    cells = [
        (str(rank.place), names[rank.photo_id], f"{rank.gain:.3f}", reason(rank, names)) for rank in shown
    ]
    if cells:
        show_table(json_file, "", ("", "photo", "gain", "why"), cells, text_columns=4)
    else:
        say(json_file, "No predicted photo waits for correction.")
    if unranked:
        warn(f"{unranked} photos are not predicted yet and have no rank; --predict predicts them first.")


def _predict(project: Project, device: str) -> None:
    from resatt_studio.workflow.predict import make_engine, predict_project

    settings = chosen_settings()
    weights = project.shelf.load(project.shelf.active().weights_id)
    engine = make_engine(
        weights, chosen_device(device, settings), chosen_threads(settings), settings.engine_path
    )
    for refused in watch(predict_project(engine, project), "Predicting"):
        warn(f"{refused.path}: {refused.reason}")
