"""What the command palette offers: every action and tool, every panel, recent projects, photos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from resatt_studio.app.fuzzy import match
from resatt_studio.app.keymap import plain, shown
from resatt_studio.app.menus import Actions
from resatt_studio.app.parts import Parts
from resatt_studio.words import mark, tr

MOST_SHOWN = 60
"""Nobody reads further; another letter brings what is meant to the top."""
_KINDS = {
    "action": (mark("Action"), 3.0),
    "tool": (mark("Tool"), 3.0),
    "panel": (mark("Panel"), 2.0),
    "project": (mark("Project"), 1.0),
    "photo": (mark("Photo"), 0.0),
}
"""What a kind is called, and what it is ahead of others that fit as well."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    Attributes:
        kind: "action", "tool", "panel", "project" or "photo".
        text: What is found by its letters.
        run: Does it.
        detail: More words, which are found as well, but count less.
        keys: For people, or "".
        enabled: Whether it can be done now.
        why_not: Why it cannot, where there is more to say.
        places: Indices of the letters of ``text`` that were typed.
    """

    kind: str
    text: str
    run: Callable[[], object]
    detail: str = ""
    keys: str = ""
    enabled: bool = True
    why_not: str = ""
    places: frozenset[int] = frozenset()

    @property
    def kind_word(self) -> str:
        """The kind for people."""
        return tr(_KINDS[self.kind][0])


def kind_words() -> list[str]:
    """Every kind for people."""
    return [tr(word) for word, _ in _KINDS.values()]


def entries(parts: Parts, actions: Actions, panels: Mapping[str, Callable[[], None]]) -> list[Entry]:
    """Everything there is now; actions come in the order of their table.

    Args:
        panels: What shows each panel, by its title.
    """
    session = parts.session
    found = []
    for id, spec in actions.specs.items():
        if id == "palette":
            continue  # it is open
        action = actions[id]
        kind, keys = (
            "tool" if id.startswith("tool_") else "action",
            "  ".join(map(shown, spec.shortcuts)),
        )
        can, why = action.isEnabled(), actions.why_not(id)
        found.append(Entry(kind, plain(spec.text), action.trigger, spec.help, keys, can, why))
    for title, show in panels.items():
        found.append(
            Entry(
                "panel",
                tr("Show {panel}").format(panel=title),
                show,
                tr("Bring this panel to the front."),
            )
        )
    for folder in session.settings.recent_projects:
        if folder.is_dir():
            found.append(Entry("project", folder.stem, partial(session.open_project, folder), str(folder)))
    for entry in session.state.entries:
        opens = partial(session.open_photo, entry.photo_id)
        found.append(Entry("photo", entry.name, opens, str(entry.facts.path.parent)))
    return found


def ranked(query: str, offered: Iterable[Entry]) -> list[Entry]:
    """The entries that fit, best first; without a query the actions and tools as they come."""
    if not query.strip():
        return [entry for entry in offered if entry.kind != "photo"][:MOST_SHOWN]
    fitting: list[tuple[float, Entry]] = []
    for entry in offered:
        found = match(query, entry.text)
        if found is not None:
            score = found.score + _KINDS[entry.kind][1] - (0.0 if entry.enabled else 30.0)
            fitting.append((score, replace(entry, places=found.places)))
        elif entry.kind != "photo" and (told := match(query, entry.detail)) is not None and told.score > 60:
            fitting.append((told.score / 10 - 20.0, entry))
    fitting.sort(key=lambda pair: -pair[0])
    return [entry for _, entry in fitting[:MOST_SHOWN]]
