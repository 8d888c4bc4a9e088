"""A network made ready to answer: photo tiles in, crack probability out, numpy at the door."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from resatt_studio.errors import OutOfMemory
from resatt_studio.inference.device import (
    Compute,
    Threads,
    apply_threads,
    is_out_of_memory,
    release_memory,
)
from resatt_studio.inference.folding import fold_norms
from resatt_studio.records.arrays import Float32Array, UInt8Array

CPU_BATCH = 1  # measured: tiles in a batch gain nothing on a CPU, and one tile answers sooner
GPU_BATCH = 8


def to_input(pixels: UInt8Array, device: torch.device | None = None) -> Tensor:
    """Turn tiles into the network's numbers: x / 127.5 - 1.

    Args:
        pixels: N x H x W x 3 uint8 RGB.

    Returns:
        (N, 3, H, W) float32 in [-1, 1], channels last in memory.
    """
    tiles = torch.from_numpy(np.array(pixels, order="C", copy=True)).permute(0, 3, 1, 2)
    return tiles.to(device=device).float().div_(127.5).sub_(1.0)


class Segmenter:
    """An inference copy of a network: norms folded, channels last, half precision where that is native.

    The network handed in stays as it was; learning may go on changing it.

    Args:
        network: Any network of the "segment" task; its current weights are copied.
        compute: Device and precision. A segmenter that runs out of memory there moves to the CPU by itself.
        threads: CPU threads, asked before each batch.
    """

    def __init__(self, network: nn.Module, compute: Compute, threads: Threads = None) -> None:
        self._source = copy.deepcopy(network).to("cpu").eval()
        fold_norms(self._source)
        self.threads = threads
        self.compute = compute
        self._ready = self._prepare()
        self.batch = CPU_BATCH if compute.device.type == "cpu" else GPU_BATCH

    def _prepare(self) -> nn.Module:
        ready = copy.deepcopy(self._source).to(self.compute.device, self.compute.dtype)
        return ready.to(memory_format=torch.channels_last)

    def move_to(self, compute: Compute) -> None:
        """Go on with another device or precision."""
        self.compute = compute
        self._ready = self._prepare()
        self.batch = CPU_BATCH if compute.device.type == "cpu" else self.batch

    def logits(self, pixels: UInt8Array) -> Float32Array:
        """N x H x W x 3 uint8 RGB to N x H x W float32 logits, in one pass of the network."""
        if self.compute.device.type == "cpu":
            apply_threads(self.threads)
        with torch.inference_mode():
            tiles = to_input(pixels, self.compute.device).to(self.compute.dtype)
            answer: Tensor = self._ready(tiles)[:, 0].float()
            return answer.cpu().numpy()

    def probability(self, pixels: UInt8Array) -> Float32Array:
        """N x H x W x 3 uint8 RGB to N x H x W float32 crack probability in [0, 1]."""
        return _sigmoid(self.logits(pixels))

    def make_room(self, error: BaseException) -> None:
        """After an out-of-memory error: halve the batch, and when that is one tile, move to the CPU.

        Raises:
            OutOfMemory: One tile on the CPU does not fit either.
            BaseException: ``error`` itself, when it says something else than that memory ran out.
        """
        if not is_out_of_memory(error):
            raise error
        release_memory(self.compute.device)
        if self.batch > 1:
            self.batch //= 2
        elif self.compute.device.type != "cpu":
            self.move_to(Compute(torch.device("cpu")))
        else:
            raise OutOfMemory(
                "one tile of the photo does not fit in memory.",
                "Close other programs, or choose a network with a smaller base width.",
            ) from error


def _sigmoid(logits: Float32Array) -> Float32Array:
    # Written with tanh, which saturates without overflow at any logit.
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float32)
