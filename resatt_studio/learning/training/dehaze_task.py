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
from resatt_studio.learning.losses import crack_loss
from resatt_studio.learning.training.card import terms_of
from resatt_studio.learning.training.dehaze_config import DehazeConfig
from resatt_studio.learning.training.dehaze_data import (
    DehazeData,
    HazyBatch,
    draw_hazy_batch,
    load_dehaze_data,
)
from resatt_studio.learning.training.dehaze_judging import DehazeVerdict, judge_dehazing
from resatt_studio.models.state import build, load_weights
from resatt_studio.resources import asset


class DehazeTask:
    """See :class:`~resatt_studio.learning.training.task.Task`."""

    def __init__(self, config: DehazeConfig) -> None:
        self._config = config
        self._data = DehazeData()
        self._witness: nn.Module | None = None

    def read(self, folders: Sequence[Path]) -> Generator[str, None, None]:
        self._data = yield from load_dehaze_data(self._config, folders)

    def learner(self, network: nn.Module) -> nn.Module:
        return network

    def kept(self, learner: nn.Module) -> nn.Module:
        return learner

    def draw(self, rng: np.random.Generator) -> HazyBatch:
        return draw_hazy_batch(rng, self._data, self._config)

    def loss(self, learner: nn.Module, batch: HazyBatch, compute: Compute) -> Tensor:
        hazy = batch.hazy.to(compute.device).contiguous(memory_format=torch.channels_last)
        with compute.autocast():
            answer = learner(hazy)
        clear = batch.clear.to(compute.device)
        loss = dehaze_loss(answer, clear, batch.transmission.to(compute.device)).total
        if self._config.witness_share:
            loss = loss + self._config.witness_share * self._witness_loss(answer.clear, clear, compute)
        return loss

    def _witness_loss(self, dehazed: Tensor, clear: Tensor, compute: Compute) -> Tensor:
        """How far the segmenter's crack in dehazed photos is from its crack in the clear ones."""
        if self._witness is None:
            segmenter = build(load_weights(asset("weights", "r2aunet-factory.safetensors")))
            self._witness = segmenter.eval().requires_grad_(False).to(compute.device)
        with compute.autocast():
            with torch.no_grad():
                crack = self._witness(clear * 2 - 1) > 0
            seen = self._witness(dehazed.clamp(0, 1) * 2 - 1)
        return crack_loss(seen.float(), crack.float())

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

    def facts(self) -> Mapping[str, str]:
        return {}
