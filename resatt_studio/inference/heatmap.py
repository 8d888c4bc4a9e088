"""Answers questions to a label network's attention with maps that lie exactly over the photo."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from resatt_studio.errors import OutOfMemory, SettingsError, StudioError, WeightsError
from resatt_studio.inference.attention_networks import Traces, attention_network
from resatt_studio.inference.class_gradient import class_gradient
from resatt_studio.inference.device import (
    Threads,
    apply_threads,
    choose_device,
    is_out_of_memory,
    release_memory,
)
from resatt_studio.inference.normalise import imagenet_input
from resatt_studio.inference.token_grid import View, refuse_outside, tile_view, whole_view
from resatt_studio.models.state import build
from resatt_studio.records.arrays import read_only
from resatt_studio.records.heat import HEAT_KINDS, POINT_NEEDED, POINT_TAKEN, Heat, HeatKind, HeatQuestion
from resatt_studio.records.photo import Photo
from resatt_studio.records.weights import WeightsFile

MAX_SIDE_PX = 448
"""Longer side in which a network sees a whole photo. Twice the 224 pixels that the factory weights learned
from: four times the tokens, and thin cracks last longer."""

BUDGET_BYTES = 2 * 1024**3
"""Memory that the attention of one look may take."""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What the network attended to when it saw one part of one photo."""

    photo_id: str
    view: View
    stage: int
    traces: Traces


class HeatReader:
    """Asks one set of weights about photos; one thread calls it.

    The last look is kept: a further question about the same stage and the same part of the same photo, such
    as another point, runs no network.

    Networks run in single precision, as differences between small shares are what is asked for.

    Args:
        weights: Of RMT or ReViT.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads: a number, a function asked before each look, or None for all cores.
        max_side_px: Longer side in which the network sees a whole photo, in pixels.
        budget_bytes: Memory that the attention of one look may take.

    Raises:
        SettingsError: The device is unknown or not there.
        WeightsError: They do not fit their network, or it has no attention to ask.
    """

    def __init__(
        self,
        weights: WeightsFile,
        device: str = "auto",
        threads: Threads = None,
        max_side_px: int = MAX_SIDE_PX,
        budget_bytes: int = BUDGET_BYTES,
    ) -> None:
        self.device = choose_device(device)
        self.model, self.weights_id = weights.model, weights.weights_id
        network = build(weights).requires_grad_(False).to(self.device)
        self._asked = attention_network(weights.model, network)
        self.stages = self._asked.stages
        self.threads = threads
        self.max_side_px = max_side_px
        self.budget_bytes = budget_bytes
        self._last: _Look | None = None

    def answer(self, photo: Photo, question: HeatQuestion) -> Heat:
        """Answer one question about one photo.

        Raises:
            PhotoError: The point is outside the photo.
            SettingsError: The network has no such stage, block, head, label or kind of map, or the question
                contradicts itself, or it needs a library that is not installed.
            WeightsError: The question is for another network.
            OutOfMemory: The attention would not fit; told before the network runs where it can be known.
        """
        question = self.completed(question)
        if question.point is not None:
            refuse_outside(photo.height, photo.width, question.point)
        stage, block = cast(int, question.stage), cast(int, question.block)
        view = self._view(photo, question)
        start = time.perf_counter()
        try:
            with torch.no_grad():
                known = self._knows(photo, view, question)
                if question.kind is HeatKind.GRADIENT:
                    question, grid = self._gradient(photo, view, question, stage, block)
                else:
                    grid = self._map(photo, view, question, stage, block)
                values = np.ascontiguousarray(grid.float().cpu().numpy())
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.forget()
            release_memory(self.device)
            raise _too_large() from error
        return Heat(
            photo_id=photo.photo_id,
            weights_id=self.weights_id,
            question=question,
            grid=read_only(values),
            cells=view.cells(self.stages[stage].stride_px),
            box=view.box,
            height=photo.height,
            width=photo.width,
            seconds=0.0 if known else time.perf_counter() - start,
            device=self.device.type,
        )

    def forget(self) -> None:
        """Let go of what the last look takes in memory."""
        self._last = None

    def completed(self, question: HeatQuestion) -> HeatQuestion:
        """Check a question and fill in the stage and block that None means.

        Raises:
            SettingsError: It cannot be answered.
            WeightsError: It is for another network.
        """
        if question.model != self.model:
            raise WeightsError(
                f"These weights are of {self.model}, not of {question.model}.",
                "Choose other weights, or ask this network.",
            )
        kind = question.kind
        if kind not in HEAT_KINDS[self.model]:
            _refuse(f"{self.model} has no map “{kind}”.", f"It has {', '.join(HEAT_KINDS[self.model])}.")
        if question.point is None and (kind in POINT_NEEDED or question.tile_px is not None):
            _refuse("no point was given.", "Give the photo pixel that the map shall be asked for.")
        if question.point is not None and kind not in POINT_TAKEN and question.tile_px is None:
            _refuse(f"a map “{kind}” is of no single point.", "Leave the point out, or ask for another kind.")
        if question.tile_px is not None and question.tile_px < 1:
            _refuse(f"a tile of {question.tile_px} pixels holds nothing.", "Give at least 1.")
        if question.head is not None and kind in (HeatKind.ROLLOUT, HeatKind.GRADIENT):
            _refuse(f"a map “{kind}” mixes all heads.", "Leave the head out, or ask for another kind.")
        stage = _counted("stage", question.stage, len(self.stages))
        block = _counted("block", question.block, self.stages[stage].blocks)
        if question.head is not None:
            _counted("head", question.head, self.stages[stage].heads)
        if question.label is not None and kind is not HeatKind.GRADIENT:
            _refuse(f"a map “{kind}” is of no single label.", "Leave the label out, or ask for a gradient.")
        if kind is HeatKind.GRADIENT and self._asked.classes == 0:
            _refuse("these weights have no labels to take a gradient of.", "Ask for another kind of map.")
        if question.label is not None:
            _counted("label", question.label, self._asked.classes)
        return replace(question, stage=stage, block=block)

    def _view(self, photo: Photo, question: HeatQuestion) -> View:
        multiple = self._asked.multiple_px
        if question.point is not None and question.tile_px is not None:
            return tile_view(photo.height, photo.width, question.point, multiple, question.tile_px)
        return whole_view(photo.height, photo.width, multiple, self.max_side_px)

    def _map(self, photo: Photo, view: View, question: HeatQuestion, stage: int, block: int) -> Tensor:
        if not self._knows(photo, view, question):
            self.forget()
            self._refuse_too_large(view, (stage,))
            traces = self._asked.look(self._input(photo, view), stage)
            self._last = _Look(photo.photo_id, view, stage, traces)
        assert self._last is not None
        token = None
        if question.point is not None and question.kind in POINT_TAKEN:
            token = view.token_at(question.point, self.stages[stage].stride_px)
        maps = self._asked.maps(self._last.traces, question.kind, block, token)[0]
        return maps.mean(dim=0) if question.head is None else maps[question.head]

    def _gradient(
        self, photo: Photo, view: View, question: HeatQuestion, stage: int, block: int
    ) -> tuple[HeatQuestion, Tensor]:
        # The backward pass keeps about as much of every stage as a trace of it would.
        self._refuse_too_large(view, range(len(self.stages)))
        pixels = self._input(photo, view)
        label = question.label
        if label is None:
            label = int(self._asked.network(pixels)[0].argmax())
        watched = self._asked.watched(stage, block)
        grid = view.grid(self.stages[stage].stride_px)
        values = class_gradient(self._asked.network, pixels, watched, grid, label)
        return replace(question, label=label), values

    def _input(self, photo: Photo, view: View) -> Tensor:
        apply_threads(self.threads)
        return imagenet_input(view.pixels(photo.pixels)[None]).to(self.device)

    def _knows(self, photo: Photo, view: View, question: HeatQuestion) -> bool:
        last = self._last
        return (
            last is not None
            and question.kind is not HeatKind.GRADIENT
            and (last.photo_id, last.view, last.stage) == (photo.photo_id, view, question.stage)
        )

    def _refuse_too_large(self, view: View, stages: Sequence[int]) -> None:
        cost = self._asked.cost_bytes(view.height, view.width, stages)
        if cost > self.budget_bytes:
            raise _too_large(
                f"The attention of {view.width} x {view.height} pixels would take {cost / 1024**3:.1f} GB, "
                f"more than the {self.budget_bytes / 1024**3:.1f} GB it may."
            )


def _counted(what: str, index: int | None, count: int) -> int:
    """``index``, or the last where it is None; people count from 1."""
    if index is None:
        return count - 1
    if not 0 <= index < count:
        _refuse(f"there is no {what} {index + 1}.", f"This network counts {what}s from 1 to {count} here.")
    return index


def _refuse(message: str, hint: str) -> None:
    raise SettingsError(message, hint)


def _too_large(message: str = "the attention of this look does not fit in memory.") -> StudioError:
    return OutOfMemory(message, "Ask for a smaller tile, another stage, or a network with fewer heads.")
