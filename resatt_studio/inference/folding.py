"""Fold BatchNorm into the convolution before it: the same answers with fewer layers."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from resatt_studio.errors import BugError


def fold_norms(network: nn.Module) -> int:
    """Merge every BatchNorm with its convolution, in place; return how many were merged.

    In evaluation mode BatchNorm is a fixed scale and shift a channel, so
    ``BN(Wx + b) = (s W) x + (s (b - mean) + beta)`` with ``s = gamma / sqrt(var + eps)``. Networks of this
    app name the pair ``<name>conv`` and ``<name>norm`` within one module; the norm becomes an identity.

    Raises:
        BugError: A norm has no convolution of its name, or the network is in training mode.
    """
    if network.training:
        raise BugError("norms fold in evaluation mode only")
    folded = 0
    for owner in list(network.modules()):
        for name, norm in list(owner.named_children()):
            if not isinstance(norm, nn.BatchNorm2d):
                continue
            partner = name.removesuffix("norm") + "conv"
            conv = getattr(owner, partner, None)
            if not isinstance(conv, nn.Conv2d) or conv.out_channels != norm.num_features:
                raise BugError(f"{type(owner).__name__}.{name} has no convolution {partner} to fold into")
            setattr(owner, partner, fuse_conv_bn_eval(conv, norm))
            setattr(owner, name, nn.Identity())
            folded += 1
    return folded
