"""Networks made ready to answer, and what holds one set of weights at a time; for every task."""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import ClassVar, Generic, TypeVar

import torch
from torch import nn

from resatt_studio.errors import BugError, OutOfMemory, WeightsError
from resatt_studio.inference.device import (
    Compute,
    Threads,
    apply_threads,
    choose_compute,
    is_out_of_memory,
    release_memory,
)
from resatt_studio.inference.folding import fold_norms
from resatt_studio.models.registry import MODELS, model_entry
from resatt_studio.models.state import build
from resatt_studio.records.weights import WeightsFile

Report = TypeVar("Report")
Answer = TypeVar("Answer")


class ReadyNetwork:
    """An inference copy of a network: norms folded, channels last, half precision where that is native.

    The network handed in stays as it was; learning may go on changing it. Subclasses say what goes in and
    what comes out, run the network in :meth:`at_work`, and may set:

    - ``cpu_batch``, ``gpu_batch``: photos or tiles in one pass to begin with.
    - ``halves_weights``: whether half precision is that of the weights too, or autocast alone, for networks
      that keep parts of themselves in single precision.
    - ``cure``: what helps where one tile does not fit in memory.

    Args:
        network: Its current weights are copied.
        compute: Device and precision. When memory runs out there, :meth:`make_room` moves to the CPU.
        threads: CPU threads, asked before each pass.
    """

    cpu_batch: ClassVar[int] = 1
    gpu_batch: ClassVar[int] = 8
    halves_weights: ClassVar[bool] = False
    cure: ClassVar[str] = "Close other programs."

    def __init__(self, network: nn.Module, compute: Compute, threads: Threads = None) -> None:
        self._source = copy.deepcopy(network).to("cpu").eval()
        fold_norms(self._source)
        self.threads = threads
        self.compute = compute
        self._ready = self._prepare()
        self.batch = self.cpu_batch if compute.device.type == "cpu" else self.gpu_batch

    def _prepare(self) -> nn.Module:
        ready = copy.deepcopy(self._source).to(self.compute.device)
        if self.halves_weights:
            ready = ready.to(self.compute.dtype)
        return ready.to(memory_format=torch.channels_last)

    def move_to(self, compute: Compute) -> None:
        """Go on with another device or precision."""
        self.compute = compute
        self._ready = self._prepare()
        self.batch = self.cpu_batch if compute.device.type == "cpu" else self.batch

    @contextmanager
    def at_work(self) -> Iterator[nn.Module]:
        """The network, for passes within the block: no gradients, the right threads and precision.

        Never yield to another job inside the block: torch's modes would leak into it.
        """
        if self.compute.device.type == "cpu":
            apply_threads(self.threads)
        with torch.inference_mode():
            if self.halves_weights:
                yield self._ready
            else:
                with self.compute.autocast():
                    yield self._ready

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
            raise OutOfMemory("one tile of the photo does not fit in memory.", self.cure) from error


Ready = TypeVar("Ready", bound=ReadyNetwork)


class Holder(Generic[Ready]):
    """Holds one set of weights at a time, ready to answer photos. One thread calls it.

    Args:
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto" takes bfloat16 where the hardware has it; "fp32" and "bf16" force one.
        threads: CPU threads: a number, a function asked before each pass, or None for all cores.

    Raises:
        SettingsError: Unknown device or precision, or a device that is not there.
    """

    task: ClassVar[str]
    """Of the networks it takes, as in the model table."""

    def __init__(self, device: str = "auto", precision: str = "auto", threads: Threads = None) -> None:
        self._wanted = choose_compute(device, precision)
        self.threads = threads
        self._network: Ready | None = None
        self._weights: WeightsFile | None = None

    def _make(self, network: nn.Module, compute: Compute, threads: Threads) -> Ready:
        raise BugError(f"{type(self).__name__} does not say how its network is made ready")

    def _refuse_unfit(self, weights: WeightsFile) -> None:
        """Refuse weights of the right task that nevertheless answer something else, with a WeightsError."""

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
            WeightsError: They belong to a network of another task, or do not fit their network.
        """
        if self._network is not None and weights.weights_id == self.weights_id:
            return
        entry = model_entry(weights.model)
        if entry.task != self.task:
            fitting = ", ".join(known.title for known in MODELS.values() if known.task == self.task)
            raise WeightsError(
                f"Weights of {entry.title} cannot {self.task} photos.", f"Choose weights of: {fitting}."
            )
        self._refuse_unfit(weights)
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
