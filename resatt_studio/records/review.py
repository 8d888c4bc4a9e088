"""What people said of a photo's mask, one after the other: approved, agreed to, sent back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReviewAct(StrEnum):
    """What somebody said of a mask.

    The first inspector approves. A second reader then agrees, or sends the photo back with a note; the first
    inspector corrects it and approves again.
    """

    APPROVED = "approved"
    AGREED = "agreed"
    SENT_BACK = "sent-back"


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """One link of the chain of a photo's review.

    Attributes:
        review_id: Grows with time within a project.
        photo_id: SHA-256 (hex) of the photo's bytes.
        sample_id: The approved correction that it is about.
        act: What was said.
        note: Why a photo was sent back; else "" or a remark.
        author: Who, "" when unknown.
        made_at: ISO 8601 with zone.
    """

    review_id: int
    photo_id: str
    sample_id: str
    act: ReviewAct
    note: str = ""
    author: str = ""
    made_at: str = ""


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """What a project asks of its second readers.

    Attributes:
        agreed_only: Whether the crack network learns from, and is judged by, photos alone that a second
            reader agreed to.
        one_person: Whether somebody may be the second reader of their own approvals, as in a project that has
            one inspector who looks at everything twice.
    """

    agreed_only: bool = False
    one_person: bool = False


def same_person(one: str, other: str) -> bool:
    """Whether two names are those of one person; an unknown name is nobody's."""
    return bool(one.strip()) and one.strip().casefold() == other.strip().casefold()
