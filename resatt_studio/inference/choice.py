"""Which way of running a network is fastest on this machine: measured in a moment, then remembered.

What is remembered is speed alone. That the way answers as the plain one does is checked for every set of
weights, on a drawn scene.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor, nn

from resatt_studio.durable import write_whole
from resatt_studio.inference.device import Compute
from resatt_studio.inference.paths import (
    AUTO,
    FOLDED,
    PLAIN,
    difference,
    find_path,
    fitting,
    prepare,
    tolerance,
)

VERSION = 1
"""Of what is remembered; another one is measured again."""

BUDGET_SECONDS = 0.3
ROUNDS = 3
KEPT = 64
"""How many networks are remembered."""

_FAILURES = (RuntimeError, ValueError, TypeError, AttributeError, MemoryError)
"""What a way that does not work on this machine may raise."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The way that was chosen.

    Attributes:
        path: Name in the table of ways.
        reason: "asked", "only", "measured", "remembered" or "doubt": then no way agrees with the plain one.
        seconds: Of one pass over the scene, for each way that was measured.
    """

    path: str
    reason: str
    seconds: Mapping[str, float] = field(default_factory=dict)


def cache_file() -> Path:
    """Where measurements are remembered."""
    return platformdirs.user_cache_path("resatt-studio", appauthor=False) / "engine-paths.json"


def choose_path(
    network: nn.Module,
    compute: Compute,
    scene: Callable[[], Tensor],
    wanted: str = AUTO,
    halve: bool = False,
    cache: Path | None = None,
) -> Choice:
    """Choose how to run a network.

    Args:
        network: On the CPU, in evaluation mode; it stays as it is.
        compute: Where it shall run.
        scene: Draws what the network takes, float32.
        wanted: "auto", or the name of a way: then it is taken where it works and agrees with the plain one.
        halve: As for :func:`prepare`.
        cache: File to remember in; None for the user's.

    Raises:
        SettingsError: There is no such way.
    """
    able = fitting(network, compute)
    if wanted != AUTO and find_path(wanted).name not in able:
        wanted = AUTO
    if wanted in (PLAIN, FOLDED):
        return Choice(wanted, "asked")
    rivals = [name for name in able if name != PLAIN] if wanted == AUTO else [wanted]
    if rivals == [FOLDED]:
        return Choice(FOLDED, "only")
    photo = scene()
    cache = cache_file() if cache is None else cache
    key = fingerprint(network, compute, tuple(photo.shape))
    known = _remembered(cache).get(key)
    if wanted == AUTO and known == FOLDED:
        return Choice(FOLDED, "remembered")
    try:
        trial = _Trial(network, compute, photo, halve)
    except _FAILURES:
        return Choice(PLAIN, "doubt")  # nothing to compare with; the work itself says what is wrong
    if wanted != AUTO:
        return Choice(wanted, "asked") if trial.passes(wanted) else Choice(PLAIN, "doubt")
    if known in rivals:
        if trial.passes(known):
            return Choice(known, "remembered")
        rivals.remove(known)
    seconds = trial.race(rivals)
    if not seconds:
        return Choice(PLAIN, "doubt")
    winner = min(seconds, key=seconds.__getitem__)
    if known is None:
        _remember(cache, key, winner)
    return Choice(winner, "measured", seconds)


def fingerprint(network: nn.Module, compute: Compute, shape: tuple[int, ...]) -> str:
    """Return a key of all that speed depends on: processor, torch, threads, network and what goes in."""
    facts = torch.cpu.get_capabilities()
    layers = [
        (name, type(module).__name__, {k: v for k, v in sorted(vars(module).items()) if _is_option(v)})
        for name, module in network.named_modules()
    ]
    tensors = [(name, tuple(tensor.shape)) for name, tensor in network.state_dict().items()]
    known = (
        VERSION,
        facts.get("cpu_name") or platform.processor(),
        platform.machine(),
        torch.__version__,
        torch.get_num_threads(),
        compute.name,
        shape,
        layers,
        tensors,
    )
    return hashlib.sha256(repr(known).encode()).hexdigest()


class _Trial:
    """The ways of one network on one scene, beside the plain one."""

    def __init__(self, network: nn.Module, compute: Compute, photo: Tensor, halve: bool) -> None:
        self._network, self._compute, self._halve = network, compute, halve
        self._photo = photo.to(compute.device)
        self._plain = self._pass(self._laid_out(PLAIN))

    def passes(self, path: str) -> bool:
        """Whether a way works and answers as the plain one does."""
        try:
            return self._agrees(self._laid_out(path))
        except _FAILURES:
            return False

    def race(self, paths: list[str]) -> dict[str, float]:
        """Least seconds of one pass for each way that works and agrees.

        On a CPU the seconds are those of the calling thread's processor, so that neither other programs nor
        other threads of this one count; elsewhere they are those of the clock, until the answer is there. The
        ways take turns.
        """
        runners: dict[str, nn.Module] = {}
        for path in paths:
            try:
                runner = self._laid_out(path)
                if self._agrees(runner):
                    runners[path] = runner
            except _FAILURES:
                continue
        seconds = dict.fromkeys(runners, math.inf)
        end = time.perf_counter() + BUDGET_SECONDS
        for turn in range(ROUNDS):
            for path, runner in runners.items():
                seconds[path] = min(seconds[path], self._timed(runner))
            if turn and time.perf_counter() > end:
                break
        return seconds

    def _timed(self, runner: nn.Module) -> float:
        if self._compute.device.type == "cpu":
            start = time.thread_time()
            self._pass(runner)
            return time.thread_time() - start
        start = time.perf_counter()
        difference(self._pass(runner), self._plain)  # a number: so the device has finished
        return time.perf_counter() - start

    def _laid_out(self, path: str) -> nn.Module:
        return prepare(copy.deepcopy(self._network), self._compute, path, self._halve)

    def _agrees(self, runner: nn.Module) -> bool:
        return difference(self._pass(runner), self._plain) <= tolerance(self._compute)

    def _pass(self, runner: nn.Module) -> Any:
        with torch.inference_mode():
            return runner(self._photo)


def _is_option(value: object) -> bool:
    return isinstance(value, bool | int | float | str | tuple)


def _remembered(cache: Path) -> dict[str, str]:
    """What the file holds; nothing, when it cannot be understood."""
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
        paths = known["paths"] if known["version"] == VERSION else {}
        return {str(key): str(path) for key, path in paths.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _remember(cache: Path, key: str, path: str) -> None:
    """Add one line; a file that cannot be written only costs the next measurement."""
    entries = [*((k, v) for k, v in _remembered(cache).items() if k != key), (key, path)]
    text = json.dumps({"version": VERSION, "paths": dict(entries[-KEPT:])}, indent=1)
    try:
        write_whole(cache, text.encode())
    except OSError:
        return
