"""The bar over the photo and the strip of tools beside it, built from the action table."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QLabel, QSizePolicy, QSlider, QToolBar, QToolButton, QWidget

from resatt_studio.app.icons import tinted_pixmaps
from resatt_studio.app.keymap import Keymap
from resatt_studio.app.menus import Actions
from resatt_studio.app.theme import Tokens
from resatt_studio.app.view_state import Brush, ViewState

GAP = "|"
STRETCH = ">"
BRUSH_SIZE = "brush-size"

MAIN_BAR: tuple[str, ...] = (
    "previous", "next", GAP, BRUSH_SIZE, GAP, "undo", "redo", GAP, "fit", "toggle_mask", STRETCH, "skip",
    "approve",
)  # fmt: skip
"""Action ids from left to right."""

SHORT_TEXTS: dict[str, str] = {
    "previous": "Prev  {previous}",
    "next": "Next  {next}",
    "undo": "Undo",
    "redo": "Redo",
    "skip": "Skip",
    "approve": "Approve correction  {approve}",
}
"""Words on the buttons, with the key of an action in braces; an action without shows its icon alone."""

LABEL_STRIP: tuple[str, ...] = ("paint_crack", "paint_not_crack")

_KEY_SIGNS = {"Return": "↵", "Enter": "↵"}
_LARGEST_SLIDER_PX = 200.0


class MainBar(QToolBar):
    """Navigation, brush size, undo, approval."""

    def __init__(self, actions: Actions, view: ViewState, keys: Keymap) -> None:
        super().__init__("Main tool bar")
        self._actions = actions
        self._keys = keys
        self.setObjectName("mainBar")
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.buttons: dict[str, QToolButton] = {}
        self.brush = BrushSize(view)
        for id in MAIN_BAR:
            if id == GAP:
                self.addSeparator()
            elif id == BRUSH_SIZE:
                self.addWidget(self.brush.title)
                self.addWidget(self.brush)
                self.addWidget(self.brush.value)
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
        for id, button in self.buttons.items():
            if id in SHORT_TEXTS:
                key = self._keys.shown(id)
                words = SHORT_TEXTS[id].replace(f"{{{id}}}", _KEY_SIGNS.get(key, key)).rstrip()
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
        button.setAccessibleName(action.text().replace("&", ""))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.addWidget(button)
        return button


class BrushSize(QSlider):
    """Brush diameter on a logarithmic scale: as fine at 2 px as at 200."""

    def __init__(self, view: ViewState) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._view = view
        self.setRange(0, 100)
        self.setFixedWidth(110)
        self.setAccessibleName("Brush size")
        self.setToolTip("Brush size ([ and ], Shift+wheel, Alt+drag)")
        self.title = QLabel("Brush")
        self.title.setBuddy(self)
        self.value = QLabel()
        self.value.setMinimumWidth(48)
        self.valueChanged.connect(self._changed)
        view.brush_changed.connect(self._follow)
        self._follow(view.brush)

    def _changed(self, place: int) -> None:
        if place != self._place(self._view.brush.radius_px):
            self._view.set_brush(radius_px=0.5 * (2 * _LARGEST_SLIDER_PX) ** (place / 100))

    def _follow(self, brush: Brush) -> None:
        self.setValue(self._place(brush.radius_px))
        self.value.setText(f"{2 * brush.radius_px:.0f} px")

    @staticmethod
    def _place(radius_px: float) -> int:
        return max(0, min(100, round(100 * math.log(radius_px / 0.5) / math.log(2 * _LARGEST_SLIDER_PX))))


class ToolStrip(QToolBar):
    """Tools and labels, one under the other."""

    def __init__(self, actions: Actions, tool_ids: tuple[str, ...]) -> None:
        super().__init__("Tools")
        self.setObjectName("toolStrip")
        self.setOrientation(Qt.Orientation.Vertical)
        self.setMovable(False)
        self.setIconSize(QSize(20, 20))
        self.setAccessibleName("Tools")
        for id in tool_ids:
            self._add(actions, id)
        self.addSeparator()
        for id in LABEL_STRIP:
            self._add(actions, id)

    def _add(self, actions: Actions, id: str) -> None:
        self.addAction(actions[id])
        button = self.widgetForAction(actions[id])
        button.setAccessibleName(actions[id].text().replace("&", ""))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
