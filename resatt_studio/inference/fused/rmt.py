"""RMT laid out for one CPU; same answers as :class:`resatt_studio.models.rmt.RMT`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.inference.fused.layers import PackedConv, PackedLinear, normed_linear, release
from resatt_studio.inference.fused.softmax import LOG2_E, weighed
from resatt_studio.models.blocks.retention import RetentionBlock, SpatialPrior
from resatt_studio.models.rmt import RMT, ConvNorm, Stage

USUAL_PX = 224
"""Side of the photo that the weights are packed for."""

Line: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]
"""Query, key, value and where the answer goes, each (groups, tokens, d), in any order in memory."""


class FusedRetention:
    """One block: position, attention, feed-forward; each sum is taken by the layer in front of it.

    Attention runs in single precision, with powers of two: the queries' weights hold the factor log2(e).
    """

    def __init__(self, block: RetentionBlock, dtype: torch.dtype, side: int) -> None:
        attention, ffn = block.attention, block.ffn
        sides, rows = (side, side), side * side
        self._heads = attention.heads
        self._width = attention.out.in_features
        self._position = PackedConv(block.position, dtype, sides)
        self._eps = block.attention_norm.eps, block.ffn_norm.eps
        for parameter in attention.query.parameters():
            parameter.detach().mul_(LOG2_E)
        both = [attention.query, attention.key]
        self._query_key = normed_linear(block.attention_norm, both, dtype, rows)
        self._value = normed_linear(block.attention_norm, [attention.value], dtype, rows)
        self._local = PackedConv(attention.local, dtype, sides)
        self._out = _scaled(attention.out, block.attention_scale, dtype, rows)
        self._rise = normed_linear(block.ffn_norm, [ffn.rise], dtype, rows)
        self._ffn_local = PackedConv(ffn.local, dtype, sides)
        self._fall = _scaled(ffn.fall, block.ffn_scale, dtype, rows)
        release(block)

    def __call__(self, tokens: Tensor, prior: SpatialPrior) -> Tensor:
        """(B, H, W, C) and the tables of its grid, decays in powers of two, to the same."""
        tokens = _beside(self._position, tokens)
        normed = functional.layer_norm(tokens, (self._width,), eps=self._eps[0])
        value = self._value(normed)
        query_key = _rotated(self._query_key(normed), prior.turn)
        mixed = self._attend(query_key, value.float(), prior).to(value.dtype)
        tokens = self._out.plus(_onto(self._local, value, mixed), tokens)
        normed = functional.layer_norm(tokens, (self._width,), eps=self._eps[1])
        hidden = self._rise(normed, "gelu")
        return self._fall.plus(_beside(self._ffn_local, hidden), tokens)

    def _attend(self, query_key: Tensor, value: Tensor, prior: SpatialPrior) -> Tensor:
        """(B, H, W, 2C) and (B, H, W, C) to (B, H, W, C), float32."""
        query, key = torch.split(query_key, self._width, dim=-1)
        mixed = torch.empty_like(value)
        if not prior.decomposed:
            for batch in zip(*(part.flatten(1, 2) for part in (query, key, value, mixed)), strict=True):
                heads = (torch.unflatten(part, -1, (self._heads, -1)).transpose(0, 1) for part in batch)
                _attend(cast(Line, tuple(heads)), prior.biases[0])
            return mixed
        along_row, along_column = prior.biases
        between = torch.empty_like(value)
        for batch in zip(query, key, value, between, mixed, strict=True):
            q, k, v, u, o = batch
            for head, line in enumerate(self._by_head(q, k, v, u)):
                _attend(line, along_row[head])
            turned = (part.transpose(0, 1) for part in (q, k, u, o))
            for head, line in enumerate(self._by_head(*turned)):
                _attend(line, along_column[head])
        return mixed

    def _by_head(self, *parts: Tensor) -> Iterator[Line]:
        """Slices of (groups, tokens, C), one for each head."""
        width = self._width // self._heads
        for start in range(0, self._width, width):
            yield cast(Line, tuple(part[..., start : start + width] for part in parts))


class FusedStage:
    """Tables, blocks and the convolution that halves the grid."""

    def __init__(self, stage: Stage, dtype: torch.dtype, side: int) -> None:
        self._prior = stage.prior
        self._prior.decay.mul_(LOG2_E)
        self._blocks = [FusedRetention(cast(RetentionBlock, block), dtype, side) for block in stage.blocks]
        down = stage.downsample
        self._down = None if down is None else PackedConv(down.conv, dtype, (side, side))

    def __call__(self, tokens: Tensor) -> Tensor:
        """(B, H, W, C) to the last block's answer."""
        prior: SpatialPrior = self._prior(tokens.shape[1], tokens.shape[2])
        for block in self._blocks:
            tokens = block(tokens, prior)
        return tokens

    def halved(self, tokens: Tensor) -> Tensor:
        """(B, H, W, C) to (B, H', W', C'), or to itself after the last stage."""
        return tokens if self._down is None else _on_grid(self._down, tokens)


class FusedRMT(nn.Module):
    """See :class:`RMT`; photos (B, 3, H, W) of any size to logits (B, classes), float32.

    Args:
        network: In evaluation mode, norms folded, with a head; it is used up.
        dtype: Of weights and features.
    """

    def __init__(self, network: RMT, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self._stem: list[PackedConv] = []
        side = USUAL_PX
        for layer in cast(list[ConvNorm], list(network.stem)):
            self._stem.append(PackedConv(layer.conv, dtype, (side, side)))
            side = -(-side // layer.conv.stride[0])
        self._stages: list[FusedStage] = []
        for stage in network.stages:
            self._stages.append(FusedStage(cast(Stage, stage), dtype, side))
            last, side = side, -(-side // 2)
        linear = network.neck.linear
        self._neck = PackedLinear(linear.weight, linear.bias, dtype, last * last)
        self._head, self._aux_head = network.head, network.aux_head

    def forward(self, photo: Tensor) -> Tensor:
        features = photo.to(self.dtype).contiguous(memory_format=torch.channels_last)
        for layer in self._stem[:-1]:
            features = layer(features, "gelu")
        tokens = self._stem[-1](features).permute(0, 2, 3, 1)
        for stage in self._stages:
            grid = stage(tokens)
            tokens = stage.halved(grid)
        pooled = functional.silu(self._neck(grid.flatten(1, 2)).float()).mean(dim=1)
        logits: Tensor = self._head(pooled)
        if self._aux_head is not None:
            logits = logits + 0.5 * self._aux_head(grid.float()).flatten(1, 2).amax(dim=1)
        return logits


def _attend(line: Line, bias: Tensor) -> None:
    """softmax2(Q K^T + bias) V for every group, written into the line's last tensor.

    ``bias`` is (tokens, tokens), or one for each group.
    """
    query, key, value, answer = line
    weighed(torch.baddbmm(bias, query, key.transpose(1, 2)), value, out=answer)


def _rotated(query_key: Tensor, turn: Tensor) -> Tensor:
    """Turn each channel pair of queries and keys, (B, H, W, 2C), by its token's phase; float32."""
    pairs = torch.view_as_complex(torch.unflatten(query_key.float(), -1, (2, -1, 2)))
    return torch.view_as_real(pairs * turn.unsqueeze(-2)).flatten(-3)


def _on_grid(conv: PackedConv, tokens: Tensor) -> Tensor:
    return conv(tokens.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def _beside(conv: PackedConv, tokens: Tensor) -> Tensor:
    """Tokens, (B, H, W, C), + their convolution."""
    features = tokens.permute(0, 3, 1, 2)
    return conv.plus(features, features).permute(0, 2, 3, 1)


def _onto(conv: PackedConv, tokens: Tensor, other: Tensor) -> Tensor:
    """``other`` + the convolution of tokens, all (B, H, W, C), in the place of ``other``."""
    return conv.onto_(tokens.permute(0, 3, 1, 2), other.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def _scaled(linear: nn.Linear, scale: nn.Parameter | None, dtype: torch.dtype, rows: int) -> PackedLinear:
    """A linear layer with the factor a channel that follows it."""
    if scale is None:
        return PackedLinear(linear.weight, linear.bias, dtype, rows)
    factor = scale.detach().flatten()
    return PackedLinear(linear.weight * factor[:, None], linear.bias * factor, dtype, rows)
