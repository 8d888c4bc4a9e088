"""Claims about the list of jobs: what runs is there with its pace, can be stopped, and what failed stays."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QPushButton

from resatt_studio.app import job_list
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.pace import Pace
from resatt_studio.app.worker import Answers, Listed
from resatt_studio.errors import PhotoError
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.workflow.jobs import progress


def test_the_pace_of_an_even_job_is_its_own() -> None:
    pace = Pace()
    for second in range(11):
        pace.note(3 * second, float(second))
    assert pace.rate(10.0) == pytest.approx(3.0)
    assert pace.seconds_left(60, 10.0) == pytest.approx(10.0)


def test_a_pace_is_that_of_the_last_half_minute_and_falls_while_nothing_comes() -> None:
    pace = Pace()
    for second in range(100):
        pace.note(second if second < 50 else 50 + 4 * (second - 50), float(second))
    assert pace.rate(99.0) == pytest.approx(4.0, rel=0.1)
    assert pace.rate(100.0) == pytest.approx(4.0, rel=0.1), "the next report is not late yet"
    assert pace.rate(160.0) < 2.0


def test_too_little_is_known_at_first_and_after_another_phase_began() -> None:
    pace = Pace()
    pace.note(0, 0.0)
    assert pace.rate(1.0) is None and pace.seconds_left(10, 1.0) is None
    pace.note(5, 1.0)
    assert pace.seconds_left(10, 1.0) == pytest.approx(1.0)
    pace.note(0, 2.0)
    assert pace.rate(2.0) is None


def long_job(total: int = 1000) -> Generator[JobProgress, None, str]:
    for done in range(total):
        yield progress(done, total, "photos", f"wall_{done}.jpg")
        time.sleep(0.01)
    return "done"


@pytest.mark.gui
def test_a_job_is_listed_with_its_pace_and_stopped_by_its_button(studio: Any) -> None:
    stopped: list[str] = []
    studio.window.bring("jobsPanel")
    panel, jobs = studio.window.panel("jobsPanel"), studio.parts.jobs
    settle(0.05)
    assert panel._empty.isVisible()
    listed = Listed("Count walls", stopped=lambda: stopped.append("stopped"))
    studio.parts.session.files.submit(long_job, Urgency.EVALUATE, Answers(), listed=listed)
    assert wait_for(lambda: len(panel.rows) == 1, 60)
    (row,) = panel.rows.values()
    assert wait_for(lambda: "left" in row.words.text(), 60)
    assert " of 1000 photos" in row.words.text() and "a second" in row.words.text()
    assert not panel._empty.isVisible() and row.bar.maximum() == 1000
    button = next(b for b in panel.findChildren(QPushButton) if b.accessibleName() == "Stop: Count walls")
    button.click()
    assert row.words.text() == "Ending…" or not jobs.running
    assert wait_for(lambda: not jobs.running and not panel.rows, 60)
    assert stopped == ["stopped"] and jobs.failures == ()


@pytest.mark.gui
def test_a_job_that_ends_in_its_own_way_is_asked_to(studio: Any) -> None:
    asked: list[int] = []
    listed = Listed("Learn", stop=lambda: asked.append(1))
    worker, jobs = studio.parts.session.files, studio.parts.jobs
    job_id = worker.submit(long_job, Urgency.EVALUATE, Answers(), listed=listed)
    assert wait_for(lambda: len(jobs.running) == 1, 60)
    (job,) = jobs.running
    jobs.stop(job)
    jobs.stop(job)
    assert asked == [1] and jobs.running == (job,), "it goes on until it has found its end"
    worker.cancel(job_id)


@pytest.mark.gui
def test_what_failed_is_listed_once_with_its_job_until_it_is_cleared(studio: Any) -> None:
    def failing() -> Generator[JobProgress, None, None]:
        yield progress(0, 0)
        raise PhotoError("wall.jpg is empty.", "Copy it again.")

    session, jobs = studio.parts.session, studio.parts.jobs
    answers = Answers(failed=session.failed.emit)
    session.files.submit(failing, Urgency.EVALUATE, answers, listed=Listed("Read a wall"))
    assert wait_for(lambda: studio.window.status.jobs.text() == "1 failed", 60)
    (failure,) = jobs.failures
    assert (failure.title, failure.words) == ("Read a wall", "wall.jpg is empty. Copy it again.")
    assert studio.window.status.jobs.isVisible()
    studio.window.status.jobs.click()
    panel = studio.window.panel("jobsPanel")
    settle(0.05)
    assert panel.isVisible() and panel.failures.count() == 1
    panel.clear.click()
    assert (
        jobs.failures == () and not panel.failures.isVisible() and not studio.window.status.jobs.isVisible()
    )


@pytest.mark.gui
def test_photos_that_a_job_left_out_are_among_what_failed(studio: Any, project_folder: Path) -> None:
    session = studio.parts.session
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None, 60)
    folder = project_folder.parent / "more"
    folder.mkdir()
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff nothing")
    session.add([folder])
    assert wait_for(lambda: len(studio.parts.jobs.failures) == 1, 60)
    (failure,) = studio.parts.jobs.failures
    assert failure.title == "Add photos" and failure.words.startswith("torn.jpg: ")


@pytest.mark.gui
def test_a_moments_work_does_not_flicker_through_the_list(
    studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "SHORT_S", 300.0)
    seen: list[int] = []
    jobs = studio.parts.jobs
    jobs.changed.connect(lambda: seen.append(len(jobs.running)))
    studio.parts.session.files.submit(lambda: long_job(3), Urgency.EVALUATE, listed=Listed("Quick"))
    assert wait_for(lambda: bool(seen) and not studio.parts.session.files.busy, 60)
    assert set(seen) == {0}
