"""A training run: all that changes while it learns, and who hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import nn

from resatt_studio.learning.training.task import Verdict


@dataclass(slots=True)
class Run:
    """All that changes while learning; both modules are the task's learner.

    Attributes:
        network, average: What learns, and its moving average, which is judged and kept.
        step, seconds: Optimiser steps, and wall clock of all sessions together.
        held: Whether BatchNorm statistics are held.
        loss: Running mean, or None before the first step.
        best, best_score, best_at: State, score, and (step, seconds) of the best judgement so far.
        judgement, newest: The best judgement and the last one.
    """

    network: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    held: bool = False
    loss: float | None = None
    best_score: float = -1.0
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    judgement: Verdict | None = None
    newest: Verdict | None = None
    best_at: tuple[int, float] = (0, 0.0)


class Keeper:
    """What a run leaves behind; this one leaves nothing."""

    def begin(self, run: Run) -> None:
        """Before the first step; may put an earlier state into ``run``."""

    def stepped(self, run: Run, rate: float) -> None:
        """After every step."""

    def judged(self, run: Run) -> None:
        """After every judgement; ``run.best`` holds the best weights so far."""

    def stopped(self, run: Run) -> None:
        """When learning ends or is broken off."""
