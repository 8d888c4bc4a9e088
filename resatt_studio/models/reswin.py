"""ReSwin: photo to class logits through shifted windows, the windowed variant of ReViT (arXiv 2402.11301).

Swin Transformer (arXiv 2103.14030) in which the attention logits of each block continue those of the block
before, with equal weight. How the logits of other windows are fitted follows the authors' code,
github.com/ADiko1997/ReViT: windows and heads lie on one axis, which is resampled where a stage has another
number of them, and windows that are shifted against each other are not aligned. Published weights need that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.models.blocks.attention import (
    FIXED_ALPHA,
    Mlp,
    blended_logits,
    raw_logits,
    repeat_edge,
    start_small,
)
from resatt_studio.models.blocks.checks import (
    Check,
    is_whole,
    refuse_unfit,
    shared_checks,
    sides_of,
    truth_checks,
    whole_checks,
)
from resatt_studio.models.blocks.stochastic_depth import DropPath, rising_rates

Grid: TypeAlias = tuple[int, int]

FORBIDDEN = -100.0


@dataclass(frozen=True, slots=True, eq=False)
class WindowedAttention:
    """What one block attended to, in windows of T = window * window tokens.

    Attributes:
        stage: Number of the stage, from 0.
        block: Number of the block in its stage, from 0.
        grid: (H, W) of the tokens before they are padded to whole windows at the bottom and right.
        window: Side of a window.
        shift: Tokens by which the grid was rolled up and left before it was cut.
        blended: S, (B * windows, heads, T, T), as the next block receives them; without the shift's mask.
        probs: The softmax that weighed the values; with the mask.
        query: (B * windows, heads, T, d), not scaled.
        key: (B * windows, heads, T, d).
        position: (heads, T, T), the relative positions, part of the raw logits.
    """

    stage: int
    block: int
    grid: Grid
    window: int
    shift: int
    blended: Tensor
    probs: Tensor
    query: Tensor
    key: Tensor
    position: Tensor

    @property
    def raw(self) -> Tensor:
        """R, (B * windows, heads, T, T): what the block sees without inheritance; computed on each call."""
        return raw_logits(self.query, self.key) + self.position


Trace: TypeAlias = list[WindowedAttention]


class WindowAttention(nn.Module):
    """Self-attention inside windows whose logits continue those of the block before.

    R = d^(-1/2) Q K^T + B with the relative positions B of Swin, S = (R + S_before) / 2,
    output = Linear(concat_heads(softmax(S + mask) V)).

    Shape: (B * windows, T, width) to the same.
    """

    def __init__(self, width: int, heads: int, window: int, qkv_bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=qkv_bias)
        self.project = nn.Linear(width, width)
        self.position = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        side = torch.arange(window)
        y, x = (axis.flatten() for axis in torch.meshgrid(side, side, indexing="ij"))
        down, right = (axis[:, None] - axis[None, :] + window - 1 for axis in (y, x))
        self.position_of: Tensor
        self.register_buffer("position_of", down * (2 * window - 1) + right)

    def forward(
        self, windows: Tensor, history: Tensor | None, mask: Tensor | None, batch: int, explicit: bool = False
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor, Tensor, Tensor]]:
        """Return the answer, and S with what a record needs: probabilities, query, key, positions.

        Args:
            windows: (B * windows, T, width).
            history: S of the block before, (B * its windows, its heads, its T, its T).
            mask: (windows, T, T), added in front of the softmax.
            batch: B.
            explicit: Step by step as in the paper, instead of in one call.
        """
        count, tokens, width = windows.shape
        qkv = self.qkv(windows).view(count, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        position = self.position[self.position_of].permute(2, 0, 1)
        before = None if history is None else _fitted(history, batch, (count, self.heads, tokens, tokens))
        if explicit:
            raw = raw_logits(query, key) + position
            logits = raw if before is None else FIXED_ALPHA * raw + (1.0 - FIXED_ALPHA) * before
        else:
            logits = blended_logits(query, key, before, FIXED_ALPHA)
            logits = logits + position * (1.0 if before is None else FIXED_ALPHA)
        allowed = logits
        if mask is not None:
            allowed = (logits.unflatten(0, (batch, -1)) + mask[:, None]).flatten(0, 1)  # type: ignore[no-untyped-call]
        probs = allowed.softmax(dim=-1)
        mixed = torch.matmul(probs.to(value.dtype), value).transpose(1, 2).flatten(2)
        return self.project(mixed), (logits, probs, query, key, position)


def _fitted(history: Tensor, batch: int, shape: tuple[int, int, int, int]) -> Tensor:
    """Return S of the block before in another number of windows, heads and tokens, by nearest neighbour."""
    if history.shape == shape:
        return history
    count, heads, tokens, _ = shape
    merged = history.reshape(batch, 1, -1, *history.shape[-2:])
    return functional.interpolate(merged, size=(count // batch * heads, tokens, tokens)).view(shape)


class SwinBlock(nn.Module):
    """x + attention(LN(x)) in windows, then x + MLP(LN(x)); every other block shifts its windows by half.

    Shape: (B, H, W, width) to the same; hands S on, (B * windows, heads, T, T).

    Args:
        width: Channels.
        heads: Attention heads.
        window: Side of a window.
        shifted: Whether this block shifts its windows, on grids of more than one.
        grid: (H, W) that the stored mask is made for; other grids have theirs computed.
        hidden: Hidden width of the MLP.
        qkv_bias: Whether queries, keys and values have a bias.
        drop_path: Rate of stochastic depth.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        window: int,
        shifted: bool,
        grid: Grid,
        hidden: int,
        qkv_bias: bool,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.window = window
        self.shifted = shifted
        self.grid = grid
        self.attention_norm = nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, window, qkv_bias)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = Mlp(width, hidden)
        self.drop_path = DropPath(drop_path)
        self.shift_mask: Tensor | None
        shift = self._shift(grid)
        self.register_buffer("shift_mask", _mask(grid, window, shift) if shift else None)

    def _shift(self, grid: Grid) -> int:
        return self.window // 2 if self.shifted and min(grid) > self.window else 0

    def forward(
        self, picture: Tensor, history: Tensor | None, place: tuple[int, int], trace: Trace | None = None
    ) -> tuple[Tensor, Tensor]:
        batch, height, breadth, _ = picture.shape
        grid, window = (height, breadth), self.window
        shift = self._shift(grid)
        mask = None
        if shift:
            mask = self.shift_mask if grid == self.grid else _mask(grid, window, shift).to(picture.device)
        normed = self.attention_norm(picture)
        # Whole windows by zeros behind the norm, as in Swin's code for detection.
        padded = functional.pad(normed, (0, 0, 0, -breadth % window, 0, -height % window))
        rolled = padded.roll((-shift, -shift), (1, 2)) if shift else padded
        windows = _cut(rolled, window)
        attended, parts = self.attention(windows, history, mask, batch, explicit=trace is not None)
        if trace is not None:
            trace.append(WindowedAttention(*place, grid, window, shift, *parts))
        joined = _join(attended, window, padded.shape)
        back = joined.roll((shift, shift), (1, 2)) if shift else joined
        picture = picture + self.drop_path(back[:, :height, :breadth])
        return picture + self.drop_path(self.mlp(self.mlp_norm(picture))), parts[0]


def _cut(picture: Tensor, window: int) -> Tensor:
    """(B, H, W, C) to (B * windows, window * window, C)."""
    batch, height, breadth, width = picture.shape
    cells = picture.view(batch, height // window, window, breadth // window, window, width)
    return cells.transpose(2, 3).reshape(-1, window * window, width)


def _join(windows: Tensor, window: int, shape: Sequence[int]) -> Tensor:
    """Undo :func:`_cut`; ``shape`` is (B, H, W, C)."""
    batch, height, breadth, width = shape
    cells = windows.view(batch, height // window, breadth // window, window, window, width)
    return cells.transpose(2, 3).reshape(batch, height, breadth, width)


def _mask(grid: Grid, window: int, shift: int) -> Tensor:
    """Return what forbids attention between tokens that only the roll made neighbours, (windows, T, T)."""
    height, breadth = (-(-side // window) * window for side in grid)
    rows, columns = (
        (torch.arange(side) >= side - window).long() + (torch.arange(side) >= side - shift).long()
        for side in (height, breadth)
    )
    region = _cut((3 * rows[:, None] + columns[None, :])[None, :, :, None], window)
    strangers = region != region.transpose(1, 2)
    return torch.zeros(strangers.shape).masked_fill(strangers, FORBIDDEN)


class PatchMerging(nn.Module):
    """Four neighbours become one token of twice the width. Shape: (B, H, W, width) to (B, H/2, W/2, 2 width),
    sides rounded up."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduce = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, picture: Tensor) -> Tensor:
        even = functional.pad(picture, (0, 0, 0, picture.shape[2] % 2, 0, picture.shape[1] % 2))
        corners = [even[:, down::2, right::2] for right in (0, 1) for down in (0, 1)]
        return cast(Tensor, self.reduce(self.norm(torch.cat(corners, dim=-1))))


class SwinStage(nn.Module):
    """Blocks of one width, then the merging that leads to the next; the last stage has none."""

    def __init__(self, blocks: Sequence[SwinBlock], merge: PatchMerging | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.merge = merge

    def forward(
        self, picture: Tensor, history: Tensor | None, stage: int, trace: Trace | None = None
    ) -> tuple[Tensor, Tensor | None]:
        for number, block in enumerate(self.blocks):
            picture, history = block(picture, history, (stage, number), trace)
        return picture if self.merge is None else self.merge(picture), history


class ReSwin(nn.Module):
    """Swin Transformer with residual attention.

    Args:
        image_size: Side of the square photos, or (height, width), that the stored masks are made for;
            multiples of ``patch_size``. A stage with a grid below the window has a window of that size.
        patch_size: Side of a patch in pixels.
        embed_dim: Width of the first stage; each further one has twice that.
        depths: Blocks of each stage.
        num_heads: Heads of each stage.
        window_size: Side of a window in tokens.
        mlp_ratio: Hidden width of an MLP in token widths.
        qkv_bias: Whether queries, keys and values have a bias.
        num_classes: Logits a photo.
        drop_path_rate: Stochastic depth of the last block; it grows from 0 at the first.

    Shape: (B, 3, H, W), normalised, to logits (B, num_classes), for any H and W. Sizes that are no multiple
    of the patch repeat their edge at the bottom and right; grids that are no multiple of a window are padded
    with zeros inside each block. The authors' code takes one size only, which divides by all of these.

    Raises:
        WeightsError: A configuration with no meaning.
    """

    def __init__(
        self,
        image_size: int | Sequence[int] = 224,
        patch_size: int = 4,
        embed_dim: int = 96,
        depths: Sequence[int] = (2, 2, 6, 2),
        num_heads: Sequence[int] = (3, 6, 12, 24),
        window_size: int = 7,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        num_classes: int = 1000,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        sides = sides_of(image_size)
        cut = is_whole(patch_size) and all(is_whole(side) and side % patch_size == 0 for side in sides)
        refuse_unfit(
            "ReSwin",
            *whole_checks(patch_size=patch_size, window_size=window_size),
            ("image_size", image_size, len(sides) == 2 and cut, "one side or two, multiples of patch_size"),
            *shared_checks(embed_dim, mlp_ratio, num_classes, drop_path_rate),
            *_stage_checks(embed_dim, depths, num_heads),
            *truth_checks(qkv_bias=qkv_bias),
        )
        self.patch_size = patch_size
        self.patch = nn.Conv2d(3, embed_dim, kernel_size=patch_size, stride=patch_size)
        self.patch_norm = nn.LayerNorm(embed_dim)
        self.stages = nn.ModuleList()
        rates = iter(rising_rates(drop_path_rate, sum(depths)))
        width, grid = embed_dim, (sides[0] // patch_size, sides[1] // patch_size)
        for stage, (depth, heads) in enumerate(zip(depths, num_heads, strict=True)):
            window, hidden = min(window_size, *grid), int(width * mlp_ratio)
            blocks = [
                SwinBlock(width, heads, window, block % 2 == 1, grid, hidden, qkv_bias, next(rates))
                for block in range(depth)
            ]
            last = stage == len(depths) - 1
            self.stages.append(SwinStage(blocks, None if last else PatchMerging(width)))
            if not last:
                width, grid = 2 * width, (-(-grid[0] // 2), -(-grid[1] // 2))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_classes)
        start_small(self, [table for name, table in self.named_parameters() if name.endswith(".position")])

    def forward(self, photo: Tensor) -> Tensor:
        return self._classify(photo, None)

    def trace(self, photo: Tensor) -> tuple[Tensor, list[WindowedAttention]]:
        """Return the logits and what every block attended to, computed step by step."""
        records: list[WindowedAttention] = []
        return self._classify(photo, records), records

    def _classify(self, photo: Tensor, trace: Trace | None) -> Tensor:
        picture = self.patch_norm(self.patch(repeat_edge(photo, self.patch_size)).permute(0, 2, 3, 1))
        history: Tensor | None = None
        for number, stage in enumerate(self.stages):
            picture, history = stage(picture, history, number, trace)
        return cast(Tensor, self.head(self.norm(picture).mean(dim=(1, 2))))


def _stage_checks(embed_dim: int, depths: Sequence[int], num_heads: Sequence[int]) -> tuple[Check, ...]:
    """Return the checks of the rows with one entry a stage."""
    deep = isinstance(depths, list | tuple) and len(depths) > 0 and all(map(is_whole, depths))
    rows = deep and isinstance(num_heads, list | tuple) and len(num_heads) == len(depths)
    shared = rows and all(
        is_whole(heads) and is_whole(embed_dim) and embed_dim * 2**stage % heads == 0
        for stage, heads in enumerate(num_heads)
    )
    return (
        ("depths", depths, deep, "the number of blocks of each stage"),
        ("num_heads", num_heads, shared, "a number for each stage that divides its width"),
    )
