"""Losses for dehazing: what the network says about a photo against the haze that was put on it.

Ours; the paper's loss could not be read. L = L1(J) + 0.5 L1(J0) + 0.5 L1(t) + 0.2 (1 - SSIM(J)) +
0.01 mean ReLU(-r*). The transmission has to be told: t and r explain a photo only together, and a network
left alone may call everything clear and let the residual do all the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from resatt_studio.errors import BugError
from resatt_studio.models.blocks.precision import widened
from resatt_studio.models.dhformer import Dehazed

Stage = Literal["transmission", "residual", "all"]

_WINDOW_PX = 11
_SIGMA_PX = 1.5
_C1, _C2 = 0.01**2, 0.03**2


@dataclass(frozen=True, slots=True)
class DehazeWeights:
    """Weight of each part of :func:`dehaze_loss`.

    Attributes:
        clear: L1 of the clear photo J.
        coarse: L1 of the coarse answer J0.
        transmission: L1 of t, where it is known.
        structure: 1 - SSIM of the clear photo.
        negative: Mean of ReLU(-r*): haze only ever adds light to the ratio.
        variation: Total variation of ln t, where t is not known (real pairs).
        crack_edges: L1 between Sobel magnitudes inside dilated crack masks, where masks are given.
    """

    clear: float = 1.0
    coarse: float = 0.5
    transmission: float = 0.5
    structure: float = 0.2
    negative: float = 0.01
    variation: float = 1e-3
    crack_edges: float = 0.0


CRACK_AWARE = DehazeWeights(crack_edges=0.1)
"""The usual weights, and edges within cracks."""


@dataclass(frozen=True, slots=True)
class DehazeLoss:
    """A loss and what it is made of.

    Attributes:
        total: Scalar with gradient: the sum of weight times part.
        parts: Unweighted scalars without gradient, by the names of :class:`DehazeWeights`; only those that
            were computed.
    """

    total: Tensor
    parts: dict[str, Tensor]


def dehaze_loss(
    answer: Dehazed,
    clear: Tensor,
    transmission: Tensor | None = None,
    crack: Tensor | None = None,
    weights: DehazeWeights | None = None,
) -> DehazeLoss:
    """Return the loss of one batch.

    Args:
        answer: What the network returned, unclamped.
        clear: (N, 3, H, W) in [0, 1].
        transmission: (N, 1, H, W) in (0, 1]; None for real pairs, whose transmission nobody knows.
        crack: (N, 1, H, W), 1 where crack; only looked at with a weight for ``crack_edges``.
        weights: None is :class:`DehazeWeights` as it stands.

    Raises:
        BugError: The shapes differ.
    """
    weights = weights or DehazeWeights()
    _check_shape("clear", clear, answer.clear)
    parts = {
        "clear": (answer.clear - clear).abs().mean(),
        "coarse": (answer.coarse - clear).abs().mean(),
        "negative": functional.relu(-answer.refined_residual).mean(),
    }
    if weights.structure:
        parts["structure"] = 1.0 - structural_similarity(answer.clear, clear)
    if transmission is not None:
        _check_shape("transmission", transmission, answer.transmission)
        parts["transmission"] = (answer.transmission - transmission).abs().mean()
    else:
        parts["variation"] = total_variation(answer.transmission.log())
    if crack is not None and weights.crack_edges:
        _check_shape("crack", crack, answer.transmission)
        parts["crack_edges"] = crack_edge_loss(answer.clear, clear, crack)
    total = sum((getattr(weights, name) * part for name, part in parts.items()), answer.clear.new_zeros(()))
    return DehazeLoss(total, {name: part.detach() for name, part in parts.items()})


def stage_loss(
    answer: Dehazed, clear: Tensor, transmission: Tensor, residual: Tensor, stage: Stage = "all"
) -> Tensor:
    """Plain squared error, one network after the other.

    So the ancestor was trained: residual-based dehazing, Li, Li and Fan, IEEE Access 2018.

    Args:
        answer: What the network returned.
        clear, transmission, residual: The truth, shaped as in ``answer``.
        stage: "transmission" and "residual" teach that network alone, "all" the clear photo.

    Returns:
        Scalar.

    Raises:
        BugError: The shapes differ, or there is no such stage.
    """
    pairs = {
        "transmission": (answer.transmission, transmission),
        "residual": (answer.residual, residual),
        "all": (answer.clear, clear),
    }
    if stage not in pairs:
        raise BugError(f"there is no stage {stage!r}; known: {', '.join(pairs)}")
    said, truth = pairs[stage]
    _check_shape(stage, truth, said)
    return functional.mse_loss(said, truth)


def structural_similarity(answer: Tensor, truth: Tensor) -> Tensor:
    """Differentiable mean SSIM over pixels and channels, at most 1 (Wang et al., TIP 2004, section III).

    The same numbers as :func:`resatt_studio.imaging.quality.ssim` for values in [0, 1]: Gaussian window of
    11 pixels and spread 1.5, valid region. Photos smaller than that get the largest odd window that fits.

    Args:
        answer, truth: (N, C, H, W), about [0, 1]; computed in fp32 at least.

    Returns:
        Scalar.
    """
    answer, truth = widened(answer), widened(truth)
    fitting = min(_WINDOW_PX, *answer.shape[-2:])
    side = fitting - 1 + fitting % 2
    offset = torch.arange(side, dtype=answer.dtype, device=answer.device) - side // 2
    line = torch.exp(-0.5 * (offset / _SIGMA_PX).square())
    line = line / line.sum()
    with torch.autocast(answer.device.type, enabled=False):
        moments = torch.cat((answer, truth, answer * answer, truth * truth, answer * truth), dim=1)
        count = moments.shape[1]
        for shape in ((1, 1, side, 1), (1, 1, 1, side)):
            kernels = line.view(shape).expand(count, -1, -1, -1)
            moments = functional.conv2d(moments, kernels, groups=count)
        mean_a, mean_b, square_a, square_b, product = moments.chunk(5, dim=1)
    spread_a, spread_b = square_a - mean_a.square(), square_b - mean_b.square()
    alike: Tensor = (2 * mean_a * mean_b + _C1) * (2 * (product - mean_a * mean_b) + _C2)
    scale: Tensor = (mean_a.square() + mean_b.square() + _C1) * (spread_a + spread_b + _C2)
    return (alike / scale).mean()


def total_variation(values: Tensor) -> Tensor:
    """Mean absolute step to the right plus mean absolute step downwards; (N, C, H, W) to a scalar.

    A side of one pixel has no steps and adds 0.
    """
    steps = (values.diff(dim=-1).abs(), values.diff(dim=-2).abs())
    return sum((step.mean() for step in steps if step.numel()), values.new_zeros(()))


def crack_edge_loss(answer: Tensor, truth: Tensor, crack: Tensor, reach_px: int = 3) -> Tensor:
    """L1 between Sobel magnitudes of the channel means, within ``reach_px`` of crack: thin lines must neither
    fade nor be sharpened into being.

    Args:
        answer, truth: (N, 3, H, W).
        crack: (N, 1, H, W), 1 where crack.

    Returns:
        Scalar; 0 where there is no crack.
    """
    side = 2 * reach_px + 1
    near = (functional.max_pool2d(crack.float(), side, stride=1, padding=reach_px) > 0.5).to(answer.dtype)
    difference = (_edges(answer) - _edges(truth)).abs()
    return (difference * near).sum() / near.sum().clamp_min(1.0)


def _edges(photo: Tensor) -> Tensor:
    """Sobel magnitude of the channel mean, (N, 1, H, W); a unit step has magnitude 1."""
    grey = functional.pad(photo.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    smooth = grey.new_tensor([1.0, 2.0, 1.0]) / 4.0
    step = grey.new_tensor([-1.0, 0.0, 1.0])
    across = functional.conv2d(grey, (smooth[:, None] * step)[None, None])
    down = functional.conv2d(grey, (step[:, None] * smooth)[None, None])
    return torch.sqrt(across.square() + down.square() + 1e-8)  # the root of 0 has no gradient


def _check_shape(name: str, given: Tensor, wanted: Tensor) -> None:
    if given.shape != wanted.shape:
        raise BugError(f"{name} must be {tuple(wanted.shape)}, not {tuple(given.shape)}")
