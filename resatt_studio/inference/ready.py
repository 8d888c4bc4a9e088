"""Networks made ready to answer, and what holds one set of weights at a time; for every task."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from resatt_studio.errors import BugError, OutOfMemory, WeightsError
from resatt_studio.inference.choice import choose_path
from resatt_studio.inference.device import (
    Compute,
    Threads,
    apply_threads,
    choose_compute,
    is_out_of_memory,
    release_memory,
)
from resatt_studio.inference.paths import AUTO, FOLDED, FUSED, PLAIN, find_path, prepare
from resatt_studio.models.answers import refuse_unfit
from resatt_studio.models.registry import MODELS, model_entry
from resatt_studio.models.state import build
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene

PROBE_SEED = 11
PROBE_SIDES_PX = ((16_000_000, 64), (4_000_000, 128), (0, 224))
"""From how many weights on a drawn scene has which side, so that trying ways on it takes a moment."""

Report = TypeVar("Report")
Answer = TypeVar("Answer")


class ReadyNetwork:
    """An inference copy of a network, laid out in one of the ways of :mod:`.paths`.

    The network handed in stays as it was; learning may go on changing it. Subclasses say what goes in
    (:meth:`numbers`) and what comes out, run the network in :meth:`at_work`, and may set:

    - ``cpu_batch``, ``gpu_batch``: photos or tiles in one pass to begin with.
    - ``halves_weights``: whether half precision is that of the weights too, or autocast alone, for networks
      that keep parts of themselves in single precision.
    - ``cure``: what helps where one tile does not fit in memory.

    ``told`` hears a sentence whenever :meth:`make_room` gave something up because memory ran out; nobody does
    unless it is set.

    Args:
        network: Its current weights are copied.
        compute: Device and precision. When memory runs out there, :meth:`make_room` moves to the CPU.
        threads: CPU threads, asked before each pass.
        path: The way: a name of :data:`.paths.PATHS`, or "auto" for the fastest one here (:mod:`.choice`).
            Where it does not work or does not agree with the plain way, that one is taken, in single
            precision.
    """

    cpu_batch: ClassVar[int] = 1
    gpu_batch: ClassVar[int] = 8
    halves_weights: ClassVar[bool] = False
    cure: ClassVar[str] = "Close other programs."

    def __init__(
        self, network: nn.Module, compute: Compute, threads: Threads = None, path: str = FOLDED
    ) -> None:
        self._source = copy.deepcopy(network).to("cpu").eval()
        self.threads = threads
        self.told: Callable[[str], None] = lambda words: None
        self._wanted_path = path
        self.batch = self.cpu_batch if compute.device.type == "cpu" else self.gpu_batch
        self.move_to(compute)

    @staticmethod
    def numbers(pixels: UInt8Array) -> Tensor:
        """N x H x W x 3 uint8 RGB to what the network takes, (N, 3, H, W) float32, channels last."""
        raise BugError("this network does not say how pixels become numbers")

    def move_to(self, compute: Compute, path: str = "") -> None:
        """Go on with another device or precision.

        Args:
            compute: Device and precision.
            path: A way of running that fits; "" chooses one again, as when the network was made ready.
        """
        halve = self.halves_weights
        if not path:
            path = choose_path(self._source, compute, self._scene, self._wanted_path, halve).path
        self.path = path
        self.compute = Compute(compute.device) if path == PLAIN else compute
        self._ready = prepare(copy.deepcopy(self._source), self.compute, path, halve)
        if compute.device.type == "cpu":
            self.batch = self.cpu_batch

    def _scene(self) -> Tensor:
        """Draw something to try ways of running on; smaller for large networks."""
        weights = sum(tensor.numel() for tensor in self._source.parameters())
        side_px = next(side for least, side in PROBE_SIDES_PX if weights >= least)
        return self.numbers(render_scene(PROBE_SEED, side_px, side_px).pixels[None])

    @contextmanager
    def at_work(self) -> Iterator[nn.Module]:
        """The network, for passes within the block: no gradients, the right threads and precision.

        It takes single precision on its device. Never yield to another job inside the block: torch's modes
        would leak into it.
        """
        if self.compute.device.type == "cpu":
            apply_threads(self.threads)
        with torch.inference_mode():
            yield self._ready

    def make_room(self, error: BaseException) -> None:
        """After an error: do what may help, so that the same pass can be tried again.

        Out of memory: halve the batch, and when that is one tile, move to the CPU. Any other error of the
        way that is packed for this CPU: take the plain way.

        Raises:
            OutOfMemory: One tile on the CPU does not fit either.
            BaseException: ``error`` itself, when it says something else than that memory ran out.
        """
        if not is_out_of_memory(error):
            if self.path != FUSED or not isinstance(error, RuntimeError):
                raise error
            self.move_to(self.compute, PLAIN)
            return
        release_memory(self.compute.device)
        if self.batch > 1:
            self.batch //= 2
            tiles = "1 tile" if self.batch == 1 else f"{self.batch} tiles"
            self.told(f"Memory ran out while predicting: it goes on with {tiles} at a time.")
        elif self.compute.device.type != "cpu":
            self.move_to(Compute(torch.device("cpu")))
            self.told("Memory ran out while predicting: it goes on on the CPU, which is slower.")
        else:
            raise OutOfMemory("one tile of the photo does not fit in memory.", self.cure) from error


Ready = TypeVar("Ready", bound=ReadyNetwork)


class Holder(Generic[Ready]):
    """Holds one set of weights at a time, ready to answer photos. One thread calls it.

    Args:
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto" takes bfloat16 where the hardware has it; "fp32" and "bf16" force one.
        threads: CPU threads: a number, a function asked before each pass, or None for all cores.
        path: The way to run networks, or "auto" for the fastest here; see :class:`ReadyNetwork`.

    Raises:
        SettingsError: Unknown device, precision or path, or a device that is not there.
    """

    task: ClassVar[str]
    """Of the networks it takes, as in the model table."""

    def __init__(
        self, device: str = "auto", precision: str = "auto", threads: Threads = None, path: str = AUTO
    ) -> None:
        self._wanted = choose_compute(device, precision)
        if path != AUTO:
            find_path(path)
        self.threads = threads
        self.path = path
        self._network: Ready | None = None
        self._weights: WeightsFile | None = None

    def _make(self, network: nn.Module, compute: Compute, threads: Threads) -> Ready:
        raise BugError(f"{type(self).__name__} does not say how its network is made ready")

    @property
    def weights(self) -> WeightsFile | None:
        return self._weights

    @property
    def weights_id(self) -> str:
        """Content hash of the weights in use, "" before the first :meth:`use`."""
        return self._weights.weights_id if self._weights else ""

    @property
    def model(self) -> str:
        """Registry name of the network in use, "" before the first :meth:`use`."""
        return model_entry(self._weights.model).name if self._weights else ""

    @property
    def device_name(self) -> str:
        """Such as "cpu bf16"."""
        return self._network.compute.name if self._network else self._wanted.name

    def use(self, weights: WeightsFile) -> None:
        """Answer with these weights from now on; a photo under way ends with the old ones.

        Raises:
            WeightsError: They belong to a network of another task, answer something else than the app asks of
                it, or do not fit their network.
        """
        if self._network is not None and weights.weights_id == self.weights_id:
            return
        entry = model_entry(weights.model)
        if entry.task != self.task:
            fitting = ", ".join(known.title for known in MODELS.values() if known.task == self.task)
            raise WeightsError(
                f"Weights of {entry.title} cannot {self.task} photos.", f"Choose weights of: {fitting}."
            )
        refuse_unfit(weights)
        self._network = self._make(build(weights), self._wanted, self.threads)
        self._weights = weights

    def in_use(self) -> tuple[Ready, WeightsFile]:
        """The network and its weights.

        Raises:
            BugError: No weights are in use yet.
        """
        if self._network is None or self._weights is None:
            raise BugError(f"{type(self).__name__} was asked before it was given weights to use")
        return self._network, self._weights


def timed(steps: Generator[Report, None, Answer]) -> Generator[Report, None, tuple[Answer, float]]:
    """Step ``steps`` to its end; return its answer and its seconds of work, not those between the steps."""
    seconds = 0.0
    try:
        while True:
            start = time.perf_counter()
            try:
                report = next(steps)
            except StopIteration as stop:
                return stop.value, seconds + time.perf_counter() - start
            seconds += time.perf_counter() - start
            yield report
    finally:
        steps.close()
