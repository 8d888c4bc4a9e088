"""Claims about what the canvas draws by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtWidgets import QApplication

from resatt_studio.app.canvas.overlay import _polygon, changed_region, mark_region, paint_marks
from resatt_studio.app.canvas.painting import Ring, ring_region
from resatt_studio.app.canvas.viewport import Viewport
from resatt_studio.app.tools.overlay import DotsMark, LineMark, Tone

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


def inked_by(
    mark: LineMark,
    view: Viewport,
    clip: QRect | None = None,
    within: QRect | None = None,
    ratio: float = 1.0,
) -> np.ndarray:
    """What a mark leaves on an empty view, HIGH x WIDE uint32."""
    image = QImage(WIDE, HIGH, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    if clip is not None:
        painter.setClipRect(clip)
    paint_marks(painter, [mark], view, ratio, {Tone.CRACK: QColor("#ff0000")}, within)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint32).reshape(HIGH, WIDE).copy()


lines = st.builds(
    lambda seed, count, step, closed, width_px: LineMark(
        np.cumsum(np.random.default_rng(seed).normal(0, step, (count, 2)), axis=0) + np.array([90, 150]),
        Tone.CRACK,
        width_px,
        closed,
    ),
    st.integers(0, 10**6),
    st.integers(2, 300),
    st.floats(0.5, 40),
    st.booleans(),
    st.sampled_from([0.0, 0.0, 9.0]),
)


@given(mark=lines, left=st.integers(-20, 150), top=st.integers(-20, 90), side=st.integers(1, 120))
@settings(max_examples=150, deadline=None)
def test_a_line_looks_the_same_where_no_more_of_it_is_drawn_than_is_seen(
    qapp: QApplication, mark: LineMark, left: int, top: int, side: int
) -> None:
    view, clip = Viewport(HIGH, WIDE, 200, 320, 1.0), QRect(left, top, side, side)
    for ratio in (1.0, 2.0):
        part, whole = (inked_by(mark, view, clip, within, ratio) for within in (clip, None))
        levels = [image.view(np.uint8).astype(int) for image in (part, whole)]
        assert np.abs(levels[0] - levels[1]).max() <= 4, "Qt's smooth edges differ by a level or two"


def test_an_open_line_whose_ends_meet_is_joined_there_in_its_parts_too(qapp: QApplication) -> None:
    points = np.array([[100.0, 20], [100, 100], [40, 100], [40, 20], [100, 20]])
    view, clip = Viewport(HIGH, WIDE, 200, 320, 1.0), QRect(0, 80, 50, 40)
    part, whole = (inked_by(LineMark(points, Tone.CRACK), view, clip, within) for within in (clip, None))
    assert (part == whole).all()


@given(mark=lines, other=lines, kept=st.floats(0, 1), behind=st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_where_two_lines_that_begin_alike_differ_lies_in_their_region(
    qapp: QApplication, mark: LineMark, other: LineMark, kept: float, behind: float
) -> None:
    view = Viewport(HIGH, WIDE, 200, 320, 1.0)
    points = mark.points
    first = 1 + round(kept * (len(points) - 1))
    last = round(behind * (len(points) - first))
    changed = np.concatenate([points[:first], other.points, points[len(points) - last :]])
    new = LineMark(changed, mark.tone, mark.width_px, mark.closed)
    region = changed_region(mark, new, view, 1.0)
    assert region is not None
    for row, column in np.argwhere(inked_by(mark, view) != inked_by(new, view)):
        assert region.contains(QRect(int(column), int(row), 1, 1))


def test_lines_that_look_otherwise_or_begin_elsewhere_are_painted_whole(qapp: QApplication) -> None:
    view, points = Viewport(HIGH, WIDE, 200, 320, 1.0), np.array([[10.0, 10], [50, 60], [90, 20]])
    line = LineMark(points, Tone.CRACK)
    assert changed_region(line, LineMark(points.copy(), Tone.CRACK), view, 1.0).isEmpty()
    others = (
        LineMark(points, Tone.NOT_CRACK),
        LineMark(points, Tone.CRACK, 3.0),
        LineMark(points, Tone.CRACK, closed=True),
        LineMark(points + 1, Tone.CRACK),
        DotsMark(points, Tone.CRACK),
    )
    assert [changed_region(line, other, view, 1.0) for other in others] == [None] * len(others)
    dashed = [LineMark(points[:count], Tone.CRACK, dashed=True) for count in (2, 3)]
    assert changed_region(*dashed, view, 1.0) is None


@given(
    seed=st.integers(0, 10**6), count=st.integers(2, 400), step=st.floats(0.2, 60), scale=st.floats(0.1, 8)
)
@settings(max_examples=60, deadline=None)
def test_all_ink_of_a_long_line_lies_in_its_region(
    qapp: QApplication, seed: int, count: int, step: float, scale: float
) -> None:
    points = np.cumsum(np.random.default_rng(seed).normal(0, step, (count, 2)), axis=0) + 130
    mark, view = LineMark(points, Tone.CRACK), Viewport(HIGH, WIDE, 2000, 3200, scale)
    inked = inked_by(mark, view) != 0
    region = mark_region(mark, view, 1.0, QFont())
    for row, column in np.argwhere(inked):
        assert region.contains(QRect(int(column), int(row), 1, 1))


def test_a_line_is_handed_to_the_painter_point_by_point() -> None:
    points = np.random.default_rng(0).normal(0, 1e4, (700, 2))
    assert [(point.y(), point.x()) for point in _polygon(points)] == [tuple(pair) for pair in points.tolist()]
