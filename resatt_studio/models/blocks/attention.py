"""What ReViT and its variants share: attention logits that continue those of the block before, and ViT parts.

The residual on attention is that of Diko et al., arXiv 2402.11301; the rest is the Vision Transformer's
(arXiv 2010.11929).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.models.blocks.precision import exact_on, widened

EPSILON = 1e-6
FIXED_ALPHA = 0.5

Alpha: TypeAlias = float | Tensor


def raw_logits(query: Tensor, key: Tensor) -> Tensor:
    """Return R = d^(-1/2) Q K^T, (B, heads, Nq, Nk), from (B, heads, Nq, d) and (B, heads, Nk, d)."""
    with exact_on(query.device):
        wide = widened(query)
        return torch.matmul(wide * wide.shape[-1] ** -0.5, widened(key).transpose(-2, -1))


def blended_logits(query: Tensor, key: Tensor, history: Tensor | None, alpha: Alpha) -> Tensor:
    """Return S = alpha R + (1 - alpha) history, or R when there is none.

    Scaling, product and residual are one call where alpha is a number. The next block needs S, so a fused
    attention kernel would compute the product a second time; at 224 pixels on a CPU that was half as slow
    again as this call, softmax and values.

    Shape: (B, heads, Nq, d), (B, heads, Nk, d) and (B, heads or 1, Nq, Nk) to (B, heads, Nq, Nk).
    """
    if isinstance(alpha, Tensor) and history is not None:
        raw = raw_logits(query, key)
        return torch.lerp(history, raw, alpha.to(raw.dtype))
    batch, heads, rows, width = query.shape
    # S collects rounding from block to block, and the softmax multiplies it: single precision.
    scale, share = width**-0.5, 1.0 if history is None else float(alpha)
    with exact_on(query.device):
        left = widened(query).reshape(batch * heads, rows, width)
        right = widened(key).reshape(batch * heads, -1, width).transpose(1, 2)
        # With beta = 0 the first argument is not read.
        first = left.new_zeros(()) if history is None else history.expand(batch, heads, -1, -1).flatten(0, 1)
        logits = torch.baddbmm(first, left, right, beta=1.0 - share, alpha=share * scale)
    return logits.view(batch, heads, rows, -1)


def current_alpha(alpha: nn.Parameter | None) -> Alpha:
    """Return alpha as a number where that costs nothing and loses nothing, else as the tensor it is.

    Reading it makes a GPU wait, ends the gradient, and would write a constant into an exported graph.
    """
    if alpha is None:
        return FIXED_ALPHA
    needed = torch.is_grad_enabled() or torch.compiler.is_compiling()
    return alpha if needed or alpha.device.type != "cpu" else float(alpha.detach())


class Mlp(nn.Module):
    """Linear, exact GELU, Linear. Shape: (..., width) to the same."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.expand = nn.Linear(width, hidden)
        self.shrink = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        return cast(Tensor, self.shrink(functional.gelu(self.expand(tokens))))


def repeat_edge(photo: Tensor, multiple: int) -> Tensor:
    """Repeat the edge at the bottom and right up to the next multiple."""
    below, right = (-side % multiple for side in photo.shape[-2:])
    return functional.pad(photo, (0, right, 0, below), mode="replicate") if below or right else photo


def start_small(network: nn.Module, tables: Sequence[Tensor]) -> None:
    """Draw linear weights and ``tables`` from a truncated normal of 0.02; linear biases become 0."""
    for table in tables:
        nn.init.trunc_normal_(table, std=0.02)
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
