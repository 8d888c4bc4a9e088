"""How often one class was taken for another, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resatt_studio.records.labels import CRACK_TYPES, CrackType

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Confusion:
    """Counts of (true, answered) pairs of types, and of tiles known only to have a crack.

    Attributes:
        counts: C x C int64 in the order of ``CRACK_TYPES``; rows are the truth, columns the answers.
        untyped: (answered as crack, answered as none) of cracks of unknown type.
    """

    counts: Counts
    untyped: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, truths: Sequence[CrackType | None], answers: Sequence[CrackType]) -> Confusion:
        """Count pairs; a truth of None is a crack of unknown type."""
        counts = np.zeros((len(CRACK_TYPES), len(CRACK_TYPES)), np.int64)
        seen = missed = 0
        for truth, answer in zip(truths, answers, strict=True):
            if truth is None:
                missed += answer is CrackType.NO_CRACK
                seen += answer is not CrackType.NO_CRACK
            else:
                counts[CRACK_TYPES.index(truth), CRACK_TYPES.index(answer)] += 1
        return cls(counts, (seen, missed))

    def __add__(self, other: Confusion) -> Confusion:
        untyped = (self.untyped[0] + other.untyped[0], self.untyped[1] + other.untyped[1])
        return Confusion(self.counts + other.counts, untyped)

    @property
    def number(self) -> int:
        """Tiles counted."""
        return int(self.counts.sum()) + sum(self.untyped)

    @property
    def crack_accuracy(self) -> float:
        """Share of tiles rightly called crack or no crack, in [0, 1]; 0 when there are none."""
        none = CRACK_TYPES.index(CrackType.NO_CRACK)
        right = self.counts[none, none] + np.delete(np.delete(self.counts, none, 0), none, 1).sum()
        return float(right + self.untyped[0]) / max(1, self.number)

    @property
    def f1(self) -> dict[CrackType, float]:
        """F1 of each type that occurs as truth or as answer, in [0, 1]."""
        scores = {}
        for index, kind in enumerate(CRACK_TYPES):
            hits, said, there = (
                int(self.counts[index, index]),
                int(self.counts[:, index].sum()),
                int(self.counts[index].sum()),
            )
            if said + there:
                scores[kind] = 2 * hits / (said + there)
        return scores

    @property
    def macro_f1(self) -> float:
        """Mean of :attr:`f1`, in [0, 1]; 0 when there is nothing."""
        return float(np.mean(list(self.f1.values()))) if self.f1 else 0.0
