"""Cuts the patches of one step: some teach what was corrected, the others remind of what was known.

Every corrected photo is drawn as often, the newest like the oldest: with six in ten patches of the newest,
one odd photo among four moved the network further than the other three could hold it (Dice 0.71 to 0.64).
Half of the teaching patches lie around corrections. Reminders are drawn scenes, and the project's own photos
at quite other scales, through other cameras and as smoother surfaces would look; their target is what the
network answered before it learned anything (learning without forgetting: Li and Hoiem, ECCV 2016, section 3),
so they hold it in place where nobody corrected it. The scenes' true masks are no target: learning those as
well moved the network away from real photos.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from resatt_studio.learning.augment import (
    GENTLE,
    STRONG,
    AugmentPlan,
    change_light,
    draw_geometry,
    warp_photo,
    warp_values,
)
from resatt_studio.learning.lessons import Lesson
from resatt_studio.records.arrays import BoolArray, Float32Array, UInt8Array

CORRECTED_SHARE = 0.5
SCENE_SHARE = 0.5  # of the reminders, while there are scenes
OTHER_VIEWS = (
    replace(STRONG, scale=(1.8, 3.5)),
    replace(STRONG, scale=(0.35, 0.6)),
    replace(STRONG, scale=(0.7, 1.4), blur=1.0, sharpen=0.0),
    replace(STRONG, scale=(0.7, 1.4), flatten=(0.3, 0.6)),
    replace(STRONG, scale=(0.7, 1.4), flatten=(0.2, 0.5), blur=0.7),
    replace(STRONG, scale=(0.4, 0.8), flatten=(0.3, 0.6)),
)
"""Views of the project's own photos about which its corrections say nothing: nearer, farther, softer,
flatter. Without the flat ones the network learns how wide cracks are on every surface instead of this one."""
_TRIES = 4

_Cut = tuple[str, UInt8Array, Float32Array, Float32Array]


@dataclass(frozen=True, eq=False)
class Batch:
    """The patches of one step.

    Attributes:
        names: Whose sample (or reference tile) each patch is.
        pixels: N x S x S x 3 uint8 RGB.
        target: N x S x S float32 crack probability; 0 or 1 where it was painted.
        weight: N x S x S float32 in [0, 1].
        reminder: N bool; True where ``target`` is what the network answered before learning.
    """

    names: tuple[str, ...]
    pixels: UInt8Array = field(repr=False)
    target: Float32Array = field(repr=False)
    weight: Float32Array = field(repr=False)
    reminder: BoolArray = field(repr=False)


class PatchSampler:
    """Draws batches; the same seed and lessons draw the same batches.

    Args:
        lessons: Of the project, at least one.
        scenes: Photos that only remind, H x W x 3 uint8 each: drawn scenes of the reference buffer, or
            photos of the same surface; may be empty.
        reminder_share: Expected share of reminders among the patches, in [0, 1].
        recall: What the network answered before learning: N x S x S x 3 uint8 to N x S x S float32 in [0, 1].
        rng: Source of chance; its state is part of a resume point.
        augment: How far teaching views leave the photo.
        scene_share: Share of the reminders that are of ``scenes`` while there are any, in [0, 1].
    """

    def __init__(
        self,
        lessons: Sequence[Lesson],
        scenes: Sequence[UInt8Array],
        reminder_share: float,
        recall: Callable[[UInt8Array], Float32Array],
        rng: np.random.Generator,
        augment: AugmentPlan = GENTLE,
        scene_share: float = SCENE_SHARE,
    ) -> None:
        by_photo: dict[str, list[Lesson]] = {}
        for lesson in lessons:
            by_photo.setdefault(lesson.sample_id, []).append(lesson)
        self._photos = list(by_photo.values())
        self._scenes = list(scenes)
        self._reminder_share = reminder_share
        self._recall = recall
        self._scene_share = scene_share
        self._augment = augment
        self.rng = rng

    def draw(self, patches: int, patch_px: int) -> Batch:
        """Cut ``patches`` patches of ``patch_px`` x ``patch_px`` pixels."""
        reminder = self.rng.random(patches) < self._reminder_share
        cuts = [self._remind(patch_px) if reminds else self._teach(patch_px) for reminds in reminder]
        names, pixels, targets, weights = zip(*cuts, strict=True)
        batch = Batch(tuple(names), np.stack(pixels), np.stack(targets), np.stack(weights), reminder)
        if reminder.any():
            batch.target[reminder] = self._recall(batch.pixels[reminder])
        return batch

    def _lesson(self) -> Lesson:
        parts = self._photos[int(self.rng.integers(len(self._photos)))]
        return parts[int(self.rng.integers(len(parts)))]

    def _teach(self, patch_px: int) -> _Cut:
        """Cut a patch of a corrected photo; a few tries are made to find one in which something is known."""
        lesson = self._lesson()
        for _ in range(_TRIES):
            matrix = draw_geometry(self.rng, self._centre(lesson), patch_px, self._augment)
            weight = warp_values(lesson.weight, matrix, patch_px)
            if weight.any():
                break
        pixels = change_light(self.rng, warp_photo(lesson.pixels, matrix, patch_px), self._augment)
        target = warp_values(lesson.target, matrix, patch_px)
        painted = warp_values(lesson.painted, matrix, patch_px) >= 0.5
        target = np.where(painted, target >= 0.5, target).astype(np.float32)
        return lesson.sample_id, pixels, target, weight

    def _remind(self, patch_px: int) -> _Cut:
        """Cut a patch whose target the network will give itself; what was overruled does not count."""
        if self._scenes and self.rng.random() < self._scene_share:
            number = int(self.rng.integers(len(self._scenes)))
            name, photo, mended, plan = f"scene {number}", self._scenes[number], None, STRONG
        else:
            lesson = self._lesson()
            name, photo, mended = lesson.sample_id, lesson.pixels, lesson.mended
            plan = OTHER_VIEWS[int(self.rng.integers(len(OTHER_VIEWS)))]
        height, width = photo.shape[:2]
        centre = float(self.rng.uniform(0, height)), float(self.rng.uniform(0, width))
        matrix = draw_geometry(self.rng, centre, patch_px, plan)
        pixels = change_light(self.rng, warp_photo(photo, matrix, patch_px), plan)
        target = np.ones((patch_px, patch_px), np.float32)
        counts = target if mended is None else (warp_values(mended, matrix, patch_px) == 0).astype(np.float32)
        return name, pixels, target, counts

    def _centre(self, lesson: Lesson) -> tuple[float, float]:
        if len(lesson.centres) and self.rng.random() < CORRECTED_SHARE:
            row, column = lesson.centres[int(self.rng.integers(len(lesson.centres)))]
            return float(row), float(column)
        height, width = lesson.weight.shape
        return float(self.rng.uniform(0, height)), float(self.rng.uniform(0, width))
