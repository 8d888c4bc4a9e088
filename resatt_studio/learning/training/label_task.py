"""Training a label network: tiles of every type and surface, and a helper head that sees where crack is."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.normalise import imagenet_input, imagenet_tensor
from resatt_studio.learning.augment import NONE, STRONG, change_light, draw_geometry, warp_photo, warp_values
from resatt_studio.learning.losses import crack_loss
from resatt_studio.learning.training.label_config import LabelConfig
from resatt_studio.learning.training.label_data import LabelData, LabelTile, load_label_data
from resatt_studio.learning.training.label_helper import CellHelper, taps_of
from resatt_studio.learning.training.label_judging import LabelVerdict, judge_labels
from resatt_studio.learning.training.whitening import whiten_patches
from resatt_studio.models.revit import ReViT
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.labels import CRACK_TYPES, CrackType, turned_quarter

_UNTYPED = -1
_WHITENING_TILES = 256
_CELL_CRACK = 0.12
_DRAWN_SHARE = 0.5  # drawn cracks on a set's photos speak half as loud as the set's own
# Turns within 6 degrees and a little zoom change no type: what is oblique was not taken.
_JITTER = replace(NONE, scale=(0.9, 1.15), jitter=0.04)
_JITTER_DEG = 6.0
_LIGHT = replace(STRONG, contrast=0.3, noise=0.2, blur=0.15, sharpen=0.2, jpeg=0.2)
_NONE = CRACK_TYPES.index(CrackType.NO_CRACK)


class LabelBatch(NamedTuple):
    """One step of N tiles of side S.

    Attributes:
        pixels: (N, S, S, 3) uint8 RGB.
        kinds: (N,) int64, index into ``CRACK_TYPES``, or -1 for a crack of unknown type.
        cells: (N, 1, C, C) float32 in [0, 1]: share of crack in each cell.
        known: (N, 1, 1, 1) float32: 1 where a mask says where the crack is, else 0.
    """

    pixels: Tensor
    kinds: Tensor
    cells: Tensor
    known: Tensor


class LabelTask:
    """See :class:`~resatt_studio.learning.training.task.Task`."""

    def __init__(self, config: LabelConfig) -> None:
        self._config = config
        self._data = LabelData()
        self._by_kind: dict[int, dict[str, list[LabelTile]]] = {}

    def read(self, folders: Sequence[Path]) -> Generator[str, None, None]:
        self._data = yield from load_label_data(self._config, folders)
        self._by_kind = {}
        for tile in self._data.learned:
            kind = _UNTYPED if tile.kind is None else CRACK_TYPES.index(tile.kind)
            shelf = f"{tile.source} listed" if tile.listed else tile.source
            self._by_kind.setdefault(kind, {}).setdefault(shelf, []).append(tile)

    def learner(self, network: nn.Module) -> nn.Module:
        config = self._config
        if isinstance(network, ReViT) and self._by_kind and not config.start_from:
            whiten_patches(network.patch, self.plain_batches(_WHITENING_TILES))
        return CellHelper(network, taps_of(network), config.cell_px) if config.cell_share else network

    def kept(self, learner: nn.Module) -> nn.Module:
        return learner.network if isinstance(learner, CellHelper) else learner

    def draw(self, rng: np.random.Generator) -> LabelBatch:
        views = [self._view(rng) for _ in range(self._config.batch)]
        side = self._config.tile_px // self._config.cell_px
        cells = np.zeros((len(views), 1, side, side), np.float32)
        for place, (_, _, crack) in zip(cells, views, strict=True):
            if crack is not None:
                place[0] = cv2.resize(crack, (side, side), interpolation=cv2.INTER_AREA)
        known = torch.tensor([float(crack is not None) for _, _, crack in views])
        return LabelBatch(
            torch.from_numpy(np.stack([pixels for pixels, _, _ in views])),
            torch.tensor([kind for _, kind, _ in views]),
            torch.from_numpy(cells),
            known.view(-1, 1, 1, 1),
        )

    def loss(self, learner: nn.Module, batch: LabelBatch, compute: Compute) -> Tensor:
        pixels, kinds, cells, known = (part.to(compute.device) for part in batch)
        with compute.autocast():
            answer = learner(imagenet_tensor(pixels))
        logits = (answer[0] if isinstance(answer, tuple) else answer).float()
        loss = type_loss(logits, kinds, self._config.smoothing)
        if isinstance(answer, tuple):
            loss = loss + self._config.cell_share * cell_loss(answer[1].float(), cells, known)
        return loss

    def plain_batches(self, images: int) -> Iterator[Tensor]:
        rng = np.random.default_rng([self._config.seed, 2])
        for start in range(0, images, self._config.batch):
            some = [self._draw(rng)[0] for _ in range(min(self._config.batch, images - start))]
            yield imagenet_input(np.stack([tile.pixels for tile in some]))

    def judge(
        self, network: nn.Module, compute: Compute, threads: Threads
    ) -> Generator[int, None, LabelVerdict | None]:
        if not self._data.judges:
            return None
        return (yield from judge_labels(network, self._data.judges, compute))

    def verdict_from(self, table: Mapping[str, Any]) -> LabelVerdict:
        return LabelVerdict.from_table(table)

    def terms(self) -> Mapping[str, Any]:
        sets = {
            name: {"licence": options.licence, "source": options.source}
            for name, options in self._config.sets.items()
        }
        return sets | {table: {"source": table} for table in self._config.tables}

    def facts(self) -> Mapping[str, str]:
        return {}

    def _draw(self, rng: np.random.Generator) -> tuple[LabelTile, int]:
        """A type by its share, then a set that has it, then a tile: no type belongs to one set."""
        shares = np.array(self._config.shares)
        kind = int(rng.choice(len(shares), p=shares / shares.sum()))
        if kind != _NONE and _UNTYPED in self._by_kind and rng.random() < 0.1:
            kind = _UNTYPED
        if kind not in self._by_kind:
            kind = next(iter(self._by_kind))
        sources = self._by_kind[kind]
        # Between equal shares for every set and shares by size: small sets shall be heard, not echo.
        sizes = np.sqrt([len(tiles) for tiles in sources.values()])
        sizes *= [self._loudness(name) for name in sources]
        name = list(sources)[int(rng.choice(len(sizes), p=sizes / sizes.sum()))]
        return sources[name][int(rng.integers(len(sources[name])))], kind

    def _loudness(self, shelf: str) -> float:
        if shelf.endswith("+drawn"):
            return _DRAWN_SHARE
        return self._config.listed_weight if shelf.endswith(" listed") else 1.0

    def _view(self, rng: np.random.Generator) -> tuple[UInt8Array, int, Float32Array | None]:
        """Pixels, type and share of crack by pixel of one tile, mirrored, turned and in another light."""
        tile, kind = self._draw(rng)
        side = tile.pixels.shape[0]
        mask = tile.mask()
        pixels, crack = tile.pixels, None if mask is None else mask.astype(np.float32)
        if rng.random() < 0.7:
            matrix = _small_change(rng, side)
            pixels = warp_photo(pixels, matrix, side)
            crack = None if crack is None else warp_values(crack, matrix, side)
        quarters = int(rng.integers(4))
        if quarters % 2 and kind not in (_UNTYPED, _NONE):
            kind = CRACK_TYPES.index(turned_quarter(CRACK_TYPES[kind]))
        flip = rng.random() < 0.5
        pixels = _turned(pixels, quarters, flip)
        crack = None if crack is None else _turned(crack, quarters, flip)
        return change_light(rng, np.ascontiguousarray(pixels), _LIGHT), kind, crack


def type_loss(logits: Tensor, kinds: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy; a crack of unknown type only asks that "no crack" be denied.

    Args:
        logits: (N, K) float32.
        kinds: (N,) int64, index into ``CRACK_TYPES``, or -1 for a crack of unknown type.
        smoothing: Share of the target that is spread over all types, in [0, 1).

    Returns:
        Scalar, the mean over the batch.
    """
    typed = kinds >= 0
    named = functional.cross_entropy(logits, kinds.clamp_min(0), reduction="none", label_smoothing=smoothing)
    others = torch.cat([logits[:, :_NONE], logits[:, _NONE + 1 :]], dim=1)
    denied = logits.logsumexp(dim=1) - others.logsumexp(dim=1)
    return torch.where(typed, named, denied).mean()


def cell_loss(logits: Tensor, cells: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy and Dice of the helper head over the tiles that have a mask; 0 when none has.

    Args:
        logits: (N, h, w) float32.
        cells: (N, 1, h, w) float32 in [0, 1]: share of crack in each cell.
        known: (N, 1, 1, 1) float32: 1 for tiles with a mask, else 0.

    Returns:
        Scalar.
    """
    # A cell has crack where a line of a pixel or two crosses it; less is a corner touched.
    target = (cells > _CELL_CRACK).float()
    return crack_loss(logits[:, None], target, known.expand_as(target))


def _small_change(rng: np.random.Generator, side: int) -> np.ndarray:
    matrix = draw_geometry(rng, ((side - 1) / 2, (side - 1) / 2), side, _JITTER)
    angle = np.deg2rad(rng.uniform(-_JITTER_DEG, _JITTER_DEG))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (side - 1) / 2)
    offset = turn @ (matrix[:, 2] - middle) + middle
    return np.hstack([turn @ matrix[:, :2], offset[:, None]])


def _turned(picture: Any, quarters: int, flip: bool) -> Any:
    return np.rot90(picture[:, ::-1] if flip else picture, quarters)
