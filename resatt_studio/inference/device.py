"""Where networks run: which device, in which precision, on how many threads."""

from __future__ import annotations

import gc
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from resatt_studio.errors import SettingsError

DEVICES = ("auto", "cpu", "cuda", "mps")

Threads = int | Callable[[], int] | None
"""CPU threads of a job: a number, a function asked before each piece of work, or None for all cores."""


@dataclass(frozen=True, slots=True)
class Compute:
    """A device and the number format that heavy layers use on it.

    Attributes:
        device: Where tensors live.
        dtype: ``torch.float32``, or ``torch.bfloat16`` where the hardware multiplies it natively.
    """

    device: torch.device
    dtype: torch.dtype = torch.float32

    @property
    def name(self) -> str:
        """For people and for ``Prediction.device``, such as "cpu bf16"."""
        return f"{self.device.type} bf16" if self.dtype == torch.bfloat16 else self.device.type

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """Run the block in this precision; single precision switches autocast off."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            yield


def choose_device(name: str = "auto") -> torch.device:
    """Return the device to run on.

    Args:
        name: "cpu", "cuda" or "mps"; "auto" takes the first of CUDA, MPS and CPU that is there.

    Raises:
        SettingsError: The name is unknown, or that device is not there.
    """
    if name not in DEVICES:
        raise SettingsError(f"device {name!r} is unknown.", f"Choose one of {', '.join(DEVICES)}.")
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, usable in there.items() if usable))
    if not there[name]:
        raise SettingsError(f"this machine has no {name} device.", "Choose auto or cpu.")
    return torch.device(name)


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bfloat16 multiplies natively; emulated bfloat16 is slower than single precision."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    facts = torch.cpu.get_capabilities()
    return bool(
        facts.get("avx512_bf16") or facts.get("amx_bf16") or facts.get("arm_bf16") or facts.get("bf16")
    )


def choose_compute(name: str = "auto", precision: str = "auto") -> Compute:
    """Return device and precision together.

    Args:
        name: As for :func:`choose_device`.
        precision: "auto" takes bfloat16 where it is native; "fp32" and "bf16" force one.

    Raises:
        SettingsError: Unknown device or precision.
    """
    device = choose_device(name)
    if precision not in ("auto", "fp32", "bf16"):
        raise SettingsError(f"precision {precision!r} is unknown.", "Choose one of auto, fp32, bf16.")
    half = precision == "bf16" or (precision == "auto" and has_fast_bf16(device))
    return Compute(device, torch.bfloat16 if half else torch.float32)


def core_count() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def apply_threads(threads: Threads) -> int:
    """Give the calling thread's next torch work so many cores; return the number.

    The number belongs to the calling thread, so a worker that leaves a core to the window takes nothing from
    anybody else. Values outside 1 .. cores are brought inside.
    """
    wanted = threads() if callable(threads) else threads
    count = core_count() if wanted is None else min(max(1, wanted), core_count())
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
    return count


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out, on any device."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in words
        or "can't allocate memory" in words
        or "not enough memory" in words
        or "bad_alloc" in words  # what C++ says
        or "alloc_failed" in words  # cuBLAS and cuDNN say CUBLAS_STATUS_ALLOC_FAILED and the like
    )


def release_memory(device: torch.device) -> None:
    """Give memory back after an out-of-memory error: what only cycles hold, and what the device caches."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def describe() -> dict[str, str]:
    """Facts for ``doctor``: torch, device, precision, cores."""
    compute = choose_compute()
    return {
        "torch": torch.__version__,
        "device": compute.name,
        "cores": str(core_count()),
        "machine": platform.machine(),
        "cuda": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none",
    }
