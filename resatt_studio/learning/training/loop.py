"""Trains any network from the start, or on from given weights; stops and resumes.

AdamW with a cosine over the planned time, averaged weights (EMA), and BatchNorm statistics that are measured
anew and held for the last part of the run, so that what is judged and shipped is exactly what was trained.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from resatt_studio.errors import LearningError, WeightsError
from resatt_studio.inference.device import Compute, apply_threads, choose_compute
from resatt_studio.learning.normalisation import freeze_statistics, norm_layers, reestimate_steps
from resatt_studio.learning.training.card import steps_of
from resatt_studio.learning.training.feed import Feed, step_seed
from resatt_studio.learning.training.options import RunOptions
from resatt_studio.learning.training.registry import make_task
from resatt_studio.learning.training.run import Keeper, Run
from resatt_studio.learning.training.run_files import RunFiles
from resatt_studio.learning.training.task import Task, Verdict
from resatt_studio.models import create_model
from resatt_studio.models.state import load_weights, state_of
from resatt_studio.records.weights import WeightsFile
from resatt_studio.resources import assets_folder

_LOSS_MEMORY = 0.95


@dataclass(frozen=True, slots=True)
class TrainReport:
    """Where a training run is.

    Attributes:
        phase: "reading", "learning", "measuring" (BatchNorm statistics) or "judging".
        detail: What exactly, for people.
        step: Optimiser steps done.
        progress: Share of the plan, in [0, 1].
        seconds, seconds_left: Wall clock of the run (all sessions together) and what the plan has left.
        loss: Running mean, or None before the first step.
        learning_rate: Of the newest step.
        judgement: Fresh scores on the validation splits, else None.
    """

    phase: str
    detail: str
    step: int
    progress: float
    seconds: float
    seconds_left: float
    loss: float | None = None
    learning_rate: float = 0.0
    judgement: Verdict | None = None


def train(
    config: RunOptions, data: Sequence[Path], out: Path, resume: bool = False
) -> Generator[TrainReport, None, WeightsFile]:
    """Train a network and write its weights.

    A checkpoint beside ``out`` (``<name>.checkpoint``) is written every minute, whole or not at all, and
    removed at the end; ``<name>.curve.csv`` grows by a line with every tenth step and every judgement. After
    every judgement the best weights so far are written to ``out``. Closing the generator writes a last
    checkpoint.

    Args:
        config: All options.
        data: Folders that are sets, or hold sets.
        out: Where the weights go (safetensors, kernels in 16 bits).
        resume: Go on from the checkpoint when there is one.

    Yields:
        A report after every step and every piece of other work.

    Returns:
        The best weights by the validation splits, or the last ones when there is nothing to validate with.

    Raises:
        LearningError: Nothing to learn from, a checkpoint of another run, or a loss that is no number.
        WeightsError: ``start_from`` does not fit, or ``out`` cannot be written.
    """
    task = make_task(config)
    yield from _read(task, config, data)
    start = load_weights(_starting_file(config)) if config.start_from else None
    earlier = steps_of(start.metadata) if start else 0
    files = RunFiles(Path(out), task, config, data, resume, earlier)
    yield from learn(task, _first_network(config, start), config, files)
    return files.finish()


def learn(
    task: Task, network: nn.Module, config: RunOptions, keeper: Keeper | None = None
) -> Generator[TrainReport, None, dict[str, torch.Tensor]]:
    """Let a network learn a task whose data are read; see :func:`train`.

    Args:
        task: After :meth:`Task.read`.
        network: Any network that the task can use; it changes.
        config: All options; ``model``, ``network`` and ``start_from`` are of no effect here.
        keeper: Hears of every step; None leaves nothing behind.

    Yields:
        A report after every step and every piece of other work.

    Returns:
        State of the best averaged network.

    Raises:
        LearningError: The loss is no number.
    """
    keeper = keeper or Keeper()
    compute = choose_compute()
    threads = apply_threads(config.threads or None)
    run = _begin(task, network, config, compute)
    keeper.begin(run)
    batches = Feed(task, config, run.step)
    clock = _Clock(run)
    judged = run.seconds
    try:
        while _progress(config, run) < 1.0:
            if not run.held and _progress(config, run) >= config.freeze_statistics_at < 1.0:
                yield from _hold_statistics(run, config, task, compute, clock)
            _learn(run, task, next(batches), config, compute)
            clock.tick()
            keeper.stepped(run, _rate(config, run))
            yield _report(config, run, "learning", "")
            if run.seconds - judged >= config.judge_every_minutes * 60:
                yield from _judge(run, config, task, compute, threads, clock)
                keeper.judged(run)
                judged = run.seconds
    finally:
        batches.close()
        keeper.stopped(run)
    if not run.held:
        yield from _hold_statistics(run, config, task, compute, clock)
    yield from _judge(run, config, task, compute, threads, clock)
    keeper.judged(run)
    return run.best


class _Clock:
    """Adds the wall-clock time of this session to the run's."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._start = time.monotonic() - run.seconds

    def tick(self) -> None:
        self._run.seconds = time.monotonic() - self._start


def _read(task: Task, config: RunOptions, folders: Sequence[Path]) -> Generator[TrainReport, None, None]:
    for detail in task.read(folders):
        yield TrainReport("reading", detail, 0, 0.0, 0.0, config.minutes * 60)


def _first_network(config: RunOptions, start: WeightsFile | None) -> nn.Module:
    """Build the network that a configuration asks for, from its seed or from the weights it starts with.

    Raises:
        WeightsError: ``start`` does not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = create_model(config.model, **config.network)
    if start is None:
        return network
    try:
        network.load_state_dict(state_of(start), strict=True)
    except RuntimeError as error:
        raise WeightsError(
            f"{_starting_file(config)} does not fit the network {dict(config.network)}: "
            f"it holds {dict(start.config)}.",
            "Give the configuration the same network options.",
        ) from error
    return network


def _begin(task: Task, network: nn.Module, config: RunOptions, compute: Compute) -> Run:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        learner = task.learner(network)
    learner = learner.to(compute.device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(learner).requires_grad_(False)
    optimiser = torch.optim.AdamW(_groups(learner, config), lr=config.learning_rate)
    return Run(learner, average, optimiser)


def _groups(learner: nn.Module, config: RunOptions) -> list[dict[str, Any]]:
    """All parameters; what does not decay stands apart."""
    vectors = [] if config.decay_vectors else [p for p in learner.parameters() if p.ndim < 2]
    apart = {id(parameter) for parameter in vectors}
    decaying = [parameter for parameter in learner.parameters() if id(parameter) not in apart]
    groups = [{"params": decaying, "weight_decay": config.weight_decay}]
    return groups + ([{"params": vectors, "weight_decay": 0.0}] if vectors else [])


def _starting_file(config: RunOptions) -> Path:
    """Where the weights are that a run begins with; "factory" means the bundled ones of its network."""
    if config.start_from != "factory":
        return Path(config.start_from)
    return assets_folder() / "weights" / f"{config.model}-factory.safetensors"


def _progress(config: RunOptions, run: Run) -> float:
    share = run.step / config.steps if config.steps else run.seconds / (config.minutes * 60)
    return min(1.0, share)


def _rate(config: RunOptions, run: Run) -> float:
    warm = min(1.0, (run.step + 1) / max(1, config.warmup_steps))
    return config.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * _progress(config, run)))


def _learn(run: Run, task: Task, batch: Any, config: RunOptions, compute: Compute) -> None:
    """One optimiser step."""
    for group in run.optimiser.param_groups:
        group["lr"] = _rate(config, run)
    run.network.train()
    if run.held:
        freeze_statistics(run.network)
    # Dropping paths draws from torch's own chance; a seed a step makes a resumed run the same run.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(step_seed(config.seed, run.step))
        loss = task.loss(run.network, batch, compute)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise LearningError(
            f"The loss is no number at step {run.step}.", "Lower learning_rate, then resume or begin again."
        )
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(run.network.parameters(), config.clip_norm)
    run.optimiser.step()
    run.step += 1
    run.loss = value if run.loss is None else _LOSS_MEMORY * run.loss + (1 - _LOSS_MEMORY) * value
    _follow(run, min(config.ema_decay, (1 + run.step) / (10 + run.step)))


@torch.no_grad()
def _follow(run: Run, decay: float) -> None:
    """Move the averaged weights; statistics are copied, for they are an average already."""
    mine = [parameter.detach() for parameter in run.average.parameters()]
    theirs = [parameter.detach() for parameter in run.network.parameters()]
    torch._foreach_lerp_(mine, theirs, 1.0 - decay)
    for kept, fresh in zip(run.average.buffers(), run.network.buffers(), strict=True):
        kept.copy_(fresh)


def _measured(
    run: Run,
    config: RunOptions,
    task: Task,
    compute: Compute,
    images: int,
    clock: _Clock,
) -> Generator[TrainReport, None, nn.Module]:
    """A copy of the averaged learner with statistics measured anew."""
    learner = copy.deepcopy(run.average)
    network = task.kept(learner)
    batches = (batch.to(compute.device) for batch in task.plain_batches(images))
    steps = reestimate_steps(network, batches)
    while True:
        with compute.autocast():
            finished = next(steps, None) is None
        clock.tick()
        if finished:
            return learner.eval()
        yield _report(config, run, "measuring", "BatchNorm statistics")


def _hold_statistics(
    run: Run, config: RunOptions, task: Task, compute: Compute, clock: _Clock
) -> Generator[TrainReport, None, None]:
    """Go on from the averaged weights with statistics that fit them, and hold those from now on."""
    if not norm_layers(task.kept(run.average)):
        run.held = True  # nothing to measure, and earlier scores are of the same network
        return
    measured = yield from _measured(run, config, task, compute, config.statistics_images, clock)
    run.average.load_state_dict(measured.state_dict())
    run.network.load_state_dict(measured.state_dict())
    run.held = True
    run.best_score, run.best = -1.0, {}  # scores with moving statistics are another network's


def _judge(
    run: Run,
    config: RunOptions,
    task: Task,
    compute: Compute,
    threads: int,
    clock: _Clock,
) -> Generator[TrainReport, None, None]:
    """Judge the averaged weights on the validation splits and remember them when they are the best."""
    learner = run.average
    if not run.held and norm_layers(task.kept(learner)):
        few = max(config.batch, config.statistics_images // 2)
        learner = yield from _measured(run, config, task, compute, few, clock)
    network = task.kept(learner)
    steps = task.judge(network, compute, threads)
    while True:
        try:
            done = next(steps)
        except StopIteration as finished:
            run.newest = finished.value
            break
        clock.tick()
        yield _report(config, run, "judging", f"tile {done}")
    score = run.newest.score if run.newest else 0.0
    if score >= run.best_score:
        run.best_score, run.judgement = score, run.newest
        run.best_at = (run.step, run.seconds)
        run.best = {key: value.detach().cpu().clone() for key, value in network.state_dict().items()}
    yield _report(config, run, "judging", "", run.newest)


def _report(
    config: RunOptions, run: Run, phase: str, detail: str, judgement: Verdict | None = None
) -> TrainReport:
    progress = _progress(config, run)
    left = run.seconds * (1 - progress) / progress if progress > 0 else 0.0
    rate = _rate(config, run)
    return TrainReport(phase, detail, run.step, progress, run.seconds, left, run.loss, rate, judgement)
