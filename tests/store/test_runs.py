"""Training runs, their curves, and the event log."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from resatt_studio.errors import StoreError
from resatt_studio.records.project import RunPoint, RunState
from resatt_studio.records.training import FineTunePlan, StepReport
from resatt_studio.store.samples import SampleStore


def test_a_run_and_its_curve_come_back(store: SampleStore) -> None:
    plan = FineTunePlan(seconds=12.5, steps=40, seed=7)
    run_id = store.start_run("b" * 64, plan, ["s1", "s2"], "Ada")
    store.record_step(run_id, StepReport(0, 40, None, 0.5, 0.1, 12.4, "judging before"))
    store.record_steps(run_id, [StepReport(n, 40, 1.0 / n, None, n, 12 - n) for n in (1, 2)])
    (running,) = store.runs()
    assert (running.state, running.ended_at) == (RunState.RUNNING, "")
    store.end_run(run_id, RunState.FINISHED, "c" * 64, "Dice rose by 0.05.")
    (run,) = store.runs()
    assert (run.run_id, run.base, run.samples, run.author) == (run_id, "b" * 64, ("s1", "s2"), "Ada")
    assert FineTunePlan(**run.plan) == plan
    assert dict(run.plan) == asdict(plan)
    assert run.curve == (
        RunPoint(0, None, 0.5, 0.1, "judging before"),
        RunPoint(1, 1.0, None, 1.0),
        RunPoint(2, 0.5, None, 2.0),
    )
    assert (run.state, run.weights_id, run.reason) == (RunState.FINISHED, "c" * 64, "Dice rose by 0.05.")


def test_runs_are_listed_oldest_first_each_with_its_own_curve(store: SampleStore) -> None:
    first, second = (store.start_run("b" * 64, FineTunePlan()) for _ in range(2))
    store.record_step(second, StepReport(1, 2, 0.5, None, 1.0, 1.0))
    assert [(run.run_id, len(run.curve)) for run in store.runs()] == [(first, 0), (second, 1)]


def test_an_unknown_run_is_refused(store: SampleStore) -> None:
    with pytest.raises(StoreError, match="no training run"):
        store.record_step(9, StepReport(1, 2, 0.5, None, 1.0, 1.0))
    with pytest.raises(StoreError, match="no training run"):
        store.end_run(9, RunState.FAILED)


def test_events_are_listed_newest_first_up_to_a_limit(store: SampleStore) -> None:
    for number in range(5):
        store.log("note", str(number), "p" * 64, "w" * 64, "Ada")
    events = store.events(3)
    assert [event.detail for event in events] == ["4", "3", "2"]
    assert (events[0].kind, events[0].photo_id, events[0].weights_id) == ("note", "p" * 64, "w" * 64)
    assert events[0].author == "Ada"
    assert events[0].made_at >= events[2].made_at > ""
