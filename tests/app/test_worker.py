"""Claims about the worker: every outcome comes back, in the window's thread, to whoever asked."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from resatt_studio.app.main import wait_for
from resatt_studio.app.worker import Answers, Worker, once
from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.workflow.courtesy import NICENESS
from resatt_studio.workflow.jobs import progress

pytestmark = pytest.mark.gui
NOW, LATER = Urgency.PREDICT_SHOWN, Urgency.FINE_TUNE


@pytest.fixture
def worker(qapp: object) -> Iterator[Worker]:
    made = Worker("test")
    made.start()
    yield made
    assert made.stop()


def counting(count: int) -> Any:
    def job() -> Generator[JobProgress, None, int]:
        for done in range(count):
            yield progress(done, count)
        return count

    return job


def test_a_job_is_stepped_elsewhere_and_answered_here(worker: Worker) -> None:
    threads: list[threading.Thread] = []
    answers: list[object] = []

    def job() -> Generator[JobProgress, None, str]:
        threads.append(threading.current_thread())
        yield progress(1, 2)
        return "done"

    def done(result: object) -> None:
        answers.extend((result, threading.current_thread()))

    worker.submit(job, NOW, Answers(done))
    assert wait_for(lambda: len(answers) == 2, 60)
    assert answers == ["done", threading.main_thread()]
    assert threads[0] is not threading.main_thread()


def test_reports_come_in_order_and_before_the_result(worker: Worker) -> None:
    heard: list[object] = []
    worker.submit(
        counting(20),
        NOW,
        Answers(heard.append, lambda r: heard.append(r.done), None, lambda: heard.append("end")),
    )
    assert wait_for(lambda: "end" in heard, 60)
    assert heard == [*range(20), 20, "end"]


def test_an_error_goes_to_the_asker_or_else_to_everyone(worker: Worker) -> None:
    heard: list[Exception] = []
    told: list[Exception] = []
    worker.broke.connect(told.append)

    def fail() -> None:
        raise StudioError("The disk is full.", "Free some space.")

    worker.submit(once(fail), NOW, Answers(failed=heard.append))
    assert wait_for(lambda: len(heard) == 1, 60)
    assert told == []
    worker.submit(once(fail), NOW)
    assert wait_for(lambda: len(told) == 1, 60)
    assert str(told[0]) == "The disk is full. Free some space."


def test_a_later_job_of_the_same_key_replaces_the_earlier_one(worker: Worker) -> None:
    results: list[int] = []
    ended: list[str] = []
    let = threading.Event()

    def waiting(number: int) -> Any:
        def job() -> Generator[JobProgress, None, int]:
            while not let.is_set():
                yield progress(0, 0)
            return number

        return job

    for number in range(5):
        answers = Answers(results.append, ended=lambda: ended.append("end"))
        worker.submit(waiting(number), NOW, answers, key="photo")
    assert wait_for(lambda: len(ended) == 4, 60)
    let.set()
    assert wait_for(lambda: len(ended) == 5, 60)
    assert results == [4]


def test_an_urgent_job_overtakes_one_under_way(worker: Worker) -> None:
    order: list[str] = []
    worker.submit(counting(100_000), LATER, Answers(lambda _: order.append("slow")))
    worker.submit(counting(1), NOW, Answers(lambda _: order.append("quick")))
    assert wait_for(lambda: "quick" in order, 60)
    assert order[0] == "quick"


def test_busy_is_told_from_the_first_job_to_the_last(worker: Worker) -> None:
    told: list[bool] = []
    worker.busy_changed.connect(told.append)
    worker.submit(counting(3), NOW)
    worker.submit(counting(3), NOW)
    assert wait_for(lambda: not worker.busy, 60)
    assert told == [True, False]


def test_after_stop_nobody_is_answered(qapp: object) -> None:
    made = Worker("test")
    heard: list[object] = []
    made.start()
    begun, closed = threading.Event(), threading.Event()

    def endless() -> Generator[JobProgress, None, None]:
        begun.set()
        try:
            while True:
                yield progress(0, 0)
        finally:
            closed.set()

    made.submit(endless, NOW, Answers(heard.append, None, heard.append))
    assert begun.wait(60)
    assert made.stop()
    wait_for(lambda: False, 0.1)
    assert closed.is_set()
    assert heard == []


@pytest.mark.parametrize("error", [StudioError("The project was closed."), KeyError("a bug")])
def test_of_what_a_cancelled_job_fails_with_bugs_alone_are_told(worker: Worker, error: Exception) -> None:
    begun, go, failed, ended = threading.Event(), threading.Event(), [], []

    def job() -> None:
        begun.set()
        assert go.wait(60)
        raise error

    job_id = worker.submit(once(job), NOW, Answers(failed=failed.append, ended=lambda: ended.append(1)))
    assert worker.has(NOW) and not worker.has(LATER) and begun.wait(60)
    worker.cancel(job_id)
    go.set()
    assert wait_for(lambda: bool(ended), 60)
    assert failed == ([] if isinstance(error, StudioError) else [error]) and not worker.has(NOW)


def test_a_result_that_comes_too_late_to_be_heard_is_given_back(qapp: object) -> None:
    made = Worker("test")
    made.start()
    ready, heard, late = threading.Event(), [], []
    made.submit(once(lambda: "heard"), NOW, Answers(heard.append, unheard=late.append))
    assert wait_for(lambda: bool(heard), 60)
    made.submit(once(lambda: "late"), NOW, Answers(heard.append, unheard=late.append))
    made.submit(once(lambda: "of no weight"), NOW)
    made.submit(once(ready.set), NOW)
    assert ready.wait(60), "the event loop does not run meanwhile"
    assert made.stop()
    wait_for(lambda: False, 0.1)
    assert (heard, late) == (["heard"], ["late"])


def test_a_result_is_late_also_when_steps_before_it_were_heard(qapp: object) -> None:
    made = Worker("test")
    made.start()
    ready, heard, late = threading.Event(), [], []
    made.submit(counting(1), NOW, Answers(None, lambda step: heard.append(step.done), unheard=late.append))
    made.submit(once(ready.set), NOW)
    assert ready.wait(60), "its only step and its result wait for the event loop"
    made._dispatch(JobProgress(min(made._answers), 0, 1))
    assert heard == [0] and made.stop() and late == [1]


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux alone")
def test_the_network_computes_behind_the_window(qapp: object) -> None:
    behind, beside = Worker("behind", behind=True), Worker("beside")
    told: dict[str, int] = {}
    usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def note(name: str) -> None:
        told[name] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    for name, worker in (("behind", behind), ("beside", beside)):
        worker.start()
        worker.submit(once(lambda name=name: note(name)), NOW)
        wait_for(lambda name=name: name in told, 60)
        assert worker.stop()
    assert told == {"behind": min(19, max(usual, NICENESS)), "beside": usual}
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == usual
