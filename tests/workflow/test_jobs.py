"""Claims about the job runner: order, cancelling, outcomes, and an end within two seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resatt_studio.records.jobs import JobDone, JobFailed, JobProgress, JobReport, Urgency
from resatt_studio.workflow.jobs import Job, JobRunner, drain, during, progress


def counting(total: int, log: list[str] | None = None, name: str = "") -> Job[int]:
    try:
        for done in range(total):
            if log is not None:
                log.append(name)
            yield progress(done + 1, total, "steps")
        return total
    finally:
        if log is not None:
            log.append(f"{name} closed")


def run_all(runner: JobRunner) -> list[JobReport]:
    reports: list[JobReport] = []
    while runner.step(reports.append):
        pass
    return reports


plans = st.lists(
    st.tuples(
        st.sampled_from(list(Urgency)), st.integers(0, 4), st.booleans(), st.sampled_from(["", "a", "b"])
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(plans)
def test_every_job_ends_in_exactly_one_outcome(plan: list[tuple[Urgency, int, bool, str]]) -> None:
    runner = JobRunner()
    ids = []
    for urgency, steps, cancelled, key in plan:
        ids.append(runner.submit(lambda steps=steps: counting(steps), urgency, key))
        if cancelled:
            runner.cancel(ids[-1])
    ends = [report.job_id for report in run_all(runner) if not isinstance(report, JobProgress)]
    assert sorted(ends) == ids
    assert runner.unfinished == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Urgency)), st.integers(0, 4)), max_size=8))
def test_jobs_end_by_urgency_then_by_arrival(plan: list[tuple[Urgency, int]]) -> None:
    runner = JobRunner()
    ids = [runner.submit(lambda steps=steps: counting(steps), urgency) for urgency, steps in plan]
    ends = [report.job_id for report in run_all(runner) if isinstance(report, JobDone)]
    assert ends == sorted(ids, key=lambda job_id: (plan[job_id - 1][0], job_id))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=8))
def test_of_one_key_only_the_latest_is_done(keys: list[str]) -> None:
    runner = JobRunner()
    latest = {key: runner.submit(lambda: counting(1), Urgency.PREDICT_SHOWN, key) for key in keys}
    done = {report.job_id for report in run_all(runner) if isinstance(report, JobDone)}
    assert done == set(latest.values())


def test_a_more_urgent_job_is_stepped_in_the_middle_of_another() -> None:
    runner, log = JobRunner(), []
    runner.submit(lambda: counting(3, log, "learn"), Urgency.FINE_TUNE)
    runner.step(lambda report: None)
    runner.submit(lambda: counting(1, log, "predict"), Urgency.PREDICT_SHOWN)
    run_all(runner)
    assert log == ["learn", "predict", "predict closed", "learn", "learn", "learn closed"]


def test_progress_carries_the_job_id_and_done_the_return_value() -> None:
    runner = JobRunner()
    job_id = runner.submit(lambda: counting(2), Urgency.EVALUATE)
    first, second, end = run_all(runner)
    assert first == JobProgress(job_id, 1, 2, "steps")
    assert second == JobProgress(job_id, 2, 2, "steps")
    assert end == JobDone(job_id, 2)


def test_an_error_ends_the_job_and_the_next_one_goes_on() -> None:
    def broken() -> Job[None]:
        yield progress(0, 1)
        raise ValueError("no such photo")

    runner = JobRunner()
    bad = runner.submit(broken, Urgency.EVALUATE)
    good = runner.submit(lambda: counting(1), Urgency.EVALUATE)
    ends = [report for report in run_all(runner) if not isinstance(report, JobProgress)]
    assert isinstance(ends[0], JobFailed) and ends[0].job_id == bad and str(ends[0].error) == "no such photo"
    assert not ends[0].cancelled
    assert ends[1] == JobDone(good, 1)


def test_a_factory_that_raises_is_a_failed_job() -> None:
    def factory() -> Job[None]:
        raise OSError("disk gone")

    runner = JobRunner()
    runner.submit(factory, Urgency.EVALUATE)
    (report,) = run_all(runner)
    assert isinstance(report, JobFailed) and isinstance(report.error, OSError)


def test_cancelling_closes_a_started_job_and_never_starts_a_queued_one() -> None:
    runner, log = JobRunner(), []
    started = runner.submit(lambda: counting(9, log, "started"), Urgency.EVALUATE)
    queued = runner.submit(lambda: counting(9, log, "queued"), Urgency.EVALUATE)
    runner.step(lambda report: None)
    runner.cancel(started)
    runner.cancel(queued)
    assert run_all(runner) == [JobFailed(started, None, True), JobFailed(queued, None, True)]
    assert log == ["started", "started closed"]


def test_an_error_while_cleaning_up_is_told() -> None:
    def untidy() -> Job[None]:
        try:
            yield progress(0, 1)
        finally:
            raise OSError("checkpoint not written")

    runner = JobRunner()
    job_id = runner.submit(untidy, Urgency.FINE_TUNE)
    runner.step(lambda report: None)
    runner.cancel(job_id)
    (report,) = run_all(runner)
    assert isinstance(report, JobFailed) and str(report.error) == "checkpoint not written"


def test_cancelling_an_unknown_job_does_nothing() -> None:
    runner = JobRunner()
    runner.cancel(99)
    assert run_all(runner) == []


def test_jobs_run_on_one_other_thread_and_may_submit_jobs_in_reports() -> None:
    runner, threads, reports = JobRunner(), set(), []

    def job() -> Job[str]:
        threads.add(threading.current_thread().name)
        yield progress(1, 1)
        return "end"

    def emit(report: JobReport) -> None:
        reports.append(report)
        if len(reports) == 2:
            runner.submit(job, Urgency.EVALUATE)

    runner.start(emit, name="worker")
    runner.submit(job, Urgency.EVALUATE)
    deadline = time.monotonic() + 60
    while len(reports) < 4 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert runner.wait_idle(60) and runner.stop()
    assert threads == {"worker"}
    assert [type(report) for report in reports] == [JobProgress, JobDone] * 2


def test_stop_closes_what_is_under_way() -> None:
    runner, log, reports = JobRunner(), [], []
    begun = threading.Event()

    def endless() -> Generator[JobProgress, None, None]:
        try:
            while True:
                begun.set()
                time.sleep(0.01)
                yield progress(0, 0)
        finally:
            log.append("closed")

    runner.start(reports.append)
    first = runner.submit(endless, Urgency.FINE_TUNE)
    second = runner.submit(endless, Urgency.FINE_TUNE)
    assert begun.wait(60)
    assert runner.stop()
    assert log == ["closed"]
    assert {r.job_id for r in reports if isinstance(r, JobFailed) and r.cancelled} == {first, second}


def test_what_fails_in_the_step_that_it_was_asked_to_stop_in_was_cancelled() -> None:
    runner, reports = JobRunner(), []

    def job() -> Generator[JobProgress, None, None]:
        runner.cancel(job_id)
        raise ValueError("its project was closed")
        yield

    job_id = runner.submit(job, Urgency.EVALUATE)
    assert runner.step(reports.append)
    (report,) = reports
    assert isinstance(report, JobFailed) and report.cancelled and isinstance(report.error, ValueError)


def test_a_job_submitted_after_stop_is_reported_as_cancelled() -> None:
    runner, reports = JobRunner(), []
    runner.start(reports.append)
    assert runner.stop()
    job_id = runner.submit(lambda: counting(1), Urgency.EVALUATE)
    assert reports == [JobFailed(job_id, None, cancelled=True)]


def test_drain_returns_the_result_and_shows_every_report() -> None:
    seen: list[JobProgress] = []
    assert drain(counting(3), seen.append) == 3
    assert [report.done for report in seen] == [1, 2, 3]


def test_drain_closes_the_job_when_the_watcher_is_interrupted() -> None:
    log: list[str] = []

    def interrupt(report: JobProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drain(counting(3, log, "job"), interrupt)
    assert log == ["job", "job closed"]


def test_a_job_within_a_job_returns_its_result_and_says_what_the_outer_one_says() -> None:
    def outer() -> Job[int]:
        return (yield from during(counting(3), progress(7, 9, "photos")))

    seen: list[JobProgress] = []
    assert drain(outer(), seen.append) == 3
    assert seen == [progress(7, 9, "photos")] * 3


def test_closing_the_outer_job_closes_the_inner_one() -> None:
    log: list[str] = []
    job = during(counting(3, log, "inner"), progress(0, 1))
    next(job)
    job.close()
    assert log == ["inner", "inner closed"]


@pytest.mark.parametrize("error", [SystemExit("a library gave up"), ValueError("broken")])
def test_whatever_ends_a_job_the_thread_goes_on_with_the_others(error: BaseException) -> None:
    def broken() -> Job[int]:
        yield progress(0, 1)
        raise error

    runner, reports = JobRunner(), []
    runner.start(reports.append)
    first = runner.submit(broken, Urgency.FINE_TUNE)
    second = runner.submit(lambda: counting(3), Urgency.FINE_TUNE)
    assert runner.wait_idle(10)
    assert runner.stop(10)
    ends = {report.job_id: report for report in reports if not isinstance(report, JobProgress)}
    failed, done = ends[first], ends[second]
    assert isinstance(failed, JobFailed) and str(error) in str(failed.error)
    assert isinstance(done, JobDone) and done.result == 3


def test_a_job_whose_reports_nobody_can_hear_is_closed_and_the_others_go_on() -> None:
    log: list[str] = []
    ends: list[JobReport] = []

    def deaf(report: JobReport) -> None:
        if isinstance(report, JobProgress):
            raise RuntimeError("the window is gone")
        ends.append(report)

    runner = JobRunner()
    runner.start(deaf)
    runner.submit(lambda: counting(1000, log, "long"), Urgency.FINE_TUNE)
    runner.submit(lambda: counting(0, log, "short"), Urgency.FINE_TUNE)
    assert runner.wait_idle(10)
    assert runner.stop(10)
    assert log == ["long", "long closed", "short closed"]
    assert isinstance(ends[-1], JobDone)
