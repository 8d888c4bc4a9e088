"""From the pointer to the painted pixel: how long a stroke takes to show, in a real X session.

    python benchmarks/stroke_latency.py                      # 12, 50 and 200 MP, nothing else running
    python benchmarks/stroke_latency.py --learning           # while fine-tuning runs in the same process
    python benchmarks/stroke_latency.py --megapixels 50 --seconds 5 --json latency.json

Another process moves the pointer of a private Xvfb at 125 Hz through its XTEST extension. A move counts from
the moment it is handed to the X server to the end of the canvas's paint event that shows it; moves that were
merged on the way count until the paint that shows their successor, and moves that change nothing on the
screen (a brush larger than the view) until the canvas has put them into the correction. The canvas stands in
a main window of 1400 x 900 with a prediction and the mask layer on. With --learning the app's own job runner
fine-tunes the shipped weights (or a freshly made network of the same size) on drawn photos, and leaves a core
to the window while somebody paints, as in the app. With --window it is the whole app: its window, a project
that takes every stroke to the disk, and the learning that its Learn button starts. With --beside, which wants
the window too, every line is measured twice: with the canvas alone, and with a second view beside it; the
canvas has the same size both times.

``cpu`` is what the window's thread computes from one paint to the next. On a machine that does other work as
well (needs root), --ahead window lets the window, the X server and the pointer run before it, and --ahead all
learning too, right behind them, as on a machine of one's own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from latency_stages import SIZES, CanvasStage, WindowStage

RATE_HZ = 125
SPEED_PX = 700  # on the screen, per second
SWITCH_SECONDS = 0.001  # as the app sets it


def path(width: int, height: int, count: int) -> list[tuple[int, int]]:
    """Screen points of a hand that moves at ``SPEED_PX``, back and forth over the middle of the view."""
    step = SPEED_PX / RATE_HZ
    across, points = width * 0.6, []
    for index in range(count):
        travelled = index * step
        lap, along = divmod(travelled, across)
        x = along if int(lap) % 2 == 0 else across - along
        y = 0.5 * height + 0.28 * height * np.sin(travelled / 190) + (index % 2)
        points.append((round(width * 0.2 + x), round(y)))
    return points


class Meter:
    """Notes which moves arrived before which paint."""

    def __init__(self, kind: type) -> None:
        # Before the first event: Qt's bindings remember which methods a class overrides.
        self.canvas: Any = None
        self.moves: list[tuple[int, int]] = []
        self.paints: list[tuple[float, int]] = []
        self.spent: list[float] = []
        on_move, on_flush, on_paint = kind.mouseMoveEvent, kind._flush, kind.paintEvent
        on_update = kind.update
        self._flushed, self._used, self._asked = 0, 0.0, False

        def move(widget: Any, event: Any) -> None:
            if widget is not self.canvas:  # the view beside it
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

    def latencies_ms(self, sent: list[tuple[float, int, int]], since: float) -> np.ndarray:
        """Milliseconds from sending to showing, of every move that was sent after ``since``."""
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


def paint_once(app: Any, meter: Meter, display: str, zoom: float, seconds: float, alive: Callable) -> dict:
    """One long stroke at one zoom; figures in milliseconds."""
    canvas = meter.canvas
    canvas.zoom_to(zoom)
    canvas.centre_on(canvas.viewport.photo_height / 2, canvas.viewport.photo_width / 2)
    settle(app, 0.3)
    corner, seen = canvas.mapToGlobal(canvas.rect().topLeft()), canvas.viewport.photo_in_view
    points = path(seen.width, seen.height, int(seconds * RATE_HZ))
    points = [(x + seen.left + corner.x(), y + seen.top + corner.y()) for x, y in points]
    begin = points[0]
    steps = [(0.0, "move", begin[0] - 3, begin[1]), (0.15, "move", *begin), (0.3, "press", *begin)]
    steps += [(0.5 + index / RATE_HZ, "move", x, y) for index, (x, y) in enumerate(points[1:])]
    steps.append((0.5 + seconds + 0.1, "release", 0, 0))
    # The pointer's process takes over the policy of the window's thread, which starts it.
    feeder = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("x_pointer.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    meter.clear()
    done = canvas.document.edit_count
    feeder.stdin.write(json.dumps({"display": display, "steps": steps}))
    feeder.stdin.close()
    wait(app, lambda: feeder.poll() is not None, alive)
    times = json.load(feeder.stdout)
    settle(app, 0.2)
    if canvas.document.edit_count <= done:
        raise SystemExit("the stroke did not reach the document")
    sent = [(at, x, y) for at, (_, kind, x, y) in zip(times, steps, strict=True) if kind == "move"]
    pressed = next(at for at, (_, kind, *_) in zip(times, steps, strict=True) if kind == "press")
    values = meter.latencies_ms(sent, pressed)
    p50, p95, p99 = np.percentile(values, (50, 95, 99))
    return {
        "p50": round(float(p50), 2), "p95": round(float(p95), 2), "p99": round(float(p99), 2),
        "max": round(float(values.max()), 2), "moves": len(values), "paints": len(meter.paints),
        "cpu_p50": round(float(np.median(meter.spent)) * 1000, 2),
        "cpu_p95": round(float(np.percentile(meter.spent, 95)) * 1000, 2),
    }  # fmt: skip


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
    end = time.monotonic() + seconds
    wait(app, lambda: time.monotonic() >= end)


def run_ahead(what: str, server: int) -> None:
    """Let the window, the X server and the pointer run before all else; learning next when ``what`` says so.

    Called when learning is under way: new threads take over the policy of the thread that starts them.
    """
    for task in Path("/proc/self/task").iterdir():
        # Qt's own threads, such as the one that reads from the X server, belong to the window.
        if what == "all" or (task / "comm").read_text().startswith("Q"):
            rank = 2 if (task / "comm").read_text().startswith("Q") else 1
            os.sched_setscheduler(int(task.name), os.SCHED_RR, os.sched_param(rank))
    for thread in (threading.get_native_id(), server):
        os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(2))


def measure(options: argparse.Namespace, display: str) -> list[dict]:
    """Every photo size, brush and zoom, with and without learning as asked."""
    os.environ.update(DISPLAY=display, QT_QPA_PLATFORM="xcb")
    from resatt_studio.app.canvas.view import PhotoCanvas

    sys.setswitchinterval(SWITCH_SECONDS)
    meter = Meter(PhotoCanvas)
    stage = (WindowStage if options.window else CanvasStage)(options.learning, not options.no_courtesy)
    app, meter.canvas = stage.application, stage.canvas
    stage.window.setGeometry(100, 60, 1400, 900)
    stage.start(options.megapixels, lambda over: wait(app, over))
    if options.ahead:
        run_ahead(options.ahead, options.server_process)
    rows = []
    for megapixels in options.megapixels:
        stage.show(megapixels, lambda over: wait(app, over))
        cases = itertools.product(
            options.brush, options.zoom, ["", options.beside] if options.beside else [""]
        )
        for brush_px, zoom, beside in cases:
            if options.beside:
                stage.look_beside(beside, lambda: settle(app, 1.0))
            stage.take(brush_px)
            before = stage.learning_steps
            row = paint_once(app, meter, display, zoom / 100, options.seconds, stage.painted)
            row = {"megapixels": megapixels, "brush_px": brush_px, "zoom_percent": zoom, **row}
            row |= {"beside": beside} if beside else {}
            if before is not None:
                row["learning_steps"] = stage.learning_steps - before
            rows.append(row)
            print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
    stage.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megapixels", type=int, nargs="+", default=[12, 50, 200], choices=sorted(SIZES))
    parser.add_argument(
        "--brush", type=float, nargs="+", default=[2, 40, 400], help="diameters, photo pixels"
    )
    parser.add_argument("--zoom", type=float, nargs="+", default=[5, 100, 800], help="percent")
    parser.add_argument("--seconds", type=float, default=2.0, help="of painting for each line")
    parser.add_argument(
        "--window", action="store_true", help="the whole app with a project, not the canvas alone"
    )
    parser.add_argument(
        "--beside", default="", help="line of the second view's list, such as layers; with --window"
    )
    parser.add_argument("--learning", action="store_true", help="fine-tune in the same process meanwhile")
    parser.add_argument("--no-courtesy", action="store_true", help="learning keeps all cores while painting")
    parser.add_argument(
        "--ahead", choices=["window", "all"], help="what goes before other work on the machine"
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    options.window |= bool(options.beside)
    from x_pointer import XServer

    with XServer() as server:
        options.server_process = server.process_id
        rows = measure(options, server.display)
    worst = max(row["p95"] for row in rows), max(row["p99"] for row in rows)
    print(f"worst p95 {worst[0]:.1f} ms (target 16), worst p99 {worst[1]:.1f} ms (target 50); load {load()}")
    if options.json:
        options.json.write_text(json.dumps({"learning": options.learning, "rows": rows}, indent=2))


def load() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
