"""Cuts the patches of one step: half around corrections, a share from the reference buffer, all seen anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from resatt_studio.learning.augment import (
    GENTLE,
    AugmentPlan,
    change_light,
    draw_geometry,
    warp_photo,
    warp_values,
)
from resatt_studio.learning.lessons import Lesson
from resatt_studio.records.arrays import Float32Array, UInt8Array

FRESH_SHARE = 0.6  # of the project's patches, while older samples are there too: 50 : 30 beside 20 of replay
CORRECTED_SHARE = 0.5
_TRIES = 4


@dataclass(frozen=True, eq=False)
class Batch:
    """The patches of one step.

    Attributes:
        names: Whose sample (or reference tile) each patch is.
        pixels: N x S x S x 3 uint8 RGB.
        target: N x S x S float32, 1 crack, 0 not.
        weight: N x S x S float32 in [0, 1].
    """

    names: tuple[str, ...]
    pixels: UInt8Array = field(repr=False)
    target: Float32Array = field(repr=False)
    weight: Float32Array = field(repr=False)


class PatchSampler:
    """Draws batches; the same seed and lessons draw the same batches.

    Args:
        lessons: Of the project, at least one.
        replay: Lessons of the reference buffer; may be empty.
        replay_share: Expected share of patches from ``replay``, in [0, 1].
        rng: Source of chance; its state is part of a resume point.
        augment: How far views leave the photo.
    """

    def __init__(
        self,
        lessons: Sequence[Lesson],
        replay: Sequence[Lesson],
        replay_share: float,
        rng: np.random.Generator,
        augment: AugmentPlan = GENTLE,
    ) -> None:
        fresh = [lesson for lesson in lessons if lesson.fresh]
        older = [lesson for lesson in lessons if not lesson.fresh]
        self._project = [group for group in (fresh, older) if group]
        self._replay = list(replay)
        self._replay_share = replay_share if replay else 0.0
        self._augment = augment
        self.rng = rng

    def draw(self, patches: int, patch_px: int) -> Batch:
        """Cut ``patches`` patches of ``patch_px`` x ``patch_px`` pixels."""
        cuts = [self._cut(self._pick(), patch_px) for _ in range(patches)]
        names, pixels, targets, weights = zip(*cuts, strict=True)
        return Batch(tuple(names), np.stack(pixels), np.stack(targets), np.stack(weights))

    def _pick(self) -> Lesson:
        if self._replay and self.rng.random() < self._replay_share:
            group = self._replay
        elif len(self._project) == 1 or self.rng.random() < FRESH_SHARE:
            group = self._project[0]
        else:
            group = self._project[1]
        return group[int(self.rng.integers(len(group)))]

    def _cut(self, lesson: Lesson, patch_px: int) -> tuple[str, UInt8Array, Float32Array, Float32Array]:
        """Cut one patch; a few tries are made to find one in which something is known."""
        for _ in range(_TRIES):
            matrix = draw_geometry(self.rng, self._centre(lesson), patch_px, self._augment)
            weight = warp_values(lesson.weight, matrix, patch_px)
            if weight.any():
                break
        pixels = change_light(self.rng, warp_photo(lesson.pixels, matrix, patch_px), self._augment)
        target = (warp_values(lesson.target, matrix, patch_px) >= 0.5).astype(np.float32)
        return lesson.sample_id, pixels, target, weight

    def _centre(self, lesson: Lesson) -> tuple[float, float]:
        if len(lesson.centres) and self.rng.random() < CORRECTED_SHARE:
            row, column = lesson.centres[int(self.rng.integers(len(lesson.centres)))]
            return float(row), float(column)
        height, width = lesson.weight.shape
        return float(self.rng.uniform(0, height)), float(self.rng.uniform(0, width))
