"""A helper head for label networks in training: it sees where crack is before it learns its name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import LearningError
from resatt_studio.models.revit import ReViT
from resatt_studio.models.rmt import RMT


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
