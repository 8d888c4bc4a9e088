"""Two acts for every layer, show and show alone; menu, keymap and palette follow from this table."""

from __future__ import annotations

from resatt_studio.app.actions import ActionSpec
from resatt_studio.app.layers import LAYER_WORDS, NEED_WHOLE_PHOTO
from resatt_studio.words import mark

_TEXTS: dict[str, tuple[str, str]] = {
    "change": ("", mark("Only what learning changed")),
    "correction": (mark("Show your correction"), mark("Only your correction")),
    "uncertainty": (mark("Show uncertainty"), mark("Only uncertainty")),
    "probability": (mark("Show probability"), mark("Only probability")),
    "outline": (mark("Show the mask's outline"), mark("Only the mask's outline")),
    "mask": ("", mark("Only the crack mask")),
    "heat": ("", mark("Only attention")),
    "residual": (mark("Show the residual"), mark("Only the residual")),
    "transmission": (mark("Show transmission"), mark("Only transmission")),
    "dehazed": ("", mark("Only the dehazed photo")),
    "photo": (mark("Show the photo"), mark("Only the photo")),
}
"""Show and show alone, from the top layer down; "" where ``actions.ACTIONS`` shows the layer already."""

ALONE = mark("Hide every other layer over the photo; once more brings them back.")


def _actions(name: str) -> tuple[ActionSpec, ...]:
    show, alone = _TEXTS[name]
    help, seen = LAYER_WORDS[name][1], f"{name}_visible"
    needs = "is_whole" if name in NEED_WHOLE_PHOTO else "has_photo"
    return (
        ActionSpec(f"toggle_{name}", show, f"layer.{name}", help, needs=needs, checked=seen),
        ActionSpec(f"solo_{name}", alone, f"solo.{name}", ALONE, needs=needs, checked=f"solo={name}"),
    )


LAYER_ACTIONS: tuple[ActionSpec, ...] = tuple(
    action for name in _TEXTS for action in _actions(name) if action.text
)
