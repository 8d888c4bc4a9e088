"""Training the dehazing network on haze drawn over clear photos."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from resatt_studio.inference.device import Compute, Threads
from resatt_studio.learning.dehaze_losses import dehaze_loss
from resatt_studio.learning.training.card import terms_of
from resatt_studio.learning.training.dehaze_config import DehazeConfig
from resatt_studio.learning.training.dehaze_data import DehazeData, draw_hazy_batch, load_dehaze_data
from resatt_studio.learning.training.dehaze_judging import DehazeVerdict, judge_dehazing


class DehazeTask:
    """See :class:`~resatt_studio.learning.training.task.Task`."""

    def __init__(self, config: DehazeConfig) -> None:
        self._config = config
        self._data = DehazeData()

    def read(self, folders: Sequence[Path]) -> Generator[str, None, None]:
        self._data = yield from load_dehaze_data(self._config, folders)

    def learner(self, network: nn.Module) -> nn.Module:
        return network

    def kept(self, learner: nn.Module) -> nn.Module:
        return learner

    def loss(self, learner: nn.Module, rng: np.random.Generator, compute: Compute) -> Tensor:
        batch = draw_hazy_batch(rng, self._data, self._config)
        hazy = batch.hazy.to(compute.device).contiguous(memory_format=torch.channels_last)
        with compute.autocast():
            answer = learner(hazy)
        return dehaze_loss(
            answer, batch.clear.to(compute.device), batch.transmission.to(compute.device)
        ).total

    def plain_batches(self, images: int) -> Iterator[Tensor]:
        rng = np.random.default_rng([self._config.seed, 2])
        for _ in range(0, images, self._config.batch):
            yield draw_hazy_batch(rng, self._data, self._config).hazy

    def judge(
        self, network: nn.Module, compute: Compute, threads: Threads
    ) -> Generator[int, None, DehazeVerdict | None]:
        if not self._data.judges:
            return None
        return (yield from judge_dehazing(network, self._data.judges, compute))

    def verdict_from(self, table: Mapping[str, Any]) -> DehazeVerdict:
        return DehazeVerdict.from_table(table)

    def terms(self) -> Mapping[str, Any]:
        return terms_of(self._config.sets)
