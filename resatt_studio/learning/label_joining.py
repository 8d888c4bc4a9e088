"""The rule that joins the looks at a photo (:mod:`resatt_studio.inference.label_rule`), as something to learn
through: the same numbers, for many photos at once, and with gradients.

An inspector answers for a whole photo, and most looks at a photo with a crack show none. So no look is told
the photo's class. The loss is taken of the joined answer alone: "no crack" pulls down the look that the rule
leans on, level by level, and a type reaches each look by how surely it sees a crack.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from resatt_studio.errors import BugError
from resatt_studio.inference.label_rule import RULE, LabelRule
from resatt_studio.learning.label_looks import PhotoLooks
from resatt_studio.records.labels import CRACK_TYPES, CrackType

_NO_CRACK = CRACK_TYPES.index(CrackType.NO_CRACK)
_SURE = 1e-6
_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Pile:
    """The looks at P photos, ready to be joined. All tensors are on the CPU.

    Attributes:
        features: (M, D) float32, every copy of every look of every photo.
        besides: (M, K) float32.
        look: (M,) which look a copy is of, 0 .. N - 1.
        copies: (N,) float64, copies of each look.
        place: (N,) where a look is in P x L x V, row by row: photo, level, look within the level.
        shape: (P, L, V): photos, most levels, most looks of a level.
        rank: (P, L) which of the surest looks speaks for "crack" in its level, from 0.
        crack_weight, type_weight: (P, L) float64 of the levels, 0 for levels that a photo does not have.
    """

    features: Tensor
    besides: Tensor
    look: Tensor
    copies: Tensor
    place: Tensor
    shape: tuple[int, int, int]
    rank: Tensor
    crack_weight: Tensor
    type_weight: Tensor

    @property
    def photos(self) -> int:
        return self.shape[0]


def pile_up(photos: Sequence[PhotoLooks], rule: LabelRule = RULE) -> Pile:
    """Lay out the looks at some photos, at least one.

    Raises:
        BugError: There is no photo.
    """
    if not photos:
        raise BugError("no photo to pile up")
    shape = (
        len(photos),
        max(len(photo.levels) for photo in photos),
        max(max(photo.levels) for photo in photos),
    )
    rank = np.zeros(shape[:2], np.int64)
    crack_weight, type_weight = np.zeros((2, *shape[:2]))
    place: list[int] = []
    copies: list[int] = []
    for row, photo in enumerate(photos):
        closer = max(1, len(photo.levels) - 1)
        for level, count in enumerate(photo.levels):
            whole = level == 0
            rank[row, level] = max(1, round(rule.crossing * math.sqrt(count))) - 1
            crack_weight[row, level] = rule.whole_weight if whole else rule.close_weight / closer
            type_weight[row, level] = rule.whole_type_weight if whole else rule.close_type_weight / closer
            start = (row * shape[1] + level) * shape[2]
            place += range(start, start + count)
        if len(photo.levels) == 1:
            crack_weight[row, 0] = 1.0
        copies += [photo.features.shape[1]] * len(photo.features)
    counts = torch.tensor(copies)
    return Pile(
        features=torch.from_numpy(np.concatenate([_flat(photo.features) for photo in photos])),
        besides=torch.from_numpy(np.concatenate([_flat(photo.besides) for photo in photos])),
        look=torch.repeat_interleave(torch.arange(len(copies)), counts),
        copies=counts.double(),
        place=torch.tensor(place),
        shape=shape,
        rank=torch.from_numpy(rank),
        crack_weight=torch.from_numpy(crack_weight),
        type_weight=torch.from_numpy(type_weight),
    )


def joined(pile: Pile, logits: Tensor, rule: LabelRule = RULE) -> Tensor:
    """Class probabilities of the photos, (P, K) float64; equal to :func:`label_rule.combine`.

    Args:
        pile: The looks.
        logits: (M, K), one row a copy.
        rule: The constants.
    """
    each = logits.double().softmax(dim=1) / pile.copies[pile.look, None]
    looks = torch.zeros(len(pile.copies), each.shape[1], dtype=torch.float64).index_add(0, pile.look, each)
    photos, levels, most = pile.shape
    grid = torch.zeros(photos * levels * most, each.shape[1], dtype=torch.float64)
    grid = grid.index_copy(0, pile.place, looks).view(photos, levels, most, -1)
    there = torch.zeros(photos * levels * most, dtype=torch.bool)
    there[pile.place] = True
    there = there.view(photos, levels, most)
    seen = (1.0 - grid[..., _NO_CRACK]).masked_fill(~there, -1.0)
    ranked = seen.sort(dim=2, descending=True).values.gather(2, pile.rank[:, :, None])[..., 0]
    found = ranked.clamp(0.0, 1.0 - _SURE)
    crack = 1.0 - torch.exp((pile.crack_weight * torch.log1p(-found)).sum(dim=1))
    if rule.shift:
        crack = torch.sigmoid(torch.logit(crack.clamp(_SURE, 1.0 - _SURE)) + rule.shift)
    shares = _shares(grid, seen.clamp(_SURE, 1.0), there, rule)
    types = _normalised(((pile.type_weight * found)[..., None] * shares).sum(dim=1))
    types = _normalised(types.clamp_min(_LEAST) ** rule.contrast * _cracks(types))
    rest = torch.zeros_like(types)
    rest[:, _NO_CRACK] = 1.0
    return crack[:, None] * types + (1.0 - crack)[:, None] * rest


def _shares(grid: Tensor, seen: Tensor, there: Tensor, rule: LabelRule) -> Tensor:
    """Shares of the types given a crack of each level, (P, L, K), 0 for no crack."""
    given = grid / seen[..., None] * _cracks(grid)
    weight = seen**rule.trust * there
    return _normalised((weight[..., None] * given).sum(dim=2))


def _cracks(like: Tensor) -> Tensor:
    """(K,) of ones, 0 for no crack."""
    ones = torch.ones(like.shape[-1], dtype=like.dtype)
    ones[_NO_CRACK] = 0.0
    return ones


def _normalised(shares: Tensor) -> Tensor:
    return shares / shares.sum(dim=-1, keepdim=True).clamp_min(_LEAST)


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, array.shape[-1])
