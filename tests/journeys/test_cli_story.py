"""Stories of the command line in processes of their own: a quiet pipe, an interrupted lesson, a lost pipe."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from resatt_studio.workflow.correct import check_project
from resatt_studio.workflow.jobs import drain
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import create_project, open_project

MODULE = ("-m", "resatt_studio")


@pytest.fixture
def taught(tmp_path: Path, photo_folder: Path, tiny_weights: Path) -> Path:
    """A project with four approved photos."""
    folder = tmp_path / "north.resatt"
    with create_project(folder, tiny_weights) as project:
        drain(add_photos(project, [photo_folder], photo_folder.parent / "masks"))
    return folder


def start(tmp_path: Path, *arguments: object, program: Sequence[str] = MODULE) -> subprocess.Popen[str]:
    """Start the program, or another one, with settings of its own."""
    settings = {
        "RESATT_SETTINGS": str(tmp_path / "settings.toml"),
        "RESATT_DEVICE": "cpu",
        "RESATT_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def curve_points(project: Path) -> int:
    with closing(sqlite3.connect(project / "project.sqlite3", timeout=10)) as connection:
        return int(connection.execute("select count(*) from run_points where loss is not null").fetchone()[0])


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole process groups")
def test_an_interrupted_lesson_keeps_the_best_so_far(taught: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    process = start(tmp_path, "finetune", taught, "--seconds", 400, "--promote", "never", "--json", result)
    deadline = time.monotonic() + 250
    while curve_points(taught) == 0:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=250)
    assert process.returncode == 0, told
    assert "Keeping the best so far" in told
    said = json.loads(result.read_text())
    assert said["steps"] >= 1
    with open_project(taught) as project:
        assert [version.weights_id for version in project.shelf.versions()][1:] == [said["candidate"]]
        assert check_project(project) == []


def test_without_a_terminal_nothing_but_the_result_is_printed(
    photo_folder: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    process = start(
        tmp_path, "predict", photo_folder, "--out", tmp_path / "out", "--weights", tiny_weights, "--json", "-"
    )
    out, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert len(json.loads(out)["photos"]) == 4
    assert told.count("\n") == 1 and "4 masks" in told


def test_a_project_that_is_open_elsewhere_is_not_opened_twice(taught: Path, tmp_path: Path) -> None:
    with open_project(taught):
        process = start(tmp_path, "weights", "list", taught)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "north.resatt" in told and "Traceback" not in told


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_lesson_goes_on_where_it_was(taught: Path, tmp_path: Path) -> None:
    lesson = ("finetune", taught, "--seconds", 400, "--steps", 12, "--promote", "never", "--json", "-")
    code = (
        "import sys\n"
        "from resatt_studio.cli import main\n"
        "from resatt_studio.learning import course\n"
        "course.POINT_SECONDS = 0.0\n"  # a resume point after every step, not only every ten seconds
        "sys.exit(main())\n"
    )
    process = start(tmp_path, *lesson, program=("-c", code))
    point = taught / "runs" / "1" / "resume-point"
    deadline = time.monotonic() + 250
    while not point.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate()
    again = start(tmp_path, *lesson, program=("-c", code))
    out, told = again.communicate(timeout=300)
    assert again.returncode == 0, told
    assert json.loads(out)["steps"] == 12
    with open_project(taught) as project:
        (run,) = project.store.runs()
        assert run.state == "finished"
        steps = [point.step for point in run.curve if point.loss is not None]
        assert steps and max(steps) == 12
        assert check_project(project) == []
