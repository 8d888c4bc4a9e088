"""When an action can be used: one snapshot of session, learner and view."""

from __future__ import annotations

from dataclasses import dataclass

from resatt_studio.app.parts import Parts
from resatt_studio.app.view_state import LABELLING
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import ReviewState


@dataclass(frozen=True, slots=True)
class Conditions:
    """What ``ActionSpec.needs`` and ``ActionSpec.checked`` may name."""

    has_project: bool
    has_photo: bool
    is_whole: bool
    is_approved: bool
    can_undo: bool
    can_redo: bool
    can_learn: bool
    learning: bool
    can_learn_labels: bool
    has_candidate: bool
    can_roll_back: bool
    photo_visible: bool
    mask_visible: bool
    outline_visible: bool
    probability_visible: bool
    uncertainty_visible: bool
    correction_visible: bool
    dehazed_visible: bool
    transmission_visible: bool
    residual_visible: bool
    heat_visible: bool
    change_visible: bool
    solo: str
    toned: bool
    split_on: bool
    comparing: bool
    has_heat: bool
    has_answer: bool
    answer: str
    painting_crack: bool
    painting_not_crack: bool
    minimap_wanted: bool
    key_cursor: bool
    agreed_only: bool
    one_person: bool
    side_by_side: bool
    sides_linked: bool
    tool: str


def conditions(parts: Parts) -> Conditions:
    """Read what holds now."""
    session, learner, view = parts.session, parts.learner, parts.view
    entry, painting = session.entry, view.brush.tool in LABELLING
    return Conditions(
        has_project=session.project is not None,
        has_photo=session.document is not None,
        is_whole=session.document is not None and session.tiles is None,
        is_approved=entry is not None and entry.state is ReviewState.APPROVED,
        can_undo=session.can_undo or view.in_hand,
        can_redo=session.can_redo,
        can_learn=learner.can_learn,
        learning=learner.learning and not learner.stopping,
        can_learn_labels=parts.label_learner.can_learn,
        has_candidate=learner.candidate is not None and not learner.learning,
        can_roll_back=learner.can_roll_back,
        **{f"{layer.name}_visible": layer.visible for layer in view.layers.values()},
        solo=view.solo_name,
        toned=not view.tone.plain,
        split_on=view.split.on,
        comparing=view.compare,
        has_heat=parts.attention.heat is not None,
        has_answer=parts.labels.chosen is not None,
        answer=parts.labels.chosen.value if parts.labels.chosen else "",
        painting_crack=painting and view.brush.label is Label.CRACK,
        painting_not_crack=painting and view.brush.label is Label.NOT_CRACK,
        minimap_wanted=view.minimap,
        key_cursor=view.key_cursor,
        agreed_only=session.state.rules.agreed_only,
        one_person=session.state.rules.one_person,
        side_by_side=view.sides.on,
        sides_linked=view.sides.on and view.sides.linked,
        tool=view.brush.tool,
    )
