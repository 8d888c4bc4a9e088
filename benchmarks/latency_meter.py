"""Which moves of the pointer are shown by which paint of a canvas, and how long after they were made."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from recorded_paths import Step


class Meter:
    """Notes which moves arrived before which paint.

    Args:
        kind: The class of the canvas; before its first event, as Qt's bindings remember which methods a class
            overrides.

    Attributes:
        canvas: The one that counts; a view beside it does not.
    """

    def __init__(self, kind: type) -> None:
        self.canvas: Any = None
        self.moves: list[tuple[int, int]] = []
        self.paints: list[tuple[float, int]] = []
        self.spent: list[float] = []
        on_move, on_flush, on_paint = kind.mouseMoveEvent, kind._flush, kind.paintEvent
        on_update = kind.update
        self._flushed, self._used, self._asked = 0, 0.0, False

        def move(widget: Any, event: Any) -> None:
            if widget is not self.canvas:
                on_move(widget, event)
                return
            where = event.globalPosition()
            self.moves.append((round(where.x()), round(where.y())))
            on_move(widget, event)

        def update(widget: Any, *where: Any) -> None:
            self._asked = self._asked or widget is self.canvas
            on_update(widget, *where)

        def flush(widget: Any) -> None:
            if widget is not self.canvas:
                on_flush(widget)
                return
            self._asked = False
            on_flush(widget)
            self._flushed = len(self.moves)
            if not self._asked:
                self._note()

        def paint(widget: Any, event: Any) -> None:
            on_paint(widget, event)
            if widget is self.canvas:
                self._note()

        kind.mouseMoveEvent, kind._flush, kind.paintEvent, kind.update = move, flush, paint, update

    def _note(self) -> None:
        """All moves flushed so far are done with."""
        self.paints.append((time.monotonic(), self._flushed))
        used = time.thread_time()
        self.spent.append(used - self._used)
        self._used = used

    def clear(self) -> None:
        self.moves.clear()
        self.paints.clear()
        self.spent.clear()
        self._used = time.thread_time()
        self._flushed = 0

    def latencies_ms(self, sent: Sequence[tuple[float, int, int]], since: float) -> np.ndarray:
        """Milliseconds from sending to showing, of every move that was sent after ``since``.

        Raises:
            SystemExit: The window saw too few of them.
        """
        arrived = iter(enumerate(self.moves, 1))
        number_of, waiting = [], []
        number, where = next(arrived, (None, None))
        for at, x, y in sent:
            waiting.append(at)
            if number is not None and where == (x, y):
                number_of += [(earlier, number) for earlier in waiting]
                waiting = []
                number, where = next(arrived, (None, None))
        result, paint = [], 0
        for at, number in number_of:
            while paint < len(self.paints) and self.paints[paint][1] < number:
                paint += 1
            if at > since and paint < len(self.paints):
                result.append((self.paints[paint][0] - at) * 1000)
        expected = sum(at > since for at, _, _ in sent)
        if len(result) < 0.95 * expected:
            raise SystemExit(f"only {len(result)} of {expected} moves were seen in the window")
        return np.array(result)


def wait(app: Any, over: Callable[[], bool], tick: Callable[[], None] = lambda: None) -> None:
    """Run the event loop, as the app does, until ``over`` says so; it is asked every 20 ms."""
    from PySide6.QtCore import QTimer

    def look() -> None:
        tick()
        if over():
            app.exit()  # quit() would close the window

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(20)
    app.exec()
    timer.stop()


def settle(app: Any, seconds: float) -> None:
    """Run the event loop for so long."""
    end = time.monotonic() + seconds
    wait(app, lambda: time.monotonic() >= end)


def replayed(
    app: Any, meter: Meter, display: str, steps: Sequence[Step], tick: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Let another process do the steps, and measure every move after the first press; in milliseconds."""
    # The pointer's process takes over the policy of the window's thread, which starts it.
    feeder = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("x_pointer.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    meter.clear()
    feeder.stdin.write(json.dumps({"display": display, "steps": steps}))
    feeder.stdin.close()
    wait(app, lambda: feeder.poll() is not None, tick)
    times = json.load(feeder.stdout)
    settle(app, 0.2)
    done = list(zip(times, steps, strict=True))
    pressed = next(at for at, step in done if step.kind == "press")
    sent = [(at, step.x, step.y) for at, step in done if step.kind == "move"]
    values = meter.latencies_ms(sent, pressed)
    return {
        **percentiles(values), "max": round(float(values.max()), 2), "moves": len(values),
        "paints": len(meter.paints), "cpu_p50": round(float(np.median(meter.spent)) * 1000, 2),
        "cpu_p95": round(float(np.percentile(meter.spent, 95)) * 1000, 2),
    }  # fmt: skip


def percentiles(values: np.ndarray) -> dict[str, float]:
    """The 50th, 95th and 99th of some milliseconds."""
    p50, p95, p99 = np.percentile(values, (50, 95, 99))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "p99": round(float(p99), 2)}
