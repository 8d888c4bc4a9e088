"""Losses for crack logits in which a pixel of unknown truth weighs nothing."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from resatt_studio.errors import BugError
from resatt_studio.models.blocks.precision import widened


def weighted_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Binary cross-entropy, averaged over weight: sum(w * bce) / sum(w).

    Args:
        logits: (N, 1, H, W), any floating type; computed in 32 bits at least.
        target: The same shape, crack probability in [0, 1].
        weight: The same shape, at least 0; 0 where the truth is unknown.

    Returns:
        Scalar; 0 when every weight is 0.
    """
    loss = functional.binary_cross_entropy_with_logits(widened(logits), widened(target), reduction="none")
    return (loss * weight).sum() / weight.sum().clamp_min(1e-6)


def soft_dice_loss(
    logits: Tensor, target: Tensor, weight: Tensor, smooth: float = 1.0, quiet_share: float = 0.002
) -> Tensor:
    """One minus the soft Dice of each image that has crack, and false crack of each that has none.

    dice = (2 * sum(w p y) + s) / (sum(w p) + sum(w y) + s), after Milletari et al., V-Net, 3DV 2016, section
    3, with a smoothing constant and weights. An image without crack gives Dice nothing to overlap with: there
    the loss is f / (f + q), where f is its false crack, sum(w p), and q is ``quiet_share`` of its known area.
    That asks for silence where there is no crack about as loudly as for overlap where there is.

    Args:
        logits, target, weight: As in :func:`weighted_cross_entropy`.
        smooth: s, in pixels of weight.
        quiet_share: False crack that costs one half, as a share of known pixels.

    Returns:
        Scalar in [0, 1], averaged over the images of which anything is known; 0 when there is none.
    """
    probability = torch.sigmoid(widened(logits))
    truth = widened(target)
    axes = (1, 2, 3)
    overlap = (weight * probability * truth).sum(axes)
    claimed = (weight * probability).sum(axes)
    crack, known = (weight * truth).sum(axes), weight.sum(axes)
    missed = 1 - (2 * overlap + smooth) / (claimed + crack + smooth)
    noise = claimed / (claimed + quiet_share * known + 1e-6)
    loss = torch.where(crack > 0, missed, noise)
    counts = (known > 0).to(loss.dtype)
    return (loss * counts).sum() / counts.sum().clamp_min(1.0)


def crack_loss(
    logits: Tensor, target: Tensor, weight: Tensor | None = None, dice_share: float = 0.5
) -> Tensor:
    """(1 - share) * cross-entropy + share * soft Dice, both over known pixels only.

    Args:
        logits: (N, 1, H, W).
        target: (N, 1, H, W), crack probability in [0, 1].
        weight: (N, 1, H, W), at least 0; None means every pixel counts one.
        dice_share: In [0, 1].

    Returns:
        Scalar.

    Raises:
        BugError: The shapes differ.
    """
    weight = torch.ones_like(target) if weight is None else weight
    if not logits.shape == target.shape == weight.shape or logits.ndim != 4:
        shapes = [tuple(tensor.shape) for tensor in (logits, target, weight)]
        raise BugError(f"logits, target and weight must be (N, 1, H, W) of one shape, not {shapes}")
    entropy = weighted_cross_entropy(logits, target, weight)
    return (1 - dice_share) * entropy + dice_share * soft_dice_loss(logits, target, weight)
