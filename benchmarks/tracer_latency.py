"""From the pointer to the painted preview of the crack tracer, in a real X session.

    python benchmarks/tracer_latency.py                       # 12 and 50 MP, at 50 %
    python benchmarks/tracer_latency.py --megapixels 50 --zoom 100

As ``stroke_latency.py`` measures strokes: another process moves the pointer of a private Xvfb at 125 Hz. One
click begins a crack at the left of the view; then the pointer sweeps to the right, up to 1,500 photo pixels
from the click, and up and down there. Every move counts, also those during which larger windows are searched.
``p95`` and so on are milliseconds from the move to the end of the paint that shows it; ``cpu`` is what the
window's thread computes from one paint to the next.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from latency_stages import SIZES, CanvasStage
from stroke_latency import RATE_HZ, SPEED_PX, SWITCH_SECONDS, Meter, load, settle, wait

GAP_PX = 1500


def sweep(width: int, height: int, scale: float, seconds: float) -> list[tuple[int, int]]:
    """The click, and the moves after it, in logical pixels of the canvas."""
    start = round(width * 0.03), round(height * 0.5)
    far = min(GAP_PX * scale, width * 0.94)
    points, along = [start], 0.0
    for index in range(int(seconds * RATE_HZ)):
        along += SPEED_PX / RATE_HZ
        x = min(along, far)
        y = 0.38 * height * np.sin(along / 170)
        points.append((start[0] + round(x), start[1] + round(y) + index % 2))
    return points


def hover(app, meter: Meter, display: str, zoom: float, seconds: float) -> dict[str, float]:
    canvas = meter.canvas
    canvas.zoom_to(zoom)
    canvas.centre_on(canvas.viewport.photo_height / 2, canvas.viewport.photo_width / 2)
    canvas.set_tool("tracer")
    settle(app, 0.3)
    corner = canvas.mapToGlobal(canvas.rect().topLeft())
    points = [
        (x + corner.x(), y + corner.y()) for x, y in sweep(canvas.width(), canvas.height(), zoom, seconds)
    ]
    start = points[0]
    steps = [(0.0, "move", start[0] - 3, start[1]), (0.15, "move", *start), (0.3, "press", *start)]
    steps.append((0.35, "release", *start))
    steps += [(0.6 + index / RATE_HZ, "move", x, y) for index, (x, y) in enumerate(points[1:])]
    feeder = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("x_pointer.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    meter.clear()
    feeder.stdin.write(json.dumps({"display": display, "steps": steps}))
    feeder.stdin.close()
    wait(app, lambda: feeder.poll() is not None)
    times = json.load(feeder.stdout)
    settle(app, 0.3)
    if not canvas._gestures.tool.in_hand:
        raise SystemExit("the click began no crack")
    sent = [(at, x, y) for at, (_, kind, x, y) in zip(times, steps, strict=True) if kind == "move"]
    released = next(at for at, (_, kind, *_) in zip(times, steps, strict=True) if kind == "release")
    values = meter.latencies_ms(sent, released)
    p50, p95, p99 = np.percentile(values, (50, 95, 99))
    ways = canvas._gestures.tool._ways
    canvas._cancel_stroke()
    return {
        "p50": round(float(p50), 1), "p95": round(float(p95), 1), "p99": round(float(p99), 1),
        "moves": len(values), "cpu_p50": round(float(np.median(meter.spent)) * 1000, 1),
        "cpu_p95": round(float(np.percentile(meter.spent, 95)) * 1000, 1),
        "window": f"{ways.ground.box.height}x{ways.ground.box.width}", "shrunk": ways.shrunk,
    }  # fmt: skip


def measure(options: argparse.Namespace, display: str) -> list[dict]:
    os.environ.update(DISPLAY=display, QT_QPA_PLATFORM="xcb")
    from resatt_studio.app.canvas.view import PhotoCanvas

    sys.setswitchinterval(SWITCH_SECONDS)
    meter = Meter(PhotoCanvas)
    stage = CanvasStage(False, True)
    app, meter.canvas = stage.application, stage.canvas
    stage.window.setGeometry(100, 60, 1700, 940)
    stage.start(options.megapixels, lambda over: wait(app, over))
    rows = []
    for megapixels in options.megapixels:
        stage.show(megapixels, lambda over: wait(app, over))
        for zoom in options.zoom:
            stage.take(8)
            row = hover(app, meter, display, zoom / 100, options.seconds)
            rows.append({"megapixels": megapixels, "zoom_percent": zoom, **row})
            print(" ".join(f"{key}={value}" for key, value in rows[-1].items()), flush=True)
    stage.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megapixels", type=int, nargs="+", default=[12, 50], choices=sorted(SIZES))
    parser.add_argument("--zoom", type=float, nargs="+", default=[50], help="percent")
    parser.add_argument("--seconds", type=float, default=6.0, help="of moving for each line")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    from x_pointer import XServer

    with XServer() as server:
        rows = measure(options, server.display)
    print(f"worst p95 {max(row['p95'] for row in rows):.1f} ms (target 16); load {load()}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
