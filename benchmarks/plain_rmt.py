"""RMT as its equations read, as a yardstick for speed.

Written from Fan et al., CVPR 2024 (arXiv 2309.11523), and the layer tables of the authors' release: explicit
softmax attention, rotation and decay worked out for every photo, norms that stand for themselves, single
precision. Names of parameters are those of ``resatt_studio.models.rmt``, so the same weights load.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainConvNorm(nn.Module):
    """3x3 convolution and BatchNorm."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, 3, stride=stride, padding=1)
        self.norm = nn.BatchNorm2d(width_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


def depthwise(layer: nn.Module, x: Tensor) -> Tensor:
    """A convolution over tokens (B, H, W, C)."""
    return layer(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def rotate_pairs(x: Tensor) -> Tensor:
    """(a, b) to (-b, a) in every pair of channels."""
    return torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)


class PlainPrior(nn.Module):
    """Rotation by p * theta_j with theta_j = 10000^(-j / (d/2 - 1)); decay ln(1 - 2^(-a - r i / n)) times the
    Manhattan distance."""

    def __init__(self, width: int, heads: int, a: float, r: float, decomposed: bool) -> None:
        super().__init__()
        self.decomposed = decomposed
        theta = 1.0 / 10000.0 ** torch.linspace(0, 1, width // heads // 2)
        self.register_buffer("angle", theta.repeat_interleave(2))
        self.register_buffer("decay", torch.log(1 - 2.0 ** (-a - r * torch.arange(heads) / heads)))

    def forward(self, height: int, width: int) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        place = torch.arange(height * width, dtype=torch.float32)
        phase = place[:, None] * self.angle[None, :]
        sin = torch.sin(phase).view(height, width, -1)
        cos = torch.cos(phase).view(height, width, -1)
        y, x = torch.arange(height), torch.arange(width)
        rows, columns = (y[:, None] - y[None, :]).abs(), (x[:, None] - x[None, :]).abs()
        if self.decomposed:
            return sin, cos, (columns * self.decay[:, None, None], rows * self.decay[:, None, None])
        distance = rows[:, None, :, None] + columns[None, :, None, :]
        distance = distance.reshape(height * width, height * width)
        return sin, cos, (distance * self.decay[:, None, None],)


class PlainAttention(nn.Module):
    """Out(softmax(q k^T + decay) v + DWConv5x5(v)), over all tokens or along rows and then along columns."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.local = nn.Conv2d(width, width, 5, padding=2, groups=width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, prior: tuple[Tensor, Tensor, tuple[Tensor, ...]]) -> Tensor:
        batch, height, width, channels = x.shape
        sin, cos, biases = prior
        d = channels // self.heads
        q, k, v = self.query(x), self.key(x) * d**-0.5, self.value(x)
        local = depthwise(self.local, v)
        q = q.view(batch, height, width, self.heads, d).permute(0, 3, 1, 2, 4)
        k = k.view(batch, height, width, self.heads, d).permute(0, 3, 1, 2, 4)
        q = q * cos + rotate_pairs(q) * sin
        k = k * cos + rotate_pairs(k) * sin
        v = v.view(batch, height, width, self.heads, d).permute(0, 3, 1, 2, 4)
        if len(biases) == 1:
            q, k, v = (part.flatten(2, 3) for part in (q, k, v))
            out = torch.softmax(q @ k.transpose(-1, -2) + biases[0], dim=-1) @ v
            out = out.transpose(1, 2).reshape(batch, height, width, channels)
        else:
            q_row, k_row, v = (part.permute(0, 2, 1, 3, 4) for part in (q, k, v))  # B H n W d
            v = torch.softmax(q_row @ k_row.transpose(-1, -2) + biases[0], dim=-1) @ v
            q_col, k_col = (part.permute(0, 3, 1, 2, 4) for part in (q, k))  # B W n H d
            v = v.permute(0, 3, 2, 1, 4)
            v = torch.softmax(q_col @ k_col.transpose(-1, -2) + biases[1], dim=-1) @ v
            out = v.permute(0, 3, 1, 2, 4).flatten(-2)
        return self.out(out + local)


class PlainFeedForward(nn.Module):
    """Linear, GELU, x + DWConv3x3(x), Linear."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.rise = nn.Linear(width, hidden)
        self.local = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.fall = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.gelu(self.rise(x))
        x = x + depthwise(self.local, x)
        return self.fall(x)


class PlainBlock(nn.Module):
    """x + DWConv3x3(x), then x + g1 attention(LN(x)), then x + g2 FFN(LN(x))."""

    def __init__(self, width: int, heads: int, mlp_ratio: float, scaled: bool) -> None:
        super().__init__()
        self.position = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = PlainAttention(width, heads)
        self.ffn_norm = nn.LayerNorm(width, eps=1e-6)
        self.ffn = PlainFeedForward(width, int(mlp_ratio * width))
        self.attention_scale = nn.Parameter(torch.ones(1, 1, 1, width)) if scaled else None
        self.ffn_scale = nn.Parameter(torch.ones(1, 1, 1, width)) if scaled else None

    def forward(self, x: Tensor, prior: tuple[Tensor, Tensor, tuple[Tensor, ...]]) -> Tensor:
        x = x + depthwise(self.position, x)
        mixed = self.attention(self.attention_norm(x), prior)
        x = x + (mixed if self.attention_scale is None else self.attention_scale * mixed)
        mixed = self.ffn(self.ffn_norm(x))
        return x + (mixed if self.ffn_scale is None else self.ffn_scale * mixed)


class PlainStage(nn.Module):
    """Prior, blocks, and the convolution that halves the grid."""

    def __init__(self, prior: PlainPrior, blocks: list[PlainBlock], downsample: nn.Module | None) -> None:
        super().__init__()
        self.prior = prior
        self.blocks = nn.ModuleList(blocks)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        prior = self.prior(x.shape[1], x.shape[2])
        for block in self.blocks:
            x = block(x, prior)
        return x if self.downsample is None else depthwise(self.downsample, x)


class PlainNeck(nn.Module):
    """Linear, BatchNorm, SiLU for each token."""

    def __init__(self, width: int, projection: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, projection)
        self.norm = nn.BatchNorm1d(projection)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.linear(x.flatten(1, 2)).transpose(1, 2))
        return functional.silu(x).mean(dim=-1)


class PlainRMT(nn.Module):
    """B x 3 x H x W photo to B x classes logits. Arguments as for ``resatt_studio.models.rmt.RMT``."""

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
        projection: int = 1024,
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        first = embed_dims[0]
        self.stem = nn.ModuleList(
            (
                PlainConvNorm(3, first // 2, 2),
                PlainConvNorm(first // 2, first // 2, 1),
                PlainConvNorm(first // 2, first, 2),
                PlainConvNorm(first, first, 1),
            )
        )
        self.stages = nn.ModuleList()
        for index, width in enumerate(embed_dims):
            heads = num_heads[index]
            prior = PlainPrior(width, heads, init_values[index], heads_ranges[index], decomposed[index])
            blocks = [
                PlainBlock(width, heads, mlp_ratios[index], layer_scales[index]) for _ in range(depths[index])
            ]
            downsample = PlainConvNorm(width, embed_dims[index + 1], 2) if index < 3 else None
            self.stages.append(PlainStage(prior, blocks, downsample))
        self.neck = PlainNeck(embed_dims[-1], projection)
        self.head = nn.Linear(projection, num_classes)

    def forward(self, photo: Tensor) -> Tensor:
        x = photo
        for index, layer in enumerate(self.stem):
            x = layer(functional.gelu(x) if index else x)
        x = x.permute(0, 2, 3, 1)
        for stage in self.stages:
            x = stage(x)
        return self.head(self.neck(x))
