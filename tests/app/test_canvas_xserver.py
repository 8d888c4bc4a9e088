"""A stroke through a real X server: the server's own pointer, not events made by a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.gui, pytest.mark.xserver]

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

PROGRAM = """
import json, subprocess, sys
import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.strokes import stamp
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box

app = QApplication([])
assert app.platformName() == "xcb", app.platformName()
canvas = PhotoCanvas()
canvas.setGeometry(50, 40, 600, 500)
canvas.show()
canvas.set_photo(np.full((400, 500, 3), 128, np.uint8), photo_id="a")
document = CorrectionDocument("a", 400, 500)
canvas.set_document(document)
canvas.actual_size()
canvas.set_brush(Label.CRACK, 3.0)
corner = canvas.mapToGlobal(canvas.rect().topLeft())
points = [(150 + n, 250 + 60 * (n % 2)) for n in range(200)]  # a zigzag that loses its teeth with any point
steps = [(0.5, "move", points[0][0] + corner.x(), points[0][1] + corner.y()), (0.6, "press", 0, 0)]
steps += [(0.7 + 0.001 * n, "move", x + corner.x(), y + corner.y()) for n, (x, y) in enumerate(points[1:])]
steps.append((1.2, "release", 0, 0))
task = json.dumps({"display": sys.argv[2], "steps": steps})
while not canvas.windowHandle().isExposed():
    app.processEvents()
feeder = subprocess.Popen([sys.executable, sys.argv[1] + "/x_pointer.py"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, text=True)
feeder.stdin.write(task)
feeder.stdin.close()
timer = QTimer()
timer.timeout.connect(lambda: document.edit_count and app.exit(0))
timer.start(20)
QTimer.singleShot(60_000, lambda: app.exit(3))
code = app.exec()
assert code == 0, "the stroke did not arrive"
view = canvas.viewport
where = [((y + 0.5 - view.top) / view.scale, (x + 0.5 - view.left) / view.scale) for x, y in points]
box, mask = stamp(where, 3.0, Box(0, 0, 400, 500))
expected = np.zeros((400, 500), bool)
expected[box.slices] = mask
np.testing.assert_array_equal(document.labels.to_array() == Label.CRACK, expected)
feeder.wait(10)
canvas.background.stop()
print("points", len(document.edits[0].path))
"""


def test_every_point_of_a_fast_stroke_arrives_and_lands_where_the_pointer_was(display):
    env = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(BENCHMARKS), display],
        env=env, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 200
