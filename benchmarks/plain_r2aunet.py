"""The attention recurrent residual U-Net in its plainest layout, as a yardstick for speed.

Written from the layer tables of the papers (R2U-Net arXiv 1802.06955, Attention U-Net arXiv 1804.03999) with
one module per box of their drawings: no folding, no reuse, contiguous memory, single precision. It is slow on
purpose and is used by benchmarks only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PlainRecurrence(nn.Module):
    """y_0 = F(x), y_k = F(x + y_{k-1}) for k = 1..t, with one shared F = ReLU(BN(conv3x3))."""

    def __init__(self, width: int, t: int) -> None:
        super().__init__()
        self.t = t
        self.transform = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.transform(x)
        for _ in range(self.t):
            y = self.transform(x + y)
        return y


class PlainBlock(nn.Module):
    """p = conv1x1(x); p + recurrence(recurrence(p))."""

    def __init__(self, width_in: int, width_out: int, t: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(width_in, width_out, 1)
        self.recurrences = nn.Sequential(PlainRecurrence(width_out, t), PlainRecurrence(width_out, t))

    def forward(self, x: Tensor) -> Tensor:
        p = self.project(x)
        return p + self.recurrences(p)


class PlainRise(nn.Module):
    """Nearest-neighbour doubling, conv3x3, BN, ReLU."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width_in, width_out, 3, padding=1),
            nn.BatchNorm2d(width_out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class PlainGate(nn.Module):
    """skip * sigmoid(BN(conv(ReLU(BN(conv(gate)) + BN(conv(skip))))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = width // 2
        self.of_gate = nn.Sequential(nn.Conv2d(width, hidden, 1), nn.BatchNorm2d(hidden))
        self.of_skip = nn.Sequential(nn.Conv2d(width, hidden, 1), nn.BatchNorm2d(hidden))
        self.weigh = nn.Sequential(nn.Conv2d(hidden, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, gate: Tensor, skip: Tensor) -> Tensor:
        return skip * self.weigh(torch.relu(self.of_gate(gate) + self.of_skip(skip)))


class PlainR2AUNet(nn.Module):
    """N x 3 x H x W photo to N x 1 x H x W logits; H and W are multiples of 16."""

    def __init__(self, base_width: int = 64, t: int = 2) -> None:
        super().__init__()
        widths = [base_width * 2**level for level in range(5)]
        self.pool = nn.MaxPool2d(2)
        self.down = nn.ModuleList(PlainBlock(a, b, t) for a, b in zip([3, *widths[:-1]], widths, strict=True))
        self.rise = nn.ModuleList(PlainRise(2 * w, w) for w in reversed(widths[:-1]))
        self.gate = nn.ModuleList(PlainGate(w) for w in reversed(widths[:-1]))
        self.up = nn.ModuleList(PlainBlock(2 * w, w, t) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(base_width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else self.pool(x))
            skips.append(x)
        skips.pop()
        for rise, gate, block in zip(self.rise, self.gate, self.up, strict=True):
            lifted = rise(x)
            x = block(torch.cat([gate(lifted, skips.pop()), lifted], dim=1))
        return self.head(x)
