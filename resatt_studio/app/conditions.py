"""When an action can be used: one snapshot of session, learner and view."""

from __future__ import annotations

from dataclasses import dataclass

from resatt_studio.app.parts import Parts
from resatt_studio.app.view_state import LABELLING
from resatt_studio.records.correction import Label


@dataclass(frozen=True, slots=True)
class Conditions:
    """What ``ActionSpec.needs`` and ``ActionSpec.checked`` may name."""

    has_project: bool
    has_photo: bool
    can_undo: bool
    can_redo: bool
    can_learn: bool
    learning: bool
    can_learn_labels: bool
    has_candidate: bool
    can_roll_back: bool
    mask_visible: bool
    dehazed_visible: bool
    heat_visible: bool
    change_visible: bool
    split_on: bool
    comparing: bool
    has_heat: bool
    has_answer: bool
    answer: str
    painting_crack: bool
    painting_not_crack: bool
    minimap_wanted: bool
    side_by_side: bool
    sides_linked: bool
    tool: str


def conditions(parts: Parts) -> Conditions:
    """Read what holds now."""
    session, learner, view = parts.session, parts.learner, parts.view
    painting = view.brush.tool in LABELLING
    return Conditions(
        has_project=session.project is not None,
        has_photo=session.document is not None,
        can_undo=session.can_undo or view.in_hand,
        can_redo=session.can_redo,
        can_learn=learner.can_learn,
        learning=learner.learning and not learner.stopping,
        can_learn_labels=parts.label_learner.can_learn,
        has_candidate=learner.candidate is not None and not learner.learning,
        can_roll_back=learner.can_roll_back,
        mask_visible=view.layers["mask"].visible,
        dehazed_visible=view.layers["dehazed"].visible,
        heat_visible=view.layers["heat"].visible,
        change_visible=view.layers["change"].visible,
        split_on=view.split.on,
        comparing=view.compare,
        has_heat=parts.attention.heat is not None,
        has_answer=parts.labels.chosen is not None,
        answer=parts.labels.chosen.value if parts.labels.chosen else "",
        painting_crack=painting and view.brush.label is Label.CRACK,
        painting_not_crack=painting and view.brush.label is Label.NOT_CRACK,
        minimap_wanted=view.minimap,
        side_by_side=view.sides.on,
        sides_linked=view.sides.on and view.sides.linked,
        tool=view.brush.tool,
    )
