"""RMT's block and its Manhattan self-attention, whose logits fade with the distance of two tokens.

After Fan et al., "RMT: Retentive Networks Meet Vision Transformers", CVPR 2024, arXiv 2309.11523, section 3,
in the form that the authors' released weights need: queries and keys are rotated by their position first, and
the decay is added to the logits before the softmax, so that every row of the attention sums to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.models.blocks.stochastic_depth import DropPath

KEPT_SIZES = 8
"""Grid sizes whose tables a stage keeps."""

KEPT_BYTES = 128 * 1024 * 1024
"""Memory for the kept tables of a stage; a larger table is built for one pass and dropped."""

_Key: TypeAlias = tuple[int, int, torch.device, torch.dtype]


@dataclass(frozen=True, slots=True, eq=False)
class SpatialPrior:
    """What the attention of one stage knows of an H x W grid before it sees any content.

    Attributes:
        grid: (H, W); tokens are counted row by row, p = y * W + x.
        cos: (H, W, d) cosine of each token's rotation; channels 2j and 2j + 1 turn together.
        sin: (H, W, d) sine.
        turn: (H, W, C / 2) complex: the same rotation for every head, times d^(-1/4). Queries and keys both
            get it, so their product holds the d^(-1/2) of the attention.
        biases: Log-decays added to the logits: one (n, L, L) in the full form, or (n, W, W) along rows and
            (n, H, H) along columns.
    """

    grid: tuple[int, int]
    cos: Tensor
    sin: Tensor
    turn: Tensor
    biases: tuple[Tensor, ...]

    @property
    def decomposed(self) -> bool:
        """Whether attention runs along rows and then along columns."""
        return len(self.biases) == 2

    @property
    def size_bytes(self) -> int:
        tensors = (self.cos, self.sin, self.turn, *self.biases)
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


class ManhattanPrior(nn.Module):
    """Rotation and decay of one stage, rebuilt for each grid size and kept for the last few.

    Rotation: the pair (2j, 2j + 1) of a head's channels turns by p * theta_j with
    theta_j = 10000^(-j / (d/2 - 1)), so theta runs from 1 to 1e-4 with both ends included.
    Decay: head i of n has gamma_i = 1 - 2^(-a - r i / n), and its bias is ln(gamma_i) times the Manhattan
    distance.

    ``angle`` (d,) and ``decay`` (n,) are constants. They are in the state dict because published weights hold
    them; weights without them load too. The tables are no part of the state.

    Args:
        head_width: d, even.
        heads: n.
        init_value: a.
        heads_range: r.
        decomposed: Whether the stage attends along rows and columns instead of over all tokens.
    """

    angle: Tensor
    decay: Tensor

    def __init__(
        self, head_width: int, heads: int, init_value: float, heads_range: float, decomposed: bool
    ) -> None:
        super().__init__()
        self.decomposed = decomposed
        theta = 1.0 / 10000.0 ** torch.linspace(0, 1, head_width // 2)
        share = torch.arange(heads, dtype=torch.float32) / heads
        self.register_buffer("angle", theta.repeat_interleave(2))
        self.register_buffer("decay", torch.log(1 - 2.0 ** (-init_value - heads_range * share)))
        self._kept: dict[_Key, SpatialPrior] = {}

    def forward(self, height: int, width: int, dtype: torch.dtype = torch.float32) -> SpatialPrior:
        """Return the tables of a grid: the biases in ``dtype``, the rest in single precision or better."""
        key = (height, width, self.angle.device, dtype)
        found = self._kept.get(key)
        if found is not None:
            return found
        # Tables born in inference mode could never be used for learning later.
        with torch.inference_mode(False), torch.no_grad():
            prior = self._build(height, width, dtype)
        if type(prior.cos) is Tensor and not torch.compiler.is_compiling():
            self._keep(key, prior)
        return prior

    def _build(self, height: int, width: int, dtype: torch.dtype) -> SpatialPrior:
        angle, decay = self.angle.clone(), self.decay.clone()
        place = torch.arange(height * width, device=angle.device, dtype=angle.dtype)
        phase = place[:, None] * angle
        cos, sin = phase.cos(), phase.sin()
        turn = torch.complex(cos[:, ::2], sin[:, ::2]) * len(angle) ** -0.25
        y, x = place[:height], place[:width]
        between_rows, between_columns = (y[:, None] - y).abs(), (x[:, None] - x).abs()
        if self.decomposed:
            distances: tuple[Tensor, ...] = (between_columns, between_rows)
        else:
            everywhere = between_rows[:, None, :, None] + between_columns[None, :, None, :]
            distances = (everywhere.reshape(len(place), len(place)),)
        return SpatialPrior(
            (height, width),
            cos.view(height, width, -1),
            sin.view(height, width, -1),
            turn.repeat(1, len(decay)).view(height, width, -1),
            tuple((distance * decay[:, None, None]).to(dtype) for distance in distances),
        )

    def _keep(self, key: _Key, prior: SpatialPrior) -> None:
        """Swap in a new dict with these tables too: no reader in another thread ever sees half of it."""
        entries = [*self._kept.items(), (key, prior)][-KEPT_SIZES:]
        while entries and sum(kept.size_bytes for _, kept in entries) > KEPT_BYTES:
            entries.pop(0)
        self._kept = dict(entries)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ManhattanPrior:
        """Move with the network, but stay in single precision or better: a phase reaches H * W radians."""
        exact = {name: buffer for name, buffer in self._buffers.items() if buffer is not None}
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, buffer in exact.items():
            moved: Any = self._buffers[name]
            if moved.dtype in (torch.bfloat16, torch.float16):
                self._buffers[name] = buffer.to(moved.device, torch.float32)
        self._kept = {}
        return self

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        for name, buffer in self.named_buffers(recurse=False):
            state_dict.setdefault(prefix + name, buffer)
        super()._load_from_state_dict(state_dict, prefix, *args)
        self._kept = {}

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles leave the tables behind."""
        return self.__dict__ | {"_kept": {}}


class ManhattanAttention(nn.Module):
    """Manhattan self-attention with its local branch (section 3.2 of the paper).

    Out(heads(A V) + LCE(V)) with A = softmax(Q K^T + decay). In the decomposed form the values are mixed
    along each row first and along each column then, both with the same queries and keys. LCE, a depth-wise
    5x5 convolution of the values, brings local context.

    Shape: (B, H, W, C) and the stage's prior to (B, H, W, C).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.local = nn.Conv2d(width, width, kernel_size=5, padding=2, groups=width)
        self.out = nn.Linear(width, width)

    def forward(self, tokens: Tensor, prior: SpatialPrior, seen: list[Tensor] | None = None) -> Tensor:
        """Attend.

        Args:
            tokens: (B, H, W, C).
            prior: Tables of this grid.
            seen: Where to put the attention: (B, n, L, L), or (B, H, n, W, W) along rows and then
                (B, W, n, H, H) along columns. Asking for it makes the softmax explicit and slower.
        """
        value: Tensor = self.value(tokens)
        parts = (rotate(self.query(tokens), prior), rotate(self.key(tokens), prior), value)
        query, key, content = (
            torch.unflatten(part.to(prior.biases[0].dtype), -1, (self.heads, -1)) for part in parts
        )
        mix = _attend_along_axes if prior.decomposed else _attend_everywhere
        with _without_autocast(value.device.type):
            mixed = mix(query, key, content, prior.biases, seen)
        local = on_grid(self.local, value)
        answer: Tensor = self.out(local + mixed.to(local.dtype))
        return answer


class FeedForward(nn.Module):
    """Linear, GELU, a depth-wise 3x3 convolution with its own residual, Linear.

    Shape: (B, H, W, C) to the same.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.rise = nn.Linear(width, hidden)
        self.local = nn.Conv2d(hidden, hidden, kernel_size=3, padding=1, groups=hidden)
        self.fall = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        hidden = functional.gelu(self.rise(tokens))
        answer: Tensor = self.fall(hidden + on_grid(self.local, hidden))
        return answer


class RetentionBlock(nn.Module):
    """Position by a depth-wise convolution, Manhattan attention, feed-forward; each is a residual.

    x = x + DW3(x); x = x + g1 * MaSA(LN(x)); x = x + g2 * FFN(LN(x)), where the vectors g exist with
    layer-scale only and the last two steps are dropped for whole samples in training.

    Shape: (B, H, W, C) and the stage's prior to (B, H, W, C).
    """

    attention_scale: nn.Parameter | None
    ffn_scale: nn.Parameter | None

    def __init__(
        self, width: int, heads: int, mlp_ratio: float, layer_scale: float | None, drop: float
    ) -> None:
        super().__init__()
        self.drop_path = DropPath(drop)
        self.position = nn.Conv2d(width, width, kernel_size=3, padding=1, groups=width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = ManhattanAttention(width, heads)
        self.ffn_norm = nn.LayerNorm(width, eps=1e-6)
        self.ffn = FeedForward(width, int(mlp_ratio * width))
        for name in ("attention_scale", "ffn_scale"):
            start = None if layer_scale is None else nn.Parameter(torch.full((1, 1, 1, width), layer_scale))
            self.register_parameter(name, start)

    def forward(self, tokens: Tensor, prior: SpatialPrior, seen: list[Tensor] | None = None) -> Tensor:
        tokens = tokens + on_grid(self.position, tokens)
        mixed = self.attention(self.attention_norm(tokens), prior, seen)
        tokens = tokens + self._branch(mixed, self.attention_scale)
        return tokens + self._branch(self.ffn(self.ffn_norm(tokens)), self.ffn_scale)

    def _branch(self, branch: Tensor, scale: nn.Parameter | None) -> Tensor:
        answer: Tensor = self.drop_path(branch if scale is None else branch * scale)
        return answer


def on_grid(layer: nn.Module, grid: Tensor) -> Tensor:
    """Apply a convolution to tokens, (B, H, W, C) to (B, H', W', C'), without moving them in memory."""
    answer: Tensor = layer(grid.permute(0, 3, 1, 2))
    return answer.permute(0, 2, 3, 1)


def rotate(tokens: Tensor, prior: SpatialPrior) -> Tensor:
    """Turn each channel pair of (B, H, W, C) by its token's phase and scale by d^(-1/4).

    The answer is in single precision or better.
    """
    wide = tokens.to(torch.promote_types(tokens.dtype, torch.float32))
    # One complex product reads and writes everything once. Compilers and some devices know real numbers only.
    if wide.device.type in ("cpu", "cuda") and not torch.compiler.is_compiling():
        pairs = torch.view_as_complex(torch.unflatten(wide, -1, (-1, 2)))
        return torch.view_as_real(pairs * prior.turn).flatten(-2)
    width = prior.cos.shape[-1]
    heads = torch.unflatten(wide, -1, (-1, width))
    crossed = torch.stack((-heads[..., 1::2], heads[..., ::2]), dim=-1).flatten(-2)
    cos, sin = prior.cos.unsqueeze(-2), prior.sin.unsqueeze(-2)
    scale: float = width**-0.25
    return ((heads * cos + crossed * sin) * scale).flatten(-2)


def _attend_everywhere(
    query: Tensor, key: Tensor, value: Tensor, biases: tuple[Tensor, ...], seen: list[Tensor] | None
) -> Tensor:
    """(B, H, W, n, d) three times to (B, H, W, C), over all tokens at once."""
    grid = query.shape[:3]
    query, key, value = (part.flatten(1, 2).transpose(1, 2) for part in (query, key, value))
    mixed = _attend(query, key, value, biases[0], seen)
    return mixed.transpose(1, 2).reshape(*grid, -1)


def _attend_along_axes(
    query: Tensor, key: Tensor, value: Tensor, biases: tuple[Tensor, ...], seen: list[Tensor] | None
) -> Tensor:
    """(B, H, W, n, d) three times to (B, H, W, C), along rows and then along columns."""
    batch, height, width, heads, _ = query.shape
    along_row, along_column = biases
    lines = [part.flatten(0, 1).transpose(1, 2) for part in (query, key, value)]
    mixed = _attend(lines[0], lines[1], lines[2], along_row, seen)
    mixed = torch.unflatten(mixed.transpose(1, 2), 0, (batch, height))
    lines = [part.transpose(1, 2).flatten(0, 1).transpose(1, 2) for part in (query, key, mixed)]
    mixed = _attend(lines[0], lines[1], lines[2], along_column, seen)
    if seen is not None:
        seen[-2:] = [
            seen[-2].view(batch, height, heads, width, width),
            seen[-1].view(batch, width, heads, height, height),
        ]
    mixed = torch.unflatten(mixed.transpose(1, 2), 0, (batch, width))
    return mixed.transpose(1, 2).flatten(-2)


def _attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, seen: list[Tensor] | None) -> Tensor:
    """softmax(Q K^T + bias) V for (G, n, T, d) and (n, T, T); ``seen`` gets the softmax."""
    if seen is None:
        return functional.scaled_dot_product_attention(query, key, value, bias.unsqueeze(0), scale=1.0)
    attention = torch.softmax(query @ key.transpose(-1, -2) + bias, dim=-1)
    seen.append(attention)
    return attention @ value


def _without_autocast(device: str) -> AbstractContextManager[object]:
    """The prior's biases say in which precision attention runs; autocast would choose another."""
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()
