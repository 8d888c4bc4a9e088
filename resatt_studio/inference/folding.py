"""Fold BatchNorm into the layer before it: the same answers with fewer layers."""

from __future__ import annotations

from typing import TypeAlias

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from resatt_studio.errors import BugError

Norm: TypeAlias = nn.BatchNorm1d | nn.BatchNorm2d

ENTRY = "entry_"
"""Beginning of the name of a norm that stands in front of its layer, with an activation between them."""


def fold_norms(network: nn.Module) -> int:
    """Merge every BatchNorm with the convolution or linear layer before it, in place.

    In evaluation mode BatchNorm is a fixed scale and shift a channel, so
    ``BN(Wx + b) = (s W) x + (s (b - mean) + beta)`` with ``s = gamma / sqrt(var + eps)``. Networks of this
    app name the pair ``<name>norm`` and ``<name>conv``, or ``<name>norm`` and ``<name>linear``, within one
    module; the norm becomes an identity. A norm that stands in front of its layer is called
    ``entry_<name>norm`` and stays: the activation between the two lets nothing through to merge.

    Returns:
        How many were merged.

    Raises:
        BugError: A norm has no layer of its name, or the network is in training mode.
    """
    if network.training:
        raise BugError("norms fold in evaluation mode only")
    folded = 0
    for owner in list(network.modules()):
        for name, norm in list(owner.named_children()):
            if isinstance(norm, Norm) and not name.startswith(ENTRY):
                partner, merged = _merged(owner, name, norm)
                setattr(owner, partner, merged)
                setattr(owner, name, nn.Identity())
                folded += 1
    return folded


def _merged(owner: nn.Module, name: str, norm: Norm) -> tuple[str, nn.Module]:
    """The name of the norm's layer, and that layer with the norm in it."""
    start = name.removesuffix("norm")
    conv, linear = getattr(owner, f"{start}conv", None), getattr(owner, f"{start}linear", None)
    if isinstance(norm, nn.BatchNorm2d):
        if isinstance(conv, nn.Conv2d) and conv.out_channels == norm.num_features:
            return f"{start}conv", fuse_conv_bn_eval(conv, norm)
    elif isinstance(linear, nn.Linear) and linear.out_features == norm.num_features:
        return f"{start}linear", fuse_linear_bn_eval(linear, norm)
    wanted = "conv" if isinstance(norm, nn.BatchNorm2d) else "linear"
    raise BugError(f"{type(owner).__name__}.{name} has no layer {start}{wanted} to fold into")
