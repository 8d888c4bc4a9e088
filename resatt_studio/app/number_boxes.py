"""Fields for numbers, whose text stands as far from the edge as that of the lists and lines beside them."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox

_EDGE_PX = 5
"""What is missing to where a list's text begins; a style sheet cannot say it of the field within a number."""


class WholeBox(QSpinBox):
    """A whole number; takes the properties of ``QSpinBox``."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.lineEdit().setTextMargins(_EDGE_PX, 0, 0, 0)


class DecimalBox(QDoubleSpinBox):
    """A number with decimals; takes the properties of ``QDoubleSpinBox``."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.lineEdit().setTextMargins(_EDGE_PX, 0, 0, 0)
