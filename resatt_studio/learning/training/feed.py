"""What each step learns from; drawn ahead by other processes where the machine has cores to spare."""

from __future__ import annotations

import itertools
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from torch.utils.data import DataLoader, Dataset

from resatt_studio.learning.training.options import RunOptions
from resatt_studio.learning.training.task import Task


class Feed(Iterator[Any]):
    """The batches of a run in order, from any step on.

    A step's batch depends on the seed and the step alone: a resumed run, and one with another number of
    processes, learns from the same patches.

    Args:
        task: After :meth:`Task.read`.
        config: Of it, ``seed`` and ``workers``.
        first_step: Step whose batch comes first.
    """

    def __init__(self, task: Task, config: RunOptions, first_step: int = 0) -> None:
        # Forking shares the photos; elsewhere every process gets its own copy of them.
        forked = config.workers > 0 and sys.platform == "linux"
        self._batches: Iterator[Any] | None = iter(
            DataLoader(
                _Drawn(task, config.seed),
                batch_size=None,
                sampler=itertools.count(first_step),
                num_workers=config.workers,
                multiprocessing_context="fork" if forked else None,
                worker_init_fn=_start_worker if config.workers else None,
            )
        )

    def __next__(self) -> Any:
        if self._batches is None:
            raise StopIteration
        return next(self._batches)

    def close(self) -> None:
        """End the other processes."""
        self._batches = None


class _Drawn(Dataset[Any]):
    """The batch of every step."""

    def __init__(self, task: Task, seed: int) -> None:
        self._task, self._seed = task, seed

    def __getitem__(self, step: int) -> Any:
        return self._task.draw(np.random.default_rng([self._seed, 3, step]))


def step_seed(seed: int, step: int) -> int:
    """Seed of what a network itself leaves to chance in one step, such as dropped paths."""
    return int(np.random.default_rng([seed, 4, step]).integers(2**31))


@contextmanager
def at_work(workers: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """A ``map`` that spreads pieces of work over processes, results in order; in this one when 0."""
    if workers == 0:
        yield map
        return
    context = multiprocessing.get_context("fork") if sys.platform == "linux" else None
    with ProcessPoolExecutor(workers, context, _start_worker, (0,)) as pool:
        yield pool.map


def _start_worker(_number: int) -> None:
    # None of OpenCV's own threads: they are not there after a fork, and any other number waits for them.
    cv2.setNumThreads(0)
