"""A label network's head that learns answers about whole photos, and elsewhere keeps its own.

The loss is the sum of

- the surprise at the inspector's answers, -ln((1 - s) p + s / K), the mean over photos, where p is the joined
  probability of the answer (:mod:`.label_joining`) and s the chance of a slip: one wrong answer can cost no
  more than -ln(s / K);
- the divergence from what the starting head answers on the reference tiles (Li and Hoiem, Learning without
  forgetting, ECCV 2016, section 3), weighed by ``replay``;
- the squared distance from the starting head (Li et al., Explicit inductive bias for transfer learning, ICML
  2018, L2-SP), weighed by ``pull``: with few answers the head hardly moves, and where nothing calls for it
  not at all.

Features are standardised first, so that one rate and one pull fit every network; the head that comes out is
an ordinary one again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from resatt_studio.learning.label_joining import Pile, joined
from resatt_studio.learning.student import NotFinite
from resatt_studio.records.label_learning import LabelPlan
from resatt_studio.records.labels import CRACK_TYPES

_LEAST_SPREAD = 1e-3
_LEAST = 1e-12


class HeadStudent:
    """A head and its optimiser, on the CPU: a few thousand numbers, a step takes milliseconds.

    Args:
        weight, bias: Of the head that learning starts from, (K, D) and (K,); they stay as they are.
        taught: The looks at the photos that teach.
        answers: (P,) indices into ``CRACK_TYPES``, one for each of these photos.
        replayed: The looks at the reference tiles that remind, or None.
        plan: Rate, pull, replay and slip.
        names: What the taught photos are called, for errors.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        taught: Pile,
        answers: Sequence[int],
        replayed: Pile | None,
        plan: LabelPlan,
        names: Sequence[str] = (),
    ) -> None:
        self._plan = plan
        self._taught, self._replayed = taught, replayed
        self._answers = torch.tensor(list(answers))
        self._names = tuple(names)
        self._weight, self._bias = weight, bias
        both = [taught.features] + ([] if replayed is None else [replayed.features])
        features = torch.cat(both)
        self._mean = features.mean(dim=0)
        self._spread = features.std(dim=0, correction=0).clamp_min(_LEAST_SPREAD)
        self._move = nn.Parameter(torch.zeros_like(weight))
        self._shift = nn.Parameter(torch.zeros_like(bias))
        self._optimiser = torch.optim.Adam(self._moved(), lr=plan.learning_rate)
        self._before = None if replayed is None else joined(replayed, head_logits(replayed, weight, bias))
        self.steps_done = 0

    def step(self) -> float:
        """Learn once from everything; return the loss before it.

        Raises:
            NotFinite: The loss or its gradient is infinite or no number; nothing was learned.
        """
        self._optimiser.zero_grad(set_to_none=True)
        rate = 0.5 * (1.0 + math.cos(math.pi * self.steps_done / max(1, self._plan.steps)))
        for group in self._optimiser.param_groups:
            group["lr"] = self._plan.learning_rate * rate
        surprises = surprise(self._ask(self._taught), self._answers, self._plan.slip)
        loss = surprises.mean() + self._forgetting() + self._distance()
        value = float(loss.detach())
        if not math.isfinite(value):
            bad = [index for index, one in enumerate(surprises.tolist()) if not math.isfinite(one)]
            raise NotFinite(tuple(self._names[index] for index in bad if index < len(self._names)))
        torch.autograd.backward(loss)
        if not all(bool(torch.isfinite(one.grad).all()) for one in self._moved() if one.grad is not None):
            raise NotFinite(self._names)
        self._optimiser.step()
        self.steps_done += 1
        return value

    def _moved(self) -> tuple[nn.Parameter, nn.Parameter]:
        return self._move, self._shift

    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (K, D) and bias (K,) as they are now, float32."""
        with torch.no_grad():
            move = self._move / self._spread
            return self._weight + move, self._bias + self._shift - move @ self._mean

    def _ask(self, pile: Pile) -> Tensor:
        move = self._move / self._spread
        weight, bias = self._weight + move, self._bias + self._shift - move @ self._mean
        return joined(pile, head_logits(pile, weight, bias))

    def _forgetting(self) -> Tensor | float:
        if self._replayed is None or self._before is None:
            return 0.0
        old, new = self._before.clamp_min(_LEAST), self._ask(self._replayed).clamp_min(_LEAST)
        return self._plan.replay * (old * (old.log() - new.log())).sum(dim=1).mean()

    def _distance(self) -> Tensor:
        return self._plan.pull * (self._move.square().sum() + self._shift.square().sum()).double()


def head_logits(pile: Pile, weight: Tensor, bias: Tensor) -> Tensor:
    """(M, K) logits of every copy of every look under a head."""
    return nn.functional.linear(pile.features, weight, bias) + pile.besides


def surprise(probabilities: Tensor, answers: Tensor, slip: float) -> Tensor:
    """-ln of the chance of the answers, in nats, (P,).

    Args:
        probabilities: (P, K), rows summing to 1.
        answers: (P,) indices.
        slip: Chance that an answer is none of the network's business, spread evenly over the classes.
    """
    right = probabilities.gather(1, answers[:, None])[:, 0]
    return -torch.log((1.0 - slip) * right + slip / len(CRACK_TYPES))


def answered(pile: Pile, weight: Tensor, bias: Tensor) -> np.ndarray:
    """(P, K) float64 class probabilities under a head."""
    with torch.no_grad():
        found: np.ndarray = joined(pile, head_logits(pile, weight, bias)).numpy()
    return found
