"""DHFormer laid out for one CPU; same answers as :class:`resatt_studio.models.dhformer.DHFormer`."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.inference.fused.layers import PackedConv
from resatt_studio.models.dhformer import (
    Dehazed,
    DHFormer,
    ResidualFeatures,
    ResidualNet,
    ResidualUnit,
    TransmissionNet,
)

USUAL_PX = 512
"""Side of the photo or tile that the weights are packed for."""

_SIDES = (USUAL_PX, USUAL_PX)


class ExactTransmission(nn.Module):
    """The transmission network in single precision, whatever runs around it."""

    def __init__(self, network: TransmissionNet) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)

    def forward(self, photo: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            answer: Tensor = self.network(photo.float())
            return answer


class FusedResidual(nn.Module):
    """The residual network in single precision; every unit writes over its input.

    u(x) = ReLU(x + Conv(ReLU(BN(x)))): the convolution adds x and takes the last ReLU as it writes.
    """

    def __init__(self, network: ResidualNet) -> None:
        super().__init__()
        self._stem = PackedConv(network.stem, torch.float32, _SIDES)
        units = cast(list[ResidualUnit], list(network.units))
        self._units = [(unit.entry_norm, PackedConv(unit.conv, torch.float32, _SIDES)) for unit in units]
        self._tail = PackedConv(network.tail, torch.float32, _SIDES)

    def forward(self, ratio: Tensor) -> Tensor:
        features = self._stem(ratio.contiguous(memory_format=torch.channels_last), "relu")
        for norm, conv in self._units:
            conv.onto_(functional.relu(norm(features), inplace=True), features, relu=True)
        return self._tail(features)


class FusedFeatures(nn.Module):
    """F = ReLU(S(r) + P(r)), each activation and the sum within a convolution."""

    def __init__(self, network: ResidualFeatures, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        layers = (network.first, network.second, network.third, network.project)
        self._first, self._second, self._third, self._project = (
            PackedConv(layer, dtype, _SIDES) for layer in layers
        )

    def forward(self, seen: Tensor) -> Tensor:
        seen = seen.to(self.dtype).contiguous(memory_format=torch.channels_last)
        projected = self._project(seen[:, :3].contiguous(memory_format=torch.channels_last))
        return self._third.onto_(self._second(self._first(seen, "relu"), "relu"), projected, relu=True)


class FusedHead(nn.Module):
    """The last convolution."""

    def __init__(self, conv: nn.Conv2d, dtype: torch.dtype) -> None:
        super().__init__()
        self._conv = PackedConv(conv, dtype, _SIDES)

    def forward(self, features: Tensor) -> Tensor:
        return self._conv(features)


class FusedDHFormer(nn.Module):
    """See :class:`DHFormer`; takes and gives the same.

    Transmission, ratio and residual are in single precision, the rest in ``dtype``.

    Args:
        network: In evaluation mode; it is used up.
        dtype: Of the attention module.
    """

    def __init__(self, network: DHFormer, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        parts = {
            "transmission": ExactTransmission(network.transmission),
            "residual": FusedResidual(network.residual),
            "features": FusedFeatures(network.features, dtype),
            "head": FusedHead(network.head, dtype),
        }
        for name, part in parts.items():
            setattr(network, name, part)
        self.network = network

    def forward(self, photo: Tensor, channel_gates: Tensor | None = None) -> Dehazed:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            answer: Dehazed = self.network(photo, channel_gates)
            return answer
