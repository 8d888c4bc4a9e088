"""Single precision where half would hurt, for networks that run under autocast or in half precision."""

from __future__ import annotations

import contextlib

import torch
from torch import Tensor


def widened(tensor: Tensor) -> Tensor:
    """Half precision to single; single and double stay as they are."""
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def exact_on(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Switch autocast off, which would round single precision before every product."""
    return contextlib.nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)
