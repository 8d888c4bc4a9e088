"""Give actions other keys: find the action, press the key, hear who has it already; in force at once."""

from __future__ import annotations

from PySide6.QtCore import QKeyCombination, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from resatt_studio.app.dialogs.shortcuts import by_menu
from resatt_studio.app.fuzzy import match
from resatt_studio.app.keymap import SCOPES, Clash, Keymap, key_words, normal, plain, shown
from resatt_studio.words import tr

_ID = int(Qt.ItemDataRole.UserRole)
_BARE = (
    Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr,
    Qt.Key.Key_CapsLock, Qt.Key.Key_NumLock, Qt.Key.Key_Super_L, Qt.Key.Key_Super_R, Qt.Key.Key_unknown,
)  # fmt: skip
_COUNTED = (
    Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


class KeyField(QLineEdit):
    """Shows the key that is pressed in it. Tab, Shift+Tab and Escape keep their meaning, so that nobody is
    caught in it."""

    pressed = Signal(str)
    """A portable key sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setPlaceholderText(tr("Press the new key here"))
        self.setAccessibleName(tr("Press the new key"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = Qt.Key(event.key()), event.modifiers() & _COUNTED
        if key == Qt.Key.Key_Escape:
            super().keyPressEvent(event)
            return
        if key in _BARE:
            return
        shifted = event.text().isprintable() and event.text() and not event.text().isspace()
        if shifted and not event.text().isalpha() and not modifiers & ~Qt.KeyboardModifier.ShiftModifier:
            modifiers = Qt.KeyboardModifier.NoModifier  # "!" is a key of its own, wherever it is typed
        sequence = QKeySequence(QKeyCombination(modifiers, key))
        self.pressed.emit(sequence.toString(QKeySequence.SequenceFormat.PortableText))


class ShortcutEditor(QDialog):
    """The tree of actions over a field for the new key.

    Args:
        keys: Changed and followed.
    """

    def __init__(self, keys: Keymap, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._keys = keys
        self._key = ""
        self.setWindowTitle(tr("Change shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(680, 620)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search actions and keys"))
        self.search.setAccessibleName(tr("Search actions and keys"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Actions and their keys"))
        self.tree.setHeaderLabels([tr("Action"), tr("Keys"), tr("Where they count")])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(12)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        self.items: dict[str, QTreeWidgetItem] = {}
        self._groups: list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = []
        self.field = KeyField()
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setMinimumHeight(40)
        self.told.setMargin(8)
        self.use = QPushButton(tr("Use this key"))
        self.add = QPushButton(tr("Use it as well"))
        self.remove = QPushButton(tr("No key"))
        self.usual = QPushButton(tr("Usual keys"))
        self._build()
        self._fill()
        self.field.pressed.connect(self._pressed)
        self.tree.currentItemChanged.connect(lambda *_: self._pressed(""))
        self.tree.itemActivated.connect(lambda *_: self.field.setFocus(Qt.FocusReason.OtherFocusReason))
        self.use.clicked.connect(lambda: self._give((self._key,)))
        self.add.clicked.connect(lambda: self._give((*keys.of(self.id), self._key)))
        self.remove.clicked.connect(lambda: self._give(()))
        self.usual.clicked.connect(self._restore)
        keys.changed.connect(self._follow)
        self.tree.setCurrentItem(next(iter(self.items.values())))
        self._follow()

    @property
    def id(self) -> str:
        """Of the action that is chosen, "" when none is."""
        item = self.tree.currentItem()
        return "" if item is None or item.isHidden() else item.data(0, _ID) or ""

    def choose(self, id: str) -> None:
        """Choose an action."""
        self.tree.setCurrentItem(self.items[id])

    # -- inside --

    def _build(self) -> None:
        self.use.setProperty("primary", "true")
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        for button in (self.use, self.add, self.remove, self.usual):
            button.setAutoDefault(False)
            row.addWidget(button)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.restore_all = buttons.addButton(tr("All usual keys"), QDialogButtonBox.ButtonRole.ResetRole)
        self.restore_all.setToolTip(tr("Give every action the keys it came with"))
        self.restore_all.clicked.connect(self._keys.restore_all)
        buttons.rejected.connect(self.close)
        for button in buttons.findChildren(QPushButton):
            button.setAutoDefault(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addLayout(row)
        column.addWidget(self.told)
        column.addWidget(buttons)

    def _fill(self) -> None:
        for title, specs in by_menu(self._keys.specs):
            group = QTreeWidgetItem(self.tree, [title])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            group.setFirstColumnSpanned(True)
            font = group.font(0)
            font.setBold(True)
            group.setFont(0, font)
            items: list[QTreeWidgetItem] = []
            self._groups.append((group, items))
            for spec in specs:
                item = QTreeWidgetItem(group, [plain(spec.text), "", tr(SCOPES[spec.scope])])
                item.setData(0, _ID, spec.id)
                item.setToolTip(0, spec.help)
                self.items[spec.id] = item
                items.append(item)
        self.tree.expandAll()

    def _follow(self) -> None:
        for id, item in self.items.items():
            item.setText(1, key_words(self._keys.of(id)))
            font = item.font(1)
            font.setBold(not self._keys.is_usual(id))
            item.setFont(1, font)
        self._pressed("")

    def _filter(self, query: str) -> None:
        for group, items in self._groups:
            hidden = [not self._fits(item, query) for item in items]
            for item, hide in zip(items, hidden, strict=True):
                item.setHidden(hide)
            group.setHidden(all(hidden))
        if not self.id:
            shown_first = next((item for item in self.items.values() if not item.isHidden()), None)
            # The stub lacks that None chooses nothing.
            self.tree.setCurrentItem(shown_first)  # type: ignore[arg-type]
        self._pressed("")

    @staticmethod
    def _fits(item: QTreeWidgetItem, query: str) -> bool:
        return match(query, item.text(0)) is not None or query.casefold() in item.text(1).casefold()

    def _pressed(self, key: str) -> None:
        """Take a key into the hand, "" for none, and say what would become of it."""
        id = self.id
        self._key = normal(key)
        self.field.setText(shown(self._key) if self._key else "")
        clash = self._keys.clash(id, self._key) if id and self._key else None
        can = bool(id and self._key) and (clash is None or bool(clash.id))
        self.use.setEnabled(can)
        self.add.setEnabled(can)
        self.use.setText(tr("Use this key") if clash is None or not clash.id else tr("Take this key"))
        self.remove.setEnabled(bool(id) and bool(self._keys.of(id)))
        self.usual.setEnabled(bool(id) and not self._keys.is_usual(id))
        self.told.setText(self._words(id, clash))
        self.told.setProperty("role", "warning" if clash is not None else "muted")
        self.told.style().unpolish(self.told)
        self.told.style().polish(self.told)
        self.field.setAccessibleDescription(self.told.text())

    def _words(self, id: str, clash: Clash | None) -> str:
        if not id:
            return tr("Choose an action; then press its new key in the field above.")
        name = self._keys.name(id)
        if not self._key:
            return tr("“{name}”: put the cursor into the field above and press the new key.").format(
                name=name
            )
        if clash is None:
            return tr("{key} is free for “{name}”.").format(key=shown(self._key), name=name)
        where = tr(SCOPES[clash.scope]).lower()
        if not clash.id:
            return tr("{key} ({where}) is for: {act}. It cannot be given away.").format(
                key=shown(self._key), where=where, act=clash.text.lower()
            )
        return tr("{key} is the key of “{name}” ({where}), which would lose it.").format(
            key=shown(self._key), name=clash.text, where=where
        )

    def _give(self, keys: tuple[str, ...]) -> None:
        if self.id:
            self._keys.set_keys(self.id, keys, take=True)

    def _restore(self) -> None:
        if self.id:
            self._keys.restore(self.id)
