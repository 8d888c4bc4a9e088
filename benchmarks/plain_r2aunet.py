"""The attention recurrent residual U-Net in its plainest layout, as a yardstick for speed.

Written from the layer tables of the papers (R2U-Net arXiv 1802.06955, Attention U-Net arXiv 1804.03999) with
one module per box of their drawings: norms stand for themselves, nothing is reused, memory is contiguous and
precision single. Names of parameters are those of ``resatt_studio.models.r2aunet``, so the same weights load.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainRecurrence(nn.Module):
    """y_0 = F(x), y_k = F(x + y_{k-1}) for k = 1..t, with one shared F = ReLU(BN(conv3x3))."""

    def __init__(self, width: int, t: int) -> None:
        super().__init__()
        self.t = t
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def transform(self, x: Tensor) -> Tensor:
        return self.relu(self.norm(self.conv(x)))

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
        self.first = PlainRecurrence(width_out, t)
        self.second = PlainRecurrence(width_out, t)

    def forward(self, x: Tensor) -> Tensor:
        p = self.project(x)
        return p + self.second(self.first(p))


class PlainRise(nn.Module):
    """Nearest-neighbour doubling, conv3x3, BN, ReLU."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.larger = nn.Upsample(scale_factor=2)
        self.conv = nn.Conv2d(width_in, width_out, 3, padding=1)
        self.norm = nn.BatchNorm2d(width_out)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.norm(self.conv(self.larger(x))))


class PlainGate(nn.Module):
    """skip * sigmoid(BN(conv(ReLU(BN(conv(gate)) + BN(conv(skip))))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = width // 2
        self.signal_conv = nn.Conv2d(width, hidden, 1)
        self.signal_norm = nn.BatchNorm2d(hidden)
        self.skip_conv = nn.Conv2d(width, hidden, 1)
        self.skip_norm = nn.BatchNorm2d(hidden)
        self.score_conv = nn.Conv2d(hidden, 1, 1)
        self.score_norm = nn.BatchNorm2d(1)

    def forward(self, gate: Tensor, skip: Tensor) -> Tensor:
        of_gate = self.signal_norm(self.signal_conv(gate))
        of_skip = self.skip_norm(self.skip_conv(skip))
        return skip * torch.sigmoid(self.score_norm(self.score_conv(torch.relu(of_gate + of_skip))))


class PlainR2AUNet(nn.Module):
    """N x 3 x H x W photo to N x 1 x H x W logits; H and W are multiples of ``16 * stem``.

    ``stem`` 2 folds the photo 2x2 into channels first and unfolds four logits a cell at the end.
    """

    def __init__(self, base_width: int = 64, t: int = 2, stem: int = 1) -> None:
        super().__init__()
        self.stem = stem
        widths = [base_width * 2**level for level in range(5)]
        below = [3 * stem * stem, *widths[:-1]]
        self.pool = nn.MaxPool2d(2)
        self.encoder = nn.ModuleList(PlainBlock(a, b, t) for a, b in zip(below, widths, strict=True))
        self.rise = nn.ModuleList(PlainRise(2 * w, w) for w in reversed(widths[:-1]))
        self.gates = nn.ModuleList(PlainGate(w) for w in reversed(widths[:-1]))
        self.decoder = nn.ModuleList(PlainBlock(2 * w, w, t) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(base_width, stem * stem, 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.stem > 1:
            x = functional.pixel_unshuffle(x, self.stem)
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(x if level == 0 else self.pool(x))
            skips.append(x)
        skips.pop()
        for rise, gate, block in zip(self.rise, self.gates, self.decoder, strict=True):
            lifted = rise(x)
            x = block(torch.cat([gate(lifted, skips.pop()), lifted], dim=1))
        logits = self.head(x)
        return functional.pixel_shuffle(logits, self.stem) if self.stem > 1 else logits
