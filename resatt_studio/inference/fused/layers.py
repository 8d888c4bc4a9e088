"""Convolutions and linear layers of oneDNN with packed weights, each with what follows it in the same call.

These are the operators that torch's own compiler calls on a CPU (``torch.ops.mkldnn``). Called by hand they
need no compiler on the user's machine and are ready in milliseconds after every lesson. Weights are copied
into oneDNN's layout once; bias, activation and the sum with another tensor happen while the answer is still
in the processor's cache.

All take and give channels last: (N, C, H, W) in the order of (N, H, W, C).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from resatt_studio.errors import BugError

Sides: TypeAlias = tuple[int, int]

_OPERATORS = (
    "_convolution_pointwise",
    "_convolution_pointwise_",
    "_convolution_transpose_pointwise",
    "_linear_pointwise",
    "_reorder_convolution_weight",
    "_reorder_convolution_transpose_weight",
    "_reorder_linear_weight",
)
_ops: Any = torch.ops.mkldnn


def available(dtype: torch.dtype = torch.float32) -> bool:
    """Whether this build of torch has oneDNN and these operators, and this CPU what they need for ``dtype``:
    in bfloat16 they refuse to work without AVX512 or the like. They are no public interface of torch."""
    there: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not there or not all(hasattr(_ops, name) for name in _OPERATORS):
        return False
    return dtype != torch.bfloat16 or bool(_ops._is_mkldnn_bf16_supported())


class PackedConv:
    """A convolution with packed weights.

    Args:
        conv: Zero padding, no dilation.
        dtype: Of weights, inputs and answers.
        sides: (height, width) of a usual input; others work, with weights that may have to be moved first.
        inputs: Channels of the input that this part of the convolution sees; None for all.
    """

    def __init__(
        self, conv: nn.Conv2d, dtype: torch.dtype, sides: Sides, inputs: slice | None = None
    ) -> None:
        if isinstance(conv.padding, str) or conv.padding_mode != "zeros" or set(conv.dilation) != {1}:
            raise BugError(f"no packed layout for {conv}")
        self._padding, self._stride, self._groups = list(conv.padding), list(conv.stride), conv.groups
        weight = conv.weight.detach() if inputs is None else conv.weight.detach()[:, inputs]
        usual = [1, weight.shape[1] * conv.groups, *sides]
        self._weight = _ops._reorder_convolution_weight(
            weight.to(dtype).contiguous(), self._padding, self._stride, [1, 1], self._groups, usual
        )
        self._bias = None if conv.bias is None else conv.bias.detach().to(dtype)

    def __call__(self, features: Tensor, then: str = "none") -> Tensor:
        """Convolve; ``then`` is "none", "relu" or "gelu" (exact)."""
        answer: Tensor = _ops._convolution_pointwise(
            features, self._weight, self._bias, *self._shape(), then, [], "none" if then == "gelu" else ""
        )
        return answer

    def plus(self, features: Tensor, other: Tensor, relu: bool = False, bias: bool = True) -> Tensor:
        """``other`` + the convolution, then ReLU if wanted; ``bias=False`` leaves the bias out."""
        answer: Tensor = _ops._convolution_pointwise.binary(
            features, other, self._weight, self._bias if bias else None, *self._shape(), *_sum(relu)
        )
        return answer

    def onto_(self, features: Tensor, other: Tensor, relu: bool = False, bias: bool = True) -> Tensor:
        """As :meth:`plus`, with the answer in ``other``."""
        answer: Tensor = _ops._convolution_pointwise_.binary(
            other, features, self._weight, self._bias if bias else None, *self._shape(), *_sum(relu)
        )
        return answer

    def _shape(self) -> tuple[list[int], list[int], list[int], int]:
        return self._padding, self._stride, [1, 1], self._groups


class PackedRise:
    """Nearest-neighbour doubling and a 3x3 convolution as one transposed convolution with less work.

    A 3x3 kernel over a doubled picture meets each pixel of the small one in two rows and two columns, so the
    taps (w0, w1, w2) of a side become the four (w2, w1 + w2, w0 + w1, w0) of a transposed convolution with
    stride 2: four products for each answer and channel instead of nine, and the same sums.

    Args:
        conv: 3x3, padding 1, stride 1.
        dtype, sides: As for :class:`PackedConv`; sides before the doubling.
    """

    def __init__(self, conv: nn.Conv2d, dtype: torch.dtype, sides: Sides) -> None:
        kernel = _spread(_spread(conv.weight.detach(), 2), 3).transpose(0, 1)
        usual = [1, conv.in_channels, *sides]
        self._weight = _ops._reorder_convolution_transpose_weight(
            kernel.to(dtype).contiguous(), [1, 1], [0, 0], [2, 2], [1, 1], 1, usual
        )
        self._bias = None if conv.bias is None else conv.bias.detach().to(dtype)

    def __call__(self, features: Tensor, then: str = "none") -> Tensor:
        """(N, C, H, W) to (N, C', 2H, 2W); ``then`` is "none" or "relu"."""
        answer: Tensor = _ops._convolution_transpose_pointwise(
            features, self._weight, self._bias, [1, 1], [0, 0], [2, 2], [1, 1], 1, then, [], ""
        )
        return answer


class PackedLinear:
    """A linear layer with packed weights.

    Args:
        weight: (out, in).
        bias: (out,).
        dtype: Of weights, inputs and answers.
        rows: Usual number of tokens.
    """

    def __init__(self, weight: Tensor, bias: Tensor, dtype: torch.dtype, rows: int) -> None:
        self._weight = _ops._reorder_linear_weight(weight.detach().to(dtype).contiguous(), rows)
        self._bias = bias.detach().to(dtype)

    def __call__(self, tokens: Tensor, then: str = "none") -> Tensor:
        """(..., in) to (..., out); ``then`` is "none" or "gelu" (exact)."""
        algorithm = "none" if then == "gelu" else ""
        answer: Tensor = _ops._linear_pointwise(tokens, self._weight, self._bias, then, [], algorithm)
        return answer

    def plus(self, tokens: Tensor, other: Tensor) -> Tensor:
        """``other`` + the layer's answer."""
        answer: Tensor = _ops._linear_pointwise.binary(tokens, other, self._weight, self._bias, "add")
        return answer


def normed_linear(norm: nn.LayerNorm, layers: list[nn.Linear], dtype: torch.dtype, rows: int) -> PackedLinear:
    """Linear layers side by side behind one LayerNorm, with its scale and shift in their weights.

    What is left of the norm is ``layer_norm(x, (C,), eps=norm.eps)`` without parameters: W (g x + b) + c =
    (W g) x + (W b + c). The layers are used up.
    """
    weights = [layer.weight.detach() for layer in layers]
    weight = weights[0] if len(weights) == 1 else torch.cat(weights)
    bias = torch.cat([_bias_of(layer) for layer in layers]) + weight @ norm.bias.detach()
    packed = PackedLinear(weight.mul_(norm.weight.detach()), bias, dtype, rows)
    for layer in layers:
        release(layer)
    return packed


def release(module: nn.Module) -> None:
    """Let go of a module's weights, once they are packed; it can no longer be run.

    Done layer by layer, packing takes little more memory than the network itself.
    """
    for parameter in module.parameters():
        parameter.data = parameter.data.new_empty(0)


def _bias_of(layer: nn.Linear) -> Tensor:
    return layer.weight.new_zeros(layer.out_features) if layer.bias is None else layer.bias.detach()


def _sum(relu: bool) -> tuple[str, float, str | None, list[Any], None]:
    """What follows a convolution: the sum with another tensor, and a ReLU."""
    return "add", 1.0, "relu" if relu else None, [], None


def _spread(kernel: Tensor, side: int) -> Tensor:
    first, middle, last = kernel.unbind(side)
    return torch.stack((last, middle + last, first + middle, first), side)
