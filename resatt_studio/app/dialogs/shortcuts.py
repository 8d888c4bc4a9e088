"""All keys on one sheet, made from the tables of actions and tools."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from resatt_studio.app.actions import HELD_KEYS, MENUS, ActionSpec

Row = tuple[str, str, str]


class ShortcutSheet(QDialog):
    """Two columns of groups, one a menu; Escape or F1 closes it."""

    def __init__(self, specs: dict[str, ActionSpec], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(960, 760)
        tools = [spec for id, spec in specs.items() if id.startswith("tool_")]
        groups: list[tuple[str, list[Row]]] = []
        for title, ids in MENUS:
            rows = [_row(specs[i]) for i in ids if i in specs and specs[i].shortcuts]
            if "@tools" in ids:
                groups.append(("Tools", [_row(tool) for tool in tools]))
            if rows:
                groups.append((title.replace("&", ""), rows))
        groups.insert(3, ("On the photo", [(keys, act, act) for keys, act in HELD_KEYS]))
        body = QWidget()
        columns = QHBoxLayout(body)
        columns.setSpacing(28)
        for part in _halves(groups):
            column = QVBoxLayout()
            column.setSpacing(6)
            for title, rows in part:
                column.addWidget(_heading(title))
                column.addLayout(_table(rows))
                column.addSpacing(10)
            column.addStretch(1)
            columns.addLayout(column, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(body)
        area.setAccessibleName("Keyboard shortcuts")
        QVBoxLayout(self).addWidget(area)


def _row(spec: ActionSpec) -> Row:
    keys = "  or  ".join(
        QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) for keys in spec.shortcuts
    )
    return keys, spec.text.replace("&", "").rstrip("…"), spec.help


def _halves(groups: list[tuple[str, list[Row]]]) -> tuple[list[tuple[str, list[Row]]], ...]:
    """Cut the groups where the two columns come out most alike in length."""
    sizes = [len(rows) + 2 for _, rows in groups]
    cut = min(range(len(groups) + 1), key=lambda i: abs(sum(sizes[:i]) - sum(sizes[i:])))
    return groups[:cut], groups[cut:]


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def _table(rows: list[Row]) -> QGridLayout:
    grid = QGridLayout()
    grid.setColumnStretch(1, 1)
    grid.setColumnMinimumWidth(0, 150)
    grid.setVerticalSpacing(4)
    grid.setHorizontalSpacing(14)
    for place, (keys, text, help) in enumerate(rows):
        label = QLabel(keys)
        words = QLabel(text)
        words.setToolTip(help)
        grid.addWidget(label, place, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(words, place, 1)
    return grid
