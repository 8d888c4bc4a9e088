"""Patch embeddings that begin as principal components, each of equal loudness.

A patch of a photo is mostly its mean brightness; next to that a crack of two pixels is a whisper, and a
transformer that begins with random projections takes very long to hear it. Beginning with the principal
components of the training photos' own patches, each divided by its spread, makes fine lines as loud as
brightness (whitening; Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, appendix A).
Only where learning starts is changed; the layer learns on as any other.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

_LEAST_SPREAD = 1e-2  # of the largest: weaker components are noise, and are not made loud


def whiten_patches(patch: nn.Conv2d, photos: Iterable[Tensor]) -> None:
    """Set a patch convolution to the whitened principal components of the patches in ``photos``.

    Its answers over these photos then have mean 0, variance of at most 1, and no correlation between
    channels. Channels beyond the number of components keep their weights.

    Args:
        patch: Kernel equal to stride, with a bias.
        photos: Batches (N, 3, H, W) as the network takes them; sides are multiples of the kernel.
    """
    kernel = (int(patch.kernel_size[0]), int(patch.kernel_size[1]))
    rows = torch.cat([_patches(batch, kernel) for batch in photos]).double()
    mean = rows.mean(dim=0)
    spread, components = torch.linalg.eigh(torch.cov((rows - mean).T))
    kept = min(patch.out_channels, len(spread))
    spread, components = spread.flip(0)[:kept], components.flip(1)[:, :kept]
    floor = _LEAST_SPREAD**2 * float(spread[0])
    filters = components.T / spread.clamp_min(floor).sqrt()[:, None]
    with torch.no_grad():
        patch.weight[:kept] = filters.view(kept, *patch.weight.shape[1:]).to(patch.weight)
        if patch.bias is not None:
            patch.bias[:kept] = -(filters @ mean).to(patch.bias)


def _patches(batch: Tensor, kernel: tuple[int, int]) -> Tensor:
    """(N, 3, H, W) to one row a patch, in the order of a convolution's weights."""
    return nn.functional.unfold(batch, kernel, stride=kernel).transpose(1, 2).flatten(0, 1)
