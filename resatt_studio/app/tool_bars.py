"""The bar over the photo and the strip of tools beside it, built from the action table."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.icons import tinted_pixmaps
from resatt_studio.app.keymap import Keymap, plain
from resatt_studio.app.menus import Actions
from resatt_studio.app.theme import Tokens
from resatt_studio.words import mark, tr

GAP = "|"
STRETCH = ">"

MAIN_BAR: tuple[str, ...] = (
    "previous", "next", GAP, "undo", "redo", GAP, "fit", "toggle_mask", STRETCH, "skip", "approve",
)  # fmt: skip
"""Action ids from left to right."""

SHORT_TEXTS: dict[str, str] = {
    "previous": mark("Prev  {previous}"),
    "next": mark("Next  {next}"),
    "undo": mark("Undo"),
    "redo": mark("Redo"),
    "skip": mark("Skip"),
    "approve": mark("Approve correction  {approve}"),
}
"""Words on the buttons, with the key of an action in braces; an action without shows its icon alone."""

LABEL_STRIP: tuple[str, ...] = ("paint_crack", "paint_not_crack")
_COLUMNS = 2

_KEY_SIGNS: dict[tuple[str, ...], str] = {("Return",): "↵", ("Enter",): "↵"}


class MainBar(QToolBar):
    """Navigation, undo, approval."""

    def __init__(self, actions: Actions, keys: Keymap) -> None:
        super().__init__()
        self._actions = actions
        self._keys = keys
        self.setObjectName("mainBar")
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.buttons: dict[str, QToolButton] = {}
        for id in MAIN_BAR:
            if id == GAP:
                self.addSeparator()
            elif id == STRETCH:
                stretch = QWidget()
                stretch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
                self.addWidget(stretch)
            else:
                self.buttons[id] = self._button(actions, id)
        self._approve = actions["approve"]
        self._approve.changed.connect(self._follow_approve)
        keys.changed.connect(self._name_keys)
        self._name_keys()

    def tint(self, tokens: Tokens) -> None:
        """The approve button stands on the accent colour, so its icon has a colour of its own."""
        face = QIcon()
        for mode, colour in (
            (QIcon.Mode.Normal, tokens.on_accent),
            (QIcon.Mode.Disabled, tokens.disabled),
        ):
            for pixmap in tinted_pixmaps("approve", colour):
                face.addPixmap(pixmap, mode)
        self.buttons["approve"].setIcon(face)

    def _follow_approve(self) -> None:
        self.buttons["approve"].setEnabled(self._approve.isEnabled())
        self.buttons["approve"].setToolTip(self._approve.toolTip())

    def _name_keys(self) -> None:
        self.setWindowTitle(tr("Main tool bar"))
        for id, button in self.buttons.items():
            button.setAccessibleName(plain(self._actions[id].text()))
            if id in SHORT_TEXTS:
                key = _KEY_SIGNS.get(self._keys.of(id)[:1], self._keys.shown(id))
                words = tr(SHORT_TEXTS[id]).replace(f"{{{id}}}", key).rstrip()
                self._actions[id].setIconText(words)
                button.setText(words)

    def _button(self, actions: Actions, id: str) -> QToolButton:
        action = actions[id]
        button = QToolButton()
        if id in SHORT_TEXTS:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        else:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        if id == "approve":
            button.setObjectName("approveButton")
            button.clicked.connect(action.trigger)
        else:
            button.setDefaultAction(action)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.addWidget(button)
        return button


class ToolStrip(QFrame):
    """Tools and labels in two columns."""

    def __init__(self, actions: Actions, tool_ids: tuple[str, ...], keys: Keymap) -> None:
        super().__init__()
        self.setObjectName("toolStrip")
        self._actions = actions
        self._buttons: dict[str, QToolButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 6, 4, 6)
        column.setSpacing(6)
        for ids in (tool_ids, LABEL_STRIP):
            if ids is LABEL_STRIP:
                line = QFrame(frameShape=QFrame.Shape.HLine)
                line.setObjectName("toolLine")
                column.addWidget(line)
            grid = QGridLayout()
            grid.setSpacing(3)
            for place, id in enumerate(ids):
                grid.addWidget(self._button(id), place // _COLUMNS, place % _COLUMNS)
            column.addLayout(grid)
        column.addStretch(1)
        keys.follow(self, self._say_names)

    def _say_names(self) -> None:
        self.setAccessibleName(tr("Tools"))
        for id, button in self._buttons.items():
            button.setAccessibleName(plain(self._actions[id].text()))

    def _button(self, id: str) -> QToolButton:
        button = self._buttons[id] = QToolButton()
        button.setDefaultAction(self._actions[id])
        button.setIconSize(QSize(20, 20))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button
