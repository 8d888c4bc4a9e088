"""What the kinds of attention maps are called in the window, and what a map is said to show."""

from __future__ import annotations

from collections.abc import Mapping

from resatt_studio.app.crack_words import CRACK_WORDS
from resatt_studio.app.other_networks import TITLES
from resatt_studio.records.heat import Heat, HeatKind
from resatt_studio.records.labels import CRACK_TYPES

KIND_WORDS: Mapping[HeatKind, tuple[str, str]] = {
    HeatKind.RECEIVED: ("Attention received", "How much each place is looked at from all places, on average"),
    HeatKind.POINT: ("Attention of a point", "What one place looks at"),
    HeatKind.POINT_WITHOUT_PRIOR: (
        "Point, decay taken out",
        "The same, divided by RMT's built-in decay with distance: what is left depends on the photo",
    ),
    HeatKind.ROLLOUT: ("Rollout", "Attention carried through all blocks of ReViT up to the chosen one"),
    HeatKind.OWN: ("Own attention", "What a block of ReViT looks at without what it inherits"),
    HeatKind.GRADIENT: ("Class gradient (Grad-CAM)", "What raises the score of one class, for comparison"),
}
"""Title and one sentence of each kind."""


def what_was_asked(heat: Heat, weights: str) -> str:
    """Two lines: what is shown of what, and where it comes from."""
    asked = heat.question
    title = KIND_WORDS[asked.kind][0]
    facts = [TITLES[asked.model], title[0].lower() + title[1:]]
    if asked.stage is not None and asked.model != "revit":
        facts.append(f"stage {asked.stage + 1}")
    if asked.block is not None:
        facts.append(f"block {asked.block + 1}")
    if asked.head is not None:
        facts.append(f"head {asked.head + 1}")
    if asked.label is not None:
        known = asked.label < len(CRACK_TYPES)
        facts.append(CRACK_WORDS[CRACK_TYPES[asked.label]][1] if known else f"class {asked.label + 1}")
    cell = f"One cell is {heat.cells[1]:.0f} × {heat.cells[0]:.0f} px"
    return f"{', '.join(facts)}.\n{cell}; weights {weights} {heat.weights_id[:8]}; {heat.device}."
