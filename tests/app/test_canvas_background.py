"""Claims about the canvas's other thread: what fails there is told, and may be asked for again."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from PySide6.QtCore import QObject

from resatt_studio.app.canvas.background import Background

pytestmark = pytest.mark.gui


@pytest.fixture
def background(qtbot: Any) -> Any:
    owner = QObject()
    yield (made := Background(owner))
    made.stop()


def test_a_failure_is_told_and_leaves_nothing_waiting(background: Any, qtbot: Any):
    heard: list[str] = []

    def fails() -> None:
        raise MemoryError("no room")

    with qtbot.captureExceptions() as caught:
        background.run("map", fails, lambda _: heard.append("answered"), lambda: heard.append("failed"))
        assert background.busy
        qtbot.waitUntil(lambda: bool(caught), timeout=60_000)
    assert heard == ["failed"] and not background.busy and isinstance(caught[0][1], MemoryError)


def test_the_failure_of_an_older_call_takes_nothing_from_the_newer_one(background: Any, qtbot: Any):
    heard: list[str] = []
    begun, go = threading.Event(), threading.Event()

    def fails() -> None:
        begun.set()
        go.wait(60)
        raise ValueError("old")

    with qtbot.captureExceptions() as caught:
        background.run("map", fails, heard.append, lambda: heard.append("failed"))
        assert begun.wait(60)
        background.run("map", lambda: "new", heard.append)
        go.set()
        qtbot.waitUntil(lambda: bool(heard) and bool(caught), timeout=60_000)
    assert heard == ["new"]
