"""DHFormer-style dehazing, re-implemented from the published description: hazy photo to clear photo.

After Wasi and Shiney, "DHFormer: A Vision Transformer-Based Attention Module for Image Dehazing", arXiv
2312.09955. What its abstract fixes is here, in its order: a transmission estimate, the ratio of photo and
transmission, a residual network, convolutions and superposition on the residual, global-context and
depth-aware encoders, channel attention, spatial attention. Widths, depths, patches and losses are ours, so
the paper's figures say nothing about this network. Not DehazeFormer (arXiv 2204.03883), another network.

Scattering model: I = J t + A (1 - t). Divided by t: I / t = J + r with r = A (1 - t) / t, so the clear photo
is the ratio minus a residual, and the airlight A never has to be known (residual-based dehazing: Li, Li and
Fan, "Image Dehazing Using Residual-Based Deep CNN", IEEE Access 2018).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import BugError, WeightsError
from resatt_studio.models.blocks.precision import widened

TRANSMISSION_RADIUS_PX = 11  # 5x5, the widest of 3x3 / 5x5 / 7x7, 7x7 pooling, 7x7: 2 + 3 + 3 + 3
ATTENTION_RADIUS_PX = 7  # three 3x3, spatial gate 7x7, head 3x3: 3 + 3 + 1
HEADS = ("residual", "direct")

_MAXOUT_PIECES = 4
_GUIDED_EPSILON = 1e-3  # variance of the guide below which it counts as flat
_OPEN_SKY_BIAS = 1.0  # t begins near 0.76 (with t_min 0.1): most photos are clearer than half


class Dehazed(NamedTuple):
    """All that the network says about a batch of photos, each N first.

    Attributes:
        transmission: t, (N, 1, H, W) in [t_min, 1], fp32: share of the scene's light that arrives.
        ratio: I / t, (N, 3, H, W) in [0, 1 / t_min], fp32.
        residual: r, (N, 3, H, W), fp32: what haze added to the ratio; about A (1 - t) / t.
        coarse: ratio - residual, (N, 3, H, W), fp32: the clear photo before the attention module.
        refined_residual: r*, (N, 3, H, W), fp32; ratio - clear, whichever head made it.
        clear: J, (N, 3, H, W), fp32, about [0, 1]. Not clamped: a clamp has no gradient outside.
        channel_gates: c, (N, C) in (0, 2); 1 lets a channel pass as it is.
        spatial_gates: s, (N, 1, H, W) in (0, 1).
    """

    transmission: Tensor
    ratio: Tensor
    residual: Tensor
    coarse: Tensor
    refined_residual: Tensor
    clear: Tensor
    channel_gates: Tensor
    spatial_gates: Tensor


class TransmissionNet(nn.Module):
    """How much of the scene's light arrives at each pixel; modelled on DehazeNet (Cai et al., TIP 2016).

    5x5 convolution and maxout, three convolutions of growing size side by side, 7x7 maximum, 7x7 convolution.
    t = t_min + (1 - t_min) sigmoid(z) in place of DehazeNet's clamp, which has no gradient outside [0, 1] and
    would let the ratio I / t explode.

    Shape: (N, 3, H, W) in [0, 1] to (N, 1, H, W) in [t_min, 1], fp32 unless the weights are wider.
    """

    def __init__(self, t_min: float, width: int = 16) -> None:
        super().__init__()
        self.t_min = t_min
        narrow = width // _MAXOUT_PIECES
        self.enter = nn.Conv2d(3, width, kernel_size=5, padding=2)
        self.near = nn.Conv2d(narrow, width, kernel_size=3, padding=1)
        self.middle = nn.Conv2d(narrow, width, kernel_size=5, padding=2)
        self.far = nn.Conv2d(narrow, width, kernel_size=7, padding=3)
        self.score = nn.Conv2d(3 * width, 1, kernel_size=7, padding=3)
        nn.init.constant_(cast(Tensor, self.score.bias), _OPEN_SKY_BIAS)

    def forward(self, photo: Tensor) -> Tensor:
        one, two, three, four = self.enter(photo).chunk(_MAXOUT_PIECES, dim=1)
        features = torch.maximum(torch.maximum(one, two), torch.maximum(three, four))
        # The maximum keeps channels apart, and three small arrays are faster to get than one large.
        scales = [_maximum_7x7(conv(features)) for conv in (self.near, self.middle, self.far)]
        scores = _one_map(torch.cat(scales, dim=1), self.score)
        # Eight bits of mantissa would leave steps in t that the division by t makes visible.
        return self.t_min + (1.0 - self.t_min) * torch.sigmoid(widened(scores))


class ResidualUnit(nn.Module):
    """u(x) = ReLU(x + Conv3x3(ReLU(BN(x)))).

    The norm stands before the convolution and its ReLU, so it cannot be folded into one.

    Shape: (N, width, H, W) to the same.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.entry_norm = nn.BatchNorm2d(width)
        self.conv = nn.Conv2d(width, width, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        change = self.conv(functional.relu(self.entry_norm(features), inplace=True))
        return functional.relu(change.add_(features), inplace=True)


class ResidualNet(nn.Module):
    """What haze added to the ratio photo: a stem, ``units`` residual units, a linear tail.

    No ReLU at the end, as a dead output would hold the residual at 0; negative residuals cost a penalty in
    training instead.

    Shape: (N, 3, H, W) in [0, 1 / t_min] to (N, 3, H, W).
    """

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, kernel_size=3, padding=1)
        self.units = nn.ModuleList(ResidualUnit(width) for _ in range(units))
        self.tail = nn.Conv2d(width, 3, kernel_size=3, padding=1)

    def forward(self, ratio: Tensor) -> Tensor:
        features = functional.relu(self.stem(ratio), inplace=True)
        for unit in self.units:
            features = unit(features)
        return cast(Tensor, self.tail(features))


class ResidualFeatures(nn.Module):
    """Convolutions over the residual, superposed on the residual itself: F = ReLU(S(r) + P(r)).

    S is three 3x3 convolutions with ReLU between, P a 1x1 projection.

    Shape: (N, in_width, H, W), the first 3 channels the residual, to (N, width, H, W), at least 0.
    """

    def __init__(self, in_width: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_width, width, kernel_size=3, padding=1)
        self.second = nn.Conv2d(width, width, kernel_size=3, padding=1)
        self.third = nn.Conv2d(width, width, kernel_size=3, padding=1)
        self.project = nn.Conv2d(3, width, kernel_size=1)

    def forward(self, seen: Tensor) -> Tensor:
        features = functional.relu(self.first(seen), inplace=True)
        features = functional.relu(self.second(features), inplace=True)
        superposed = self.third(features).add_(self.project(seen[:, :3]))
        return functional.relu(superposed, inplace=True)


class EncoderLayer(nn.Module):
    """One pre-norm transformer layer (ViT, arXiv 2010.11929, equations 2 and 3).

    z' = z + MHA(LN z); z'' = z' + MLP(LN z'), with GELU and no dropout.

    Shape: (N, tokens, dim) to the same.
    """

    def __init__(self, dim: int, heads: int, mlp_ratio: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.merge = nn.Linear(dim, dim)
        self.mlp_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, mlp_ratio * dim)
        self.narrow = nn.Linear(mlp_ratio * dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self._attend(self.attention_norm(tokens))
        return cast(Tensor, tokens + self.narrow(functional.gelu(self.widen(self.mlp_norm(tokens)))))

    def _attend(self, tokens: Tensor) -> Tensor:
        n, count, dim = tokens.shape
        qkv = self.qkv(tokens).reshape(n, count, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return cast(Tensor, self.merge(mixed.transpose(1, 2).reshape(n, count, dim)))


class Encoder(nn.Module):
    """``layers`` transformer layers and a last LayerNorm.

    Shape: (N, tokens, dim) to the same.
    """

    def __init__(self, dim: int, heads: int, mlp_ratio: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(dim, heads, mlp_ratio) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Tensor) -> Tensor:
        for layer in self.layers:
            tokens = layer(tokens)
        return cast(Tensor, self.norm(tokens))


class ChannelAttention(nn.Module):
    """Global-context and depth-aware encoders over a fixed grid of tokens, and a gate for each channel.

    The features are pooled to grid x grid cells, so cost and positions do not depend on the photo's size.
    Both encoders see the cells; the depth-aware one also sees mean and spread of -ln t in each cell, which is
    the optical depth. c = 2 sigmoid(W [mean tokens; mean tokens] + b) with W and b zero at the start: c = 1.

    Shape: features (N, width, H, W) and transmission (N, 1, H, W) to gates (N, width) in (0, 2).
    """

    positions: Tensor

    def __init__(self, width: int, dim: int, layers: int, heads: int, mlp_ratio: int, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.embed = nn.Linear(width, dim)
        self.embed_depth = nn.Linear(2, dim)
        self.global_context = Encoder(dim, heads, mlp_ratio, layers)
        self.depth_aware = Encoder(dim, heads, mlp_ratio, layers)
        self.gate = nn.Linear(2 * dim, width)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        self.register_buffer("positions", grid_positions(grid, dim), persistent=False)

    def forward(self, features: Tensor, transmission: Tensor) -> Tensor:
        context, depth = self.encode(features, transmission)
        score = self.gate(torch.cat((context.mean(dim=1), depth.mean(dim=1)), dim=1))
        return 2.0 * torch.sigmoid(widened(score))

    def encode(self, features: Tensor, transmission: Tensor) -> tuple[Tensor, Tensor]:
        """Return the answers of the global-context and the depth-aware encoder, both (N, grid^2, dim)."""
        tokens = self.embed(_cells(features, self.grid)) + self.positions
        known = self.embed_depth(self.depth(transmission))
        return self.global_context(tokens), self.depth_aware(tokens + known)

    def depth(self, transmission: Tensor) -> Tensor:
        """Return mean and standard deviation of -ln t in each cell, (N, grid^2, 2)."""
        optical_depth = -torch.log(widened(transmission))
        moments = _cells(torch.cat((optical_depth, optical_depth.square()), dim=1), self.grid)
        mean, square = moments.unbind(dim=2)
        # The square root has no gradient at 0, and a cell of constant depth has exactly that spread.
        spread = torch.sqrt((square - mean.square()).clamp_min(0.0) + 1e-6)
        return torch.stack((mean, spread), dim=2)


class SpatialAttention(nn.Module):
    """s = sigmoid(Conv7x7([max over channels; mean over channels])) (CBAM, arXiv 1807.06521, section 3.2).

    Shape: (N, C, H, W) to (N, 1, H, W) in (0, 1).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size=7, padding=3)

    def forward(self, features: Tensor) -> Tensor:
        mean = features.sum(dim=1, keepdim=True) / features.shape[1]  # mean() is ten times slower in bf16
        pooled = torch.cat((features.amax(dim=1, keepdim=True), mean), dim=1)
        return torch.sigmoid(widened(self.conv(pooled)))


class DHFormer(nn.Module):
    """DHFormer-style dehazing network.

    Args:
        width: C, channels of the attention module's features, at least 1.
        dim: D, numbers a token, a multiple of 4 and of ``heads``.
        layers: L, layers of each of the two encoders, at least 1.
        residual_width: w, channels of the residual network, at least 1.
        residual_units: n, its residual units, at least 1.
        heads: Attention heads of the encoders.
        mlp_ratio: Width of the encoders' inner layer over ``dim``.
        grid: Cells a side that features are pooled to; ``grid**2`` tokens.
        transmission_width: Channels of the transmission network, a multiple of 4.
        t_min: Least transmission, in (0, 1); the ratio is at most ``1 / t_min``.
        head: "residual": clear = ratio - (r + Conv(Fs)), zero at the start, so clear = coarse there.
            "direct": clear = sigmoid(Conv(Fs)).
        depth_stop_gradient: Whether the depth-aware encoder may not move the transmission.
        stem_sees_photo: Whether the attention module's convolutions also see the photo and the coarse answer.
        refine_px: Radius of the guided filter that pulls the transmission to the photo's edges in evaluation
            mode (He et al., TPAMI 2013); 0 leaves it out, 20 is usual.

    Shape: RGB photos (N, 3, H, W) in [0, 1], any H and W from 1, to :class:`Dehazed`.

    Large photos: everything but the channel gates looks no further than :attr:`radius_px`. Take ``gates``
    from the whole photo once, reduced where it is large, and give them to every tile: a tile's answer is
    then the whole photo's, except within that radius of a cut edge. The photo's own edges need no margin, as
    zeros stand beyond them in either case.

    Raises:
        WeightsError: A configuration with no meaning.
    """

    def __init__(
        self,
        width: int = 64,
        dim: int = 128,
        layers: int = 2,
        residual_width: int = 16,
        residual_units: int = 17,
        heads: int = 4,
        mlp_ratio: int = 2,
        grid: int = 16,
        transmission_width: int = 16,
        t_min: float = 0.1,
        head: str = "residual",
        depth_stop_gradient: bool = False,
        stem_sees_photo: bool = False,
        refine_px: int = 0,
    ) -> None:
        super().__init__()
        _check_config(locals())
        self.head_kind = head
        self.depth_stop_gradient = depth_stop_gradient
        self.stem_sees_photo = stem_sees_photo
        self.refine_px = refine_px
        self.transmission = TransmissionNet(t_min, transmission_width)
        self.residual = ResidualNet(residual_width, residual_units)
        self.features = ResidualFeatures(9 if stem_sees_photo else 3, width)
        self.channel_attention = ChannelAttention(width, dim, layers, heads, mlp_ratio, grid)
        self.spatial_attention = SpatialAttention()
        self.head = nn.Conv2d(width, 3, kernel_size=3, padding=1)
        if head == "residual":
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(cast(Tensor, self.head.bias))

    @property
    def radius_px(self) -> int:
        """How far, in pixels, an answer looks when its channel gates are given."""
        residual_px = len(self.residual.units) + 2
        return TRANSMISSION_RADIUS_PX + 2 * self.refine_px + residual_px + ATTENTION_RADIUS_PX

    def gates(self, photo: Tensor) -> Tensor:
        """Return the channel gates of whole photos, (N, C) in (0, 2), and do no more work than they need.

        Args:
            photo: (N, 3, H, W) in [0, 1]; may be reduced, as the gates see means over a coarse grid only.
        """
        transmission, ratio, residual = self._model_haze(photo)
        return self._gates(self._features(photo, ratio, residual), transmission)

    def forward(self, photo: Tensor, channel_gates: Tensor | None = None) -> Dehazed:
        """Dehaze a batch.

        Args:
            photo: (N, 3, H, W) in [0, 1].
            channel_gates: (N, C), or (1, C) for all; None computes them from this very batch.
        """
        transmission, ratio, residual = self._model_haze(photo)
        features = self._features(photo, ratio, residual)
        gates = self._gates(features, transmission) if channel_gates is None else channel_gates
        if gates.ndim != 2 or gates.shape[1] != features.shape[1] or gates.shape[0] not in (1, len(photo)):
            raise BugError(f"channel gates must be ({len(photo)} or 1, C), not {tuple(gates.shape)}")
        gated = features * gates[:, :, None, None].to(features.dtype)
        places = self.spatial_attention(gated)
        answer = widened(self.head(gated * places.to(gated.dtype)))
        clear = ratio - (residual + answer) if self.head_kind == "residual" else torch.sigmoid(answer)
        return Dehazed(
            transmission=transmission,
            ratio=ratio,
            residual=residual,
            coarse=ratio - residual,
            refined_residual=residual + answer if self.head_kind == "residual" else ratio - clear,
            clear=clear,
            channel_gates=gates.expand(len(photo), -1),
            spatial_gates=places,
        )

    def _model_haze(self, photo: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return transmission, ratio and residual, in single precision under autocast too."""
        transmission = self.transmission(photo)
        with torch.autocast(photo.device.type, enabled=False):
            if self.refine_px and not self.training:
                refined = _guided(widened(photo).mean(dim=1, keepdim=True), transmission, self.refine_px)
                transmission = refined.clamp(self.transmission.t_min, 1.0)
            ratio = widened(photo) / transmission
            residual = self.residual(ratio)
        return transmission, ratio, residual

    def _features(self, photo: Tensor, ratio: Tensor, residual: Tensor) -> Tensor:
        seen = torch.cat((residual, photo, ratio - residual), dim=1) if self.stem_sees_photo else residual
        return cast(Tensor, self.features(seen))

    def _gates(self, features: Tensor, transmission: Tensor) -> Tensor:
        known = transmission.detach() if self.depth_stop_gradient else transmission
        return cast(Tensor, self.channel_attention(features, known))


def grid_positions(grid: int, dim: int) -> Tensor:
    """Return fixed sinusoidal positions of a grid, row-major, (grid^2, dim) in [-1, 1].

    Half of the numbers for the row, half for the column; each half is sin and cos of the index times
    10000^(-k / (dim / 4)) for k = 0 .. dim / 4 - 1 (Vaswani et al., 2017, section 3.5, in two dimensions).
    """
    quarter = dim // 4
    rate = torch.exp(torch.arange(quarter) * (-math.log(10000.0) / quarter))
    angle = torch.arange(grid)[:, None] * rate
    line = torch.cat((angle.sin(), angle.cos()), dim=1)
    rows = line[:, None, :].expand(grid, grid, -1)
    columns = line[None, :, :].expand(grid, grid, -1)
    return torch.cat((rows, columns), dim=2).reshape(grid * grid, dim)


def _guided(guide: Tensor, values: Tensor, radius_px: int) -> Tensor:
    """Guided filter with a grey guide: ``values`` made smooth but for the guide's edges, all (N, 1, H, W)."""

    def mean(x: Tensor) -> Tensor:
        side = 2 * radius_px + 1
        for kernel, padding in (((side, 1), (radius_px, 0)), ((1, side), (0, radius_px))):
            x = functional.avg_pool2d(x, kernel, stride=1, padding=padding, count_include_pad=False)
        return x

    mean_guide, mean_values = mean(guide), mean(values)
    covariance = mean(guide * values) - mean_guide * mean_values
    slope = covariance / ((mean(guide.square()) - mean_guide.square()).clamp_min(0.0) + _GUIDED_EPSILON)
    return mean(slope) * guide + mean(mean_values - slope * mean_guide)


def _cells(features: Tensor, grid: int) -> Tensor:
    """Mean of each of grid x grid cells, row-major: (N, C, H, W) to (N, grid^2, C)."""
    return functional.adaptive_avg_pool2d(features, grid).flatten(2).transpose(1, 2)


def _one_map(features: Tensor, conv: nn.Conv2d) -> Tensor:
    """Apply a convolution with a single output channel: ``conv(features)`` but for rounding.

    Kernels fill vector registers with output channels, and one channel leaves nearly all of them empty. So
    each row of the kernel becomes an output channel, and the maps are added up, each moved by its row.

    Shape: (N, C, H, W) to (N, 1, H, W), at least fp32.
    """
    height, reach = features.shape[2], conv.kernel_size[0] // 2
    kernel_rows = conv.weight[0].transpose(0, 1).unsqueeze(2)
    maps = widened(functional.conv2d(features, kernel_rows, padding=(0, reach)))
    maps = functional.pad(maps, (0, 0, reach, reach))
    total = cast(Tensor, conv.bias)
    for row in range(2 * reach + 1):
        total = total + maps[:, row : row + 1, row : row + height]
    return total


def _maximum_7x7(features: Tensor) -> Tensor:
    """7x7 maximum with stride 1 and the same size: 1x7, then 7x1.

    Exactly ``max_pool2d(features, 7, 1, 3)``, several times faster on a CPU: 2, 4 and 7 neighbours in three
    vectorised steps a direction. Its gradient is shared between equal values, and repeatable on CUDA.
    """
    for direction in (3, 2):
        sides = (3, 3, 0, 0) if direction == 3 else (0, 0, 3, 3)
        row = functional.pad(features, sides, value=-math.inf)
        row = torch.maximum(row.narrow(direction, 0, row.shape[direction] - 1), _after(row, direction, 1))
        row = torch.maximum(row.narrow(direction, 0, row.shape[direction] - 2), _after(row, direction, 2))
        features = torch.maximum(
            row.narrow(direction, 0, row.shape[direction] - 3), _after(row, direction, 3)
        )
    return features


def _after(features: Tensor, direction: int, count: int) -> Tensor:
    """``features`` without the first ``count`` along one direction."""
    return features.narrow(direction, count, features.shape[direction] - count)


def _check_config(config: dict[str, Any]) -> None:
    """Refuse what the layers cannot be built from, and say what would fit."""
    counts = ("width", "layers", "residual_width", "residual_units", "heads", "mlp_ratio", "grid")
    checks: list[tuple[str, Callable[[Any], bool], str]] = [
        (name, lambda value: _is_whole(value) and value >= 1, "a whole number from 1") for name in counts
    ]
    checks += [
        (
            "transmission_width",
            lambda value: _is_whole(value) and value >= 4 and value % 4 == 0,
            "a multiple of 4",
        ),
        (
            "dim",
            lambda value: _is_whole(value) and value >= 4 and value % 4 == 0 and value % config["heads"] == 0,
            f"a multiple of 4 and of heads={config['heads']!r}",
        ),
        ("t_min", lambda value: isinstance(value, float) and 0.0 < value < 1.0, "a number between 0 and 1"),
        ("head", lambda value: value in HEADS, " or ".join(repr(head) for head in HEADS)),
        ("depth_stop_gradient", lambda value: isinstance(value, bool), "True or False"),
        ("stem_sees_photo", lambda value: isinstance(value, bool), "True or False"),
        ("refine_px", lambda value: _is_whole(value) and value >= 0, "a radius in whole pixels, or 0"),
    ]
    for name, fits, wanted in checks:
        if not fits(config[name]):
            raise WeightsError(f"DHFormer cannot have {name}={config[name]!r}.", f"Give {wanted}.")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
