"""Stochastic depth: deeper branches are dropped more often in training (arXiv 1603.09382)."""

from __future__ import annotations

from torch import Tensor, nn


class DropPath(nn.Module):
    """In training, drop a branch for some photos of a batch and enlarge it for the others.

    The mean over many batches is the branch itself; in evaluation it passes through untouched.

    Args:
        rate: Share of the photos whose branch is dropped, from 0 to below 1.

    Shape: (B, ...) to the same.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        if not self.training or not self.rate:
            return branch
        keep = 1.0 - self.rate
        shape = (branch.shape[0], *[1] * (branch.ndim - 1))
        return branch * branch.new_empty(shape).bernoulli_(keep).div_(keep)


def rising_rates(last: float, depth: int) -> list[float]:
    """Return the rate of each block, from 0 at the first to ``last`` in equal steps."""
    return [last * block / max(depth - 1, 1) for block in range(depth)]
