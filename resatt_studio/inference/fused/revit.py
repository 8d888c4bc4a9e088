"""ReViT laid out for one CPU; same answers as :class:`resatt_studio.models.revit.ReViT`."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.inference.fused.layers import PackedConv, PackedLinear, normed_linear, release
from resatt_studio.inference.fused.softmax import LOG2_E, weighed
from resatt_studio.models.blocks.attention import FIXED_ALPHA, repeat_edge
from resatt_studio.models.revit import Block, ReViT


class FusedBlock:
    """One block; tokens and logits stay in single precision, linear layers are in ``dtype``.

    Logits are kept times log2(e): S = alpha R + (1 - alpha) S_before holds for them as it does without.
    """

    def __init__(self, block: Block, dtype: torch.dtype, rows: int) -> None:
        attention, mlp = block.attention, block.mlp
        self._dtype = dtype
        self._heads = attention.heads
        self._width = attention.project.in_features
        self._scale = LOG2_E * (self._width // self._heads) ** -0.5
        self._qkv = normed_linear(block.attention_norm, [attention.qkv], dtype, rows)
        self._project = PackedLinear(attention.project.weight, attention.project.bias, dtype, rows)
        self._expand = normed_linear(block.mlp_norm, [mlp.expand], dtype, rows)
        self._shrink = PackedLinear(mlp.shrink.weight, mlp.shrink.bias, dtype, rows)
        release(block)
        self._eps = block.attention_norm.eps, block.mlp_norm.eps

    def __call__(self, tokens: Tensor, history: Tensor | None, alpha: float) -> Tensor:
        """Move the tokens (B, N, width) on, in place; return S, from S_before, both (B * heads, N, N)."""
        batch, count, width = tokens.shape
        qkv = self._qkv(self._normed(tokens, self._eps[0])).float()
        by_head = qkv.view(batch, count, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = by_head.flatten(1, 2).unbind(0)
        share = 1.0 if history is None else alpha
        first = tokens.new_zeros(()) if history is None else history  # with beta = 0 it is not read
        logits = torch.baddbmm(first, query, key.transpose(1, 2), beta=1.0 - share, alpha=share * self._scale)
        mixed = weighed(logits, value).view(batch, self._heads, count, -1).transpose(1, 2)
        tokens.add_(self._project(mixed.to(self._dtype).reshape(batch, count, width)))
        hidden = self._expand(self._normed(tokens, self._eps[1]), "gelu")
        tokens.add_(self._shrink(hidden))
        return logits

    def _normed(self, tokens: Tensor, eps: float) -> Tensor:
        return functional.layer_norm(tokens, (self._width,), eps=eps).to(self._dtype)


class FusedReViT(nn.Module):
    """See :class:`ReViT`; photos (B, 3, H, W) of any size to logits (B, classes), float32.

    Args:
        network: In evaluation mode; it is used up.
        dtype: Of weights and products.
    """

    def __init__(self, network: ReViT, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self._patch_px = network.patch_size
        rows, columns = network.grid
        sides = (rows * self._patch_px, columns * self._patch_px)
        self._patch = PackedConv(network.patch, dtype, sides)
        self._blocks = [FusedBlock(cast(Block, block), dtype, rows * columns) for block in network.blocks]
        self._alpha = FIXED_ALPHA if network.alpha is None else float(network.alpha.detach())
        self._class_token, self._position_for = network.class_token, network.position_for
        self._norm, self._head = network.norm, network.head

    def forward(self, photo: Tensor) -> Tensor:
        padded = repeat_edge(photo, self._patch_px).to(self.dtype)
        patches = self._patch(padded.contiguous(memory_format=torch.channels_last))
        tokens = patches.flatten(2).transpose(1, 2).float()
        if self._class_token is not None:
            tokens = torch.cat((self._class_token.expand(len(tokens), -1, -1), tokens), dim=1)
        tokens = tokens + self._position_for(tuple(patches.shape[-2:]))
        history: Tensor | None = None
        for block in self._blocks:
            history = block(tokens, history, self._alpha)
        features = self._norm(tokens)
        pooled = features.mean(dim=1) if self._class_token is None else features[:, 0]
        return cast(Tensor, self._head(pooled))
