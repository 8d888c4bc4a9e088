"""The window as a person meets it: started from the command line on a real X server, driven from outside."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from resatt_studio.records.correction import Label
from resatt_studio.workflow.correct import check_project, open_document
from resatt_studio.workflow.project import DATABASE, open_project

pytestmark = [pytest.mark.gui, pytest.mark.xserver]
ROOT = Path(__file__).resolve().parents[2]


def until(met: Callable[[], bool], timeout_s: float, what: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def strokes(folder: Path) -> int:
    """Done strokes that are on the disk, read beside the running app."""
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as connection:
        return int(connection.execute("select count(*) from edits where state = 'done'").fetchone()[0])


def test_a_stroke_by_mouse_and_an_undo_by_key_are_on_the_disk(
    display: str, project_folder: Path, own_settings: Path
) -> None:
    if shutil.which("xdotool") is None:
        pytest.skip("xdotool is not installed")
    environment = {k: v for k, v in os.environ.items() if k != "QT_QPA_PLATFORM"} | {
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "OMP_NUM_THREADS": "1",
    }

    def xdo(*words: object) -> str:
        command = ["xdotool", *map(str, words)]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=True
        ).stdout.strip()

    said = project_folder.parent / "said.txt"
    with said.open("w", encoding="utf-8") as log:
        app = subprocess.Popen(
            [sys.executable, "-m", "resatt_studio", "gui", str(project_folder)],
            env=environment,
            cwd=ROOT,
            stderr=log,
        )
    try:
        window = xdo("search", "--sync", "--onlyvisible", "--name", "ResAtt Studio").splitlines()[0]
        until(lambda: "wall_" in xdo("getwindowname", window), 90, "no photo was opened")
        geometry = dict(line.split("=") for line in xdo("getwindowgeometry", "--shell", window).splitlines())
        x0, y0 = int(geometry["X"]), int(geometry["Y"])
        middle_x, middle_y = x0 + int(geometry["WIDTH"]) * 48 // 100, y0 + int(geometry["HEIGHT"]) // 2
        xdo("windowfocus", window)

        def drag(down: int) -> None:
            xdo("mousemove", middle_x - 80, middle_y + down, "mousedown", 1)
            for step in range(-70, 90, 10):
                xdo("mousemove", middle_x + step, middle_y + down)
            xdo("mouseup", 1)

        def first_stroke() -> bool:
            drag(0)
            time.sleep(1)
            return strokes(project_folder) >= 1

        until(first_stroke, 60, "no stroke reached the disk")
        painted, before = strokes(project_folder), -1
        while painted != before:  # one of the drags before may still be on its way
            time.sleep(2)
            painted, before = strokes(project_folder), painted
        drag(90)
        until(lambda: strokes(project_folder) == painted + 1, 60, "the second stroke was lost")
        xdo("key", "ctrl+z")
        until(lambda: strokes(project_folder) == painted, 60, "the undo was lost")
        app.send_signal(signal.SIGINT)
        assert app.wait(60) == 0, said.read_text(encoding="utf-8")
    finally:
        if app.poll() is None:
            app.kill()
            app.wait(10)
    with open_project(project_folder) as project:
        assert check_project(project) == []
        (photo_id,) = [entry.photo_id for entry in project.store.photos() if entry.edits]
        document = open_document(project, photo_id)
        assert document.can_redo
        assert (document.labels.to_array() == Label.CRACK).any()
        document.close()
