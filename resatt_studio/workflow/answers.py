"""What an inspector answers about a whole photo; every answer is kept, the newest counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resatt_studio.records.label_learning import AnsweredPhoto, AnswerState
from resatt_studio.records.labels import CrackType
from resatt_studio.records.photo import Split
from resatt_studio.records.project import LabelAnswer

if TYPE_CHECKING:
    from resatt_studio.workflow.project import Project

CRACK_TYPE = "crack type"
"""The question that the label networks answer too."""


def answer_crack_type(project: Project, photo_id: str, kind: CrackType | None, author: str = "") -> None:
    """Keep what an inspector calls a photo; None takes the earlier answer back.

    Raises:
        StoreError: The project has no such photo, or the disk refused.
    """
    project.store.label_answer(photo_id, CRACK_TYPE, "" if kind is None else kind.value, author)


def crack_type_answer(project: Project, photo_id: str) -> LabelAnswer | None:
    """The answer that counts for a photo; None while there is none.

    An answer that this version does not know, as a newer one may have kept, counts as none.
    """
    known = {kind.value for kind in CrackType}
    answers = project.store.label_answers(photo_id)
    return next((a for a in answers if a.question == CRACK_TYPE and a.answer in known), None)


def answered_photos(project: Project) -> tuple[AnsweredPhoto, ...]:
    """Every photo whose class somebody said, with its side of the split, in the order of first answers."""
    known = {kind.value for kind in CrackType}
    return tuple(
        AnsweredPhoto(one.photo_id, one.group, one.split, CrackType(one.answer))
        for one in project.store.sided_answers(CRACK_TYPE)
        if one.answer in known
    )


def answer_state(project: Project) -> AnswerState:
    """How many answers there are, and which of them were learned from."""
    photos = answered_photos(project)
    taught = sum(photo.split is Split.TRAIN for photo in photos)
    learned = project.store.learned_answers()
    return AnswerState(
        frozenset(photo.said for photo in photos),
        taught,
        len(photos) - taught,
        {model: frozenset(answers) for model, answers in learned.items()},
    )
