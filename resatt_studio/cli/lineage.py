"""``weights tree``, ``show``, ``compare`` and ``changed``: who comes from whom, and what it was good for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resatt_studio.cli.choices import Device, chosen_device, chosen_settings, chosen_threads
from resatt_studio.cli.console import say, show_table, warn, watch, write_json
from resatt_studio.cli.projects import ProjectPath

if TYPE_CHECKING:
    from resatt_studio.records.weights import WeightsVersion
    from resatt_studio.workflow.lineage import LineageRow

JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="JSON; - for stdout.")]
Version = Annotated[str, typer.Argument(metavar="active|candidate|v3|ID", help="Which version.")]


def tree(
    project: ProjectPath,
    model: Annotated[
        str, typer.Option(metavar="r2aunet|rmt|revit|dhformer", help="Of which network.")
    ] = "r2aunet",
    json_file: JsonFile = None,
) -> None:
    """Draw who comes from whom, the newest on top: state, date and what was gained."""
    from resatt_studio.models.registry import model_entry
    from resatt_studio.workflow.lineage import graph_text, lineage_rows
    from resatt_studio.workflow.project import open_project

    name = model_entry(model).name
    with open_project(project) as opened:
        rows = lineage_rows(opened.shelf.versions(name))
    write_json(json_file, {"model": name, "versions": [_node(row) for row in rows]})
    if str(json_file) == "-":
        return
    lanes = max((row.lane for row in rows), default=0) + 1
    columns = ("", "version", "state", "from", "made at", "gain")
    cells = [(graph_text(row, lanes), *_cells(row)) for row in rows]
    show_table(json_file, "", columns, cells, text_columns=5)


def show(project: ProjectPath, version: Version = "active", json_file: JsonFile = None) -> None:
    """Show one version: where it came from, how it was judged and why, what it forgot."""
    from resatt_studio.workflow.forgetting import forgetting
    from resatt_studio.workflow.lineage import parent_of, title, version_with
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import find_version, scores_row

    with open_project(project) as opened:
        found = find_version(opened, version)
        versions = opened.shelf.versions(found.model)
        earlier_id = opened.shelf.gone_on_from().get(found.weights_id, "")
    parent = parent_of(found, versions)
    earlier = version_with(earlier_id, versions)
    forgot = forgetting(found, chosen_settings().learn_max_forgetting)
    lost = None
    if forgot is not None:
        lost = {"before": forgot.before, "after": forgot.after, "limit": forgot.limit, "over": forgot.over}
    write_json(
        json_file,
        {
            "id": found.weights_id,
            "name": found.name,
            "model": found.model,
            "state": found.state.value,
            "parent": found.parent,
            "earlier": earlier_id,
            "reason": found.reason,
            "made_at": found.made_at,
            "samples": len(found.samples),
            "before": scores_row(found.before),
            "after": scores_row(found.after),
            "forgetting": lost,
        },
    )
    come = "" if parent is None else f", from {title(parent)}"
    come += "" if earlier is None else f", goes on from {title(earlier)}"
    say(json_file, f"{title(found)}, {found.state.value}{come}, {found.weights_id}")
    say(json_file, f"made {_date(found)} from {len(found.samples)} corrections")
    if found.reason:
        say(json_file, found.reason)
    if found.before is not None and found.after is not None:
        say(json_file, f"Dice {found.before.dice:.3f} → {found.after.dice:.3f} where it was judged")
    if forgot is not None:
        say(json_file, forgot.words)


def compare(
    project: ProjectPath,
    before: Annotated[str, typer.Argument(metavar="A", help="active, candidate, v3, or an id.")],
    after: Annotated[str, typer.Argument(metavar="B", help="active, candidate, v3, or an id.")],
    photo: Annotated[
        list[str] | None,
        typer.Option(metavar="PHOTO", help="Approved photo; again for more. Default: those held back."),
    ] = None,
    json_file: JsonFile = None,
    device: Device = "auto",
) -> None:
    """Predict the same approved photos with two versions and show the Dice of each, before and after."""
    from resatt_studio.workflow.compare import compare_versions, comparison_json, find_photo, summary
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import find_version

    settings = chosen_settings()
    with open_project(project) as opened:
        job = compare_versions(
            opened,
            find_version(opened, before),
            find_version(opened, after),
            None if not photo else [find_photo(opened, name).photo_id for name in photo],
            device=chosen_device(device, settings),
            threads=chosen_threads(settings),
            author=settings.author,
        )
        result = watch(job, "Comparing")
    for reason in result.left_out:
        warn(reason)
    write_json(json_file, comparison_json(result))
    rows = [
        (
            row.name,
            "learned from" if row.learned else "",
            f"{row.before.dice:.3f}",
            f"{row.after.dice:.3f}",
            f"{row.change:+.3f}",
        )
        for row in result.photos
    ]
    pooled = (f"{result.pooled_before.dice:.3f}", f"{result.pooled_after.dice:.3f}", f"{result.change:+.3f}")
    columns = ("photo", "", "Dice before", "after", "change")
    show_table(json_file, "", columns, [*rows, ("all pixels", "", *pooled)], text_columns=2)
    say(json_file, summary(result))


def changed(
    project: ProjectPath,
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="File, name or id of a photo.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="PNG to write: photo, change, legend.")],
    before: Annotated[
        str | None, typer.Option("--from", metavar="A", help="Version before; default: the parent of B.")
    ] = None,
    after: Annotated[
        str, typer.Option("--to", metavar="B", help="Version after; default: the active one.")
    ] = "active",
    json_file: JsonFile = None,
    device: Device = "auto",
) -> None:
    """Draw which crack one version gained and lost against another on a photo."""
    from resatt_studio.imaging.changes import area_words
    from resatt_studio.workflow.compare import change_to_file, find_photo, parent_version
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import find_version

    settings = chosen_settings()
    with open_project(project) as opened:
        new = find_version(opened, after)
        old = parent_version(opened, new) if before is None else find_version(opened, before)
        job = change_to_file(
            opened,
            find_photo(opened, photo).photo_id,
            old,
            new,
            out,
            device=chosen_device(device, settings),
            threads=chosen_threads(settings),
            author=settings.author,
        )
        written = watch(job, "Comparing")
    write_json(json_file, written.as_json())
    areas = written.change.areas
    say(json_file, f"crack gained {area_words(areas.gained_px, areas.gained_share)}")
    say(json_file, f"crack lost {area_words(areas.lost_px, areas.lost_share)}")
    say(json_file, str(written.picture))


def _cells(row: LineageRow) -> tuple[str, ...]:
    from resatt_studio.workflow.lineage import gain_words, title

    version = row.version
    parent = "" if row.parent is None else title(row.parent)
    return title(version), version.state.value, parent, _date(version), gain_words(version)


def _date(version: WeightsVersion) -> str:
    return version.made_at[:16].replace("T", " ")


def _node(row: LineageRow) -> dict[str, Any]:
    from resatt_studio.workflow.lineage import gain

    version = row.version
    return {
        "id": version.weights_id,
        "number": version.number,
        "name": version.name,
        "state": version.state.value,
        "parent": None if row.parent is None else row.parent.weights_id,
        "made_at": version.made_at,
        "gain": gain(version),
        "reason": version.reason,
        "lane": row.lane,
    }
