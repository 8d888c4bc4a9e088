"""Takes the haze out of photos with one set of weights at a time."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from torch import nn

from resatt_studio.imaging.dehazing import haze_estimate
from resatt_studio.inference.clearing import HazeNetwork, clear_pixels
from resatt_studio.inference.device import Compute, Threads
from resatt_studio.inference.paths import AUTO, PLAIN
from resatt_studio.inference.ready import Holder, timed
from resatt_studio.inference.sliding import TILE_PX, TilesDone, to_8bit
from resatt_studio.records.arrays import read_only
from resatt_studio.records.dehazing import Dehazing
from resatt_studio.records.photo import Photo
from resatt_studio.synthesis.scenes import render_scene

MAX_STEP, MAX_MEAN_STEP = 2.0, 0.5
"""How far, in steps of 1/255, half precision may be off: in 999 of 1000 values, and in the mean."""

_PROBE_SEED, _PROBE_PX = 11, 256


class Dehazer(Holder[HazeNetwork]):
    """Clears photos with one set of weights at a time.

    With precision "auto", bfloat16 is taken where the hardware has it and where it passes a check on every
    set of weights (:func:`check_precision`).
    """

    task = "dehaze"

    def __init__(
        self, device: str = "auto", precision: str = "auto", threads: Threads = None, path: str = AUTO
    ) -> None:
        super().__init__(device, precision, threads, path)
        self._check_precision = precision == "auto"

    def _make(self, network: nn.Module, compute: Compute, threads: Threads) -> HazeNetwork:
        ready = HazeNetwork(network, compute, threads, self.path)
        if self._check_precision and compute.dtype == torch.bfloat16 and not check_precision(ready):
            ready.move_to(Compute(compute.device))
        return ready

    def dehaze(self, photo: Photo, tile_px: int = TILE_PX) -> Generator[TilesDone, None, Dehazing]:
        """Clear one photo, hazy or not: whether it needs to be is the caller's question.

        Memory: seven bytes a pixel for the answer, and what one batch of tiles takes.

        Yields:
            (tiles done, tiles in all), after every batch, the look at the whole photo counted as one; nothing
            of torch's state is held meanwhile.

        Args:
            photo: Of any size.
            tile_px: Side of a tile; larger where the network looks further.

        Returns:
            The dehazing; ``seconds`` counts the work only, not the time between the steps.

        Raises:
            OutOfMemory: Even one tile on the CPU does not fit.
            BugError: No weights are in use yet.
        """
        network, weights = self.in_use()
        cleared, seconds = yield from timed(clear_pixels(network, photo.pixels, tile_px))
        return Dehazing(
            photo_id=photo.photo_id,
            weights_id=weights.weights_id,
            pixels=read_only(cleared.pixels),
            transmission_8bit=read_only(cleared.transmission_8bit),
            residual_8bit=read_only(cleared.residual_8bit),
            residual_range=cleared.residual_range,
            haze=haze_estimate(photo.pixels),
            seconds=seconds,
            device=network.compute.name,
        )


def check_precision(network: HazeNetwork) -> bool:
    """Whether the network's precision clears a drawn hazy scene as single precision does, within
    :data:`MAX_STEP` and :data:`MAX_MEAN_STEP`; the network is left in the precision it came with."""
    scene = render_scene(_PROBE_SEED, _PROBE_PX, _PROBE_PX).pixels.astype(np.float32) / 255.0
    transmission = np.linspace(0.3, 1.0, _PROBE_PX, dtype=np.float32)[None, :, None]
    hazy = to_8bit(scene * transmission + 0.85 * (1.0 - transmission))[None]
    compute, path = network.compute, network.path
    quick = network.clear(hazy).clear
    network.move_to(Compute(compute.device), PLAIN)
    exact = network.clear(hazy).clear
    network.move_to(compute, path)
    steps = 255.0 * np.abs(np.clip(quick, 0.0, 1.0) - np.clip(exact, 0.0, 1.0))
    return bool(np.mean(steps) <= MAX_MEAN_STEP and np.quantile(steps, 0.999) <= MAX_STEP)
