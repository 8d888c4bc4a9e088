"""What the training loop asks of a task: what it learns from, its loss, and how it judges."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from resatt_studio.inference.device import Compute, Threads


class Verdict(Protocol):
    """How well a network did on what it did not learn from."""

    @property
    def score(self) -> float:
        """One number to choose by, in [0, 1]."""
        ...

    def to_table(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        ...

    def for_card(self) -> dict[str, Any]:
        """Plain values, for the header of the weights file."""
        ...


class Task(Protocol):
    """One kind of network in training; holds its options and, after :meth:`read`, its data."""

    def read(self, folders: Sequence[Path]) -> Generator[str, None, None]:
        """Read everything into memory; yields what it is reading."""
        ...

    def learner(self, network: nn.Module) -> nn.Module:
        """The module that learns: the network, or the network with helpers that are not kept."""
        ...

    def kept(self, learner: nn.Module) -> nn.Module:
        """The network inside a learner."""
        ...

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw one step's patches: whatever :meth:`loss` takes, on the CPU.

        It may be drawn in another process (``RunOptions.workers``), so it depends on nothing but ``rng``.
        """
        ...

    def loss(self, learner: nn.Module, batch: Any, compute: Compute) -> Tensor:
        """Return the loss of what :meth:`draw` drew."""
        ...

    def plain_batches(self, images: int) -> Iterator[Tensor]:
        """Un-augmented inputs, always the same, for measuring BatchNorm statistics."""
        ...

    def judge(
        self, network: nn.Module, compute: Compute, threads: Threads
    ) -> Generator[int, None, Verdict | None]:
        """Judge a network as it would be shipped; yields pieces done, None when nothing judges."""
        ...

    def verdict_from(self, table: Mapping[str, Any]) -> Verdict:
        """The inverse of :meth:`Verdict.to_table`."""
        ...

    def terms(self) -> Mapping[str, Any]:
        """What was learned from and its owners' terms, for the header of the weights file."""
        ...

    def facts(self) -> Mapping[str, str]:
        """What else the header says, by its key."""
        ...
