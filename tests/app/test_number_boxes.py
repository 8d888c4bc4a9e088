"""Claims about fields for numbers: text clear of every edge, level with lists and lines beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QHBoxLayout, QLineEdit, QWidget

from resatt_studio.app.number_boxes import DecimalBox, WholeBox
from resatt_studio.app.theme import apply_theme

pytestmark = pytest.mark.gui
TEXT = "88888 px"


def ink(widget: QWidget, right_px: int = 0) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is written in a widget, without its frame and the buttons."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    inner = rows[2 : image.height() - 2, 2 : image.width() - right_px].astype(int)
    written = np.abs(inner - inner[2, 2]) > 90
    down, across = np.flatnonzero(written.any(1)) + 2, np.flatnonzero(written.any(0)) + 2
    return int(across[0]), int(down[0]), int(across[-1]), int(down[-1])


@pytest.fixture(params=["light", "dark"])
def row(request: pytest.FixtureRequest, qapp: Any, qtbot: Any) -> Iterator[list[QWidget]]:
    """Two numbers, a list and a line of the same text beside each other."""
    apply_theme(qapp, request.param)
    boxes = [WholeBox(maximum=88888, value=88888, suffix=" px"), QComboBox(), QLineEdit(TEXT)]
    boxes.append(DecimalBox(maximum=88888, decimals=0, value=88888, suffix=" px"))
    boxes[1].addItem(TEXT)
    holder = QWidget()
    line = QHBoxLayout(holder)
    for box in boxes:
        line.addWidget(box)
    qtbot.addWidget(holder)
    holder.show()
    qtbot.waitExposed(holder)
    holder.setFocus()
    yield boxes
    holder.close()


def test_a_number_begins_where_the_text_of_a_list_and_of_a_line_begins(row: list[QWidget]) -> None:
    whole, several, line, decimal = (ink(box, right_px=20)[0] for box in row)
    assert whole == decimal
    assert abs(whole - several) <= 1
    assert abs(whole - line) <= 2


def test_a_number_is_as_high_as_a_list_and_written_at_the_same_height(row: list[QWidget]) -> None:
    assert {box.height() for box in row} == {row[1].height()}
    tops, bottoms = zip(*(ink(box, right_px=20)[1::2] for box in row), strict=True)
    assert max(tops) - min(tops) <= 1
    assert max(bottoms) - min(bottoms) <= 1


def test_the_largest_number_is_seen_whole(row: list[QWidget]) -> None:
    free = ink(row[2], right_px=2)
    for box in (row[0], row[3]):
        box.resize(box.sizeHint())
        left, _, right, _ = ink(box, right_px=20)
        assert right - left == free[2] - free[0]


def test_every_field_for_a_number_in_the_window_is_such_a_box(studio: Any, qtbot: Any) -> None:
    from resatt_studio.app.dialogs.scale import ScaleDialog
    from resatt_studio.app.dialogs.settings import SettingsDialog
    from resatt_studio.app.tools.registry import TOOLS

    window, parts = studio.window, studio.parts
    settings = SettingsDialog(parts.session.settings, lambda **_: None, window, lambda: None)
    found = [*settings.findChildren(QAbstractSpinBox)]
    found += ScaleDialog(parts.scale, window).findChildren(QAbstractSpinBox)
    for tool in TOOLS:
        parts.view.set_brush(tool=tool.name)
        found += window.findChildren(QAbstractSpinBox)
    assert len(found) > 12
    assert [box for box in found if not isinstance(box, WholeBox | DecimalBox)] == []
