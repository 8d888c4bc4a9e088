"""BatchNorm statistics: measured anew after learning, or held still while learning.

One BatchNorm of a recurrent unit serves ``t + 1`` applications whose inputs differ, and its running
statistics move ``t + 1`` times a step, so after learning they fit badly. The cure is to measure them again on
plain training images with the final weights, as a true mean instead of a moving one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor, nn

Norm: TypeAlias = nn.BatchNorm1d | nn.BatchNorm2d


def norm_layers(network: nn.Module) -> list[Norm]:
    """Every BatchNorm of the network."""
    return [module for module in network.modules() if isinstance(module, Norm)]


def freeze_statistics(network: nn.Module) -> None:
    """Put every BatchNorm into evaluation mode: its statistics stay, its scale and shift still learn.

    ``network.train()`` undoes it, so call it after that.
    """
    for norm in norm_layers(network):
        norm.eval()


def reestimate_statistics(network: nn.Module, batches: Iterable[Tensor]) -> int:
    """Measure all statistics anew; see :func:`reestimate_steps`.

    Returns:
        Number of batches used.
    """
    return sum(1 for _ in reestimate_steps(network, batches))


def reestimate_steps(network: nn.Module, batches: Iterable[Tensor]) -> Generator[int, None, None]:
    """Measure all BatchNorm statistics anew, as the mean over ``batches``; yields after each of them.

    Weights do not change. Every layer is back in its mode (training or evaluation) between two batches and at
    the end. With no batch at all the statistics stay as they were.

    Args:
        network: Changed in place.
        batches: (N, C, H, W) inputs as the network takes them, un-augmented.

    Yields:
        Number of batches done.
    """
    norms = norm_layers(network)
    for done, batch in enumerate(_peeked(batches, norms), start=1):
        with _measuring(network, norms), torch.no_grad():
            network(batch)
        yield done


def _peeked(batches: Iterable[Tensor], norms: list[Norm]) -> Iterator[Tensor]:
    """Forget the old statistics once the first batch is at hand."""
    for index, batch in enumerate(batches):
        if index == 0:
            for norm in norms:
                norm.reset_running_stats()
        yield batch


@contextmanager
def _measuring(network: nn.Module, norms: list[Norm]) -> Iterator[None]:
    modes = [(module, module.training) for module in network.modules()]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.train()
        norm.momentum = None  # a true mean over everything seen since the reset
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, training in modes:
            module.training = training
