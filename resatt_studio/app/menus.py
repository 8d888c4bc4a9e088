"""Turns the tables of actions, tools and panels into Qt actions, menus and tool bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from resatt_studio.app.actions import MENUS, SEPARATOR, SUBMENUS, ActionSpec
from resatt_studio.app.conditions import Conditions
from resatt_studio.app.icons import icon
from resatt_studio.app.keymap import Keymap, plain, shown
from resatt_studio.app.theme import Tokens
from resatt_studio.words import tr


class Actions:
    """Every Qt action of the window, by id; keys and tool tips follow the keymap.

    Args:
        keys: The table's lines, with the keys in force.
        resolve: Gives the method that a line's target names.
        owner: The window, which has every action.
        scopes: The widget within which alone the keys of a scope count, for scopes other than the window.
    """

    def __init__(
        self,
        keys: Keymap,
        resolve: Callable[[str], Callable[[], None]],
        owner: QWidget,
        scopes: Mapping[str, QWidget],
    ) -> None:
        self._keys = keys
        self._specs = dict(keys.specs)
        self._actions: dict[str, QAction] = {}
        self._of_whole_photos = frozenset(id for id, spec in keys.specs.items() if spec.needs == "is_whole")
        self._why = ""  # they cannot be done with the open photo; "" where they can
        for spec in self._specs.values():
            action = QAction(owner)
            action.setObjectName(spec.id)
            action.setStatusTip("")
            action.setCheckable(bool(spec.checked))
            action.setAutoRepeat(spec.repeats)
            handler = resolve(spec.target)
            action.triggered.connect(lambda _=False, handler=handler: handler())
            if spec.scope in scopes:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            scopes.get(spec.scope, owner).addAction(action)
            self._actions[spec.id] = action
        self._bind()
        keys.changed.connect(self._follow_keys)

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    @property
    def specs(self) -> dict[str, ActionSpec]:
        """The table's lines by id, with the keys in force."""
        return self._specs

    def _follow_keys(self) -> None:
        self._specs = dict(self._keys.specs)
        self._bind()

    def _bind(self) -> None:
        for id, spec in self._specs.items():
            self._actions[id].setText(spec.text)
            self._actions[id].setWhatsThis(spec.help)
            self._actions[id].setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
        self._say_tips()

    def _say_tips(self) -> None:
        for id, spec in self._specs.items():
            tip = _tip(spec)
            self._actions[id].setToolTip(f"{tip}\n{self.why_not(id)}".strip())

    def why_not(self, id: str) -> str:
        """Why an action can never be done with the open photo; "" where it can, or for no reason."""
        return self._why if id in self._of_whole_photos else ""

    def why_not_by(self, key: QKeySequence) -> str:
        """As :meth:`why_not`, of the action that has a key."""
        ids = (id for id in self._of_whole_photos if key in self._actions[id].shortcuts())
        return next(map(self.why_not, ids), "")

    def follow(self, now: Conditions, huge_words: str = "") -> None:
        """Enable and check what the conditions allow and say.

        Args:
            now: What holds.
            huge_words: What is said of an open photo that is not held whole, in its tool tips; else "".
        """
        if huge_words != self._why:
            self._why = huge_words
            self._say_tips()
        for id, spec in self._specs.items():
            action = self._actions[id]
            if spec.needs:
                action.setEnabled(getattr(now, spec.needs))
            if spec.checked:
                field, _, wanted = spec.checked.partition("=")
                value = getattr(now, field)
                action.setChecked(value == wanted if wanted else value)

    def tint(self, tokens: Tokens) -> None:
        """Draw the icons in the theme's colours."""
        for id, spec in self._specs.items():
            if spec.icon:
                self._actions[id].setIcon(icon(spec.icon, tokens, bool(spec.checked)))


def fill_menu_bar(bar: QMenuBar, actions: Actions, inserts: dict[str, Callable[[QMenu], None]]) -> None:
    """Build the menus of the table anew; ``inserts`` fill the places that begin with @."""
    bar.clear()
    for old in bar.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly):
        old.deleteLater()
    for title, ids in MENUS:
        menu = bar.addMenu(tr(title))
        menu.setToolTipsVisible(True)
        for id in ids:
            if id == SEPARATOR:
                menu.addSeparator()
            elif id in SUBMENUS:
                within = menu.addMenu(tr(SUBMENUS[id][0]))
                within.setToolTipsVisible(True)
                within.addActions([actions[one] for one in SUBMENUS[id][1]])
            elif id.startswith("@"):
                inserts[id](menu)
            else:
                menu.addAction(actions[id])


def _tip(spec: ActionSpec) -> str:
    keys = ", ".join(map(shown, spec.shortcuts))
    words = spec.help or plain(spec.text)
    return f"{words} ({keys})" if keys else words
