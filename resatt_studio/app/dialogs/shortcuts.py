"""All keys on one sheet, made from the tables of actions and tools; follows the keymap while it is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.actions import HELD_KEYS, MENUS, ActionSpec, menu_ids
from resatt_studio.app.keymap import Keymap, key_words, plain
from resatt_studio.app.sentences import heading
from resatt_studio.words import tr

Row = tuple[str, str, str]


class ShortcutSheet(QDialog):
    """Two columns of groups, one a menu; Escape closes it.

    Args:
        keys: In force.
        change: Opens what changes them.
    """

    def __init__(self, keys: Keymap, change: Callable[[], None], parent: QWidget | None) -> None:
        super().__init__(parent)
        self._keys = keys
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(960, 760)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setAccessibleName(tr("Keyboard shortcuts"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.change = buttons.addButton(tr("Change shortcuts…"), QDialogButtonBox.ButtonRole.ActionRole)
        self.change.clicked.connect(change)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(self._area)
        column.addWidget(buttons)
        keys.changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        body = QWidget()
        columns = QHBoxLayout(body)
        columns.setSpacing(28)
        for part in _halves(_groups(self._keys.specs)):
            column = QVBoxLayout()
            column.setSpacing(6)
            for title, rows in part:
                column.addWidget(heading(title))
                column.addLayout(_table(rows))
                column.addSpacing(10)
            column.addStretch(1)
            columns.addLayout(column, 1)
        self._area.setWidget(body)


def _groups(specs: Mapping[str, ActionSpec]) -> list[tuple[str, list[Row]]]:
    groups: list[tuple[str, list[Row]]] = []
    for title, specs_of_menu in by_menu(specs):
        rows = [_row(spec) for spec in specs_of_menu if spec.shortcuts]
        if rows:
            groups.append((title, rows))
    groups.insert(3, (tr("On the photo"), [(tr(keys), tr(act), tr(act)) for keys, act in HELD_KEYS]))
    return groups


def by_menu(specs: Mapping[str, ActionSpec]) -> list[tuple[str, list[ActionSpec]]]:
    """The actions of each menu under its title, the tools before the menu that lists them."""
    menus = []
    for title, ids in MENUS:
        if "@tools" in ids:
            menus.append((tr("Tools"), [spec for id, spec in specs.items() if id.startswith("tool_")]))
        menus.append((plain(tr(title)), [specs[id] for id in menu_ids(ids) if id in specs]))
    return menus


def _row(spec: ActionSpec) -> Row:
    return key_words(spec.shortcuts), plain(spec.text), spec.help


def _halves(groups: list[tuple[str, list[Row]]]) -> tuple[list[tuple[str, list[Row]]], ...]:
    """Cut the groups where the two columns come out most alike in length."""
    sizes = [len(rows) + 2 for _, rows in groups]
    cut = min(range(len(groups) + 1), key=lambda i: abs(sum(sizes[:i]) - sum(sizes[i:])))
    return groups[:cut], groups[cut:]


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
        words.setWordWrap(True)  # else one long line makes the sheet wider than its window
        grid.addWidget(label, place, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(words, place, 1)
    return grid
