"""Training a label network: tiles of every type and surface, and a helper head that sees where crack is."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import LearningError
from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.normalise import imagenet_input
from resatt_studio.learning.augment import NONE, STRONG, change_light, draw_geometry, warp_photo, warp_values
from resatt_studio.learning.losses import crack_loss
from resatt_studio.learning.training.label_config import LabelConfig
from resatt_studio.learning.training.label_data import LabelData, LabelTile, load_label_data
from resatt_studio.learning.training.label_judging import LabelVerdict, judge_labels
from resatt_studio.learning.training.whitening import whiten_patches
from resatt_studio.models.revit import ReViT
from resatt_studio.models.rmt import RMT
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


@dataclass(frozen=True, slots=True)
class Tap:
    """Where a network's features are: module, channels, pixels a step, and whether channels come last."""

    module: nn.Module
    width: int
    stride_px: int
    channels_last: bool = True


class CellHelper(nn.Module):
    """A label network with one more head while it learns: for each cell of the tile, the chance of crack in
    it.

    A type is one word for 50,000 pixels; where the crack lies is thousands. The helper's answers come from
    the same features, of every stage that is fine enough, so that the network learns to see cracks before it
    learns to name their course.

    Args:
        network: Any label network.
        taps: Its features, each (N, h, w, C), (N, L, C) row by row, or (N, C, h, w).
        cell_px: Side of a cell; a divisor of every tap's stride.
    """

    def __init__(self, network: nn.Module, taps: Sequence[Tap], cell_px: int) -> None:
        super().__init__()
        self.network = network
        self._taps = {
            name: tap for tap in taps for name, module in network.named_modules() if module is tap.module
        }
        self._folds = [tap.stride_px // cell_px for tap in taps]
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(tap.width), nn.Linear(tap.width, 64), nn.GELU(), nn.Linear(64, fold * fold)
            )
            for tap, fold in zip(taps, self._folds, strict=True)
        )

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        """Return class logits (N, K) and cell logits (N, h, w)."""
        seen: list[Tensor] = []
        hooks = [
            self.network.get_submodule(name).register_forward_hook(
                lambda _module, _inputs, output: seen.append(output)
            )
            for name in self._taps
        ]
        try:
            logits = self.network(photos)
        finally:
            for hook in hooks:
                hook.remove()
        total: Tensor | None = None
        for features, tap, head, fold in zip(seen, self._taps.values(), self.heads, self._folds, strict=True):
            answer = head(_rows(features, tap)).permute(0, 3, 1, 2)
            cells = functional.pixel_shuffle(answer, fold)[:, 0]
            total = cells if total is None else total + cells[:, : total.shape[1], : total.shape[2]]
        if total is None:
            raise LearningError("The helper head has no features to learn from.", "Set cell_share = 0.")
        return logits, total


def _rows(features: Tensor, tap: Tap) -> Tensor:
    """Features as (N, h, w, C)."""
    if features.ndim == 3:
        side = math.isqrt(features.shape[1])
        # A class token comes first and is no place in the photo.
        return features[:, -side * side :].reshape(features.shape[0], side, side, -1)
    return features if tap.channels_last else features.permute(0, 2, 3, 1)


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

    def loss(self, learner: nn.Module, rng: np.random.Generator, compute: Compute) -> Tensor:
        views = [self._view(rng) for _ in range(self._config.batch)]
        photos = imagenet_input(np.stack([pixels for pixels, _, _ in views])).to(compute.device)
        kinds = torch.tensor([kind for _, kind, _ in views], device=compute.device)
        with compute.autocast():
            answer = learner(photos)
        logits = (answer[0] if isinstance(answer, tuple) else answer).float()
        loss = type_loss(logits, kinds, self._config.smoothing)
        if isinstance(answer, tuple):
            cells = [mask for _, _, mask in views]
            loss = loss + self._config.cell_share * cell_loss(answer[1].float(), cells)
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


def cell_loss(logits: Tensor, cracks: Sequence[Float32Array | None]) -> Tensor:
    """Cross-entropy and Dice of the helper head over the tiles that have a mask; 0 when none has.

    Args:
        logits: (N, h, w) float32.
        cracks: N arrays of S x S crack shares in [0, 1], None where unknown.

    Returns:
        Scalar.
    """
    known = [index for index, crack in enumerate(cracks) if crack is not None]
    if not known:
        return logits.sum() * 0.0
    there = torch.from_numpy(np.stack([cast(Float32Array, cracks[index]) for index in known]))[:, None]
    share = functional.adaptive_avg_pool2d(there, (logits.shape[1], logits.shape[2]))
    # A cell has crack where a line of a pixel or two crosses it; less is a corner touched.
    target = (share > _CELL_CRACK).float().to(logits.device)
    return crack_loss(logits[known][:, None], target)


def _small_change(rng: np.random.Generator, side: int) -> np.ndarray:
    matrix = draw_geometry(rng, ((side - 1) / 2, (side - 1) / 2), side, _JITTER)
    angle = np.deg2rad(rng.uniform(-_JITTER_DEG, _JITTER_DEG))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.full(2, (side - 1) / 2)
    offset = turn @ (matrix[:, 2] - middle) + middle
    return np.hstack([turn @ matrix[:, :2], offset[:, None]])


def _turned(picture: Any, quarters: int, flip: bool) -> Any:
    return np.rot90(picture[:, ::-1] if flip else picture, quarters)


def taps_of(network: nn.Module) -> list[Tap]:
    """The features of a label network down to a sixteenth of the photo's side, in the order they are made.

    Raises:
        LearningError: It is no network that this is known of.
    """
    if isinstance(network, ReViT):
        return [Tap(network.norm, int(network.head.in_features), network.patch_size)]
    if isinstance(network, RMT):
        blocks = [cast(Any, stage).blocks[-1] for stage in network.stages[:3]]
        widths = [int(block.ffn_norm.normalized_shape[0]) for block in blocks]
        return [
            Tap(block, width, 4 * 2**index)
            for index, (block, width) in enumerate(zip(blocks, widths, strict=True))
        ]
    layers = [getattr(network, f"layer{number}", None) for number in (1, 2, 3)]
    if all(isinstance(layer, nn.Sequential) for layer in layers):  # torchvision's ResNet, a yardstick
        return [
            Tap(cast(nn.Module, layer), int(cast(Any, layer)[-1].bn2.num_features), 4 * 2**index, False)
            for index, layer in enumerate(layers)
        ]
    raise LearningError(f"The helper head does not know {type(network).__name__}.", "Set cell_share = 0.")
