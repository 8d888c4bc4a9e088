"""A softmax that is cheap on a CPU: powers of two, without the pass that looks for the largest."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOG2_E = math.log2(math.e)
"""Logits times this are exponents of two."""

_LEAST, _MOST = 2.0**-96, 2.0**96
"""Between these a row's sum is exact: what single precision lost below them is less than its last bit."""


def weighed(scores: Tensor, value: Tensor, out: Tensor | None = None) -> Tensor:
    """Return softmax(scores * ln 2) @ value.

    2^s needs neither the largest score of a row nor a division of every weight where no row sums to almost
    nothing or to almost infinity, and one look at the sums tells. Otherwise each row's largest is taken off
    first.

    Args:
        scores: (groups, tokens, keys) float32: logits times :data:`LOG2_E`.
        value: (groups, keys, d) float32.
        out: Where to write the answer, (groups, tokens, d) in any order in memory.
    """
    powers = torch.exp2(scores)
    total = powers.sum(dim=-1, keepdim=True)
    least, most = (float(end) for end in torch.aminmax(total))
    if not (least >= _LEAST and most <= _MOST):  # a sum that is no number fails both
        powers = torch.exp2(scores - scores.amax(dim=-1, keepdim=True))
        total = powers.sum(dim=-1, keepdim=True)
    return torch.div(torch.bmm(powers, value), total, out=out)
