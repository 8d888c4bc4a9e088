"""The canvas on screens with 1.25 to 2 device pixels per logical pixel, each in its own process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.gui

PROGRAM = """
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from resatt_studio.annotation.document import CorrectionDocument
from resatt_studio.annotation.strokes import stamp
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box

app = QApplication([])
window, canvas, strip = QWidget(), PhotoCanvas(), QWidget()
strip.setFixedWidth(37)  # so that the canvas begins between device pixels
layout = QHBoxLayout(window)
layout.setContentsMargins(3, 5, 0, 0)
layout.addWidget(strip)
layout.addWidget(canvas)
window.resize(501, 403)
window.show()
app.processEvents()
ratio = canvas.devicePixelRatioF()
photo = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
canvas.set_photo(photo, photo_id="a")
canvas.set_document(CorrectionDocument("a", 300, 400))
for scale, radius in ((1.0, 5.0), (8.0, 0.5), (0.4, 20.0)):
    canvas.set_document(CorrectionDocument("a", 300, 400))
    canvas.zoom_to(scale)
    canvas.centre_on(150, 200)
    canvas.set_brush(Label.CRACK, radius)
    points = [QPoint(200, 180), QPoint(240, 190), QPoint(250, 240)]
    QTest.mousePress(canvas, Qt.LeftButton, Qt.NoModifier, points[0])
    for p in points[1:]:
        app.sendEvent(canvas, QMouseEvent(QEvent.MouseMove, QPointF(p), canvas.mapToGlobal(QPointF(p)),
                                          Qt.LeftButton, Qt.LeftButton, Qt.NoModifier))
    QTest.mouseRelease(canvas, Qt.LeftButton, Qt.NoModifier, points[-1])
    view = canvas.viewport
    where = [((p.y() * ratio + 0.5 - view.top) / view.scale, (p.x() * ratio + 0.5 - view.left) / view.scale)
             for p in points]
    box, mask = stamp(where, radius, Box(0, 0, 300, 400))
    expected = np.zeros((300, 400), bool)
    expected[box.slices] = mask
    painted = canvas.document.labels.to_array() == Label.CRACK
    assert (painted == expected).all(), (ratio, scale)
    canvas.leaveEvent(QEvent(QEvent.Leave))
    image = window.grab().toImage().convertToFormat(QImage.Format_RGB888)
    assert abs(image.devicePixelRatio() - ratio) < 1e-6
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    shown = rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3)
    if scale == 8.0:
        # The widget may begin at a fraction of a device pixel; Qt rounds it one way or the other.
        origin = canvas.mapTo(window, QPoint(0, 0))
        fits = []
        for down in (int(origin.y() * ratio), int(origin.y() * ratio) + 1):
            for right in (int(origin.x() * ratio), int(origin.x() * ratio) + 1):
                tall, wide = min(view.view_height, shown.shape[0] - down), min(
                    view.view_width, shown.shape[1] - right)
                part = shown[down : down + tall - 3, right : right + wide - 3]
                r, c = view.photo_rows(0, tall - 3), view.photo_columns(0, wide - 3)
                bare = ~painted[r][:, c]
                fits.append((part[bare] == photo[r][:, c][bare]).all())
        assert any(fits), ratio
canvas.background.stop()
print("ratio", ratio)
"""


@pytest.mark.parametrize("ratio", ["1", "1.25", "1.5", "2"])
def test_strokes_and_pixels_are_exact_at_any_device_pixel_ratio(ratio):
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": ratio}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"ratio {float(ratio)}" in done.stdout


LOOKS = """
import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from resatt_studio.app.canvas.films import heat_colours
from resatt_studio.app.canvas.view import PhotoCanvas
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.geometry import Box
from resatt_studio.records.heat import Heat, HeatQuestion

app = QApplication([])
canvas = PhotoCanvas()
canvas.resize(480, 360)
canvas.show()
app.processEvents()
ratio = canvas.devicePixelRatioF()
canvas.set_photo(np.full((300, 400, 3), 90, np.uint8), photo_id="a")
grid = np.zeros((6, 8), np.float32)
grid[2, 5] = 1
canvas.set_layer("heat", visible=True, opacity=1.0)
canvas.set_heat(Heat("a", "w", HeatQuestion("rmt"), grid, (50.0, 50.0), Box(0, 0, 300, 400), 300, 400))


def shown():
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


highest = np.array([int(heat_colours(1.0)[255]) >> shift & 255 for shift in (16, 8, 0)])
for scale in (0.5, 1.3, 4.0):
    canvas.zoom_to(scale)
    canvas.centre_on(130, 270)
    off = np.abs(shown() - highest).sum(axis=2)
    where = np.argwhere(off == off.min()).mean(axis=0) + 0.5
    assert np.abs(where - canvas.viewport.to_view(125, 275)).max() <= 1, (ratio, scale, where)

canvas.set_layer("heat", visible=False)
white = np.full((300, 400, 3), 250, np.uint8)
canvas.set_layer("dehazed", visible=True)
canvas.set_dehazing(Dehazing("a", "d", white, white[:, :, 0], white, (0.0, 1.0), 0.1))
canvas.fit()
photo = canvas.viewport.photo_in_view
grip = QPoint(round(canvas.split_column / ratio), round((photo.top + photo.bottom) / 2 / ratio))
QTest.mousePress(canvas, Qt.LeftButton, Qt.NoModifier, grip)
QTest.mouseMove(canvas, grip + QPoint(60, 0))
QTest.mouseRelease(canvas, Qt.LeftButton, Qt.NoModifier, grip + QPoint(60, 0))
app.processEvents()
assert abs(canvas.split_column - (photo.left + photo.width / 2 + 60 * ratio)) <= ratio
row = shown()[photo.bottom - 20, photo.left : photo.right, 0]
at = round(canvas.split_column) - photo.left
edge = round(4 * ratio)
assert (row[: at - edge] == 90).all() and (row[at + edge :] == 250).all(), ratio
canvas.background.stop()
print("ratio", ratio)
"""


@pytest.mark.parametrize("ratio", ["1", "1.5", "2"])
def test_heat_and_divider_lie_where_they_belong_at_any_device_pixel_ratio(ratio):
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": ratio}
    done = subprocess.run(
        [sys.executable, "-c", LOOKS], env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"ratio {float(ratio)}" in done.stdout
