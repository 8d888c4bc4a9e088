"""Training a crack segmenter: patches of photos and masks, cross-entropy and Dice, pooled scores."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from resatt_studio.imaging.surface import describe_surface
from resatt_studio.inference.device import Compute, Threads
from resatt_studio.learning.losses import crack_loss
from resatt_studio.learning.surfaces import known_surfaces
from resatt_studio.learning.training.card import terms_of
from resatt_studio.learning.training.crack_config import CrackConfig
from resatt_studio.learning.training.crack_data import (
    CrackBatch,
    TrainingData,
    draw_batch,
    load_data,
    plain_batches,
)
from resatt_studio.learning.training.crack_judging import Judgement, calibration_steps, judge_steps
from resatt_studio.learning.training.datasets import Tile
from resatt_studio.models.r2aunet import R2AUNet
from resatt_studio.records.calibration import Calibration
from resatt_studio.records.surface import KnownSurfaces

_DESCRIBED = 150
"""About so many tiles of a set have their surface described; each takes some milliseconds."""
_CRACK_SHARE = 0.03  # about what the patches hold; only where the head's bias begins


class CrackTask:
    """See :class:`~resatt_studio.learning.training.task.Task`."""

    def __init__(self, config: CrackConfig) -> None:
        self._config = config
        self._data = TrainingData((), {}, ())
        self._surfaces: KnownSurfaces | None = None

    def read(self, folders: Sequence[Path]) -> Generator[str, None, None]:
        self._data = yield from load_data(self._config, folders)

    def learner(self, network: nn.Module) -> nn.Module:
        if isinstance(network, R2AUNet) and not self._config.start_from:
            network.start_from_crack_share(_CRACK_SHARE)
        return network

    def kept(self, learner: nn.Module) -> nn.Module:
        return learner

    def draw(self, rng: np.random.Generator) -> CrackBatch:
        return draw_batch(rng, self._data, self._config)

    def loss(self, learner: nn.Module, batch: CrackBatch, compute: Compute) -> Tensor:
        photos, crack, weight = (tensor.to(compute.device) for tensor in batch)
        with compute.autocast():
            logits = learner(photos)
        return crack_loss(logits, crack, weight, self._config.dice_share)

    def plain_batches(self, images: int) -> Iterator[Tensor]:
        return plain_batches(self._data, self._config, images)

    def judge(
        self, network: nn.Module, compute: Compute, threads: Threads
    ) -> Generator[int, None, Judgement | None]:
        return (yield from judge_steps(network, self._data.judges, self._data.crack_free, compute, threads))

    def calibrate(
        self, network: nn.Module, compute: Compute, threads: Threads
    ) -> Generator[int, None, Calibration]:
        """See :func:`~resatt_studio.learning.training.crack_judging.calibration_steps`; a set whose masks are
        coarse does not say where a crack's edge is, and so nothing about doubts beside it."""
        exact = {
            name: tiles for name, tiles in self._data.judges.items() if not self._config.sets[name].coarse
        }
        return (yield from calibration_steps(network, exact, compute, threads))

    def verdict_from(self, table: Mapping[str, Any]) -> Judgement:
        return Judgement.from_table(table)

    def terms(self) -> Mapping[str, Any]:
        return terms_of(self._config.sets)

    def facts(self) -> Mapping[str, str]:
        """The surfaces of the sets and of the drawn scenes. Tables of tiles without crack are not told apart:
        their tiles come from photos of all sets."""
        if self._surfaces is None:
            tables = {Path(entry.table).stem for entry in self._config.crack_free}
            described = {
                source.name: [describe_surface(tile.pixels) for tile in _some(source.tiles)]
                for source in self._data.sources
                if source.name not in tables
            }
            self._surfaces = known_surfaces(described)
        return {"surfaces": self._surfaces.to_text()}


def _some(tiles: Sequence[Tile]) -> Sequence[Tile]:
    """At least ``_DESCRIBED`` tiles, evenly over the list, or all."""
    return tiles[:: max(1, len(tiles) // _DESCRIBED)]
