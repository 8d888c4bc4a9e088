"""Claims about faults while learning: a run goes on, or ends with its reason; weights and corrections stay.

The faults are real ones: files that may grow no further, a second connection that holds the database, photos
that are deleted, a process that is killed. Clocks and errors of memory are handed in.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch

from resatt_studio.errors import LearningError, StoreBusy, StoreError
from resatt_studio.learning.pace import Pace
from resatt_studio.learning.student import NotFinite, Student
from resatt_studio.records.photo import Split
from resatt_studio.records.project import RunState
from resatt_studio.records.training import FineTunePlan, StartFrom, StepReport, Verdict
from resatt_studio.workflow import finetune
from resatt_studio.workflow.correct import check_project
from resatt_studio.workflow.finetune import FineTuneOutcome, fine_tune_project
from resatt_studio.workflow.jobs import Job, drain
from resatt_studio.workflow.project import DATABASE, Project, open_project

PLAN = FineTunePlan(seconds=600, steps=6, crop_px=64, batch=2)


@pytest.fixture(autouse=True)
def busy_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store hears of every step, a resume point is written after every step, and what is refused is tried
    again at the next one; the gate lets everything pass."""
    monkeypatch.setattr(finetune, "CURVE_SECONDS", 0.0)
    monkeypatch.setattr(finetune, "CURVE_SECONDS_IN_TROUBLE", 0.0)
    monkeypatch.setattr("resatt_studio.learning.course.POINT_SECONDS", 0.0)
    monkeypatch.setattr("resatt_studio.learning.gate.judge", lambda result, rules: Verdict(True, "let pass"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is held is waited for 0.1 s; asked for before the project is opened."""
    monkeypatch.setattr("resatt_studio.store.engine.BUSY_TIMEOUT_MS", 100)


def learning(
    project: Project, reference: Path, plan: FineTunePlan = PLAN, **more: Any
) -> Job[FineTuneOutcome]:
    return fine_tune_project(project, plan, device="cpu", threads=1, reference_folder=reference, **more)


def until_step(job: Job[FineTuneOutcome], step: int) -> None:
    """Step a run until so many steps are done."""
    for report in job:
        if isinstance(report.detail, StepReport) and report.detail.step >= step:
            return
    pytest.fail("the run ended first")


def rest(job: Job[FineTuneOutcome], told: list[str]) -> FineTuneOutcome:
    """Run to the end; what is told on the way is added to ``told``."""
    while True:
        try:
            report = next(job)
        except StopIteration as end:
            return end.value
        if isinstance(report.detail, StepReport) and report.detail.notice:
            told.append(report.detail.notice)


def kept(project: Project) -> tuple[Any, ...]:
    """What no fault may touch: the weights in use, and every correction pixel by pixel."""
    active = project.shelf.active()
    data = project.shelf.load(active.weights_id).data
    labels = [project.blobs.get_array(one.labels_blob).tobytes() for one in project.store.samples()]
    return active, hashlib.sha256(data).hexdigest(), tuple(labels)


def logged(project: Project) -> list[str]:
    return [event.detail for event in project.store.events() if event.kind == "learning-notice"]


@contextmanager
def files_that_grow_no_further(limit: int) -> Iterator[None]:
    """A disk on which no file of this process takes a byte beyond ``limit``: writes fail as on a full one."""
    resource = pytest.importorskip("resource", reason="the limit is one of POSIX")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def held_database(project: Project) -> Iterator[None]:
    """Another connection that writes and does not end."""
    other = sqlite3.connect(project.folder / DATABASE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


# -- a full disk --


def test_a_disk_that_is_full_for_a_while_costs_a_run_nothing(taught: Project, reference: Path) -> None:
    before, told = kept(taught), []
    job = learning(taught, reference)
    until_step(job, 1)
    with files_that_grow_no_further(1024):
        until_step(job, 4)
    outcome = rest(job, told)
    assert outcome.verdict.promoted and taught.shelf.active() == outcome.version
    (run,) = taught.store.runs()
    assert run.state is RunState.FINISHED
    assert {point.step for point in run.curve if point.loss is not None} == set(range(1, 7))
    words = " ".join(logged(taught))
    assert "resume point" in words and "curve cannot be kept" in words and "disk" in words
    assert kept(taught)[2] == before[2] and check_project(taught) == []


def test_a_disk_that_stays_full_ends_the_run_with_its_reason(taught: Project, reference: Path) -> None:
    before, told = kept(taught), []
    job = learning(taught, reference)
    until_step(job, 1)
    with files_that_grow_no_further(1024), pytest.raises(StoreError) as error:
        rest(job, told)
    assert "disk space" in error.value.hint, "it says what cures it"
    assert any("Free some disk space" in words for words in told), "and it was told before the end"
    assert kept(taught) == before and check_project(taught) == []
    assert drain(learning(taught, reference)).verdict.promoted
    first, second = taught.store.runs()
    assert (first.state, first.reason) == (RunState.FAILED, "cut off") and second.state is RunState.FINISHED


# -- photos --


def test_photos_that_vanish_while_it_learns_are_not_missed(taught: Project, reference: Path) -> None:
    job = learning(taught, reference)
    until_step(job, 1)
    for entry in taught.store.photos():
        entry.facts.path.unlink()
    outcome = rest(job, [])
    assert outcome.verdict.promoted and len(outcome.version.samples) == 4


def test_a_photo_that_was_changed_or_lost_between_runs_is_left_out_by_name(
    taught: Project, reference: Path
) -> None:
    before, told = kept(taught), []
    first, second, *_ = (one for one in taught.store.samples() if one.split is Split.TRAIN)
    pixels = cv2.imread(str(first.photo_path))
    assert cv2.imwrite(str(first.photo_path), 255 - pixels)
    second.photo_path.unlink()
    outcome = rest(learning(taught, reference), told)
    assert len(outcome.version.samples) == 2
    words = " ".join(told)
    assert f"{first.photo_path.name} was changed" in words
    assert f"{second.photo_path.name} is not there" in words
    assert list(outcome.notices) == list(reversed(logged_words(taught)))
    assert kept(taught)[2] == before[2]


def logged_words(project: Project) -> list[str]:
    return [detail.split(": ", 1)[1] for detail in logged(project)]


def test_many_lost_photos_are_counted_not_listed(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "_MOST_LEFT_OUT", 1)
    for one in [one for one in taught.store.samples() if one.split is Split.TRAIN][:2]:
        one.photo_path.unlink()
    outcome = drain(learning(taught, reference))
    assert len(outcome.left_out) == 2 and len(outcome.notices) == 2
    assert outcome.notices[1] == "1 more photos were not learned from."


def test_when_every_photo_is_lost_nothing_begins_and_one_is_named(taught: Project, reference: Path) -> None:
    for entry in taught.store.photos():
        entry.facts.path.unlink()
    with pytest.raises(LearningError, match="is not there any more"):
        drain(learning(taught, reference))
    assert taught.store.runs() == []


# -- a locked database --


def test_a_database_held_for_a_while_costs_a_run_nothing(
    impatient: None, taught: Project, reference: Path
) -> None:
    told: list[str] = []
    job = learning(taught, reference)
    until_step(job, 1)
    with held_database(taught):
        until_step(job, 4)
    outcome = rest(job, told)
    assert outcome.verdict.promoted
    (run,) = taught.store.runs()
    assert {point.step for point in run.curve if point.loss is not None} == set(range(1, 7))
    assert any("locked" in words for words in logged(taught))


def test_a_candidate_waits_for_a_database_that_is_held_at_the_end(
    impatient: None, taught: Project, reference: Path
) -> None:
    job = learning(taught, reference)
    until_step(job, 1)
    with held_database(taught):
        for report in job:
            if "let go" in report.message:
                break
    assert rest(job, []).verdict.promoted


def test_a_database_that_stays_held_ends_the_run_with_its_reason(
    impatient: None, taught: Project, reference: Path
) -> None:
    before = kept(taught)
    job = learning(taught, reference)
    until_step(job, 1)
    with held_database(taught), pytest.raises(StoreBusy, match="locked") as error:
        rest(job, [])
    assert "Close other programs" in error.value.hint
    assert kept(taught) == before and check_project(taught) == []
    assert drain(learning(taught, reference)).verdict.promoted


def test_weights_that_came_into_use_are_told_though_the_run_cannot_be_closed(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*told: object, **more: object) -> None:
        raise StoreBusy("database is locked")

    monkeypatch.setattr(type(taught.store), "end_run", refuse)
    outcome = drain(learning(taught, reference))
    assert outcome.verdict.promoted and taught.shelf.active() == outcome.version
    assert "could not be closed" in caplog.text
    monkeypatch.undo()
    again = drain(learning(taught, reference, start_from=StartFrom.FIRST))
    assert next(run.reason for run in taught.store.runs()) == "cut off"
    assert again.version == outcome.version and not again.verdict.promoted
    assert "Nothing new was learned" in again.verdict.reason


def test_nothing_begins_while_the_database_is_held(impatient: None, taught: Project, reference: Path) -> None:
    with held_database(taught), pytest.raises(StoreBusy, match="locked"):
        drain(learning(taught, reference))
    assert taught.store.runs() == []


# -- sleep --


def test_a_laptop_that_slept_two_hours_goes_on_learning(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep_s = 0.0
    pace = partial(Pace, clock=lambda: time.monotonic() + asleep_s)
    monkeypatch.setattr("resatt_studio.learning.course.Pace", pace)
    job = learning(taught, reference, replace(PLAN, seconds=60))
    until_step(job, 2)
    asleep_s = 7200.0
    outcome = rest(job, [])
    assert outcome.result.steps == PLAN.steps and outcome.result.seconds < 60


# -- a killed process --

_VICTIM = """
import sys
from pathlib import Path
from resatt_studio.learning import course
from resatt_studio.records.training import FineTunePlan
from resatt_studio.workflow.finetune import fine_tune_project
from resatt_studio.workflow.project import open_project

course.POINT_SECONDS = 0.0
with open_project(Path(sys.argv[1])) as project:
    plan = FineTunePlan(seconds=600, steps=40, crop_px=64, batch=2)
    here = {"device": "cpu", "threads": 1, "reference_folder": Path(sys.argv[2])}
    for report in fine_tune_project(project, plan, **here):
        print(report.done, flush=True)
"""


def test_a_process_killed_while_it_learns_is_gone_on_with_after_opening_the_project_again(
    taught: Project, reference: Path
) -> None:
    before, folder = kept(taught), taught.folder
    taught.close()
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(folder), str(reference)],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, OMP_NUM_THREADS="1", PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert victim.stdout is not None
    with victim.stdout:
        for line in victim.stdout:
            if int(line) >= 5:
                os.kill(victim.pid, signal.SIGKILL)
                break
    assert victim.wait() == -signal.SIGKILL
    plan = replace(PLAN, steps=40)
    with open_project(folder) as project:
        assert kept(project) == before and check_project(project) == []
        told: list[str] = []
        job = learning(project, reference, plan)
        reports = [report.detail for report in until_learning(job, told)]
        assert reports[-1].step >= 3, "at most what was done since the last point is done again"
        assert told[0].startswith("Learning goes on after step ")
        job.close()
        (run,) = project.store.runs()
        assert run.state is RunState.STOPPED and kept(project) == before


def until_learning(job: Job[FineTuneOutcome], told: list[str]) -> Iterator[Any]:
    """Reports until learning has begun."""
    for report in job:
        if isinstance(report.detail, StepReport):
            if report.detail.notice:
                told.append(report.detail.notice)
            yield report
            if report.detail.phase == "learning":
                return


# -- errors inside --


def stumbling(error: BaseException, at_step: int = 2) -> Callable[..., Any]:
    """``Student.step`` that fails at one step."""
    plain = Student.step

    def step(self: Student, batch: Any, rate_factor: float) -> Any:
        if self.steps_done == at_step:
            at_step_done.append(True)
            if len(at_step_done) == 1:
                raise error
        return (yield from plain(self, batch, rate_factor))

    at_step_done: list[bool] = []
    return step


def test_memory_that_runs_out_is_told_in_the_reports_the_outcome_and_the_event_log(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Student, "step", stumbling(torch.OutOfMemoryError("out of memory")))
    told: list[str] = []
    outcome = rest(learning(taught, reference), told)
    words = "Memory ran out: learning goes on with 1 patch at a time."
    assert told == list(outcome.notices) == logged_words(taught) == [words]
    assert outcome.as_json()["notices"] == [words] and outcome.result.steps == PLAN.steps


def test_a_loss_that_is_not_finite_names_the_file_of_the_photo(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(taught)
    sample = next(one for one in taught.store.samples() if one.split is Split.TRAIN)
    monkeypatch.setattr(Student, "step", stumbling(NotFinite((sample.sample_id,))))
    with pytest.raises(LearningError, match=f"photo {sample.photo_path.name} is not finite"):
        drain(learning(taught, reference))
    (run,) = taught.store.runs()
    assert run.state is RunState.FAILED and sample.photo_path.name in run.reason
    assert kept(taught) == before


def test_an_error_that_nobody_expected_ends_the_run_with_its_reason(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(taught)
    monkeypatch.setattr(Student, "step", stumbling(ZeroDivisionError("by nought")))
    with pytest.raises(ZeroDivisionError):
        drain(learning(taught, reference))
    (run,) = taught.store.runs()
    assert (run.state, run.reason) == (RunState.FAILED, "ZeroDivisionError: by nought")
    assert kept(taught) == before and check_project(taught) == []
