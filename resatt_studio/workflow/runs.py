"""How a run of learning is closed, whatever the database says of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from resatt_studio.errors import StoreError
from resatt_studio.records.project import RunState

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

_LOG = logging.getLogger(__name__)


def close_run(project: Project, run_id: int, state: RunState, weights_id: str = "", reason: str = "") -> None:
    """Note how a run ended; a database that refuses is told to the log.

    What the run led to must not be lost to that: its error is the one to be told, and weights that came into
    use are in use. A row that stays open is closed as cut off when the next run begins.
    """
    try:
        project.store.end_run(run_id, state, weights_id, reason)
    except StoreError as error:
        _LOG.warning("run %d could not be closed: %s", run_id, error)
