"""Training runs with their curves, and the event log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from resatt_studio.errors import StoreError
from resatt_studio.records.label_learning import LabelPlan
from resatt_studio.records.project import EventEntry, RunEntry, RunPoint, RunState
from resatt_studio.records.training import FineTunePlan, StepReport
from resatt_studio.store import schema
from resatt_studio.store.base import Records, log_event, now

_runs, _points, _events = schema.runs.c, schema.run_points.c, schema.events.c


class RunRecords(Records):
    """What was learned when, from what, and how it went."""

    def start_run(
        self, base: str, plan: FineTunePlan | LabelPlan, samples: Sequence[str] = (), author: str = ""
    ) -> int:
        """Note that learning from the weights ``base`` on those samples or answers begins; return the run's
        id."""
        with self._database.writing() as connection:
            result = connection.execute(
                insert(schema.runs).values(
                    base=base,
                    plan=asdict(plan),
                    sample_ids=list(samples),
                    state=RunState.RUNNING,
                    weights_id="",
                    reason="",
                    author=author,
                    started_at=now(),
                    ended_at="",
                )
            )
            key = result.inserted_primary_key
            assert key is not None
            log_event(connection, "run-started", f"run {key[0]}", weights_id=base, author=author)
            return int(key[0])

    def record_step(self, run_id: int, report: StepReport) -> None:
        """Add one point to a run's curves; see :meth:`record_steps` for many."""
        self.record_steps(run_id, [report])

    def record_steps(self, run_id: int, reports: Sequence[StepReport]) -> None:
        """Add points to a run's curves in one transaction (one wait for the disk).

        Raises:
            StoreError: There is no such run.
        """
        rows = [
            {
                "run_id": run_id,
                "step": report.step,
                "loss": report.loss,
                "dice": report.dice,
                "seconds": report.seconds,
                "phase": report.phase,
            }
            for report in reports
        ]
        with self._database.writing() as connection:
            _require_run(connection, run_id)
            if rows:
                connection.execute(insert(schema.run_points), rows)

    def end_run(self, run_id: int, state: RunState, weights_id: str = "", reason: str = "") -> None:
        """Note how a run ended, and the candidate it made.

        Raises:
            StoreError: There is no such run.
        """
        with self._database.writing() as connection:
            _require_run(connection, run_id)
            connection.execute(
                update(schema.runs)
                .where(_runs.run_id == run_id)
                .values(state=state, weights_id=weights_id, reason=reason, ended_at=now())
            )
            log_event(connection, "run-ended", f"run {run_id} {state}. {reason}", weights_id=weights_id)

    def runs(self) -> list[RunEntry]:
        """Every run with its curve, oldest first."""
        with self._database.reading() as connection:
            curves: dict[int, list[RunPoint]] = {}
            for row in connection.execute(select(schema.run_points).order_by(_points.id)):
                point = RunPoint(row.step, row.loss, row.dice, row.seconds, row.phase)
                curves.setdefault(row.run_id, []).append(point)
            rows = connection.execute(select(schema.runs).order_by(_runs.run_id))
            return [_run(row, curves.get(row.run_id, [])) for row in rows]

    def learned_answers(self) -> dict[str, tuple[str, ...]]:
        """What the newest finished run of every label network was given, by network; without the curves."""
        newest: dict[str, tuple[str, ...]] = {}
        query = select(_runs.plan, _runs.sample_ids).where(_runs.state == RunState.FINISHED)
        with self._database.reading() as connection:
            for plan, answers in connection.execute(query.order_by(_runs.run_id)):
                if "model" in plan:
                    newest[plan["model"]] = tuple(answers)
        return newest

    def log(
        self, kind: str, detail: str = "", photo_id: str = "", weights_id: str = "", author: str = ""
    ) -> None:
        """Add a line to the event log."""
        with self._database.writing() as connection:
            log_event(connection, kind, detail, photo_id, weights_id, author)

    def events(self, limit: int = 200) -> list[EventEntry]:
        """The newest lines of the event log, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(schema.events).order_by(_events.id.desc()).limit(limit))
            return [
                EventEntry(
                    row.id, row.kind, row.detail, row.photo_id, row.weights_id, row.author, row.made_at
                )
                for row in rows
            ]


def _require_run(connection: Connection, run_id: int) -> None:
    if connection.scalar(select(_runs.run_id).where(_runs.run_id == run_id)) is None:
        raise StoreError(f"The project has no training run {run_id}.")


def _run(row: Row[Any], curve: list[RunPoint]) -> RunEntry:
    return RunEntry(
        run_id=row.run_id,
        base=row.base,
        plan=row.plan,
        samples=tuple(row.sample_ids),
        state=RunState(row.state),
        weights_id=row.weights_id,
        reason=row.reason,
        started_at=row.started_at,
        ended_at=row.ended_at,
        author=row.author,
        curve=tuple(curve),
    )
