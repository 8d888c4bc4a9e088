"""Trains a network from the start, or on from given weights; stops and resumes.

AdamW with a cosine over the planned time, averaged weights (EMA), and BatchNorm statistics that are measured
anew and held for the last part of the run, so that what is judged and shipped is exactly what was trained.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from resatt_studio.errors import LearningError, WeightsError
from resatt_studio.inference.device import Compute, apply_threads, choose_compute
from resatt_studio.learning.judging import Judgement, judge_steps
from resatt_studio.learning.losses import crack_loss
from resatt_studio.learning.normalisation import freeze_statistics, reestimate_steps
from resatt_studio.learning.training_card import card
from resatt_studio.learning.training_config import TrainConfig
from resatt_studio.learning.training_data import TrainingData, draw_batch, load_data, plain_batches
from resatt_studio.learning.training_state import load_checkpoint, save_checkpoint
from resatt_studio.models import create_model
from resatt_studio.models.r2aunet import R2AUNet
from resatt_studio.models.state import load_weights, pack_weights, state_of, write_weights
from resatt_studio.records.weights import WeightsFile
from resatt_studio.resources import asset

_CHECKPOINT_SECONDS = 60.0
_LOSS_MEMORY = 0.95
_CRACK_SHARE = 0.03  # about what the patches hold; only where the head's bias begins


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
    judgement: Judgement | None = None


@dataclass(slots=True)
class _Run:
    """All that changes while learning."""

    network: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    rng: np.random.Generator
    step: int = 0
    seconds: float = 0.0
    held: bool = False
    loss: float | None = None
    best_score: float = -1.0
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    judgement: Judgement | None = None
    best_at: tuple[int, float] = (0, 0.0)


def train(
    config: TrainConfig, data: Sequence[Path], out: Path, resume: bool = False
) -> Generator[TrainReport, None, WeightsFile]:
    """Train a network and write its weights.

    A checkpoint beside ``out`` (``<name>.checkpoint``) is written every minute, whole or not at all, and
    removed at the end. After every judgement the best weights so far are written to ``out``. Closing the
    generator writes a last checkpoint.

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
    out = Path(out)
    checkpoint = out.with_name(out.name + ".checkpoint")
    compute = choose_compute()
    threads = apply_threads(config.threads or None)
    material = yield from _read(config, data)
    run = _begin(config, compute)
    if resume and checkpoint.is_file():
        _restore(run, checkpoint, config)
    clock = _Clock(run)
    saved = judged = run.seconds
    try:
        while _progress(config, run) < 1.0:
            if not run.held and _progress(config, run) >= config.freeze_statistics_at < 1.0:
                yield from _hold_statistics(run, config, material, compute, clock)
            _learn(run, material, config, compute)
            clock.tick()
            yield _report(config, run, "learning", "")
            if run.seconds - judged >= config.judge_every_minutes * 60:
                yield from _judge(run, config, material, compute, threads, clock)
                _write_best(run, config, data, out)
                judged = run.seconds
            if run.seconds - saved >= _CHECKPOINT_SECONDS:
                _save(run, checkpoint, config)
                saved = run.seconds
    finally:
        _save(run, checkpoint, config)
    if not run.held:
        yield from _hold_statistics(run, config, material, compute, clock)
    yield from _judge(run, config, material, compute, threads, clock)
    weights = _write_best(run, config, data, out)
    checkpoint.unlink(missing_ok=True)
    return weights


class _Clock:
    """Adds the wall-clock time of this session to the run's."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._start = time.monotonic() - run.seconds

    def tick(self) -> None:
        self._run.seconds = time.monotonic() - self._start


def _read(config: TrainConfig, folders: Sequence[Path]) -> Generator[TrainReport, None, TrainingData]:
    steps = load_data(config, folders)
    while True:
        try:
            detail = next(steps)
        except StopIteration as finished:
            material: TrainingData = finished.value
            return material
        yield TrainReport("reading", detail, 0, 0.0, 0.0, config.minutes * 60)


def _begin(config: TrainConfig, compute: Compute) -> _Run:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = create_model(config.model, **config.network)
    if config.start_from:
        _start_from(network, config)
    elif isinstance(network, R2AUNet):
        network.start_from_crack_share(_CRACK_SHARE)
    network = network.to(compute.device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    return _Run(network, average, optimiser, np.random.default_rng([config.seed, 3]))


def _start_from(network: nn.Module, config: TrainConfig) -> None:
    factory = config.start_from == "factory"
    path = asset("weights", f"{config.model}-factory.safetensors") if factory else Path(config.start_from)
    weights = load_weights(path)
    try:
        network.load_state_dict(state_of(weights), strict=True)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not fit the network {dict(config.network)}: it holds {dict(weights.config)}.",
            "Give the configuration the same base_width and stem.",
        ) from error


def _progress(config: TrainConfig, run: _Run) -> float:
    share = run.step / config.steps if config.steps else run.seconds / (config.minutes * 60)
    return min(1.0, share)


def _rate(config: TrainConfig, run: _Run) -> float:
    warm = min(1.0, (run.step + 1) / max(1, config.warmup_steps))
    return config.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * _progress(config, run)))


def _learn(run: _Run, material: TrainingData, config: TrainConfig, compute: Compute) -> None:
    """One optimiser step."""
    for group in run.optimiser.param_groups:
        group["lr"] = _rate(config, run)
    run.network.train()
    if run.held:
        freeze_statistics(run.network)
    photos, crack, weight = (tensor.to(compute.device) for tensor in draw_batch(run.rng, material, config))
    with compute.autocast():
        logits = run.network(photos)
    loss = crack_loss(logits, crack, weight, config.dice_share)
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
def _follow(run: _Run, decay: float) -> None:
    """Move the averaged weights; statistics are copied, for they are an average already."""
    mine = [parameter.detach() for parameter in run.average.parameters()]
    theirs = [parameter.detach() for parameter in run.network.parameters()]
    torch._foreach_lerp_(mine, theirs, 1.0 - decay)
    for kept, fresh in zip(run.average.buffers(), run.network.buffers(), strict=True):
        kept.copy_(fresh)


def _measured(
    run: _Run,
    config: TrainConfig,
    material: TrainingData,
    compute: Compute,
    images: int,
    clock: _Clock,
) -> Generator[TrainReport, None, nn.Module]:
    """A copy of the averaged network with statistics measured anew."""
    network = copy.deepcopy(run.average)
    batches = (batch.to(compute.device) for batch in plain_batches(material, config, images))
    steps = reestimate_steps(network, batches)
    while True:
        with compute.autocast():
            finished = next(steps, None) is None
        clock.tick()
        if finished:
            return network.eval()
        yield _report(config, run, "measuring", "BatchNorm statistics")


def _hold_statistics(
    run: _Run, config: TrainConfig, material: TrainingData, compute: Compute, clock: _Clock
) -> Generator[TrainReport, None, None]:
    """Go on from the averaged weights with statistics that fit them, and hold those from now on."""
    measured = yield from _measured(run, config, material, compute, config.statistics_images, clock)
    run.average.load_state_dict(measured.state_dict())
    run.network.load_state_dict(measured.state_dict())
    run.held = True
    run.best_score, run.best = -1.0, {}  # scores with moving statistics are another network's


def _judge(
    run: _Run,
    config: TrainConfig,
    material: TrainingData,
    compute: Compute,
    threads: int,
    clock: _Clock,
) -> Generator[TrainReport, None, None]:
    """Judge the averaged weights on the validation splits and remember them when they are the best."""
    network = run.average
    if not run.held:
        few = max(config.batch, config.statistics_images // 2)
        network = yield from _measured(run, config, material, compute, few, clock)
    steps = judge_steps(network, material.judges, material.crack_free, compute, threads)
    while True:
        try:
            done = next(steps)
        except StopIteration as finished:
            judgement: Judgement = finished.value
            break
        clock.tick()
        yield _report(config, run, "judging", f"tile {done}")
    if judgement.score >= run.best_score:
        run.best_score, run.judgement = judgement.score, judgement
        run.best_at = (run.step, run.seconds)
        run.best = {key: value.detach().cpu().clone() for key, value in network.state_dict().items()}
    yield _report(config, run, "judging", "", judgement)


def _write_best(run: _Run, config: TrainConfig, folders: Sequence[Path], out: Path) -> WeightsFile:
    metadata = card(config, folders, *run.best_at, run.judgement, out.name)
    weights = pack_weights(config.model, config.network, run.best, metadata, half=True)
    write_weights(out, weights)
    return weights


def _report(
    config: TrainConfig, run: _Run, phase: str, detail: str, judgement: Judgement | None = None
) -> TrainReport:
    progress = _progress(config, run)
    left = run.seconds * (1 - progress) / progress if progress > 0 else 0.0
    rate = _rate(config, run)
    return TrainReport(phase, detail, run.step, progress, run.seconds, left, run.loss, rate, judgement)


def _save(run: _Run, path: Path, config: TrainConfig) -> None:
    save_checkpoint(
        path,
        config,
        {
            "network": run.network.state_dict(),
            "average": run.average.state_dict(),
            "optimiser": run.optimiser.state_dict(),
            "best": run.best,
        },
        {
            "rng": run.rng.bit_generator.state,
            "step": run.step,
            "seconds": run.seconds,
            "held": run.held,
            "loss": run.loss,
            "best_score": run.best_score,
            "best_at": run.best_at,
            "judgement": run.judgement.to_table() if run.judgement else None,
        },
    )


def _restore(run: _Run, path: Path, config: TrainConfig) -> None:
    tensors, facts = load_checkpoint(path, config)
    run.network.load_state_dict(tensors["network"])
    run.average.load_state_dict(tensors["average"])
    run.optimiser.load_state_dict(tensors["optimiser"])
    run.best = tensors["best"]
    run.rng.bit_generator.state = facts["rng"]
    run.step, run.seconds = int(facts["step"]), float(facts["seconds"])
    run.judgement = Judgement.from_table(facts["judgement"]) if facts["judgement"] else None
    run.best_at = (int(facts["best_at"][0]), float(facts["best_at"][1]))
    run.held, run.loss, run.best_score = bool(facts["held"]), facts["loss"], float(facts["best_score"])
