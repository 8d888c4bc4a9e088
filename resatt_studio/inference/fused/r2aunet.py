"""R2AU-Net laid out for one CPU; same answers as :class:`resatt_studio.models.r2aunet.R2AUNet`."""

from __future__ import annotations

from typing import TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.inference.fused.layers import PackedConv, PackedRise, Sides, release
from resatt_studio.models.r2aunet import (
    AttentionGate,
    R2AUNet,
    RecurrentResidualBlock,
    RecurrentUnit,
    UpConvolution,
    mirror_to_multiple,
)

USUAL_PX = 512
"""Side of the photo or tile that the weights are packed for."""

Level: TypeAlias = tuple[UpConvolution, AttentionGate, RecurrentResidualBlock]
"""What the network does on one level on the way up."""


class FusedRecurrence:
    """y_0 = ReLU(c), y_k = ReLU(c + W y_{k-1}) with c = W x + b worked out once.

    A convolution of a sum is the sum of the convolutions, so nothing has to be added up in between: the last
    answer's convolution adds c and takes the ReLU as it writes.
    """

    def __init__(self, unit: RecurrentUnit, dtype: torch.dtype, sides: Sides) -> None:
        self._conv = PackedConv(unit.conv, dtype, sides)
        self._t = unit.t
        release(unit)

    def __call__(self, features: Tensor) -> Tensor:
        common = self._conv(features)
        answer = functional.relu(common)
        for _ in range(self._t - 1):
            answer = self._conv.plus(answer, common, relu=True, bias=False)
        return self._conv.onto_(answer, common, relu=True, bias=False)


class FusedBlock:
    """p + U2(U1(p)); how p comes about is the caller's."""

    def __init__(self, block: RecurrentResidualBlock, dtype: torch.dtype, sides: Sides) -> None:
        self._first = FusedRecurrence(block.first, dtype, sides)
        self._second = FusedRecurrence(block.second, dtype, sides)

    def __call__(self, projected: Tensor) -> Tensor:
        return self._second(self._first(projected)).add_(projected)


class FusedGate:
    """skip * sigmoid(score(ReLU(of_signal + of_skip))), written over the skip."""

    def __init__(self, gate: AttentionGate, dtype: torch.dtype, sides: Sides) -> None:
        self._signal = PackedConv(gate.signal_conv, dtype, sides)
        self._skip = PackedConv(gate.skip_conv, dtype, sides)
        self._score = PackedConv(gate.score_conv, dtype, sides)

    def __call__(self, signal: Tensor, skip: Tensor) -> Tensor:
        score = self._score(self._skip.onto_(skip, self._signal(signal), relu=True))
        return skip.mul_(torch.sigmoid(score.float()).to(skip.dtype))


class FusedStep:
    """A decoder level: double, gate, project both parts onto one tensor, recur."""

    def __init__(
        self,
        rise: UpConvolution,
        gate: AttentionGate,
        block: RecurrentResidualBlock,
        dtype: torch.dtype,
        sides: Sides,
    ) -> None:
        width = rise.conv.out_channels
        self._rise = PackedRise(rise.conv, dtype, (sides[0] // 2, sides[1] // 2))
        self._gate = FusedGate(gate, dtype, sides)
        self._from_skip = PackedConv(block.project, dtype, sides, slice(0, width))
        self._from_signal = PackedConv(block.project, dtype, sides, slice(width, 2 * width))
        self._block = FusedBlock(block, dtype, sides)

    def __call__(self, below: Tensor, skip: Tensor) -> Tensor:
        signal = self._rise(below, "relu")
        gated = self._gate(signal, skip)
        # W [gated; signal] = W1 gated + W2 signal: nothing is copied side by side.
        return self._block(self._from_skip.onto_(gated, self._from_signal(signal), bias=False))


class FusedR2AUNet(nn.Module):
    """See :class:`R2AUNet`; same shapes, any size.

    Args:
        network: In evaluation mode, norms folded; it is used up.
        dtype: Of weights and features; logits have it too.
    """

    def __init__(self, network: R2AUNet, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.stem = network.stem
        self.size_multiple = network.size_multiple
        sides = [(side, side) for side in (USUAL_PX // network.stem // 2**level for level in range(5))]
        blocks = cast(list[RecurrentResidualBlock], list(network.encoder))
        self._enter = PackedConv(_unfolding(blocks[0].project, network.stem), dtype, (USUAL_PX, USUAL_PX))
        self._project = [PackedConv(b.project, dtype, s) for b, s in zip(blocks[1:], sides[1:], strict=True)]
        self._encoder = [FusedBlock(block, dtype, side) for block, side in zip(blocks, sides, strict=True)]
        parts = zip(network.rise, network.gates, network.decoder, sides[-2::-1], strict=True)
        self._decoder = [FusedStep(*cast(Level, part[:3]), dtype, part[3]) for part in parts]
        self._head = PackedConv(network.head, dtype, sides[0])
        release(network)

    def forward(self, photo: Tensor) -> Tensor:
        height, width = photo.shape[-2:]
        padded = mirror_to_multiple(photo.to(self.dtype), self.size_multiple)
        features = self._encoder[0](self._enter(padded.contiguous(memory_format=torch.channels_last)))
        skips = [features]
        for project, block in zip(self._project, self._encoder[1:], strict=True):
            features = block(project(_halved(features)))
            skips.append(features)
        skips.pop()
        for step in self._decoder:
            features = step(features, skips.pop())
        logits = self._head(features)
        if self.stem > 1:
            logits = functional.pixel_shuffle(logits, self.stem)
        return logits[..., :height, :width]


def _unfolding(project: nn.Conv2d, stem: int) -> nn.Conv2d:
    """Folding stem x stem pixels into channels and projecting these is one convolution with that stride."""
    if stem == 1:
        return project
    channels = project.in_channels // stem**2
    with torch.device("meta"):
        merged = nn.Conv2d(channels, project.out_channels, stem, stride=stem)
    merged.weight = nn.Parameter(project.weight.detach().view(-1, channels, stem, stem), requires_grad=False)
    merged.bias = project.bias
    return merged


def _halved(features: Tensor) -> Tensor:
    """2x2 maximum with stride 2; several times faster than the pooling layer where channels are last."""
    rows = torch.maximum(features[..., ::2, :], features[..., 1::2, :])
    return torch.maximum(rows[..., ::2], rows[..., 1::2])
