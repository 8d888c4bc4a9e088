"""A panel that may be lower than what it shows: it scrolls instead of making the window taller."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget


class ScrolledPanel(QScrollArea):
    """A column of widgets.

    Args:
        name: For screen readers.
        wanted: Size that the dock is given where there is room.
    """

    def __init__(self, name: str, wanted: QSize) -> None:
        super().__init__()
        self._wanted = wanted
        self.body = QWidget()
        self.column = QVBoxLayout(self.body)
        self.column.setContentsMargins(11, 10, 11, 10)
        self.column.setSpacing(8)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(120)
        self.setWidget(self.body)

    def sizeHint(self) -> QSize:
        return self._wanted

    def minimumSizeHint(self) -> QSize:
        # Only the height may fall short; a column that is cut off at the side cannot be read.
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self.body.minimumSizeHint().width() + bar, 120)
