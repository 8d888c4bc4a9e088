"""The ways to run a network: how each lays it out, where it can, and how exact it is.

A way is one line of :data:`PATHS`. All give the same answers to within their tolerance; which is fastest
depends on the network and on the machine, and :mod:`.choice` measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from resatt_studio.errors import SettingsError
from resatt_studio.inference.device import Compute
from resatt_studio.inference.folding import fold_norms
from resatt_studio.inference.fused.layers import available

AUTO = "auto"
PLAIN = "plain"
FOLDED = "folded"
FUSED = "fused"

TOLERANCE_FP32 = 1e-4
"""Largest difference from the plain way in single precision, as a share of the largest answer."""

TOLERANCE_BF16 = 0.04
"""The same in bfloat16, whose numbers have steps of 0.4 to 0.8 %."""

FUSED_NETWORKS: Mapping[str, str] = {
    "R2AUNet": "resatt_studio.inference.fused.r2aunet:FusedR2AUNet",
    "RMT": "resatt_studio.inference.fused.rmt:FusedRMT",
    "ReViT": "resatt_studio.inference.fused.revit:FusedReViT",
    "DHFormer": "resatt_studio.inference.fused.dhformer:FusedDHFormer",
}
"""Class of a network to what lays it out for one CPU."""


@dataclass(frozen=True, slots=True)
class EnginePath:
    """One way to run a network.

    Attributes:
        name: As in settings and in :data:`PATHS`.
        title: Shown to people.
        fits: Whether it can run this network there.
        lay_out: Turns a network in evaluation mode, which is used up, into one that runs there.
    """

    name: str
    title: str
    fits: Callable[[nn.Module, Compute], bool]
    lay_out: Callable[[nn.Module, Compute, bool], nn.Module]


class InPrecision(nn.Module):
    """Runs a network in bfloat16: all of it when its weights are, else where autocast says so."""

    def __init__(self, network: nn.Module, compute: Compute, halved: bool) -> None:
        super().__init__()
        self.network = network
        self.compute = compute
        self.halved = halved

    def forward(self, photo: Tensor, *others: Any) -> Any:
        if self.halved:
            return self.network(photo.to(self.compute.dtype), *others)
        with self.compute.autocast():
            return self.network(photo, *others)


def _everywhere(network: nn.Module, compute: Compute) -> bool:
    return True


def _plainly(network: nn.Module, compute: Compute, halve: bool) -> nn.Module:
    return InPrecision(network.to(compute.device), Compute(compute.device), False)


def _folded(network: nn.Module, compute: Compute, halve: bool) -> nn.Module:
    fold_norms(network)
    ready = network.to(compute.device, compute.dtype if halve else torch.float32)
    return InPrecision(ready.to(memory_format=torch.channels_last), compute, halve)


def _can_fuse(network: nn.Module, compute: Compute) -> bool:
    known = type(network).__name__ in FUSED_NETWORKS and not getattr(network, "dense", False)
    return known and compute.device.type == "cpu" and available(compute.dtype)


def _fused(network: nn.Module, compute: Compute, halve: bool) -> nn.Module:
    module, _, name = FUSED_NETWORKS[type(network).__name__].partition(":")
    laid_out: Callable[[nn.Module, torch.dtype], nn.Module] = getattr(import_module(module), name)
    fold_norms(network)
    return InPrecision(laid_out(network, compute.dtype), Compute(compute.device), False)


PATHS: Mapping[str, EnginePath] = {
    path.name: path
    for path in (
        EnginePath(PLAIN, "As the network is written, single precision", _everywhere, _plainly),
        EnginePath(FOLDED, "Norms folded, channels last", _everywhere, _folded),
        EnginePath(FUSED, "Packed for this CPU", _can_fuse, _fused),
    )
}


def find_path(name: str) -> EnginePath:
    """Return one line of the table.

    Raises:
        SettingsError: There is no such way.
    """
    if name not in PATHS:
        raise SettingsError(f"There is no engine path {name!r}.", f"Known: {', '.join((AUTO, *PATHS))}.")
    return PATHS[name]


def fitting(network: nn.Module, compute: Compute) -> tuple[str, ...]:
    """Names of the ways that can run this network there, the plain one first."""
    return tuple(path.name for path in PATHS.values() if path.fits(network, compute))


def prepare(network: nn.Module, compute: Compute, path: str, halve: bool = False) -> nn.Module:
    """Lay a network out.

    Args:
        network: On the CPU, single precision, in evaluation mode. It is used up: hand in a copy to keep it.
        compute: Where it shall run. The plain way takes no notice of half precision.
        path: A name of :data:`PATHS` that fits.
        halve: In half precision, whether the weights are halved too; networks that keep parts of themselves
            in single precision need autocast instead.

    Returns:
        A module that takes and gives what the network does: single precision photos on the device. Run it in
        inference mode.

    Raises:
        SettingsError: There is no such way, or it does not fit.
    """
    chosen = find_path(path)
    if not chosen.fits(network, compute):
        raise SettingsError(
            f"The engine path {path!r} cannot run {type(network).__name__} on {compute.name}.",
            f"Choose one of {', '.join((AUTO, *fitting(network, compute)))}.",
        )
    return chosen.lay_out(network, compute, halve)


def tolerance(compute: Compute) -> float:
    """How far a way may be off, as a share of the plain way's largest answer."""
    return TOLERANCE_FP32 if compute.dtype == torch.float32 else TOLERANCE_BF16


def difference(answer: Any, plain: Any) -> float:
    """Largest difference of two answers as a share of the largest number in ``plain``.

    Infinite where a number is missing. Of several tensors, those called ``clear`` count.
    """
    ours, theirs = (getattr(side, "clear", side).float() for side in (answer, plain))
    if ours.shape != theirs.shape or not bool(torch.isfinite(ours).all()):
        return float("inf")
    return float((ours - theirs).abs().max() / theirs.abs().max().clamp_min(1e-6))
