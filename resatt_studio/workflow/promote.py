"""Which weights are in use: promote, refuse, roll back, bring in from a file."""

from __future__ import annotations

from pathlib import Path

from resatt_studio.errors import WeightsError
from resatt_studio.models.registry import model_entry
from resatt_studio.records.training import Verdict
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.workflow.project import Project, bundled_weights

MODEL = "r2aunet"
FACTORY = "factory"


def promote(project: Project, weights_id: str, reason: str = "", author: str = "") -> WeightsVersion:
    """Make a version the active one; the former one is retired in the same transaction.

    The weights file is read and verified first: damaged weights never become active. The first version of a
    network that was asked with the factory's until now takes these onto the shelf, so that rolling back leads
    to them.

    Args:
        project: An open project.
        weights_id: Whole, or its first digits.
        reason: One sentence, kept with the version.
        author: Who.

    Raises:
        WeightsError: No such version, or its file is missing or damaged; nothing has changed.
    """
    weights = project.shelf.load(weights_id)
    if not any(version.state is WeightsState.ACTIVE for version in project.shelf.versions(weights.model)):
        _shelve_factory(project, weights.model, author)
    return project.shelf.promote(weights.weights_id, reason, author)


def promote_factory(project: Project, model: str, reason: str = "", author: str = "") -> WeightsVersion:
    """Make the weights that came with the app the active ones of a network.

    Raises:
        WeightsError: This installation has none; nothing has changed.
    """
    from resatt_studio.models.state import load_weights

    weights = load_weights(bundled_weights(FACTORY, model))
    version = project.shelf.add(weights, name=FACTORY, reason="shipped with the app", author=author)
    return project.shelf.promote(version.weights_id, reason, author)


def refuse(
    project: Project, weights_id: str, reason: str = "", author: str = "", undecided: bool = False
) -> WeightsVersion:
    """Mark a candidate as refused; it stays listed with its reason.

    Args:
        project: An open project.
        weights_id: Whole, or its first digits.
        reason: One sentence, kept with the version.
        author: Who.
        undecided: Whether it is for want of evidence alone; photos that come later then judge it again.

    Raises:
        WeightsError: No such version, or it is in use.
    """
    return project.shelf.refuse(weights_id, reason, author, undecided)


def decide(
    project: Project, version: WeightsVersion, verdict: Verdict, promote_better: bool = True, author: str = ""
) -> tuple[WeightsVersion, Verdict]:
    """Carry out what a gate says of a candidate, or with ``promote_better`` False let it wait.

    Returns:
        The version as it stands now, and the verdict that holds.

    Raises:
        WeightsError: As for :func:`promote` and :func:`refuse`.
    """
    if project.shelf.version(version.weights_id).state is WeightsState.ACTIVE:
        # The same photos from the same first weights, for as many steps.
        return version, Verdict(False, "Nothing new was learned: these are the weights in use.")
    if not promote_better:
        would = "would be promoted" if verdict.promoted else "would be refused"
        return version, Verdict(False, f"Waits as candidate; it {would}. {verdict.reason}")
    if verdict.promoted:
        return promote(project, version.weights_id, verdict.reason, author), verdict
    return refuse(project, version.weights_id, verdict.reason, author, verdict.undecided), verdict


def rollback(project: Project, model: str = MODEL, author: str = "") -> WeightsVersion:
    """Take the newest promotion back; again, and the one before it.

    Raises:
        WeightsError: Nothing was active before, or the file of what was is missing or damaged; nothing has
            changed.
    """
    earlier = project.shelf.earlier().get(model)
    if earlier is not None:
        project.shelf.load(earlier)
    return project.shelf.rollback(model, author)


def import_weights(
    project: Project, path: Path, name: str = "", author: str = "", model: str = ""
) -> WeightsVersion:
    """Check a weights file and put it on the shelf as a candidate; weights that are there stay as they are.

    Args:
        project: An open project.
        path: Safetensors of this app, or a .pth or .pt that ``torch.save`` wrote; no code in it is run.
        name: Shown to people; "v" and the number unless given.
        author: Who.
        model: Network that the weights must be of; "" for any.

    Raises:
        WeightsError: It is damaged, of an unknown or another network, does not fit what it says
            it is, or answers something else than the app asks of such a network.
    """
    from resatt_studio.models.answers import refuse_unfit
    from resatt_studio.models.torch_files import read_weights

    path = Path(path)
    known = [(version.model, version.config) for version in project.shelf.versions()]
    weights = read_weights(path, known)
    if model and weights.model != model_entry(model).name:
        given, wanted = model_entry(weights.model).title, model_entry(model).title
        raise WeightsError(
            f"{path} holds weights of {given}, not of {wanted}.",
            f"Import them for {given}, or choose a file of {wanted}.",
        )
    refuse_unfit(weights, f"The weights in {path}")
    return project.shelf.add(weights, reason=f"imported from {path}", name=name, author=author)


def _shelve_factory(project: Project, model: str, author: str) -> None:
    """Put the shipped weights on the shelf as the active ones, where this installation has them."""
    try:
        promote_factory(project, model, "in use before any other", author)
    except WeightsError:
        return  # there is nothing to go back to, and the new weights are all the more welcome
