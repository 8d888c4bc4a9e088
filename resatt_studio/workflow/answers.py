"""What an inspector answers about a whole photo; every answer is kept, the newest counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resatt_studio.records.labels import CrackType
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
