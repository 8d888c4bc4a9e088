"""The resume point of a fine-tuning run, written whole or not at all, beside the run and not in its way."""

from __future__ import annotations

import json
import logging
import threading
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from numpy.lib import format as npy
from torch import Tensor

from resatt_studio import durable
from resatt_studio.errors import LearningError
from resatt_studio.inference.device import is_out_of_memory

_LOG = logging.getLogger(__name__)
FORMAT = "resatt-finetune-2"
_FACTS = "facts"
_NO_ROOM = "There is too little memory for a resume point: a crash now would cost this run."


@dataclass(frozen=True, eq=False)
class ResumePoint:
    """Everything a run needs to go on as if nothing had happened.

    Attributes:
        fingerprint: Hash of base weights, samples and plan; a point of another run is not used.
        step: Optimiser steps done.
        seconds: Wall clock used so far.
        chance: State of the random generator, as JSON.
        network, average: Learned and averaged parameters by name.
        optimiser: ``state_dict`` of the optimiser.
        losses, dices: Curves as (step, value).
        best: The best judged state so far by name; empty when none was judged.
        best_facts: What ``exam`` said about it, as JSON; "" when none was judged.
    """

    fingerprint: str
    step: int
    seconds: float
    chance: str
    network: dict[str, Tensor] = field(repr=False)
    average: dict[str, Tensor] = field(repr=False)
    optimiser: dict[str, Any] = field(repr=False)
    losses: list[tuple[int, float]] = field(repr=False)
    dices: list[tuple[int, float]] = field(repr=False)
    best: dict[str, Tensor] = field(repr=False, default_factory=dict)
    best_facts: str = ""


def copied(point: ResumePoint) -> ResumePoint:
    """A point whose tensors are its own and lie in the CPU's memory, so that learning may go on."""

    def own(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value.detach().to("cpu", copy=True)
        if isinstance(value, dict):
            return {key: own(inner) for key, inner in value.items()}
        return type(value)(map(own, value)) if isinstance(value, list | tuple) else value

    return ResumePoint(**own(vars(point)))


def write_point(path: Path, point: ResumePoint) -> None:
    """Write a point so that a crash at any moment leaves the old file or the new one.

    It is NumPy's archive (``.npz``) of the tensors, and the rest as JSON in an array of bytes. Tensors go to
    the disk from where they lie, and Python's other threads have their turn meanwhile: serialising them
    first, as torch does, holds up a stroke that is being painted for a twentieth of a second and more.

    Args:
        path: Of the file.
        point: In the CPU's memory (:func:`copied`).

    Raises:
        LearningError: It cannot be written.
    """
    tensors: dict[str, Tensor] = {}

    def told(value: Any) -> Any:
        if isinstance(value, Tensor):
            name = f"tensor-{len(tensors)}"
            tensors[name] = value
            # An optimiser's fused steps take for granted that its tensors lie in memory as its parameters do.
            return {"tensor": name, "strides": torch.empty_like(value, device="meta").stride()}
        if isinstance(value, dict):  # as pairs: JSON would make words of an optimiser's numbers
            return {"pairs": [[key, told(inner)] for key, inner in value.items()]}
        if isinstance(value, tuple):  # JSON has lists alone
            return {"tuple": [told(inner) for inner in value]}
        return [told(inner) for inner in value] if isinstance(value, list) else value

    facts = json.dumps([FORMAT, told(vars(point))]).encode()
    told_first = {_FACTS: torch.frombuffer(bytearray(facts), dtype=torch.uint8)}
    try:
        with durable.whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:
            for name, tensor in (told_first | tensors).items():
                array = tensor.contiguous().numpy()
                with archive.open(f"{name}.npy", "w") as member:
                    npy.write_array_header_1_0(member, npy.header_data_from_array_1_0(array))
                    member.write(array.reshape(-1).view(np.uint8).data)
    except OSError as error:
        raise LearningError(
            f"the resume point {path} cannot be written: {error.strerror or error}.",
            "Free some disk space, or check that you may write to the project folder.",
        ) from error


def _unpacked(archive: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """What :func:`write_point` wrote.

    Raises:
        KeyError, RuntimeError, TypeError, ValueError: It is something else.
    """

    def back(value: Any) -> Any:
        if not isinstance(value, dict):
            return [back(inner) for inner in value] if isinstance(value, list) else value
        if "tensor" in value:
            tensor = torch.from_numpy(archive[value["tensor"]])
            return torch.empty_strided(tensor.shape, value["strides"], dtype=tensor.dtype).copy_(tensor)
        if "tuple" in value:
            return tuple(back(inner) for inner in value["tuple"])
        return {key: back(inner) for key, inner in value["pairs"]}

    form, values = json.loads(archive[_FACTS].tobytes())
    if form != FORMAT:
        raise ValueError(f"its form is {form}")
    unpacked: dict[str, Any] = back(values)
    return unpacked


def read_point(path: Path, fingerprint: str) -> ResumePoint | None:
    """Return the point of this very run, or None when there is none to go on from.

    A point that is damaged or belongs to another plan, other samples or other weights is told to the log and
    passed over: learning then starts at its beginning, which is always right.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            values = _unpacked(archive)
    # zipfile says RuntimeError of a member that seems locked, or packed in a way that it does not know.
    except (OSError, EOFError, KeyError, RuntimeError, TypeError, ValueError, zipfile.BadZipFile) as error:
        _LOG.warning("resume point %s is damaged or of another form and is passed over: %s", path, error)
        return None
    if values.get("fingerprint") != fingerprint:
        _LOG.info("resume point %s belongs to another run and is passed over", path)
        return None
    return ResumePoint(**values)


class PointWriter:
    """Writes resume points on a thread of its own: a slow disk must not hold up the worker.

    A point that cannot be written costs nothing but the chance to go on after a crash, so it ends no run:
    ``told`` hears of it (on any thread), and the next one is tried all the same.

    Args:
        path: Of the file, or None to write nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.told: Callable[[str], None] = lambda words: None
        self._thread: threading.Thread | None = None

    def write(self, point: ResumePoint) -> None:
        """Begin to write; waits for the write before it."""
        if self.path is None:
            return
        self.wait()
        try:
            own = copied(point)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.told(_NO_ROOM)
            return
        self._thread = threading.Thread(target=self._run, args=(self.path, own), name="resume point")
        self._thread.start()

    def _run(self, path: Path, point: ResumePoint) -> None:
        try:
            write_point(path, point)
        except LearningError as error:
            _LOG.warning("%s", error)
            self.told(f"Learning goes on, but a crash now would cost this run: {error}")
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.told(_NO_ROOM)

    def wait(self) -> None:
        """Until nothing is being written."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def forget(self) -> None:
        """Remove the file: the run is over. One that cannot be removed belongs to no later run."""
        self.wait()
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
