"""ReViT: photo to class logits, after Diko et al., arXiv 2402.11301.

"ReViT: Enhancing Vision Transformers Feature Diversity with Attention Residual Connections"; a plain pre-norm
Vision Transformer (arXiv 2010.11929) in which every block adds the attention logits of the one before to its
own. Where the paper leaves a choice open (one alpha for all blocks, the blend in front of the softmax, S and
not R handed on) this follows the authors' code, github.com/ADiko1997/ReViT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

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
    repeat_edge,
    start_small,
)
from resatt_studio.models.blocks.checks import (
    is_whole,
    refuse_unfit,
    shared_checks,
    sides_of,
    truth_checks,
    whole_checks,
)
from resatt_studio.models.blocks.precision import widened
from resatt_studio.models.blocks.stochastic_depth import DropPath, rising_rates

Parts: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]
"""Blended logits, probabilities, query and key of one attention: a record that does not know its place."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockAttention:
    """What one block attended to. N = H * W, one more with a class token, which then comes first.

    Attributes:
        block: Number of the block, from 0.
        grid: (H, W) of the tokens, which run row by row.
        class_token: Whether token 0 is the class token.
        blended: S, (B, heads, N, N): logits after the residual, as the next block receives them.
        probs: softmax(S), the tensor that weighed the values; in grad mode it is part of the graph.
        query: (B, heads, N, d), not scaled.
        key: (B, heads, N, d).
        alpha: Weight of the block's own logits; 1 - alpha is the weight of the history.
    """

    block: int
    grid: tuple[int, int]
    class_token: bool
    blended: Tensor
    probs: Tensor
    query: Tensor
    key: Tensor
    alpha: float

    @property
    def raw(self) -> Tensor:
        """R, (B, heads, N, N): what the block sees without inheritance. Computed again on each call, from
        query and key: S has lost it where alpha is 0."""
        return raw_logits(self.query, self.key)


class ResidualAttention(nn.Module):
    """Multi-head self-attention whose logits continue those of the block before.

    R = d^(-1/2) Q K^T, S = alpha R + (1 - alpha) S_before, output = Linear(concat_heads(softmax(S) V)).

    Shape: (B, N, width) and S_before (B, heads, N, N) to (B, N, width) and S, for the next block.
    """

    def __init__(self, width: int, heads: int, qkv_bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=qkv_bias)
        self.project = nn.Linear(width, width)

    def forward(
        self, tokens: Tensor, history: Tensor | None, alpha: Alpha, trace: list[Parts] | None = None
    ) -> tuple[Tensor, Tensor]:
        batch, count, width = tokens.shape
        qkv = self.qkv(tokens).view(batch, count, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        if trace is None:
            logits = blended_logits(query, key, history, alpha)
            probs = logits.softmax(dim=-1)
        else:
            raw = raw_logits(query, key)
            logits = raw if history is None else alpha * raw + (1.0 - alpha) * history
            probs = logits.softmax(dim=-1)
            trace.append((logits, probs, query, key))
        mixed = torch.matmul(probs.to(value.dtype), value)
        return self.project(mixed.transpose(1, 2).reshape(batch, count, width)), logits


class Block(nn.Module):
    """x + attention(LN(x)), then x + MLP(LN(x)); hands the attention's logits on.

    Shape: (B, N, width) and S_before (B, heads, N, N) to (B, N, width) and S.
    """

    def __init__(self, width: int, heads: int, mlp_ratio: float, qkv_bias: bool, drop_path: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width, eps=EPSILON)
        self.attention = ResidualAttention(width, heads, qkv_bias)
        self.mlp_norm = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = Mlp(width, int(width * mlp_ratio))
        self.drop_path = DropPath(drop_path)

    def forward(
        self, tokens: Tensor, history: Tensor | None, alpha: Alpha, trace: list[Parts] | None = None
    ) -> tuple[Tensor, Tensor]:
        attended, logits = self.attention(self.attention_norm(tokens), history, alpha, trace)
        tokens = tokens + self.drop_path(attended)
        return tokens + self.drop_path(self.mlp(self.mlp_norm(tokens))), logits


class ReViT(nn.Module):
    """Vision Transformer with residual attention.

    Args:
        image_size: Side of the square photos, or (height, width), that the position table is made for;
            multiples of ``patch_size``.
        patch_size: Side of a patch in pixels.
        embed_dim: Width of a token.
        depth: Blocks.
        num_heads: Heads of each block; divides ``embed_dim``.
        mlp_ratio: Hidden width of an MLP in token widths.
        qkv_bias: Whether queries, keys and values have a bias.
        class_token: Whether a class token is classified, instead of the mean over all tokens.
        learnable_alpha: Whether the one alpha of the network is learned; else it is 0.5. It is not kept
            between 0 and 1.
        num_classes: Logits a photo.
        drop_path_rate: Stochastic depth of the last block; it grows from 0 at the first.

    Shape: (B, 3, H, W), normalised, to logits (B, num_classes), for any H and W. Sizes that are no multiple
    of the patch repeat their edge at the bottom and right, so that nothing of the photo is left out. For a
    grid other than the position table's, the table is interpolated bicubically (both ours, not in the paper).

    Raises:
        WeightsError: A configuration with no meaning.
    """

    def __init__(
        self,
        image_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        qkv_bias: bool = True,
        class_token: bool = False,
        learnable_alpha: bool = True,
        num_classes: int = 1000,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        sides = sides_of(image_size)
        cut = is_whole(patch_size) and all(is_whole(side) and side % patch_size == 0 for side in sides)
        shared = is_whole(num_heads) and is_whole(embed_dim) and embed_dim % num_heads == 0
        refuse_unfit(
            "ReViT",
            *whole_checks(patch_size=patch_size, depth=depth),
            ("image_size", image_size, len(sides) == 2 and cut, "one side or two, multiples of patch_size"),
            *shared_checks(embed_dim, mlp_ratio, num_classes, drop_path_rate),
            ("num_heads", num_heads, shared, "a whole number that divides embed_dim"),
            *truth_checks(qkv_bias=qkv_bias, class_token=class_token, learnable_alpha=learnable_alpha),
        )
        self.patch_size = patch_size
        self.grid = (sides[0] // patch_size, sides[1] // patch_size)
        self.alpha = nn.Parameter(torch.full((1,), FIXED_ALPHA)) if learnable_alpha else None
        self.class_token = nn.Parameter(torch.zeros(1, 1, embed_dim)) if class_token else None
        self.position = nn.Parameter(torch.zeros(1, self.grid[0] * self.grid[1] + class_token, embed_dim))
        self.patch = nn.Conv2d(3, embed_dim, kernel_size=patch_size, stride=patch_size)
        self.blocks = nn.ModuleList(
            Block(embed_dim, num_heads, mlp_ratio, qkv_bias, rate)
            for rate in rising_rates(drop_path_rate, depth)
        )
        self.norm = nn.LayerNorm(embed_dim, eps=EPSILON)
        self.head = nn.Linear(embed_dim, num_classes)
        start_small(self, [self.position] + ([] if self.class_token is None else [self.class_token]))

    def forward(self, photo: Tensor) -> Tensor:
        return self._classify(photo, None)

    def trace(self, photo: Tensor) -> tuple[Tensor, list[BlockAttention]]:
        """Return the logits and what every block attended to, computed step by step as in the paper."""
        parts: list[Parts] = []
        logits = self._classify(photo, parts)
        height, width = photo.shape[-2:]
        grid = (-(-height // self.patch_size), -(-width // self.patch_size))
        alpha = FIXED_ALPHA if self.alpha is None else float(self.alpha.detach())
        lead = self.class_token is not None
        return logits, [BlockAttention(k, grid, lead, *kept, alpha) for k, kept in enumerate(parts)]

    def _classify(self, photo: Tensor, trace: list[Parts] | None) -> Tensor:
        patches = self.patch(repeat_edge(photo, self.patch_size))
        tokens = patches.flatten(2).transpose(1, 2)
        if self.class_token is not None:
            tokens = torch.cat(
                (self.class_token.expand(tokens.shape[0], -1, -1).to(tokens.dtype), tokens), dim=1
            )
        tokens = tokens + self.position_for(tuple(patches.shape[-2:]))
        alpha = current_alpha(self.alpha)
        history: Tensor | None = None
        for block in self.blocks:
            tokens, history = block(tokens, history, alpha, trace)
        features = self.norm(tokens)
        return cast(Tensor, self.head(features.mean(dim=1) if self.class_token is None else features[:, 0]))

    def position_for(self, grid: tuple[int, ...]) -> Tensor:
        """Return the position table for a grid, (1, N, width); the class token's slot stays as it is."""
        if grid == self.grid:
            return self.position
        slot, table = self.position.tensor_split([int(self.class_token is not None)], dim=1)
        picture = widened(table).view(1, *self.grid, -1).permute(0, 3, 1, 2)
        resized = functional.interpolate(picture, size=grid, mode="bicubic", align_corners=False)
        return torch.cat((slot, resized.flatten(2).transpose(1, 2).to(slot.dtype)), dim=1)
