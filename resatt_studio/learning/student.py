"""A network that learns: micro-batches, averaged weights, and a ladder down when memory runs out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from resatt_studio.errors import OutOfMemory
from resatt_studio.inference.device import Compute, Threads, apply_threads, is_out_of_memory, release_memory
from resatt_studio.inference.segmenter import Segmenter, to_input
from resatt_studio.learning.freeze import parameter_groups, prepare_to_learn
from resatt_studio.learning.losses import soft_dice_loss, weighted_cross_entropy
from resatt_studio.learning.patches import Batch
from resatt_studio.records.arrays import BoolArray
from resatt_studio.records.training import FineTunePlan
from resatt_studio.records.weights import Config

CLIP_NORM = 1.0
WEIGHT_DECAY = 1e-4
DICE_SHARE = 0.5
SURE = 0.9
LEAST_SHARE = 1 / 3
"""What a run counts for at least in the mean of it and all runs before it, however many they are."""
SMALLEST_CROP_PX = 128
PIECE_PIXELS = 4 * 192**2
"""Of the default network at a time: with bfloat16 about 0.1 s to look at and 0.15 s to learn from on one
core, twice that without. In two halves a step takes 1.4 times as long, for a third of a pass costs the same
whatever its size."""


@dataclass(frozen=True, eq=False)
class Reached:
    """What runs of learning came to.

    Attributes:
        mean: By the network's names, float32: their mean, the newest counting for :data:`LEAST_SHARE` at
            least, before it is blended with the weights that all began with.
        runs: How many.
    """

    mean: Mapping[str, Tensor] = field(repr=False)
    runs: int


class NotFinite(ArithmeticError):
    """A loss or gradient is infinite or no number.

    Args:
        names: Of the samples in the patches at fault.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(dict.fromkeys(names)))
        self.names = names


def _lacks_room_for_a_layer(error: BaseException) -> bool:
    """What oneDNN says on a CPU without memory for a layer's plan, as measured under a limit on the process's
    memory. It says so of a layer that it does not know, too, but learning begins after judging with them."""
    return isinstance(error, RuntimeError) and str(error).startswith("could not create a ")


def relative_cost(config: Config) -> float:
    """Work per pixel against the default network (width 16, t 2, stem 2), estimated from the layers'
    sizes."""
    width, t, stem = (int(config.get(*option)) for option in (("base_width", 64), ("t", 2), ("stem", 1)))
    return (width / 16) ** 2 * (t + 1) / 3 * 4 / stem**2


class Student:
    """A copy of a network, its optimiser and its average.

    BatchNorm statistics are frozen, so patches do not see each other: a batch may be taken in pieces without
    changing what is learned, and the worker can answer a click between two pieces. ``told`` hears a sentence
    whenever something was given up because memory ran out; nobody does unless it is set.

    Args:
        network: Where learning starts; copied.
        plan: Batch, crop, learning rate, averaging.
        compute: Device and precision.
        cost: :func:`relative_cost` of the network; decides how many patches make one piece on a CPU.
        threads: CPU threads, asked before each piece.
        earlier: What the runs before this one came to; learning goes on from there. None where this is the
            first run.
    """

    def __init__(
        self,
        network: nn.Module,
        plan: FineTunePlan,
        compute: Compute,
        cost: float,
        threads: Threads = None,
        earlier: Reached | None = None,
    ) -> None:
        self._plan = plan
        self._threads = threads
        self.compute = compute
        self.crop_px = plan.crop_px
        self.blend = plan.blend
        self.network = copy.deepcopy(network).to(compute.device).to(memory_format=torch.channels_last)
        prepare_to_learn(self.network)
        self._anchor = {name: value.detach().clone() for name, value in self._learned()}
        self._earlier: dict[str, Tensor] = {}
        self._share = 1.0
        if earlier is not None:
            self._share = max(LEAST_SHARE, 1 / (earlier.runs + 1))
            self._earlier = {name: earlier.mean[name].to(compute.device) for name, _ in self._learned()}
            self.network.load_state_dict(self._earlier, strict=False)
        self.average = {name: value.detach().clone() for name, value in self._learned()}
        self.optimiser = self._optimiser()
        self.told: Callable[[str], None] = lambda words: None
        self.steps_done = 0
        self.piece = plan.batch
        if compute.device.type == "cpu":
            self.piece = max(1, min(plan.batch, int(PIECE_PIXELS / (cost * plan.crop_px**2))))

    def _optimiser(self) -> torch.optim.AdamW:
        groups = parameter_groups(self.network, self._plan.learning_rate)
        fused = self.compute.device.type in ("cpu", "cuda")
        return torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY, fused=fused)

    def _learned(self) -> list[tuple[str, nn.Parameter]]:
        return [(name, value) for name, value in self.network.named_parameters() if value.requires_grad]

    def step(self, batch: Batch, rate_factor: float) -> Generator[None, None, float]:
        """Learn from one batch; yields between pieces, and between looking and learning of each.

        Args:
            batch: Patches of one size.
            rate_factor: On the plan's learning rate.

        Returns:
            The loss.

        Raises:
            NotFinite: Nothing was learned from this batch.
            RuntimeError: Among others when memory runs out; see :meth:`make_room`.
        """
        self.optimiser.zero_grad(set_to_none=True)
        weight_sum = float(batch.weight.sum())
        cracked = int(np.count_nonzero(self._shows_crack(batch)))
        total = 0.0
        for start in range(0, len(batch.names), self.piece):
            piece = slice(start, start + self.piece)
            loss = self._loss(batch, piece, weight_sum, cracked)
            value = float(loss.detach())
            if not np.isfinite(value):
                raise NotFinite(batch.names[piece])
            total += value
            yield
            if self.compute.device.type == "cpu":
                apply_threads(self._threads)
            torch.autograd.backward(loss)
            del loss
            yield
        self._move(batch, rate_factor)
        return total

    def _loss(self, batch: Batch, piece: slice, weight_sum: float, cracked: int) -> Tensor:
        """This piece's part of the batch's loss; the parts of all pieces add up to it."""
        device = self.compute.device
        if device.type == "cpu":
            apply_threads(self._threads)
        target = torch.from_numpy(batch.target[piece]).unsqueeze(1).to(device)
        weight = torch.from_numpy(batch.weight[piece]).unsqueeze(1).to(device)
        with self.compute.autocast():
            logits = self.network(to_input(batch.pixels[piece], device))
        entropy = weighted_cross_entropy(logits, target, weight) * (
            float(weight.sum()) / max(weight_sum, 1e-6)
        )
        return (1 - DICE_SHARE) * entropy + DICE_SHARE * self._overlap(batch, piece, logits, cracked)

    def _overlap(self, batch: Batch, piece: slice, logits: Tensor, cracked: int) -> Tensor:
        """Dice's part. It would harden doubts into answers, so it hears only of what is sure."""
        target, weight = batch.target[piece], batch.weight[piece]
        shows = self._shows_crack(batch)[piece]
        sure = (target <= 1 - SURE) | (target >= SURE)
        truth = torch.from_numpy((target[shows] >= 0.5).astype(np.float32)).unsqueeze(1)
        known = torch.from_numpy((weight * sure)[shows]).unsqueeze(1)
        loss = soft_dice_loss(
            logits[torch.from_numpy(shows).to(logits.device)],
            truth.to(logits.device),
            known.to(logits.device),
        )
        return loss * (int(np.count_nonzero(shows)) / max(cracked, 1))

    @staticmethod
    def _shows_crack(batch: Batch) -> BoolArray:
        """Which patches Dice speaks about. Not the reminders: they are doubts for the most part."""
        crack = (batch.target >= SURE) & (batch.weight > 0)
        return np.asarray(crack.any(axis=(1, 2)) & ~batch.reminder)

    def _move(self, batch: Batch, rate_factor: float) -> None:
        norm = nn.utils.clip_grad_norm_([value for _, value in self._learned()], CLIP_NORM)
        if not bool(torch.isfinite(norm)):
            raise NotFinite(batch.names)
        for group in self.optimiser.param_groups:
            group["lr"] = self._plan.learning_rate * group["factor"] * rate_factor
        self.optimiser.step()
        self.steps_done += 1
        # The average starts short, or the untouched weights would weigh on it for long.
        decay = min(self._plan.ema_decay, self.steps_done / (self.steps_done + 10))
        with torch.no_grad():
            values = dict(self._learned())
            averages = [self.average[name] for name in values]
            torch._foreach_lerp_(averages, list(values.values()), 1.0 - decay)

    def make_room(self, error: BaseException) -> None:
        """After an out-of-memory error: fewer patches at a time, then smaller ones, then the CPU.

        Raises:
            OutOfMemory: One smallest patch on the CPU does not fit either.
            BaseException: ``error`` itself, when it says something else than that memory ran out.
        """
        if not is_out_of_memory(error) and not _lacks_room_for_a_layer(error):
            raise error
        self.optimiser.zero_grad(set_to_none=True)
        release_memory(self.compute.device)
        if self.piece > 1:
            self.piece //= 2
            patches = "1 patch" if self.piece == 1 else f"{self.piece} patches"
            self.told(f"Memory ran out: learning goes on with {patches} at a time.")
        elif self.crop_px // 2 >= SMALLEST_CROP_PX:
            self.crop_px //= 2
            self.told(f"Memory ran out: learning goes on with patches of {self.crop_px} pixels.")
        elif self.compute.device.type != "cpu":
            self._move_to_cpu()
            self.told("Memory ran out: learning goes on on the CPU, which is slower.")
        else:
            raise OutOfMemory(
                "one patch does not fit in memory while learning.",
                "Close other programs, or choose a network with a smaller base width.",
            ) from error

    def _move_to_cpu(self) -> None:
        point = self.optimiser.state_dict()
        self.compute = Compute(torch.device("cpu"))
        self.network.to("cpu")
        self.average = {name: value.cpu() for name, value in self.average.items()}
        self._anchor = {name: value.cpu() for name, value in self._anchor.items()}
        self._earlier = {name: value.cpu() for name, value in self._earlier.items()}
        self.optimiser = self._optimiser()
        self.optimiser.load_state_dict(point)

    def candidate_state(self) -> dict[str, Tensor]:
        """Full state dict of the candidate, on the CPU: ``blend`` of the way from the network that was handed
        in to the averaged weights (Wortsman et al., Robust fine-tuning, CVPR 2022, section 3); statistics are
        those of the former. Going only part of the way costs little of what was learned and saves most of
        what would be forgotten. After earlier runs the averaged weights go only a share of the way from what
        these came to (Zhang et al., Lookahead optimizer, NeurIPS 2019): what single runs have of their own
        falls out."""
        state = {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}
        for name, value in self.average.items():
            reached = torch.lerp(self._earlier[name], value, self._share) if self._earlier else value
            state[name] = torch.lerp(self._anchor[name], reached, self.blend).cpu()
        return state

    def candidate(self) -> Segmenter:
        """An inference copy of the candidate."""
        network = copy.deepcopy(self.network).cpu()
        network.load_state_dict(self.candidate_state())
        segmenter = Segmenter(network, self.compute, self._threads)
        segmenter.told = self.told
        return segmenter

    def snapshot(self) -> dict[str, Any]:
        """What a resume point needs, by field name."""
        return {
            "network": {name: value.detach().cpu() for name, value in self._learned()},
            "average": {name: value.cpu() for name, value in self.average.items()},
            "optimiser": self.optimiser.state_dict(),
            "step": self.steps_done,
        }

    def restore(
        self,
        network: Mapping[str, Tensor],
        average: Mapping[str, Tensor],
        optimiser: dict[str, Any],
        step: int,
    ) -> None:
        """Go on from a snapshot."""
        self.network.load_state_dict(dict(network), strict=False)
        self.average = {name: value.to(self.compute.device) for name, value in average.items()}
        self.optimiser.load_state_dict(optimiser)
        self.steps_done = step
