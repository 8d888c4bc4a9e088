"""The DHFormer-style dehazer as its equations read, as a yardstick for speed.

Layer for layer what ``resatt_studio.models.dhformer`` describes (after arXiv 2312.09955), with explicit
softmax attention, the framework's own pooling, norms that stand for themselves, contiguous memory and single
precision. Names of parameters are the same, so the same weights load.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainTransmission(nn.Module):
    """Conv5x5, maxout, convolutions of three sizes, 7x7 maximum, Conv7x7; t = t_min + (1 - t_min) sigmoid."""

    def __init__(self, t_min: float, width: int) -> None:
        super().__init__()
        self.t_min = t_min
        self.enter = nn.Conv2d(3, width, 5, padding=2)
        self.near = nn.Conv2d(width // 4, width, 3, padding=1)
        self.middle = nn.Conv2d(width // 4, width, 5, padding=2)
        self.far = nn.Conv2d(width // 4, width, 7, padding=3)
        self.pool = nn.MaxPool2d(7, stride=1, padding=3)
        self.score = nn.Conv2d(3 * width, 1, 7, padding=3)

    def forward(self, photo: Tensor) -> Tensor:
        x = self.enter(photo)
        n, width, height, breadth = x.shape
        x = x.view(n, 4, width // 4, height, breadth).amax(dim=1)
        x = self.pool(torch.cat([self.near(x), self.middle(x), self.far(x)], dim=1))
        return self.t_min + (1 - self.t_min) * torch.sigmoid(self.score(x))


class PlainUnit(nn.Module):
    """ReLU(x + Conv3x3(ReLU(BN(x))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.entry_norm = nn.BatchNorm2d(width)
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.conv(torch.relu(self.entry_norm(x))))


class PlainResidual(nn.Module):
    """Conv3x3, ReLU, units, Conv3x3."""

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.units = nn.ModuleList(PlainUnit(width) for _ in range(units))
        self.tail = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, ratio: Tensor) -> Tensor:
        x = torch.relu(self.stem(ratio))
        for unit in self.units:
            x = unit(x)
        return self.tail(x)


class PlainFeatures(nn.Module):
    """ReLU(three convolutions of r + Conv1x1(r))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.third = nn.Conv2d(width, width, 3, padding=1)
        self.project = nn.Conv2d(3, width, 1)

    def forward(self, r: Tensor) -> Tensor:
        x = torch.relu(self.second(torch.relu(self.first(r))))
        return torch.relu(self.third(x) + self.project(r))


class PlainLayer(nn.Module):
    """z + MHA(LN z), then z + MLP(LN z)."""

    def __init__(self, dim: int, heads: int, mlp_ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.merge = nn.Linear(dim, dim)
        self.mlp_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, mlp_ratio * dim)
        self.narrow = nn.Linear(mlp_ratio * dim, dim)

    def forward(self, z: Tensor) -> Tensor:
        n, count, dim = z.shape
        d = dim // self.heads
        qkv = self.qkv(self.attention_norm(z)).reshape(n, count, 3, self.heads, d).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        mixed = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(d), dim=-1) @ v
        z = z + self.merge(mixed.transpose(1, 2).reshape(n, count, dim))
        return z + self.narrow(functional.gelu(self.widen(self.mlp_norm(z))))


class PlainEncoder(nn.Module):
    """Layers and a last LayerNorm."""

    def __init__(self, dim: int, heads: int, mlp_ratio: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(PlainLayer(dim, heads, mlp_ratio) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, z: Tensor) -> Tensor:
        for layer in self.layers:
            z = layer(z)
        return self.norm(z)


class PlainChannelAttention(nn.Module):
    """2 sigmoid(W [mean tokens of the global-context encoder; of the depth-aware encoder])."""

    def __init__(self, width: int, dim: int, layers: int, heads: int, mlp_ratio: int, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.dim = dim
        self.embed = nn.Linear(width, dim)
        self.embed_depth = nn.Linear(2, dim)
        self.global_context = PlainEncoder(dim, heads, mlp_ratio, layers)
        self.depth_aware = PlainEncoder(dim, heads, mlp_ratio, layers)
        self.gate = nn.Linear(2 * dim, width)

    def cells(self, x: Tensor) -> Tensor:
        return functional.adaptive_avg_pool2d(x, self.grid).flatten(2).transpose(1, 2)

    def positions(self) -> Tensor:
        quarter = self.dim // 4
        rate = 10000.0 ** (-torch.arange(quarter) / quarter)
        angle = torch.arange(self.grid)[:, None] * rate
        line = torch.cat([angle.sin(), angle.cos()], dim=1)
        rows = line[:, None, :].expand(self.grid, self.grid, -1)
        columns = line[None, :, :].expand(self.grid, self.grid, -1)
        return torch.cat([rows, columns], dim=2).reshape(self.grid**2, self.dim)

    def forward(self, features: Tensor, transmission: Tensor) -> Tensor:
        tokens = self.embed(self.cells(features)) + self.positions()
        depth = -torch.log(transmission)
        mean, square = self.cells(depth), self.cells(depth * depth)
        spread = torch.sqrt((square - mean * mean).clamp(min=0) + 1e-6)
        known = self.embed_depth(torch.cat([mean, spread], dim=2))
        context, aware = self.global_context(tokens), self.depth_aware(tokens + known)
        score = self.gate(torch.cat([context.mean(dim=1), aware.mean(dim=1)], dim=1))
        return 2 * torch.sigmoid(score)


class PlainSpatialAttention(nn.Module):
    """sigmoid(Conv7x7([max; mean]))."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.cat([x.amax(dim=1, keepdim=True), x.mean(dim=1, keepdim=True)], dim=1)
        return torch.sigmoid(self.conv(pooled))


class PlainDHFormer(nn.Module):
    """N x 3 x H x W photo in [0, 1] to N x 3 x H x W clear photo."""

    def __init__(
        self,
        width: int = 64,
        dim: int = 128,
        layers: int = 2,
        residual_width: int = 16,
        residual_units: int = 17,
        heads: int = 4,
        mlp_ratio: int = 2,
        grid: int = 16,
        transmission_width: int = 16,
        t_min: float = 0.1,
    ) -> None:
        super().__init__()
        self.transmission = PlainTransmission(t_min, transmission_width)
        self.residual = PlainResidual(residual_width, residual_units)
        self.features = PlainFeatures(width)
        self.channel_attention = PlainChannelAttention(width, dim, layers, heads, mlp_ratio, grid)
        self.spatial_attention = PlainSpatialAttention()
        self.head = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, photo: Tensor) -> Tensor:
        t = self.transmission(photo)
        ratio = photo / t
        r = self.residual(ratio)
        features = self.features(r)
        features = features * self.channel_attention(features, t)[:, :, None, None]
        features = features * self.spatial_attention(features)
        return ratio - (r + self.head(features))
