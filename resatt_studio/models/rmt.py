"""RMT: photo to label logits and attention, after Fan et al., CVPR 2024, arXiv 2309.11523.

"RMT: Retentive Networks Meet Vision Transformers". Four stages of Manhattan self-attention at strides 4, 8,
16 and 32, as in the authors' released weights: a stem of four convolutions, a convolution in every
feed-forward network, layer-scale in some stages, and a widening neck in front of the pooling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import WeightsError
from resatt_studio.models.blocks.retention import (
    ManhattanPrior,
    RetentionBlock,
    SpatialPrior,
    on_grid,
)
from resatt_studio.models.blocks.stochastic_depth import rising_rates

STAGES = 4

Answer: TypeAlias = Tensor | tuple[Tensor, ...]
"""Logits (B, classes), or the four maps (B, C, H, W) of a dense network."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockTrace:
    """The attention of one block; every row sums to 1.

    The decay alone, ``softmax(bias)``, is the prior that the content is weighed against.

    Attributes:
        stage: 0 .. 3.
        block: From 0 in its stage.
        grid: (H, W) of its tokens; L = H * W, counted row by row.
        decomposed: Whether it attends along rows and then along columns.
        full: (B, n, L, L), or None when decomposed.
        row: (B, H, n, W, W): for each row, query column to key column; None in the full form.
        column: (B, W, n, H, H): for each column, query row to key row; None in the full form.
        full_bias: Log-decay (n, L, L), or None.
        row_bias: Log-decay (n, W, W), or None.
        column_bias: Log-decay (n, H, H), or None.
    """

    stage: int
    block: int
    grid: tuple[int, int]
    decomposed: bool
    full: Tensor | None = None
    row: Tensor | None = None
    column: Tensor | None = None
    full_bias: Tensor | None = None
    row_bias: Tensor | None = None
    column_bias: Tensor | None = None


class ConvNorm(nn.Module):
    """3x3 convolution and BatchNorm; stride 2 halves a side of length s to ceil(s / 2).

    Shape: (B, in_width, H, W) to (B, out_width, H', W').
    """

    def __init__(self, in_width: int, out_width: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_width, out_width, kernel_size=3, stride=stride, padding=1)
        self.norm = nn.BatchNorm2d(out_width)

    def forward(self, features: Tensor) -> Tensor:
        answer: Tensor = self.norm(self.conv(features))
        return answer


class Stage(nn.Module):
    """Blocks on one grid, and the convolution that halves it for the next stage."""

    def __init__(
        self, prior: ManhattanPrior, blocks: list[RetentionBlock], downsample: ConvNorm | None
    ) -> None:
        super().__init__()
        self.prior = prior
        self.blocks = nn.ModuleList(blocks)
        self.downsample = downsample

    def forward(self, tokens: Tensor, seen: list[Tensor] | None = None) -> Tensor:
        """(B, H, W, C) to the same, before the downsample."""
        prior = self.prior_of(tokens, exact=seen is not None)
        for block in self.blocks:
            tokens = block(tokens, prior, seen)
        return tokens

    def prior_of(self, tokens: Tensor, exact: bool) -> SpatialPrior:
        """The tables for these tokens; their biases are in the precision that attention shall run in."""
        device = tokens.device.type
        # Fused attention on a CPU is faster in single precision, even where matrix products are not.
        if exact or device in ("cpu", "meta"):
            dtype = torch.promote_types(tokens.dtype, torch.float32)
        elif torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
        else:
            dtype = tokens.dtype
        found: SpatialPrior = self.prior(tokens.shape[1], tokens.shape[2], dtype)
        return found


class Neck(nn.Module):
    """Widen every token, BatchNorm, SiLU, and only then the mean over tokens.

    Shape: (B, H, W, C) to (B, projection).
    """

    def __init__(self, width: int, projection: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, projection)
        self.norm = nn.BatchNorm1d(projection)

    def forward(self, tokens: Tensor) -> Tensor:
        wide = functional.silu(self.norm(self.linear(tokens.flatten(0, 2))))
        return wide.view(len(tokens), -1, wide.shape[-1]).mean(dim=1)


class RMT(nn.Module):
    """Vision backbone with Manhattan self-attention.

    All sequences have one value a stage. The defaults are RMT-T.

    Args:
        embed_dims: Channels C.
        depths: Blocks.
        num_heads: Heads n; C / n is even.
        init_values: a of the decay 1 - 2^(-a - r i / n) of head i.
        heads_ranges: r of the decay.
        mlp_ratios: Hidden width of the feed-forward network over C.
        decomposed: Attend along rows and then along columns instead of over all tokens. The parameters are
            the same in both forms, the answers are not.
        layer_scales: Whether a learned factor a channel, small at first, scales both branches.
        layer_scale_init: Where these factors start.
        projection: Width of the neck.
        num_classes: Labels.
        dense: Return four feature maps for a decoder instead of logits; there is no neck and no head.
        drop_path_rate: Share of samples that skip a branch in the last block in training; it rises evenly
            from 0 in the first.
        aux_head: Add half of the best token's logits, for weights that were trained with token labelling.

    Shape: (B, 3, H, W), RGB normalised as on ImageNet, to logits (B, num_classes); dense: to four maps
    (B, C, H/4, W/4) .. (B, C, H/32, W/32), sides rounded up. Any H and W from 1.

    Raises:
        WeightsError: A configuration with no meaning.
    """

    def __init__(
        self,
        embed_dims: Sequence[int] = (64, 128, 256, 512),
        depths: Sequence[int] = (2, 2, 8, 2),
        num_heads: Sequence[int] = (4, 4, 8, 16),
        init_values: Sequence[float] = (2, 2, 2, 2),
        heads_ranges: Sequence[float] = (4, 4, 6, 6),
        mlp_ratios: Sequence[float] = (3, 3, 3, 3),
        decomposed: Sequence[bool] = (True, True, False, False),
        layer_scales: Sequence[bool] = (False, False, False, False),
        layer_scale_init: float = 1e-6,
        projection: int = 1024,
        num_classes: int = 1000,
        dense: bool = False,
        drop_path_rate: float = 0.0,
        aux_head: bool = False,
    ) -> None:
        super().__init__()
        _check_config(locals())
        self.dense = dense
        first = embed_dims[0]
        self.stem = nn.ModuleList(
            (
                ConvNorm(3, first // 2, stride=2),
                ConvNorm(first // 2, first // 2, stride=1),
                ConvNorm(first // 2, first, stride=2),
                ConvNorm(first, first, stride=1),
            )
        )
        drops = iter(rising_rates(drop_path_rate, sum(depths)))
        self.stages = nn.ModuleList()
        for index, width in enumerate(embed_dims):
            heads, scale = num_heads[index], layer_scale_init if layer_scales[index] else None
            prior = ManhattanPrior(
                width // heads, heads, init_values[index], heads_ranges[index], decomposed[index]
            )
            blocks = [
                RetentionBlock(width, heads, mlp_ratios[index], scale, next(drops))
                for _ in range(depths[index])
            ]
            downsample = ConvNorm(width, embed_dims[index + 1], stride=2) if index + 1 < STAGES else None
            self.stages.append(Stage(prior, blocks, downsample))
        if dense:
            self.dense_norms = nn.ModuleList(nn.LayerNorm(width) for width in embed_dims)
        else:
            self.neck = Neck(embed_dims[-1], projection)
            self.head = nn.Linear(projection, num_classes)
        self.aux_head = nn.Linear(embed_dims[-1], num_classes) if aux_head else None
        self.apply(_start)

    def forward(self, photo: Tensor) -> Answer:
        return self._answer(self.grids(photo))

    def grids(self, photo: Tensor) -> list[Tensor]:
        """Four maps (B, H, W, C), the output of each stage before normalisation and downsample.

        Each lies on the way to the next, and the last on the way to the logits.
        """
        return self._walk(photo, [None] * STAGES)

    def features(self, last_grid: Tensor) -> Tensor:
        """The last of :meth:`grids` to the pooled vector in front of the head, (B, projection)."""
        pooled: Tensor = self.neck(last_grid)
        return pooled

    def classify(self, last_grid: Tensor) -> Tensor:
        """The last of :meth:`grids` to logits (B, num_classes)."""
        logits: Tensor = self.head(self.features(last_grid))
        if self.aux_head is not None:
            logits = logits + 0.5 * self.aux_head(last_grid).flatten(1, 2).amax(dim=1)
        return logits

    @torch.no_grad()
    def trace(
        self, photo: Tensor, stages: Collection[int] = range(STAGES)
    ) -> tuple[Answer, list[BlockTrace]]:
        """Run once more with an explicit softmax and return what it saw.

        Args:
            photo: As for a usual pass.
            stages: Stages to look into, 0 .. 3; the rest runs fused. A full-form stage holds n L^2 numbers
                a block.

        Returns:
            The answer, and one record for every block of ``stages``, in order; no gradients.
        """
        seen: list[list[Tensor] | None] = [[] if stage in stages else None for stage in range(STAGES)]
        grids = self._walk(photo, seen)
        records: list[BlockTrace] = []
        for index, (stage, maps) in enumerate(zip(self._stages(), seen, strict=True)):
            if maps is not None:
                records += _records(index, stage.prior_of(grids[index], exact=True), maps)
        return self._answer(grids), records

    def _stages(self) -> list[Stage]:
        return cast(list[Stage], list(self.stages))

    def _walk(self, photo: Tensor, seen: Sequence[list[Tensor] | None]) -> list[Tensor]:
        features = photo.contiguous(memory_format=torch.channels_last)
        for index, layer in enumerate(self.stem):
            features = layer(functional.gelu(features) if index else features)
        tokens = features.permute(0, 2, 3, 1)
        grids: list[Tensor] = []
        for stage, maps in zip(self._stages(), seen, strict=True):
            tokens = stage(tokens, maps)
            grids.append(tokens)
            if stage.downsample is not None:
                tokens = on_grid(stage.downsample, tokens)
        return grids

    def _answer(self, grids: list[Tensor]) -> Answer:
        if self.dense:
            pairs = zip(self.dense_norms, grids, strict=True)
            return tuple(norm(grid).permute(0, 3, 1, 2) for norm, grid in pairs)
        return self.classify(grids[-1])


def _records(stage: int, prior: SpatialPrior, maps: list[Tensor]) -> list[BlockTrace]:
    if not prior.decomposed:
        (bias,) = prior.biases
        return [
            BlockTrace(stage, block, prior.grid, False, full=full, full_bias=bias)
            for block, full in enumerate(maps)
        ]
    of_row, of_column = prior.biases
    return [
        BlockTrace(
            stage, block, prior.grid, True, row=row, column=column, row_bias=of_row, column_bias=of_column
        )
        for block, (row, column) in enumerate(zip(maps[::2], maps[1::2], strict=True))
    ]


def _start(module: nn.Module) -> None:
    """Fresh weights: truncated normal for linear layers, the framework's defaults elsewhere."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)


def _whole(least: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(fits: Callable[[float], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and fits(float(value))
    )


def _flag(value: object) -> bool:
    return isinstance(value, bool)


_EACH_STAGE: dict[str, tuple[Callable[[object], bool], str]] = {
    "embed_dims": (_whole(2), "whole numbers from 2"),
    "depths": (_whole(1), "whole numbers from 1"),
    "num_heads": (_whole(1), "whole numbers from 1"),
    "init_values": (_number(lambda value: value > 0), "numbers above 0"),
    "heads_ranges": (_number(lambda value: value >= 0), "numbers from 0"),
    "mlp_ratios": (_number(lambda value: value > 0), "numbers above 0"),
    "decomposed": (_flag, "true or false values"),
    "layer_scales": (_flag, "true or false values"),
}
_ONCE: dict[str, tuple[Callable[[object], bool], str]] = {
    "layer_scale_init": (_number(lambda value: value >= 0), "a number from 0"),
    "projection": (_whole(1), "a whole number from 1"),
    "num_classes": (_whole(1), "a whole number from 1"),
    "dense": (_flag, "true or false"),
    "drop_path_rate": (_number(lambda value: 0 <= value < 1), "a number from 0 and below 1"),
    "aux_head": (_flag, "true or false"),
}


def _check_config(config: Mapping[str, Any]) -> None:
    """Refuse what the layers cannot be built from, and say what would fit."""

    def refuse(name: str, wanted: str) -> None:
        raise WeightsError(f"RMT cannot have {name}={config[name]!r}.", f"Give {wanted}.")

    for name, (fits, wanted) in _EACH_STAGE.items():
        values = config[name]
        if not isinstance(values, list | tuple) or len(values) != STAGES or not all(map(fits, values)):
            refuse(name, f"{STAGES} {wanted}, one a stage")
    for name, (fits, wanted) in _ONCE.items():
        if not fits(config[name]):
            refuse(name, wanted)
    for width, heads, ratio in zip(
        config["embed_dims"], config["num_heads"], config["mlp_ratios"], strict=True
    ):
        if width % (2 * heads):
            refuse("embed_dims", "multiples of twice the heads of their stage")
        if int(ratio * width) < 1:
            refuse("mlp_ratios", "ratios that leave at least one hidden channel")
    if config["dense"] and config["aux_head"]:
        refuse("aux_head", "false, as a dense network has no heads")
