"""A network made ready to answer: photo tiles in, crack probability out, numpy at the door."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.paths import FOLDED
from resatt_studio.inference.ready import ReadyNetwork
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.calibration import AS_IT_IS, Calibration


def to_input(pixels: UInt8Array, device: torch.device | None = None) -> Tensor:
    """Turn tiles into the network's numbers: x / 127.5 - 1.

    Args:
        pixels: N x H x W x 3 uint8 RGB.

    Returns:
        (N, 3, H, W) float32 in [-1, 1], channels last in memory.
    """
    tiles = torch.from_numpy(np.array(pixels, order="C", copy=True)).permute(0, 3, 1, 2)
    return tiles.to(device=device).float().div_(127.5).sub_(1.0)


class Segmenter(ReadyNetwork):
    """Any network of the "segment" task, ready to answer.

    Args:
        network, compute, threads, path: As for :class:`ReadyNetwork`.
        calibration: How its logits become probabilities, whichever way it runs.
    """

    cpu_batch = 1  # measured: tiles in a batch gain nothing on a CPU, and one tile answers sooner
    gpu_batch = 8
    halves_weights = True
    cure = "Close other programs, or choose a network with a smaller base width."

    def __init__(
        self,
        network: nn.Module,
        compute: Compute,
        threads: Threads = None,
        path: str = FOLDED,
        calibration: Calibration = AS_IT_IS,
    ) -> None:
        super().__init__(network, compute, threads, path)
        self.calibration = calibration

    def read_with(self, calibration: Calibration) -> Segmenter:
        """The same network, whose logits become probabilities in another way; nothing is copied."""
        other = copy.copy(self)
        other.calibration = calibration
        return other

    @staticmethod
    def numbers(pixels: UInt8Array) -> Tensor:
        return to_input(pixels)

    def logits(self, pixels: UInt8Array) -> Float32Array:
        """N x H x W x 3 uint8 RGB to N x H x W float32 logits, in one pass of the network."""
        with self.at_work() as network:
            answer: Tensor = network(to_input(pixels, self.compute.device))[:, 0].float()
            return answer.cpu().numpy()

    def probability(self, pixels: UInt8Array) -> Float32Array:
        """N x H x W x 3 uint8 RGB to N x H x W float32 crack probability in [0, 1]."""
        return probability_of(self.logits(pixels), self.calibration)


def probability_of(logits: Float32Array, calibration: Calibration = AS_IT_IS) -> Float32Array:
    """Crack probability in [0, 1], float32, of logits in any shape."""
    if calibration != AS_IT_IS:
        logits = logits * np.float32(1.0 / calibration.temperature) + np.float32(calibration.bias)
    # Written with tanh, which saturates without overflow at any logit.
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float32)
