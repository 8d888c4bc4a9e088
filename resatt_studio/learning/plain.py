"""Plain fine-tuning, the yardstick: the whole network, random patches, no average, no reminders.

A :class:`PlainRecipe` turns the one loop into what other tools do. RootPainter's loss is that of its source
(Abe404/root_painter, trainer/src/loss.py): Dice over the batch plus 0.3 times the mean cross-entropy, unknown
pixels kept at one half in both; cross-entropy alone where the batch has no crack.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from resatt_studio.errors import LearningError
from resatt_studio.inference.device import Compute, Threads, apply_threads, choose_compute
from resatt_studio.inference.segmenter import Segmenter, to_input
from resatt_studio.inference.surface import Answering
from resatt_studio.learning.augment import change_light, draw_geometry, warp_photo, warp_values
from resatt_studio.learning.exam import Exam, Marks
from resatt_studio.learning.losses import crack_loss
from resatt_studio.learning.normalisation import freeze_statistics
from resatt_studio.learning.pace import Pace
from resatt_studio.learning.plain_recipe import Judges, PlainRecipe, Unsaid
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.support import choose_windows
from resatt_studio.models.blocks.precision import widened
from resatt_studio.models.state import build, pack_weights
from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.training import FineTunePlan, FineTuneResult, StepReport
from resatt_studio.records.weights import WeightsFile

CROSS_ENTROPY_SHARE = 0.3
"""RootPainter's."""

_TRIES = 16


@dataclass(frozen=True, eq=False)
class _Page:
    """One photo to learn from: H x W x 3 uint8 pixels; H x W float32 target and weight, 0 where unknown."""

    pixels: UInt8Array = field(repr=False)
    target: Float32Array = field(repr=False)
    weight: Float32Array = field(repr=False)


def learn_plainly(
    base: WeightsFile,
    samples: Sequence[Sample],
    recipe: PlainRecipe,
    plan: FineTunePlan,
    reference: ReferenceSet,
    device: str = "auto",
    threads: Threads = None,
) -> Generator[StepReport, None, FineTuneResult]:
    """Teach a copy of ``base`` the corrections in ``samples``, the recipe's way.

    Unlike the app's own learning a step is not cut in pieces: a report comes with every step.

    Yields:
        Where it is.

    Args:
        base: Weights to start from.
        samples: Validation samples judge, and teach where the recipe says so.
        recipe: How it learns.
        plan: Seconds, steps, patch side, patches a step and seed; its other numbers are the app's own.
        reference: Replayed and judged by, where the recipe says so.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads.

    Returns:
        The candidate of the last step; scores where something judged.

    Raises:
        LearningError: There is nothing to learn from, or a loss is not finite.
    """
    taught = [one for one in samples if recipe.held_back_too or one.split is Split.TRAIN]
    pages = [page for page in (_page(sample, recipe) for sample in taught) if page.weight.any()]
    if not pages:
        raise LearningError("there is no corrected photo to learn from.", "Correct a photo and approve it.")
    own_steps = recipe.length(len(pages))
    limits = [steps for steps in (plan.steps, own_steps) if steps]
    plan = replace(plan, steps=min(limits, default=0))
    pace = Pace(plan)
    compute = choose_compute(device)
    network = build(base).to(compute.device).to(memory_format=torch.channels_last)
    exam = _exam(samples, recipe.judges, reference)
    before = yield from _sit(exam, network, compute, threads, pace, "judging before")
    pace.begin_learning(pace.seconds if exam.questions else 0.0, 0)
    network.train()
    if recipe.frozen_statistics:
        freeze_statistics(network)
    optimiser = _optimiser(network, recipe)
    rng = np.random.default_rng(plan.seed)
    scenes = [_Page(one.pixels, one.mask.astype(np.float32), np.ones(one.mask.shape, np.float32))
              for one in reference.replay]  # fmt: skip
    losses: list[tuple[int, float]] = []
    step = good = 0
    while not pace.over(step):
        if compute.device.type == "cpu":
            apply_threads(threads)
        batch = _draw(rng, pages, scenes, recipe, plan)
        loss, dice = _step(network, optimiser, batch, recipe, compute)
        step += 1
        losses.append((step, loss))
        yield StepReport(step, pace.steps(step), loss, None, pace.seconds, pace.seconds_left)
        good = good + 1 if dice > recipe.enough_dice else 0
        if recipe.enough_steps and good >= recipe.enough_steps:
            break
    after = yield from _sit(exam, network, compute, threads, pace, "judging after")
    state = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
    told = {
        "parent": base.weights_id,
        "step": str(step),
        "recipe": json.dumps(asdict(recipe), sort_keys=True),
    }
    return FineTuneResult(
        weights=pack_weights(base.model, base.config, state, told),
        before=exam.scores(before, here=True),
        after=exam.scores(after, here=True),
        reference_before=exam.scores(before, here=False),
        reference_after=exam.scores(after, here=False),
        steps=step,
        seconds=pace.seconds,
        losses=tuple(losses),
    )


def rootpainter_loss(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Dice of the batch + 0.3 cross-entropy, with the logits of unknown pixels at zero.

    Args:
        logits: (N, 1, H, W).
        target: The same shape, 0 or 1; 0 where unknown.
        known: The same shape, 1 where painted, else 0.

    Returns:
        Scalar; without any crack in the batch, 0.3 cross-entropy alone.
    """
    logits = widened(logits) * known
    entropy = CROSS_ENTROPY_SHARE * functional.binary_cross_entropy_with_logits(logits, target)
    crack = target.sum()
    if not bool(crack > 0):
        return entropy
    probability = torch.sigmoid(logits)
    return 1 - 2 * (probability * target).sum() / (probability.sum() + crack) + entropy


def _page(sample: Sample, recipe: PlainRecipe) -> _Page:
    said = sample.labels != Label.UNSAID
    crack: BoolArray = sample.labels == Label.CRACK
    weight = np.where(said, recipe.painted_weight, 0.0).astype(np.float32)
    if recipe.unsaid is Unsaid.APPROVED and sample.predicted is not None:
        crack = np.where(said, crack, sample.predicted > 255 * sample.threshold)
        weight[~said] = 1.0
    return _Page(sample.pixels, crack.astype(np.float32), weight)


def _exam(samples: Sequence[Sample], judges: Judges, reference: ReferenceSet) -> Exam:
    held_back = [replace(one, predicted=None) for one in samples if one.split is Split.VALIDATION]
    windows = list(choose_windows(held_back)) if judges is Judges.VALIDATION else []
    return Exam(windows, reference if judges is Judges.REFERENCE else ReferenceSet())


def _sit(
    exam: Exam, network: nn.Module, compute: Compute, threads: Threads, pace: Pace, phase: str
) -> Generator[StepReport, None, Marks]:
    if not exam.questions:
        return Marks({})
    sitting = exam.sit(Answering(Segmenter(network, compute, threads)))
    while True:
        try:
            next(sitting)
        except StopIteration as done:
            marks: Marks = done.value
            return marks
        yield StepReport(0, 0, None, None, pace.seconds, pace.seconds_left, phase)


def _optimiser(network: nn.Module, recipe: PlainRecipe) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            network.parameters(), rate, recipe.momentum, weight_decay=decay, nesterov=recipe.momentum > 0
        )
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    if recipe.optimiser not in kinds:
        raise LearningError(f"optimiser {recipe.optimiser!r} is unknown.", "Choose one of adam, adamw, sgd.")
    made: torch.optim.Optimizer = kinds[recipe.optimiser](network.parameters(), lr=rate, weight_decay=decay)
    return made


_Cut = tuple[UInt8Array, Float32Array, Float32Array]


def _draw(
    rng: np.random.Generator,
    pages: Sequence[_Page],
    scenes: Sequence[_Page],
    recipe: PlainRecipe,
    plan: FineTunePlan,
) -> _Cut:
    """Patches of one step, each photo as likely: N x S x S x 3 pixels, N x S x S target and weight."""
    cuts = []
    for number in range(plan.batch):
        # An even share is laid out over the batch: half of four patches is two, not two on average.
        replays = bool(scenes) and int((number + 1) * recipe.replay) > int(number * recipe.replay)
        chosen = scenes if replays else pages
        cuts.append(_cut(rng, chosen[int(rng.integers(len(chosen)))], recipe, plan.crop_px))
    pixels, target, weight = zip(*cuts, strict=True)
    return np.stack(pixels), np.stack(target), np.stack(weight)


def _cut(rng: np.random.Generator, page: _Page, recipe: PlainRecipe, patch_px: int) -> _Cut:
    """A random patch of a photo in which something is known; a few tries are made to find one."""
    height, width = page.weight.shape
    for _ in range(_TRIES):
        centre = float(rng.uniform(0, height)), float(rng.uniform(0, width))
        matrix = draw_geometry(rng, centre, patch_px, recipe.augment)
        weight = warp_values(page.weight, matrix, patch_px)
        if weight.any():
            break
    pixels = change_light(rng, warp_photo(page.pixels, matrix, patch_px), recipe.augment)
    target = (warp_values(page.target, matrix, patch_px) >= 0.5).astype(np.float32)
    return pixels, target, weight


def _step(
    network: nn.Module, optimiser: torch.optim.Optimizer, batch: _Cut, recipe: PlainRecipe, compute: Compute
) -> tuple[float, float]:
    """One optimiser step; returns the loss and the batch's Dice over known pixels, before the step."""
    pixels, *arrays = batch
    target, weight = (torch.from_numpy(one).unsqueeze(1).to(compute.device) for one in arrays)
    optimiser.zero_grad(set_to_none=True)
    with compute.autocast():
        logits = network(to_input(pixels, compute.device))
    known = (weight > 0).to(weight.dtype)
    if recipe.rootpainter_loss:
        if recipe.unsaid is Unsaid.HALF:
            loss = rootpainter_loss(logits, target * known, known)
        else:
            loss = rootpainter_loss(logits, target, torch.ones_like(known))
    else:
        loss = crack_loss(logits, target, weight)
    value = float(loss.detach())
    if not np.isfinite(value):
        raise LearningError("learning ended: the loss is not finite.", "The weights in use stay as they are.")
    torch.autograd.backward(loss)
    if recipe.clip_norm:
        nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_norm)
    optimiser.step()
    with torch.no_grad():
        crack = (logits > 0).to(known.dtype) * known
        both = float((crack * target).sum())
        claimed = float((crack + target * known).sum())
    return value, 2 * both / claimed if claimed else 1.0
