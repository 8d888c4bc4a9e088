"""Which keys do what: the tables' usual ones, those that were changed, where they count, who clashes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QWidget

from resatt_studio.app.actions import ActionSpec
from resatt_studio.words import mark, tr

SCOPES: dict[str, str] = {
    "window": mark("Everywhere"),
    "canvas": mark("On the photo"),
    "list": mark("In lists"),
}
"""Where keys count. Those of the whole window also reach the photo and the lists; photo and lists are
strangers."""

FIXED_KEYS: tuple[tuple[str, str, str], ...] = (
    ("canvas", "Space", mark("Hold to move the photo")),
    ("canvas", "V", mark("Hold to see the bare photo")),
    ("canvas", "Left", mark("Move the photo")),
    ("canvas", "Right", mark("Move the photo")),
    ("canvas", "Up", mark("Move the photo")),
    ("canvas", "Down", mark("Move the photo")),
    ("canvas", "Shift+Left", mark("Move the keyboard cursor farther")),
    ("canvas", "Shift+Right", mark("Move the keyboard cursor farther")),
    ("canvas", "Shift+Up", mark("Move the keyboard cursor farther")),
    ("canvas", "Shift+Down", mark("Move the keyboard cursor farther")),
    ("list", "Up", mark("Go up in a list")),
    ("list", "Down", mark("Go down in a list")),
    ("list", "Home", mark("First of a list")),
    ("list", "End", mark("Last of a list")),
    ("window", "Tab", mark("Next control")),
    ("window", "Shift+Tab", mark("Previous control")),
    ("window", "Esc", mark("Take back what was begun")),
)
"""Scope, key and what it does, of keys that belong to no action; they cannot be given away."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Who has a key already.

    Attributes:
        key: Portable key sequence.
        id: The action's, "" for a key that cannot be given away.
        text: What it does, for people.
        scope: Where.
    """

    key: str
    id: str
    text: str
    scope: str


class Keymap(QObject):
    """The keys that are in force.

    Args:
        specs: Every action of the window, with its usual keys.
        changed_keys: As in ``Settings.shortcuts``. Lines about actions or keys that do not exist are passed
            over, so that the settings of another version do no harm.
    """

    changed = Signal()
    """Keys changed, or the language in which actions are called."""

    def __init__(
        self, specs: Iterable[ActionSpec], changed_keys: Iterable[str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._usual = {spec.id: spec for spec in specs}
        self._own: dict[str, tuple[str, ...]] = {}
        for line in changed_keys:
            id, _, keys = line.partition("=")
            sequences = tuple(map(normal, keys.split()))
            if id in self._usual and all(sequences):
                # A later version may have given the key to a new action; what somebody chose counts.
                self._give(id, sequences, take=True)

    @property
    def specs(self) -> Mapping[str, ActionSpec]:
        """Every action by id, in the language and with the keys in force; so are those that a help names in
        braces."""
        return {
            id: replace(spec, text=tr(spec.text), help=self.words(tr(spec.help)), shortcuts=self.of(id))
            for id, spec in self._usual.items()
        }

    @property
    def lines(self) -> tuple[str, ...]:
        """What differs from the usual keys, as ``Settings.shortcuts`` keeps it."""
        return tuple(f"{id}={' '.join(keys)}" for id, keys in sorted(self._own.items()))

    def name(self, id: str) -> str:
        """What an action is called, for sentences."""
        return plain(tr(self._usual[id].text))

    def of(self, id: str) -> tuple[str, ...]:
        """Portable key sequences of an action; the first one is shown."""
        return self._own.get(id, self._usual[id].shortcuts)

    def is_usual(self, id: str) -> bool:
        """Whether an action has the keys it came with."""
        return id not in self._own

    def shown(self, id: str) -> str:
        """The first key as this system writes it, "" when there is none."""
        return shown(self.of(id)[0]) if self.of(id) else ""

    def words(self, text: str) -> str:
        """``text`` with the key of the action for every "{id}"; an action without a key by its name. What
        stands in braces and is no action, such as a part of a file's name, stays."""
        return re.sub(
            r"\{(\w+)\}",
            lambda found: self._named(found[1]) if found[1] in self._usual else found[0],
            text,
        )

    def tip(self, widget: QWidget, text: str) -> None:
        """Give a widget a tool tip of :meth:`words` that follows the keys; marked words also the language."""
        self.follow(widget, lambda: widget.setToolTip(self.words(tr(text))))

    def caption(self, button: QAbstractButton, id: str, text: str) -> None:
        """Write the key of an action before a button's text, as long as it has one; follows the keys."""
        self.follow(button, lambda: button.setText(f"{self.shown(id)}  {text}".strip()))

    def follow(self, owner: QWidget, write: Callable[[], None]) -> None:
        """Call ``write`` now and whenever the keys or the language change, for as long as the owner lives."""
        _Follower(self, owner, write)

    def clash(self, id: str, key: str) -> Clash | None:
        """Who else has this key where it would count for ``id``; None when it is free."""
        key, scope = normal(key), self._usual[id].scope
        for where, fixed, text in FIXED_KEYS:
            if normal(fixed) == key and overlap(where, scope):
                return Clash(key, "", tr(text), where)
        for other, spec in self._usual.items():
            if other != id and overlap(spec.scope, scope) and key in map(normal, self.of(other)):
                return Clash(key, other, self.name(other), spec.scope)
        return None

    def clashes(self) -> list[tuple[str, Clash]]:
        """Every action that has a key of somebody else's; empty in a keymap that is in order."""
        found = ((id, self.clash(id, key)) for id in self._usual for key in self.of(id))
        return [(id, clash) for id, clash in found if clash is not None]

    def set_keys(self, id: str, keys: Iterable[str], take: bool = False) -> None:
        """Give an action other keys.

        Args:
            id: Of the action.
            keys: Portable key sequences.
            take: Whether other actions lose these keys; without it a key of somebody else's is left out, and
                so is always one that cannot be given away.
        """
        self._give(id, keys, take)
        self.changed.emit()

    def restore(self, id: str) -> None:
        """Give an action its usual keys back, also from others that have taken them."""
        self.set_keys(id, self._usual[id].shortcuts, take=True)

    def restore_all(self) -> None:
        """Give every action its usual keys back."""
        self._own.clear()
        self.changed.emit()

    # -- inside --

    def _give(self, id: str, keys: Iterable[str], take: bool) -> None:
        wanted = []
        for key in dict.fromkeys(map(normal, keys)):
            clash = self.clash(id, key)
            while take and clash is not None and clash.id:
                self._put(clash.id, tuple(k for k in self.of(clash.id) if normal(k) != key))
                clash = self.clash(id, key)
            if key and clash is None:
                wanted.append(key)
        self._put(id, tuple(wanted))

    def _put(self, id: str, keys: tuple[str, ...]) -> None:
        if tuple(map(normal, self._usual[id].shortcuts)) == tuple(map(normal, keys)):
            self._own.pop(id, None)
        else:
            self._own[id] = keys

    def _named(self, id: str) -> str:
        return self.shown(id) or f"“{self.name(id)}”"


class _Follower(QObject):
    """Writes words that name keys now and whenever the keys change; goes with its widget."""

    def __init__(self, keys: Keymap, widget: QWidget, write: Callable[[], None]) -> None:
        super().__init__(widget)
        self._write = write
        keys.changed.connect(self._follow)
        write()

    def _follow(self) -> None:
        self._write()


def overlap(one: str, other: str) -> bool:
    """Whether a key of one scope would also reach the other."""
    return one == other or "window" in (one, other)


def normal(key: str) -> str:
    """A key sequence in its one portable spelling; "" when Qt knows no such single key."""
    sequence = QKeySequence(key, QKeySequence.SequenceFormat.PortableText)
    if sequence.count() != 1:
        return ""
    pressed: QKeyCombination = sequence[0]  # type: ignore[index]  # the stub lacks __getitem__
    known = pressed.key() not in (Qt.Key(0), Qt.Key.Key_unknown)
    return sequence.toString(QKeySequence.SequenceFormat.PortableText) if known else ""


def shown(key: str) -> str:
    """A key sequence as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def key_words(keys: Iterable[str]) -> str:
    """Keys of which each will do, for people."""
    return tr("  or  ").join(dict.fromkeys(map(shown, keys)))  # Return and Enter may be called the same


def plain(text: str) -> str:
    """A menu's text without the mark of its letter, which some languages add in brackets, and the dots of a
    question."""
    return re.sub(r"\(&\w\)", "", text).replace("&", "").rstrip("…")
