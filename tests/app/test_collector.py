"""Where and when reference cycles are collected."""

from __future__ import annotations

import gc
import threading
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from resatt_studio.app import collector
from resatt_studio.app.collector import Collector


class Node:
    """Part of a cycle; says which thread it ended in."""

    ended: list[threading.Thread]

    def __init__(self) -> None:
        self.other: Node | None = None

    def __del__(self) -> None:
        self.ended.append(threading.current_thread())


@pytest.fixture
def parent(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> QObject:
    monkeypatch.setattr(Node, "ended", [], raising=False)
    return QObject()


def cycles(count: int) -> weakref.ref[Node]:
    """Make so many pairs that hold each other and nothing else holds; return a look at one."""
    one = Node()
    for _ in range(count):
        one, other = Node(), Node()
        one.other, other.other = other, one
    return weakref.ref(one)


def test_cycles_that_another_thread_made_end_in_the_windows(
    parent: QObject, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "EVERY_S", 0.05)
    gc.enable()
    kept = Collector(parent, SimpleNamespace(painting=True))
    worker = threading.Thread(target=cycles, args=(1000,))
    worker.start()
    worker.join()
    assert len(Node.ended) <= 1, "the pair that the loop began with was no cycle"
    qtbot.waitUntil(lambda: len(Node.ended) == 2001, timeout=10_000)
    assert set(Node.ended[1:]) == {threading.current_thread()}
    del kept


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the collector is asked to do, which it does not."""
    looks: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda generation=2: looks.append(("", "young", "all")[generation]))
    monkeypatch.setattr(gc, "freeze", lambda: looks.append("set aside"))
    return looks


def made(monkeypatch: pytest.MonkeyPatch, objects: int) -> None:
    monkeypatch.setattr(gc, "get_count", lambda: (objects, 0, 0))


def test_all_objects_are_looked_at_when_nobody_paints_and_never_when_somebody_does(
    parent: QObject, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    courtesy = SimpleNamespace(painting=True)
    made(monkeypatch, 4000)
    collects = Collector(parent, courtesy)
    for _ in range(301):
        collects._look()
    assert looks == ["young"] * 301
    looks.clear()
    courtesy.painting = False
    for _ in range(32):
        collects._look()
    assert looks == ["all", *["young"] * 30, "all"]


def test_where_nothing_was_made_nothing_is_looked_at(
    parent: QObject, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(monkeypatch, 699)
    Collector(parent, SimpleNamespace(painting=False))._look()
    assert not looks


def test_a_library_is_set_aside_when_it_comes_or_after_the_first_long_look(
    parent: QObject, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    collects = Collector(parent, SimpleNamespace(painting=False))
    made(monkeypatch, 100_000)
    collects._look()
    assert looks == ["set aside"]
    made(monkeypatch, 4000)
    clock = iter((1.0, 1.5))
    monkeypatch.setattr(collector, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    for _ in range(31):
        collects._look()
    assert looks[-2:] == ["all", "set aside"]
