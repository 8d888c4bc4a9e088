"""Two acts for every layer, show and show alone; menu, keymap and palette follow from the layers' table."""

from __future__ import annotations

from resatt_studio.app.actions import ActionSpec, by_id
from resatt_studio.app.layers import LAYER_WORDS

_TOGGLED = frozenset(by_id())

LAYER_ACTIONS: tuple[ActionSpec, ...] = tuple(
    action
    for name, (title, help) in reversed(LAYER_WORDS.items())
    for action in (
        ActionSpec(
            id=f"toggle_{name}",
            text=f"Show {title.lower()}",
            target=f"layer.{name}",
            help=help,
            needs="has_photo",
            checked=f"{name}_visible",
        ),
        ActionSpec(
            id=f"solo_{name}",
            text=f"Only {title.lower()}",
            target=f"solo.{name}",
            help=f"Hide every other layer over the photo; once more brings them back. {help}",
            needs="has_photo",
            checked=f"solo={name}",
        ),
    )
    if action.id not in _TOGGLED
)
"""From the top layer down; layers that ``actions.ACTIONS`` shows already are not shown twice."""
