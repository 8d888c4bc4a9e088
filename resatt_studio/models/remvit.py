"""ReMViTv2: photo to class logits on shrinking grids, the hierarchical variant of ReViT (arXiv 2402.11301).

MViTv2 (arXiv 2112.01526: pooling attention, decomposed relative positions, residual pooling), in which the
attention logits of each block continue those of the block before. How logits of another size are fitted
follows the authors' code, github.com/ADiko1997/ReViT.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.models.blocks.attention import (
    EPSILON,
    FIXED_ALPHA,
    Alpha,
    Mlp,
    blended_logits,
    current_alpha,
    raw_logits,
    start_small,
)
from resatt_studio.models.blocks.checks import (
    Check,
    is_number,
    is_whole,
    refuse_unfit,
    shared_checks,
    sides_of,
    truth_checks,
    whole_checks,
)
from resatt_studio.models.blocks.precision import exact_on, widened
from resatt_studio.models.blocks.stochastic_depth import DropPath, rising_rates
from resatt_studio.models.revit import BlockAttention

Grid: TypeAlias = tuple[int, int]
Pairs: TypeAlias = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True, eq=False)
class PooledAttention(BlockAttention):
    """What one block attended to: ``grid`` holds the queries, Nq of them, and ``key_grid`` the keys, Nk.

    ``blended``, (B, heads, Nq, Nk), contains the relative positions of this block and of all before; ``raw``
    does not.
    """

    key_grid: Grid


class Carried(NamedTuple):
    """Logits (B, heads, Nq, Nk) on their way to the next block, and the grids of their queries and keys."""

    logits: Tensor
    queries: Grid
    keys: Grid

    def fitted(self, heads: int, queries: Grid, keys: Grid) -> Tensor:
        """Return the logits for a block of other heads and grids, (B, heads or 1, Nq', Nk').

        Other heads receive the mean over all; a smaller grid the mean of each of its cells, a larger one
        the nearest entry.
        """
        logits = self.logits if self.logits.shape[1] == heads else self.logits.mean(dim=1, keepdim=True)
        if queries != self.queries:
            logits = _resized(logits.transpose(-1, -2), self.queries, queries).transpose(-1, -2)
        return logits if keys == self.keys else _resized(logits, self.keys, keys)


def _resized(maps: Tensor, old: Grid, new: Grid) -> Tensor:
    """Resize the last axis, which is a grid row by row: (B, heads, N, H * W) to (B, heads, N, H' * W')."""
    pictures = maps.reshape(-1, maps.shape[2], *old)
    smaller = (min(old[0], new[0]), min(old[1], new[1]))
    if smaller != old:
        cells = functional.avg_pool2d(pictures, (old[0] // smaller[0], old[1] // smaller[1]))
        # Sides that do not divide have no counterpart in the authors' code.
        fits = cells.shape[-2:] == smaller
        pictures = cells if fits else functional.adaptive_avg_pool2d(pictures, smaller)
    if smaller != new:
        pictures = functional.interpolate(pictures, size=new, mode="nearest")
    return pictures.reshape(*maps.shape[:3], new[0] * new[1])


class TokenPool(nn.Module):
    """Depth-wise convolution over the grid with kernels that all heads share, then LayerNorm.

    Shape: (B, heads, H * W, d) to (B, heads, H' * W', d) and (H', W'), the sides divided by the stride and
    rounded up.
    """

    def __init__(self, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, kernel, stride, padding=kernel // 2, groups=width, bias=False)
        self.norm = nn.LayerNorm(width, eps=EPSILON)

    def forward(self, tokens: Tensor, grid: Grid) -> tuple[Tensor, Grid]:
        batch, heads, _, width = tokens.shape
        pooled = self.conv(tokens.reshape(batch * heads, *grid, width).permute(0, 3, 1, 2))
        height, breadth = pooled.shape[-2:]
        tokens = pooled.permute(0, 2, 3, 1).reshape(batch, heads, height * breadth, width)
        return self.norm(tokens), (height, breadth)


class RelativePosition(nn.Module):
    """Decomposed relative positions (MViTv2, section 4.1): what a query adds to a key by their distance.

    B[(y, x), (y', x')] = q[y, x] . rows[dy] + q[y, x] . columns[dx], distances counted on the finer grid. For
    grids other than those it was made for, the tables are interpolated linearly (ours).

    Args:
        height: Rows of the finer grid.
        breadth: Columns of the finer grid.
        width: Channels of a head.
    """

    def __init__(self, height: int, breadth: int, width: int) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.zeros(2 * height - 1, width))
        self.columns = nn.Parameter(torch.zeros(2 * breadth - 1, width))

    def forward(self, query: Tensor, queries: Grid, keys: Grid) -> tuple[Tensor, Tensor]:
        """Return both terms, (B, heads, qH, qW, kH) and (B, heads, qH, qW, kW)."""
        with exact_on(query.device):
            grid = widened(query).view(*query.shape[:2], *queries, -1)
            rows = _by_distance(self.rows, queries[0], keys[0])
            columns = _by_distance(self.columns, queries[1], keys[1])
            return (
                torch.einsum("bhyxd,ykd->bhyxk", grid, rows),
                torch.einsum("bhyxd,xkd->bhyxk", grid, columns),
            )


def _by_distance(table: Tensor, queries: int, keys: int) -> Tensor:
    """Return the entry for each query and key along one side, (queries, keys, d)."""
    needed = 2 * max(queries, keys) - 1
    entries = widened(table)
    if needed != entries.shape[0]:
        entries = functional.interpolate(entries.T[None], size=needed, mode="linear")[0].T
    step, key_step = max(keys / queries, 1.0), max(queries / keys, 1.0)
    distance = (
        torch.arange(queries, device=table.device)[:, None] * step
        - torch.arange(keys, device=table.device)[None, :] * key_step
        + (keys - 1) * key_step
    )
    return entries[distance.long()]


class PoolingAttention(nn.Module):
    """Attention between pooled queries, keys and values; its logits continue those of the block before.

    R = d^(-1/2) Q K^T, S = alpha R + (1 - alpha) S_before + B with the relative positions B, and
    output = Linear(concat_heads(softmax(S) V + Q)). The "+ Q" is residual pooling, which can be switched off.

    Shape: (B, H * W, width) to (B, H' * W', out_width).
    """

    def __init__(
        self,
        width: int,
        out_width: int,
        heads: int,
        strides: tuple[int, int],
        kernel: int,
        finer: Grid,
        qkv_bias: bool,
        residual_pooling: bool,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.residual_pooling = residual_pooling
        head_width = out_width // heads
        self.qkv = nn.Linear(width, 3 * out_width, bias=qkv_bias)
        self.query_pool = TokenPool(head_width, kernel, strides[0])
        self.key_pool = TokenPool(head_width, kernel, strides[1])
        self.value_pool = TokenPool(head_width, kernel, strides[1])
        self.position = RelativePosition(*finer, head_width)
        self.project = nn.Linear(out_width, out_width)

    def forward(
        self,
        tokens: Tensor,
        grid: Grid,
        before: Carried | None,
        alpha: Alpha,
        trace: list[PooledAttention] | None = None,
    ) -> tuple[Tensor, Carried]:
        qkv = self.qkv(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, queries = self.query_pool(qkv[0], grid)
        key, keys = self.key_pool(qkv[1], grid)
        value, _ = self.value_pool(qkv[2], grid)
        history = None if before is None else before.fitted(self.heads, queries, keys)
        down, across = self.position(query, queries, keys)
        if trace is None:
            logits = blended_logits(query, key, history, alpha)
            # The tensor is this block's own, so nobody sees it change.
            logits.view(*down.shape, keys[1]).add_(down[..., None]).add_(across[..., None, :])
            probs = logits.softmax(dim=-1)
        else:
            raw = raw_logits(query, key)
            blended = raw if history is None else alpha * raw + (1.0 - alpha) * history
            logits = blended + (down[..., None] + across[..., None, :]).reshape(raw.shape)
            probs = logits.softmax(dim=-1)
            share = float(alpha.detach()) if isinstance(alpha, Tensor) else alpha
            trace.append(
                PooledAttention(len(trace), queries, False, logits, probs, query, key, share, key_grid=keys)
            )
        mixed = torch.matmul(probs.to(value.dtype), value)
        mixed = mixed + query if self.residual_pooling else mixed
        return self.project(mixed.transpose(1, 2).flatten(2)), Carried(logits, queries, keys)


class PoolingBlock(nn.Module):
    """shortcut + attention(LN(x)), then x + MLP(LN(x)); hands the attention's logits on.

    Where the width changes, the shortcut is a Linear of LN(x); where the grid shrinks, its maximum.

    Shape: (B, H * W, width) to (B, H' * W', out_width).
    """

    def __init__(
        self,
        attention: PoolingAttention,
        width: int,
        out_width: int,
        stride: int,
        hidden: int,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.attention_norm = nn.LayerNorm(width, eps=EPSILON)
        self.attention = attention
        self.widen = nn.Linear(width, out_width) if width != out_width else None
        self.mlp_norm = nn.LayerNorm(out_width, eps=EPSILON)
        self.mlp = Mlp(out_width, hidden)
        self.drop_path = DropPath(drop_path)

    def forward(
        self,
        tokens: Tensor,
        grid: Grid,
        before: Carried | None,
        alpha: Alpha,
        trace: list[PooledAttention] | None = None,
    ) -> tuple[Tensor, Carried]:
        normed = self.attention_norm(tokens)
        attended, carried = self.attention(normed, grid, before, alpha, trace)
        shortcut = tokens if self.widen is None else self.widen(normed)
        if self.stride > 1:
            picture = shortcut.transpose(1, 2).unflatten(2, grid)
            kernel = self.stride + 1
            smaller = functional.max_pool2d(picture, kernel, self.stride, padding=kernel // 2)
            shortcut = smaller.flatten(2).transpose(1, 2)
        tokens = shortcut + self.drop_path(attended)
        return tokens + self.drop_path(self.mlp(self.mlp_norm(tokens))), carried


class ReMViT(nn.Module):
    """MViTv2 with residual attention.

    Args:
        image_size: Side of the square photos, or (height, width), that the position tables are made for.
        embed_dim: Width of a token after the first convolution.
        depth: Blocks.
        num_heads: Heads before any multiplication.
        mlp_ratio: Hidden width of an MLP in token widths.
        qkv_bias: Whether queries, keys and values have a bias.
        patch_kernel: Side of the first convolution, odd.
        patch_stride: Its step.
        dim_mul: (block, factor) pairs: where the width is multiplied.
        head_mul: (block, factor) pairs: where the heads are multiplied.
        q_stride: (block, stride) pairs: where queries, and so the grid, are pooled; 1 elsewhere.
        kv_stride: Stride of keys and values; divided by each query stride that is reached.
        pool_kernel: Side of the pooling convolutions, odd.
        residual_pooling: Whether pooled queries are added to the attention's answer.
        learnable_alpha: Whether the one alpha of the network is learned; else it is 0.5.
        num_classes: Logits a photo.
        drop_path_rate: Stochastic depth of the last block; it grows from 0 at the first.

    Shape: (B, 3, H, W), normalised, to logits (B, num_classes), for any H and W; convolutions round sides up.
    The authors' code takes squares only, of sides that divide by all strides, and equals this one there.

    Raises:
        WeightsError: A configuration with no meaning.
    """

    def __init__(
        self,
        image_size: int | Sequence[int] = 224,
        embed_dim: int = 96,
        depth: int = 10,
        num_heads: int = 1,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        patch_kernel: int = 7,
        patch_stride: int = 4,
        dim_mul: Pairs = ((1, 2), (3, 2), (8, 2)),
        head_mul: Pairs = ((1, 2), (3, 2), (8, 2)),
        q_stride: Pairs = ((1, 2), (3, 2), (8, 2)),
        kv_stride: int = 4,
        pool_kernel: int = 3,
        residual_pooling: bool = True,
        learnable_alpha: bool = True,
        num_classes: int = 1000,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        whole = {"depth": depth, "num_heads": num_heads, "patch_stride": patch_stride, "kv_stride": kv_stride}
        refuse_unfit("ReMViTv2", *whole_checks(**whole))
        sides = sides_of(image_size)
        large = len(sides) == 2 and all(is_whole(side, patch_stride) for side in sides)
        refuse_unfit(
            "ReMViTv2",
            ("image_size", image_size, large, "one side or two, at least patch_stride"),
            *shared_checks(embed_dim, mlp_ratio, num_classes, drop_path_rate),
            *_odd_checks(patch_kernel=patch_kernel, pool_kernel=pool_kernel),
            *_pair_checks(depth, is_number, dim_mul=dim_mul, head_mul=head_mul),
            *_pair_checks(depth, is_whole, q_stride=q_stride),
            *truth_checks(
                qkv_bias=qkv_bias, residual_pooling=residual_pooling, learnable_alpha=learnable_alpha
            ),
        )
        self.alpha = nn.Parameter(torch.full((1,), FIXED_ALPHA)) if learnable_alpha else None
        self.patch = nn.Conv2d(3, embed_dim, patch_kernel, patch_stride, padding=patch_kernel // 2)
        self.blocks = nn.ModuleList()
        widths, heads, strides = _by_block(dim_mul), _by_block(head_mul), _by_block(q_stride)
        width, grid = embed_dim, [side // patch_stride for side in sides]
        for number, rate in enumerate(rising_rates(drop_path_rate, depth)):
            num_heads = _rounded(num_heads, heads.get(number, 1))
            # The authors' divisor holds the heads' factor twice.
            out_width = _rounded(width, widths.get(number, 1), _rounded(num_heads, heads.get(number, 1)))
            fits = out_width % num_heads == 0
            refuse_unfit("ReMViTv2", ("head_mul", head_mul, fits, "factors whose heads divide the width"))
            stride = int(strides.get(number, 1))
            kv_stride = max(kv_stride // stride, 1)
            height, breadth = (max(side // min(stride, kv_stride), 1) for side in grid)
            attention = PoolingAttention(
                width,
                out_width,
                num_heads,
                (stride, kv_stride),
                pool_kernel,
                (height, breadth),
                qkv_bias,
                residual_pooling,
            )
            hidden = int(out_width * mlp_ratio)
            self.blocks.append(PoolingBlock(attention, width, out_width, stride, hidden, rate))
            width, grid = out_width, [max(side // stride, 1) for side in grid]
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.head = nn.Linear(width, num_classes)
        start_small(self, [table for name, table in self.named_parameters() if ".position." in name])

    def forward(self, photo: Tensor) -> Tensor:
        return self._classify(photo, None)

    def trace(self, photo: Tensor) -> tuple[Tensor, list[PooledAttention]]:
        """Return the logits and what every block attended to, computed step by step."""
        records: list[PooledAttention] = []
        return self._classify(photo, records), records

    def _classify(self, photo: Tensor, trace: list[PooledAttention] | None) -> Tensor:
        picture = self.patch(photo)
        grid: Grid = (picture.shape[2], picture.shape[3])
        tokens = picture.flatten(2).transpose(1, 2)
        alpha = current_alpha(self.alpha)
        carried: Carried | None = None
        for block in self.blocks:
            tokens, carried = block(tokens, grid, carried, alpha, trace)
            grid = carried.queries
        return cast(Tensor, self.head(self.norm(tokens).mean(dim=1)))


def _by_block(pairs: Pairs) -> dict[int, float]:
    return {int(block): factor for block, factor in pairs}


def _rounded(width: int, factor: float, divisor: int = 1) -> int:
    """Multiply, and round to a multiple of ``divisor`` that loses no more than a tenth (as in MViTv2)."""
    wanted = width * factor
    rounded = max(1, int(wanted + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * wanted else rounded


def _odd_checks(**options: int) -> list[Check]:
    """Return the checks of kernels, which need a middle."""
    return [
        (name, size, is_whole(size) and size % 2 == 1, "an odd whole number")
        for name, size in options.items()
    ]


def _pair_checks(depth: int, kind: Callable[[object], bool], **options: Pairs) -> list[Check]:
    """Return the checks of rows of (block, factor) pairs."""

    def fits(pair: Any) -> bool:
        two = isinstance(pair, list | tuple) and len(pair) == 2
        return two and is_whole(pair[0], 0) and pair[0] < depth and kind(pair[1]) and pair[1] > 0

    wanted = f"pairs (block, factor) with blocks from 0 to {depth - 1}"
    return [
        (name, pairs, isinstance(pairs, list | tuple) and all(map(fits, pairs)), wanted)
        for name, pairs in options.items()
    ]
