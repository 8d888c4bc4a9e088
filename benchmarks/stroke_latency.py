"""From the pointer to the painted pixel: how soon a stroke, or the tracer's preview, is seen in an X session.

    python benchmarks/stroke_latency.py                      # 12, 50 and 200 MP, nothing else running
    python benchmarks/stroke_latency.py --window --learning  # the whole app, while it learns
    python benchmarks/stroke_latency.py --megapixels 50 --hand 40 tracer --json latency.json

Another process replays a path of ``paths/`` with the pointer of a private Xvfb, at 125 Hz, through its XTEST
extension. A move counts from the moment it is handed to the X server to the end of the canvas's paint event
that shows it; moves that were merged on the way count until the paint that shows their successor, and moves
that change nothing on the screen (a brush larger than the view) until the canvas has put them into the
correction. A number in --hand is the diameter of a brush, which draws the path; "tracer" clicks where it
begins and follows the rest with no button down, up to 1,500 photo pixels from the click, and moves count too
while larger windows are searched.

The canvas stands in a main window of 1400 x 900 with a prediction and the mask layer on. With --learning
the app's own job runner fine-tunes the shipped weights (or a freshly made network of the same size) on
drawn photos, and leaves a core to the window while somebody paints, as in the app. With --window it is the
whole app: its window, a project that takes every stroke to the disk, and the learning that its Learn button
starts. With --beside, which wants the window too, every line is measured twice: with the canvas alone, and
with a second view beside it; the canvas has the same size both times.

``cpu`` is what the window's thread computes from one paint to the next. On a machine that does other work as
well (needs root), --ahead window lets the window, the X server and the pointer run before it, and --ahead all
learning too, right behind them, as on a machine of one's own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from latency_meter import Meter, replayed, settle, wait
from latency_stages import SIZES, CanvasStage, WindowStage
from recorded_paths import NAMES, View, steps_of

TRACER = "tracer"
TARGET_MS = {"p95": 16.0, "p99": 50.0}
GAP_PX = 1500  # photo pixels from the tracer's click, as far as its preview is asked for
_PATH_SHARE = 0.9  # of the view that a path takes


def measure_once(app: Any, meter: Meter, stage: Any, display: str, zoom: float, hand: str, path: str) -> dict:
    """One path at one zoom with one brush, or the tracer; figures in milliseconds."""
    canvas = stage.canvas
    canvas.zoom_to(zoom)
    canvas.centre_on(canvas.viewport.photo_height / 2, canvas.viewport.photo_width / 2)
    traced = hand == TRACER
    stage.take(TRACER if traced else "brush", 8.0 if traced else float(hand))
    settle(app, 0.3)
    corner, seen = canvas.mapToGlobal(canvas.rect().topLeft()), canvas.viewport.photo_in_view
    view = View(corner.x() + seen.left, corner.y() + seen.top, seen.width, seen.height)
    done = canvas.document.edit_count
    row = replayed(
        app, meter, display, steps_of(path, _reached(view, zoom) if traced else view, click=traced),
        stage.painted,
    )  # fmt: skip
    if traced:
        if not canvas.at_work:
            raise SystemExit("the click began no crack")
        canvas._cancel_stroke()
    elif canvas.document.edit_count <= done:
        raise SystemExit("the stroke did not reach the document")
    return row


def _reached(view: View, zoom: float) -> View:
    """The middle of a view, no larger than the tracer is asked to reach."""
    width, height = (min(side, round(GAP_PX * zoom / _PATH_SHARE)) for side in (view.width, view.height))
    return View(view.left + (view.width - width) // 2, view.top + (view.height - height) // 2, width, height)


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
    """Every photo size, hand and zoom, with and without learning as asked."""
    os.environ.update(DISPLAY=display, QT_QPA_PLATFORM="xcb")
    from resatt_studio.app.canvas.view import PhotoCanvas
    from resatt_studio.app.main import leave_room

    leave_room()
    meter = Meter(PhotoCanvas)
    stage = (WindowStage if options.window else CanvasStage)(options.learning, not options.no_courtesy)
    app = stage.application
    stage.window.setGeometry(100, 60, 1400, 900)
    meter.canvas = stage.canvas
    stage.start(options.megapixels, lambda over: wait(app, over))
    if options.ahead:
        run_ahead(options.ahead, options.server_process)
    rows = []
    for megapixels in options.megapixels:
        stage.show(megapixels, lambda over: wait(app, over))
        beside = ["", options.beside] if options.beside else [""]
        for hand, zoom, look in itertools.product(options.hand, options.zoom, beside):
            if options.beside:
                stage.look_beside(look, lambda: settle(app, 1.0))
            before = stage.learning_steps
            row = measure_once(app, meter, stage, display, zoom / 100, hand, options.path)
            row = {"megapixels": megapixels, "hand": hand, "zoom_percent": zoom, **row}
            row |= {"beside": look} if look else {}
            if before is not None:
                row["learning_steps"] = stage.learning_steps - before
            rows.append(row)
            print(" ".join(f"{key}={value}" for key, value in row.items()), file=sys.stderr, flush=True)
    stage.close()
    return rows


def table(rows: list[dict]) -> str:
    """Markdown, one line a photo and hand."""
    zooms = list(dict.fromkeys(row["zoom_percent"] for row in rows))
    lines = [
        "| photo | hand | " + " | ".join(f"{zoom:g} %: p50 / p95 / p99" for zoom in zooms) + " |",
        "|---" * (2 + len(zooms)) + "|",
    ]
    groups: dict[tuple, list[str]] = {}
    for row in rows:
        figures = " / ".join(f"{row[name]:.1f}" for name in ("p50", "p95", "p99"))
        missed = any(row[name] > target for name, target in TARGET_MS.items())
        groups.setdefault((row["megapixels"], row["hand"], row.get("beside", "")), []).append(
            f"**{figures}**" if missed else figures
        )
    for (megapixels, hand, beside), cells in groups.items():
        what = "tracer's preview" if hand == TRACER else f"brush {hand} px"
        what += f", {beside} beside" if beside else ""
        lines.append(f"| {megapixels} MP | {what} | {' | '.join(cells)} |")
    kept = sum(all(row[name] <= target for name, target in TARGET_MS.items()) for row in rows)
    worst = max(row["p95"] for row in rows), max(row["p99"] for row in rows)
    cpu = max(row["cpu_p95"] for row in rows)
    lines.append(
        f"\nMilliseconds; {kept} of {len(rows)} cells keep {TARGET_MS['p95']:g} ms for 95 % and "
        f"{TARGET_MS['p99']:g} ms for 99 % of the moves (bold: not). Worst {worst[0]:.1f} and "
        f"{worst[1]:.1f}; the window's thread computed at most {cpu:.1f} ms from one paint to the next in 95 "
        "% of any cell. "
        f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megapixels", type=int, nargs="+", default=[12, 50, 200], choices=sorted(SIZES))
    parser.add_argument(
        "--hand", nargs="+", default=["2", "40", "400", TRACER], help="diameters in photo pixels, or tracer"
    )
    parser.add_argument("--zoom", type=float, nargs="+", default=[5, 100, 800], help="percent")
    parser.add_argument("--path", default="follow", choices=NAMES, help="what the pointer does")
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
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps({"learning": options.learning, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
