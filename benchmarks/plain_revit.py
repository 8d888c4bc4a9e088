"""ReViT as its equations read, as a yardstick for speed.

Written from Diko et al., arXiv 2402.11301: a pre-norm Vision Transformer in which S = alpha R + (1 - alpha)
S_before stands in front of every softmax. Explicit attention, single precision. Names of parameters are those
of ``resatt_studio.models.revit``, so the same weights load.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainAttention(nn.Module):
    """R = d^(-1/2) q k^T, S = alpha R + (1 - alpha) S_before, Project(concat(softmax(S) v))."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)

    def forward(self, x: Tensor, before: Tensor | None, alpha: Tensor) -> tuple[Tensor, Tensor]:
        batch, count, width = x.shape
        d = width // self.heads
        qkv = self.qkv(x).reshape(batch, count, 3, self.heads, d).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        logits = (q * d**-0.5) @ k.transpose(-2, -1)
        if before is not None:
            logits = alpha * logits + (1 - alpha) * before
        mixed = logits.softmax(dim=-1) @ v
        return self.project(mixed.transpose(1, 2).reshape(batch, count, width)), logits


class PlainMlp(nn.Module):
    """Linear, GELU, Linear."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.expand = nn.Linear(width, hidden)
        self.shrink = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.shrink(functional.gelu(self.expand(x)))


class PlainBlock(nn.Module):
    """x + attention(LN(x)), then x + MLP(LN(x))."""

    def __init__(self, width: int, heads: int, mlp_ratio: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = PlainAttention(width, heads)
        self.mlp_norm = nn.LayerNorm(width, eps=1e-6)
        self.mlp = PlainMlp(width, int(width * mlp_ratio))

    def forward(self, x: Tensor, before: Tensor | None, alpha: Tensor) -> tuple[Tensor, Tensor]:
        attended, logits = self.attention(self.attention_norm(x), before, alpha)
        x = x + attended
        return x + self.mlp(self.mlp_norm(x)), logits


class PlainReViT(nn.Module):
    """B x 3 x S x S photo to B x classes logits; no class token, learned alpha."""

    def __init__(
        self,
        image_size: int = 224,
        patch_size: int = 16,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.full((1,), 0.5))
        self.position = nn.Parameter(torch.zeros(1, (image_size // patch_size) ** 2, embed_dim))
        self.patch = nn.Conv2d(3, embed_dim, patch_size, stride=patch_size)
        self.blocks = nn.ModuleList(PlainBlock(embed_dim, num_heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(embed_dim, eps=1e-6)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, photo: Tensor) -> Tensor:
        x = self.patch(photo).flatten(2).transpose(1, 2) + self.position
        logits = None
        for block in self.blocks:
            x, logits = block(x, logits, self.alpha)
        return self.head(self.norm(x).mean(dim=1))
