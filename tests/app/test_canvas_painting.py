"""Claims about what the canvas draws by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtWidgets import QApplication

from resatt_studio.app.canvas.overlay import _polygon, mark_region, paint_marks
from resatt_studio.app.canvas.painting import Ring, ring_region
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.app.tools.overlay import LineMark, Tone

WIDE, HIGH = 320, 200


def drawn(centre: QPointF, radius: float) -> np.ndarray:
    """Where a ring leaves ink on a view of ``HIGH`` x ``WIDE``."""
    image = QImage(WIDE, HIGH, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    Ring().paint(painter, centre, radius, 1.0)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint32).reshape(HIGH, WIDE) != 0


@given(x=st.floats(-300, 600), y=st.floats(-300, 500), radius=st.floats(3, 1500))
@settings(max_examples=80, deadline=None)
def test_all_ink_of_a_ring_lies_in_its_region(qapp: QApplication, x: float, y: float, radius: float) -> None:
    region = ring_region(QPointF(x, y), radius, QRect(0, 0, WIDE, HIGH))
    for row, column in np.argwhere(drawn(QPointF(x, y), radius)):
        assert region.contains(QRect(int(column), int(row), 1, 1))


@pytest.mark.parametrize(("radius", "most"), [(90.0, 0.7), (1000.0, 0.3)])
def test_the_disc_inside_a_large_ring_is_not_painted(qapp: QApplication, radius: float, most: float) -> None:
    view = QRect(0, 0, 1200, 800)
    region = ring_region(QPointF(600 - radius + 100, 400), radius, view)
    area = sum(rect.width() * rect.height() for rect in region)
    assert region.boundingRect().intersected(view) == region.boundingRect()
    assert area < most * min((2 * radius) ** 2, view.width() * view.height())


def test_a_ring_out_of_sight_takes_nothing(qapp: QApplication) -> None:
    assert ring_region(QPointF(5000, 5000), 40, QRect(0, 0, WIDE, HIGH)).isEmpty()
    assert ring_region(QPointF(160, 100), 4000, QRect(0, 0, WIDE, HIGH)).isEmpty()


@given(
    seed=st.integers(0, 10**6), count=st.integers(2, 400), step=st.floats(0.2, 60), scale=st.floats(0.1, 8)
)
@settings(max_examples=60, deadline=None)
def test_all_ink_of_a_long_line_lies_in_its_region(
    qapp: QApplication, seed: int, count: int, step: float, scale: float
) -> None:
    points = np.cumsum(np.random.default_rng(seed).normal(0, step, (count, 2)), axis=0) + 130
    mark, view = LineMark(points, Tone.CRACK), Viewport(HIGH, WIDE, 2000, 3200, scale)
    image = QImage(WIDE, HIGH, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    paint_marks(painter, [mark], view, 1.0, {Tone.CRACK: QColor("#ff0000")})
    painter.end()
    region = mark_region(mark, view, 1.0, QFont())
    inked = np.frombuffer(image.constBits(), np.uint32).reshape(HIGH, WIDE) != 0
    for row, column in np.argwhere(inked):
        assert region.contains(QRect(int(column), int(row), 1, 1))


def test_a_line_is_handed_to_the_painter_point_by_point() -> None:
    points = np.random.default_rng(0).normal(0, 1e4, (700, 2))
    assert [(point.y(), point.x()) for point in _polygon(points)] == [tuple(pair) for pair in points.tolist()]
