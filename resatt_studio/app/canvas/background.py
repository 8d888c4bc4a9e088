"""Slow preparations of the canvas, one after the other on one thread; answers come back as a signal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot


class _Relay(QObject):
    """Emitting these is all that the other thread ever does to Qt."""

    answered = Signal(object)
    failed = Signal(object)  # kind, ticket, error


class Background(QObject):
    """Runs functions off the window's thread; only the newest of each kind counts.

    Args:
        parent: Ends with it.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        # No parent: the relay must outlive a thread that is about to emit, whatever becomes of the canvas.
        self._relay = _Relay()
        self._relay.answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._relay.failed.connect(self._fail, Qt.ConnectionType.QueuedConnection)
        self._waiting: dict[str, tuple[object, Callable[[Any], None], Callable[[], None] | None]] = {}
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="canvas")
        stopped, pool = self._stopped, self._pool
        parent.destroyed.connect(lambda: _stop(stopped, pool))

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self._waiting)

    @property
    def kinds(self) -> frozenset[str]:
        """Of the answers that are on their way."""
        return frozenset(self._waiting)

    def run(
        self,
        kind: str,
        function: Callable[[], Any],
        then: Callable[[Any], None],
        failed: Callable[[], None] | None = None,
    ) -> None:
        """Call ``function`` in the background and ``then`` with its answer in the window's thread.

        An older call of the same ``kind`` that has not answered yet is forgotten. An error is raised in the
        window's thread, after ``failed`` was called.
        """
        if self._stopped.is_set():
            return
        ticket = object()
        self._waiting[kind] = (ticket, then, failed)
        relay, stopped, waiting = self._relay, self._stopped, self._waiting

        def work() -> None:
            if stopped.is_set() or waiting.get(kind, (None,))[0] is not ticket:
                return
            try:
                answer = function()
            except Exception as error:  # noqa: BLE001 - handed to the window's thread, which raises it
                relay.failed.emit((kind, ticket, error))
            else:
                relay.answered.emit((kind, ticket, answer))

        self._pool.submit(work)

    def forget(self, kind: str) -> None:
        """Drop the answer that is on its way."""
        self._waiting.pop(kind, None)

    def stop(self) -> None:
        """Take no more work and deliver no more answers; waits for what is running (well under a second)."""
        self._waiting.clear()
        _stop(self._stopped, self._pool)

    @Slot(object)
    def _deliver(self, report: tuple[str, object, Any]) -> None:
        kind, ticket, answer = report
        if self._waiting.get(kind, (None,))[0] is ticket:
            _, then, _ = self._waiting.pop(kind)
            then(answer)

    @Slot(object)
    def _fail(self, report: tuple[str, object, Exception]) -> None:
        kind, ticket, error = report
        if self._waiting.get(kind, (None,))[0] is ticket:
            _, _, failed = self._waiting.pop(kind)  # nothing more comes: the same may be asked for again
            if failed is not None:
                failed()
        raise error


def _stop(stopped: threading.Event, pool: ThreadPoolExecutor) -> None:
    stopped.set()
    pool.shutdown(wait=True, cancel_futures=True)
