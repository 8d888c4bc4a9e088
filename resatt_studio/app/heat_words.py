"""What the kinds of attention maps are called in the window, and what a map is said to show."""

from __future__ import annotations

from collections.abc import Mapping

from resatt_studio.app.crack_words import CRACK_WORDS
from resatt_studio.app.other_networks import TITLES
from resatt_studio.records.heat import Heat, HeatKind
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.words import mark, tr

KIND_WORDS: Mapping[HeatKind, tuple[str, str]] = {
    HeatKind.RECEIVED: (
        mark("Attention received"),
        mark("How much each place is looked at from all places, on average"),
    ),
    HeatKind.POINT: (mark("Attention of a point"), mark("What one place looks at")),
    HeatKind.POINT_WITHOUT_PRIOR: (
        mark("Point, decay taken out"),
        mark("The same, divided by RMT's built-in decay with distance: what is left depends on the photo"),
    ),
    HeatKind.ROLLOUT: (
        mark("Rollout"),
        mark("Attention carried through all blocks of ReViT up to the chosen one"),
    ),
    HeatKind.OWN: (mark("Own attention"), mark("What a block of ReViT looks at without what it inherits")),
    HeatKind.GRADIENT: (
        mark("Class gradient (Grad-CAM)"),
        mark("What raises the score of one class, for comparison"),
    ),
}
"""Title and one sentence of each kind."""


def what_was_asked(heat: Heat, weights: str) -> str:
    """Two lines: what is shown of what, and where it comes from."""
    asked = heat.question
    title = tr(KIND_WORDS[asked.kind][0])
    facts = [TITLES[asked.model], title[0].lower() + title[1:]]
    if asked.stage is not None and asked.model != "revit":
        facts.append(tr("stage {number}").format(number=asked.stage + 1))
    if asked.block is not None:
        facts.append(tr("block {number}").format(number=asked.block + 1))
    if asked.head is not None:
        facts.append(tr("head {number}").format(number=asked.head + 1))
    if asked.label is not None:
        known = asked.label < len(CRACK_TYPES)
        facts.append(
            tr(CRACK_WORDS[CRACK_TYPES[asked.label]][1])
            if known
            else tr("class {number}").format(number=asked.label + 1)
        )
    cell = tr("One cell is {width:.0f} × {height:.0f} px").format(width=heat.cells[1], height=heat.cells[0])
    return tr("{facts}.\n{cell}; weights {weights} {weights_id}; {device}.").format(
        facts=tr(", ").join(facts),
        cell=cell,
        weights=weights,
        weights_id=heat.weights_id[:8],
        device=heat.device,
    )
