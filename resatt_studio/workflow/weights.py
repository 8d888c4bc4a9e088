"""Weights by name: the factory's, a project's versions, files; in and out of the shelf."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resatt_studio.errors import BugError, ExportError, WeightsError
from resatt_studio.export.items import WeightsItem
from resatt_studio.export.registry import find_exporter
from resatt_studio.imaging.opening import is_file, is_folder
from resatt_studio.models.registry import model_entry
from resatt_studio.records.calibration import Reliability
from resatt_studio.records.weights import Scores, WeightsFile, WeightsState, WeightsVersion
from resatt_studio.resources import asset
from resatt_studio.workflow.lineage import ancestry
from resatt_studio.workflow.promote import import_weights, promote, refuse, rollback

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

FACTORY = "factory"
GENERATED = "generated"
"""Segmenter weights learned from generated scenes alone: no data owner's terms hang on them."""
MODEL = "r2aunet"
SEGMENT = "segment"
"""Task of the networks that draw masks, as in the model table."""


def factory_path(model: str = MODEL, kind: str = FACTORY) -> Path:
    """Where a network's shipped weights are in this installation.

    Args:
        model: Registry name.
        kind: "factory", or for the segmenter "generated".

    Raises:
        WeightsError: There is no such network, or it has none here.
    """
    entry = model_entry(model)
    try:
        return asset("weights", f"{entry.name}-{kind}.safetensors")
    except BugError as error:
        raise WeightsError(
            f"This installation has no {kind} weights of {entry.title}.",
            "Choose a weights file of your own, or install resatt-studio again.",
        ) from error


def load_file(path: Path) -> WeightsFile:
    """Read a weights file and check every tensor of it; loads torch.

    Raises:
        WeightsError: It is missing, damaged or of an unknown network.
    """
    from resatt_studio.models.state import load_weights

    return load_weights(path)


def choose_weights(name: str | None, project: Project | None, default: str = FACTORY) -> WeightsFile:
    """Return the segmenter weights that ``name`` means.

    Args:
        name: A file; "factory" or "generated"; with a project also "active", "candidate", "v3", or an id or
            its beginning. None means the project's active weights, without a project ``default``.
        project: Open project, or None.
        default: "factory" or "generated".

    Raises:
        WeightsError: Nothing, or more than one version, is meant, or a network that draws no masks.
    """
    if name is None:
        name = default if project is None else WeightsState.ACTIVE.value
    weights = _meant(name, project)
    entry = model_entry(weights.model)
    if entry.task != SEGMENT:
        raise WeightsError(
            f"Weights of {entry.title} cannot say which pixels are crack.",
            f"Choose weights of {model_entry(MODEL).title}.",
        )
    return weights


def _meant(name: str, project: Project | None) -> WeightsFile:
    if project is not None and not is_file(Path(name)):
        return project.shelf.load(find_version(project, name).weights_id)
    if name in (FACTORY, GENERATED):
        return load_file(factory_path(kind=name))
    if not is_file(Path(name)) and len(Path(name).parts) == 1 and not Path(name).suffix:
        raise WeightsError(
            f"There is no weights file {name}.",
            "Versions by id are found in a project: add --project PROJECT.",
        )
    return load_file(Path(name))


def find_version(project: Project, name: str) -> WeightsVersion:
    """Return the version of a project that ``name`` means; see :func:`choose_weights`.

    Raises:
        WeightsError: Nothing, or more than one version, is meant.
    """
    versions = project.shelf.versions()
    if name == WeightsState.ACTIVE.value:
        return project.shelf.active(MODEL)
    if name == WeightsState.CANDIDATE.value:
        waiting = [v for v in project.shelf.versions(MODEL) if v.state is WeightsState.CANDIDATE]
        if not waiting:
            raise WeightsError(
                f"{project.folder.name} has no candidate.", "Fine-tune first, or name a version by its id."
            )
        return waiting[-1]
    named = [version for version in versions if name in (version.name, f"v{version.number}")]
    return named[0] if len(named) == 1 else project.shelf.version(name)


def lineage(project: Project, version: WeightsVersion) -> tuple[WeightsVersion, ...]:
    """The version, its parent, and so on to the first that the project holds."""
    return ancestry(version, project.shelf.versions())


def weights_item(project: Project, version: WeightsVersion) -> WeightsItem:
    """A version as exporters take it."""
    return WeightsItem(project.shelf.load(version.weights_id), lineage(project, version))


def export_weights(project: Project, name: str, out: Path, author: str = "") -> tuple[Path, ...]:
    """Write the version that ``name`` means as safetensors, with its card beside it, and note it in the log.

    Returns:
        The weights file and the card, both read again and found right.

    Raises:
        WeightsError: Nothing, or more than one version, is meant.
        ExportError: ``out`` has another ending, or cannot be written.
    """
    if not is_folder(out) and out.suffix.casefold() != ".safetensors":
        raise ExportError(f"{out} is no name for weights.", "Give a name that ends in .safetensors.")
    version = find_version(project, name)
    paths = find_exporter("weights").export(weights_item(project, version), out).paths
    project.store.log("exported", f"weights to {paths[0]}", weights_id=version.weights_id, author=author)
    return paths


def export_factory(model: str, out: Path) -> tuple[Path, ...]:
    """Write a network's shipped weights as :func:`export_weights` writes a version.

    Raises:
        WeightsError: This installation has none.
        ExportError: ``out`` cannot be written.
    """
    return find_exporter("weights").export(WeightsItem(load_file(factory_path(model)), ()), out).paths


def import_file(project: Project, path: Path, author: str = "", model: str = "") -> WeightsVersion:
    """Put weights from a file on the shelf as a candidate; see :func:`~.promote.import_weights`.

    Raises:
        WeightsError: The file is missing, damaged or of another network.
    """
    return import_weights(project, path, author=author, model=model)


def refuse_by_name(project: Project, name: str, reason: str = "", author: str = "") -> WeightsVersion:
    """Put the candidate that ``name`` means aside; it stays listed with its reason.

    Raises:
        WeightsError: Nothing, or more than one version, is meant, or it is in use.
    """
    return refuse(project, find_version(project, name).weights_id, reason or "refused by hand", author=author)


def promote_by_name(project: Project, name: str, author: str = "") -> WeightsVersion:
    """Make the version that ``name`` means the active one.

    Raises:
        WeightsError: Nothing, or more than one version, is meant.
    """
    return promote(project, find_version(project, name).weights_id, "promoted by hand", author=author)


def rollback_active(project: Project, author: str = "", model: str = MODEL) -> WeightsVersion:
    """Make the version of a network active again that was so before.

    Raises:
        WeightsError: Nothing was active before.
    """
    return rollback(project, model, author=author)


def reliability_row(reliability: Reliability | None) -> dict[str, Any] | None:
    """Reliability as JSON shows it."""
    return None if reliability is None else reliability.as_json()


def scores_row(scores: Scores | None) -> dict[str, Any] | None:
    """Scores as JSON shows them."""
    return None if scores is None else asdict(scores)
