"""What may move while fine-tuning, and how fast: which blocks by depth, and never the norms' statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from resatt_studio.errors import LearningError
from resatt_studio.learning.normalisation import freeze_statistics

DEPTH_FACTORS: Mapping[str, float] = {}
"""Learning-rate factor by the beginning of a parameter's name; all others learn at the plain rate. A factor
of 0 freezes a part. Measured with five photos: the whole network at one rate beat decoder only (Dice +0.05)
and low-rank updates (+0.05)."""


def prepare_to_learn(network: nn.Module, factors: Mapping[str, float] = DEPTH_FACTORS) -> None:
    """Let the network learn with frozen BatchNorm statistics; scale and shift of the norms still learn.

    Raises:
        LearningError: Nothing would be left to learn.
    """
    network.train()
    freeze_statistics(network)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(_factor(name, factors) > 0)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise LearningError(
            "every part of the network is frozen.", "Give at least one part a factor above 0."
        )


def parameter_groups(
    network: nn.Module, learning_rate: float, factors: Mapping[str, float] = DEPTH_FACTORS
) -> list[dict[str, Any]]:
    """Optimiser groups, one a factor; each holds its ``factor`` so that a schedule can scale them
    together."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(_factor(name, factors), []).append(parameter)
    return [
        {"params": parameters, "lr": learning_rate * factor, "factor": factor}
        for factor, parameters in groups.items()
    ]


def _factor(name: str, factors: Mapping[str, float]) -> float:
    fitting = [start for start in factors if name.startswith(start)]
    return factors[max(fitting, key=len)] if fitting else 1.0
