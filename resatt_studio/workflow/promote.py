"""Which weights are in use: promote, refuse, roll back, bring in from a file."""

from __future__ import annotations

from pathlib import Path

from resatt_studio.records.weights import WeightsVersion
from resatt_studio.workflow.project import Project

MODEL = "r2aunet"


def promote(project: Project, weights_id: str, reason: str = "", author: str = "") -> WeightsVersion:
    """Make a version the active one; the former one is retired in the same transaction.

    The weights file is read and verified first: damaged weights never become active.

    Args:
        project: An open project.
        weights_id: Whole, or its first digits.
        reason: One sentence, kept with the version.
        author: Who.

    Raises:
        WeightsError: No such version, or its file is missing or damaged; nothing has changed.
    """
    weights = project.shelf.load(weights_id)
    return project.shelf.promote(weights.weights_id, reason, author)


def refuse(project: Project, weights_id: str, reason: str = "", author: str = "") -> WeightsVersion:
    """Mark a candidate as refused; it stays listed with its reason.

    Raises:
        WeightsError: No such version, or it is in use.
    """
    return project.shelf.refuse(weights_id, reason, author)


def rollback(project: Project, model: str = MODEL, author: str = "") -> WeightsVersion:
    """Take the newest promotion back; again, and the one before it.

    Raises:
        WeightsError: Nothing was active before.
    """
    return project.shelf.rollback(model, author)


def import_weights(project: Project, path: Path, name: str = "", author: str = "") -> WeightsVersion:
    """Check a weights file and put it on the shelf as a candidate.

    Raises:
        WeightsError: It is damaged, of an unknown network, or does not fit what it says it is.
    """
    return project.shelf.import_file(Path(path), name, author)
