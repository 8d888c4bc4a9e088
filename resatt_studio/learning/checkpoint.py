"""The resume point of a fine-tuning run, written whole or not at all, beside the run and not in its way."""

from __future__ import annotations

import io
import logging
import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from resatt_studio import durable
from resatt_studio.errors import LearningError

_LOG = logging.getLogger(__name__)
FORMAT = "resatt-finetune-1"


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


def pack_point(point: ResumePoint) -> bytes:
    """Serialise a point; tensors are copied, so learning may go on."""
    values = {name: getattr(point, name) for name in point.__dataclass_fields__}
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **values}, buffer)
    return buffer.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that a crash at any moment leaves the old file or the new one.

    Raises:
        LearningError: It cannot be written.
    """
    try:
        durable.write_whole(path, data)
    except OSError as error:
        raise LearningError(
            f"the resume point {path} cannot be written: {error.strerror or error}.",
            "Free some disk space, or check that you may write to the project folder.",
        ) from error


def read_point(path: Path, fingerprint: str) -> ResumePoint | None:
    """Return the point of this very run, or None when there is none to go on from.

    A point that is damaged or belongs to another plan, other samples or other weights is told to the log and
    passed over: learning then starts at its beginning, which is always right.
    """
    if not path.is_file():
        return None
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        _LOG.warning("resume point %s is damaged and is passed over: %s", path, error)
        return None
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        _LOG.warning("resume point %s has another format and is passed over", path)
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
            data = pack_point(point)
        except MemoryError:
            self.told("There is too little memory for a resume point: a crash now would cost this run.")
            return
        self._thread = threading.Thread(target=self._run, args=(self.path, data), name="resume point")
        self._thread.start()

    def _run(self, path: Path, data: bytes) -> None:
        try:
            write_whole(path, data)
        except LearningError as error:
            _LOG.warning("%s", error)
            self.told(f"Learning goes on, but a crash now would cost this run: {error}")

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
