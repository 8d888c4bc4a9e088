"""What learning from an inspector's class answers is told and returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from resatt_studio.records.labels import CrackType
from resatt_studio.records.photo import Split
from resatt_studio.records.weights import LabelComparison, WeightsFile

LEAST_JUDGES = 5
"""Answered photos that judge, before anything is learned: with fewer, not even a candidate that betters every
one of them is more than chance (sign test, 1 / 2^5 = 0.03)."""
LEAST_TAUGHT = 8
"""Answered photos that teach, before anything is learned."""


@dataclass(frozen=True, slots=True)
class AnsweredPhoto:
    """A photo with the inspector's class, as it teaches or judges.

    Attributes:
        photo_id: SHA-256 (hex) of the photo's bytes.
        group: Photo group of the split.
        split: Sticky side, of its own: independent of the one that approved masks have.
        kind: The class.
        name: Of the photo's file, for people; "" where nobody will read it.
    """

    photo_id: str
    group: str
    split: Split
    kind: CrackType
    name: str = ""

    @property
    def called(self) -> str:
        """What people call the photo: its file's name, or the beginning of its hash."""
        return self.name or self.photo_id[:12]

    @property
    def said(self) -> str:
        """Photo and class as runs keep them."""
        return f"{self.photo_id}:{self.kind.value}"


@dataclass(frozen=True, slots=True)
class AnswerState:
    """How many of a project's answers there are to learn from.

    Attributes:
        answers: "photo_id:class" of every photo that is answered.
        taught, judging: Photos of either side.
        learned: The answers that each label network's newest finished run was given, by network.
    """

    answers: frozenset[str] = frozenset()
    taught: int = 0
    judging: int = 0
    learned: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether learning can begin."""
        return self.taught >= LEAST_TAUGHT and self.judging >= LEAST_JUDGES

    @property
    def by_photo(self) -> dict[str, str]:
        """The class that each answered photo was given, by photo id."""
        return {photo_id: kind for photo_id, _, kind in (said.partition(":") for said in self.answers)}

    def fresh(self, model: str) -> int:
        """Answers that are new or changed since that network learned last."""
        return len(self.answers - self.learned.get(model, frozenset()))


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """Everything that decides what a head learns; the same plan, answers and weights give the same head.

    Attributes:
        model: Registry name of the network.
        steps: Full-batch steps of Adam.
        learning_rate: For standardised features.
        pull: Weight of the squared distance from the head that learning starts from.
        replay: Weight of the reference tiles, which shall be answered as before, against the answers.
        slip: Chance that an answer is a slip of the hand, in [0, 1); bounds what one photo can cost.
    """

    model: str
    steps: int = 150
    learning_rate: float = 0.02
    pull: float = 0.3
    replay: float = 1.0
    slip: float = 0.05


@dataclass(frozen=True, eq=False)
class LabelResult:
    """A candidate and how it compares.

    Attributes:
        weights: The candidate.
        parent: weights_id of what it was learned from: the same network with the head it had before any
            answer.
        comparison: Scores before and after, on the photos that judge and on the reference tiles.
        gains: For every photo that judges, by how many nats its answer's surprise fell.
        taught: Photos that taught.
        steps, seconds: How long it learned.
        losses: Curve as (step, value).
        left_out: Why some answered photos were not used.
    """

    weights: WeightsFile
    parent: str
    comparison: LabelComparison
    gains: tuple[float, ...]
    taught: int
    steps: int
    seconds: float
    losses: tuple[tuple[int, float], ...] = field(default=(), repr=False)
    left_out: tuple[str, ...] = ()
