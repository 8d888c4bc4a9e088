"""``weights``: list, export, import, promote, refuse and roll back the versions of a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resatt_studio.cli import lineage
from resatt_studio.cli.choices import chosen_settings
from resatt_studio.cli.console import say, show_table, write_json
from resatt_studio.cli.projects import ProjectPath

if TYPE_CHECKING:
    from resatt_studio.records.weights import Scores, WeightsVersion

app = typer.Typer(help="The versions of a project's weights.", no_args_is_help=True)
app.command("tree")(lineage.tree)
app.command("show")(lineage.show)
app.command("compare")(lineage.compare)
app.command("changed")(lineage.changed)


@app.command("list")
def list_versions(
    project: ProjectPath,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="JSON; - for stdout.")
    ] = None,
) -> None:
    """List every version: where it came from, how it did, and which one is active."""
    from resatt_studio.workflow.project import open_project

    with open_project(project) as opened:
        versions = opened.shelf.versions()
    write_json(json_file, {"versions": [_version_row(version) for version in versions]})
    if str(json_file) == "-":
        return
    rows = [_cells(version) for version in versions]
    columns = ("name", "id", "state", "parent", "samples", "Dice before", "after", "ECE", "made at")
    show_table(json_file, "", columns, rows, text_columns=4)


@app.command("export")
def export_version(
    project: ProjectPath,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The safetensors file to write.")],
    version: Annotated[str, typer.Option(metavar="active|candidate|ID", help="Which version.")] = "active",
) -> None:
    """Write one version as safetensors, with its card beside it."""
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import export_weights

    with open_project(project) as opened:
        for path in export_weights(opened, version, out, chosen_settings().author):
            say(None, str(path))


@app.command("import")
def import_file(
    project: ProjectPath,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Safetensors of this app, or a .pth.")],
    model: Annotated[
        str, typer.Option(metavar="r2aunet|rmt|revit|dhformer", help="Refuse weights of other networks.")
    ] = "",
) -> None:
    """Put weights from a file on the shelf as a candidate."""
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import import_file as bring_in

    with open_project(project) as opened:
        version = bring_in(opened, file, chosen_settings().author, model)
        say(None, f"{version.weights_id} is {version.state.value} v{version.number}")


@app.command("promote")
def promote_version(
    project: ProjectPath,
    version: Annotated[str, typer.Argument(metavar="candidate|ID", help="Which version.")] = "candidate",
) -> None:
    """Make a version the active one."""
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import promote_by_name

    with open_project(project) as opened:
        promoted = promote_by_name(opened, version, chosen_settings().author)
        say(None, f"{promoted.weights_id} is active")


@app.command("refuse")
def refuse_version(
    project: ProjectPath,
    version: Annotated[str, typer.Argument(metavar="candidate|ID", help="Which version.")] = "candidate",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the version.")] = "",
) -> None:
    """Put a candidate aside; it stays listed with its reason."""
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import refuse_by_name

    with open_project(project) as opened:
        refused = refuse_by_name(opened, version, reason, chosen_settings().author)
        say(None, f"{refused.weights_id} is refused")


@app.command("rollback")
def rollback_version(
    project: ProjectPath,
    model: Annotated[
        str, typer.Option(metavar="r2aunet|rmt|revit|dhformer", help="Of which network.")
    ] = "r2aunet",
) -> None:
    """Go back to the version that was active before."""
    from resatt_studio.workflow.project import open_project
    from resatt_studio.workflow.weights import rollback_active

    with open_project(project) as opened:
        version = rollback_active(opened, chosen_settings().author, model)
        say(None, f"{version.weights_id} is active again")


def _cells(version: WeightsVersion) -> tuple[str, ...]:
    return (
        version.name or f"v{version.number}",
        version.weights_id[:12],
        version.state.value,
        version.parent[:12],
        str(len(version.samples)),
        _dice(version.before),
        _dice(version.after),
        _ece(version),
        version.made_at[:16].replace("T", " "),
    )


def _dice(scores: Scores | None) -> str:
    return "" if scores is None else f"{scores.dice:.3f}"


def _ece(version: WeightsVersion) -> str:
    return "" if version.reliability_after is None else f"{version.reliability_after.ece:.3f}"


def _version_row(version: WeightsVersion) -> dict[str, Any]:
    from resatt_studio.workflow.weights import reliability_row, scores_row

    return {
        "id": version.weights_id,
        "number": version.number,
        "name": version.name,
        "model": version.model,
        "config": dict(version.config),
        "parent": version.parent,
        "state": version.state.value,
        "samples": list(version.samples),
        "before": scores_row(version.before),
        "after": scores_row(version.after),
        "reference_before": scores_row(version.reference_before),
        "reference_after": scores_row(version.reference_after),
        "reliability_before": reliability_row(version.reliability_before),
        "reliability_after": reliability_row(version.reliability_after),
        "threshold": version.threshold,
        "undecided": version.undecided,
        "reason": version.reason,
        "made_at": version.made_at,
    }
