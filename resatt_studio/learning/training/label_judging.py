"""How well a label network does: confusion by set, macro F1 and crack / no crack accuracy."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from resatt_studio.imaging.confusion import Confusion
from resatt_studio.inference.device import Compute
from resatt_studio.inference.normalise import imagenet_input
from resatt_studio.inference.views import mirror_copies, mirrored
from resatt_studio.learning.training.label_data import LabelTile
from resatt_studio.records.labels import CRACK_TYPES

_BATCH = 8


@dataclass(frozen=True, slots=True)
class LabelVerdict:
    """Confusion by set."""

    sets: Mapping[str, Confusion]

    @property
    def total(self) -> Confusion:
        """All sets together."""
        total = Confusion.of((), ())
        for one in self.sets.values():
            total = total + one
        return total

    @property
    def score(self) -> float:
        """Mean of macro F1 over the types and of crack / no crack accuracy, in [0, 1]."""
        total = self.total
        return (total.macro_f1 + total.crack_accuracy) / 2

    def to_table(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            name: {"counts": one.counts.tolist(), "untyped": list(one.untyped)}
            for name, one in self.sets.items()
        }

    def for_card(self) -> dict[str, Any]:
        """Plain values, for the header of the weights file."""
        total = self.total
        return {
            "split": "validation",
            "macro_f1": total.macro_f1,
            "crack_accuracy": total.crack_accuracy,
            "types": [str(kind) for kind in CRACK_TYPES],
            "confusion": total.counts.tolist(),
            "tiles": total.number,
        }

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> LabelVerdict:
        """The inverse of :meth:`to_table`."""
        sets = {}
        for name, one in table.items():
            seen, missed = one["untyped"]
            sets[name] = Confusion(np.array(one["counts"], np.int64), (int(seen), int(missed)))
        return cls(sets)


def judge_labels(
    network: nn.Module, tiles: Sequence[LabelTile], compute: Compute
) -> Generator[int, None, LabelVerdict]:
    """Answer every tile as the app answers a photo of its size, mirrored copies averaged, and count.

    Yields:
        The number of tiles done, after every few.
    """
    truths: dict[str, list[Any]] = {}
    answers: dict[str, list[Any]] = {}
    network.eval()
    for start in range(0, len(tiles), _BATCH):
        some = tiles[start : start + _BATCH]
        seen = mirrored(np.stack([tile.pixels for tile in some]), mirror_copies(1))
        with torch.no_grad(), compute.autocast():
            each = [network(imagenet_input(one).to(compute.device)).float().softmax(dim=1) for one in seen]
        best = torch.stack(each).mean(dim=0).argmax(dim=1).tolist()
        for tile, answer in zip(some, best, strict=True):
            truths.setdefault(tile.source, []).append(tile.kind)
            answers.setdefault(tile.source, []).append(CRACK_TYPES[answer])
        yield start + len(some)
    return LabelVerdict({name: Confusion.of(truths[name], answers[name]) for name in truths})
