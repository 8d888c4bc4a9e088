"""Cuts the patches of one step: some teach what was corrected, the others remind of what was known.

Half of the teaching patches lie around corrections. Reminders are drawn scenes, and the project's own photos
at quite other scales and through other cameras; their target is what the network answered before it learned
anything (learning without forgetting: Li and Hoiem, ECCV 2016, section 3), so they hold it in place where
nobody corrected it. The scenes' true masks are no target: learning those as well moved the network away from
real photos.
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

FRESH_SHARE = 0.6  # of the project's patches, while older samples are there too: 50 : 30 beside 20 of replay
CORRECTED_SHARE = 0.5
SCENE_SHARE = 0.5  # of the reminders, while there are scenes
OTHER_VIEWS = (
    replace(STRONG, scale=(1.8, 3.5)),
    replace(STRONG, scale=(0.35, 0.6)),
    replace(STRONG, scale=(0.7, 1.4), blur=1.0, sharpen=0.0),
)
"""Views of the project's own photos about which its corrections say nothing: nearer, farther, softer."""
PAINTED_SHARE = 0.5
"""Least share of what a step teaches that painted pixels have together, however few they are."""
MOST_WEIGHT = 8.0
"""Most that one painted pixel may weigh for it: a single dab must not be shouted."""
_TRIES = 4

_Cut = tuple[str, UInt8Array, Float32Array, Float32Array, BoolArray]


@dataclass(frozen=True, eq=False)
class Batch:
    """The patches of one step.

    Attributes:
        names: Whose sample (or reference tile) each patch is.
        pixels: N x S x S x 3 uint8 RGB.
        target: N x S x S float32, 1 crack, 0 not.
        weight: N x S x S float32, at least 0; balanced by :func:`balanced`.
        reminder: N bool; True where ``target`` is what the network answered before learning.
    """

    names: tuple[str, ...]
    pixels: UInt8Array = field(repr=False)
    target: Float32Array = field(repr=False)
    weight: Float32Array = field(repr=False)
    reminder: BoolArray = field(repr=False)


def balanced(weight: Float32Array, painted: BoolArray, reminder: BoolArray) -> Float32Array:
    """Raise painted pixels that are few to a fair share, so that neither the old network's answers around
    them nor the reminders drown them.

    Strokes are about 4 % of a photo. Taken as they are, the approved prediction around them is nine parts in
    ten of what a patch teaches, and the correction is lost in it. Complete masks stay as they are.

    Args:
        weight: N x S x S, in [0, 1].
        painted: N x S x S, where the inspector's own paint teaches.
        reminder: N, patches that teach nothing new; they keep their weights.

    Returns:
        N x S x S float32: of the teaching patches painted pixels together weigh at least ``PAINTED_SHARE`` of
        their area, unless ``MOST_WEIGHT`` is too little for that; the others share the rest of it at most.
    """
    area = float(np.count_nonzero(~reminder)) * weight[0].size
    paint = float(weight[painted].sum())
    rest = float(weight[~reminder].sum()) - paint
    if not paint or paint >= PAINTED_SHARE * area:
        return weight
    louder = min(MOST_WEIGHT, PAINTED_SHARE * area / paint)
    quieter = min(1.0, louder * paint * (1 / PAINTED_SHARE - 1) / rest) if rest else 1.0
    factor = np.where(painted, np.float32(louder), np.float32(quieter))
    factor[reminder] = 1.0
    return np.asarray(weight * factor, np.float32)


class PatchSampler:
    """Draws batches; the same seed and lessons draw the same batches.

    Args:
        lessons: Of the project, at least one.
        scenes: Photos of the reference buffer, H x W x 3 uint8 each; may be empty.
        reminder_share: Expected share of reminders among the patches, in [0, 1].
        recall: What the network answered before learning: N x S x S x 3 uint8 to N x S x S float32 in [0, 1].
        rng: Source of chance; its state is part of a resume point.
        augment: How far teaching views leave the photo.
    """

    def __init__(
        self,
        lessons: Sequence[Lesson],
        scenes: Sequence[UInt8Array],
        reminder_share: float,
        recall: Callable[[UInt8Array], Float32Array],
        rng: np.random.Generator,
        augment: AugmentPlan = GENTLE,
    ) -> None:
        fresh = [lesson for lesson in lessons if lesson.fresh]
        older = [lesson for lesson in lessons if not lesson.fresh]
        self._groups = [group for group in (fresh, older) if group]
        self._scenes = list(scenes)
        self._reminder_share = reminder_share
        self._recall = recall
        self._augment = augment
        self.rng = rng

    def draw(self, patches: int, patch_px: int) -> Batch:
        """Cut ``patches`` patches of ``patch_px`` x ``patch_px`` pixels."""
        reminder = self.rng.random(patches) < self._reminder_share
        cuts = [self._remind(patch_px) if reminds else self._teach(patch_px) for reminds in reminder]
        names, pixels, targets, weights, painted = zip(*cuts, strict=True)
        weight = balanced(np.stack(weights), np.stack(painted), reminder)
        batch = Batch(tuple(names), np.stack(pixels), np.stack(targets), weight, reminder)
        if reminder.any():
            batch.target[reminder] = self._recall(batch.pixels[reminder])
        return batch

    def _lesson(self) -> Lesson:
        group = self._groups[0]
        if len(self._groups) == 2 and self.rng.random() >= FRESH_SHARE:
            group = self._groups[1]
        return group[int(self.rng.integers(len(group)))]

    def _teach(self, patch_px: int) -> _Cut:
        """Cut a patch of a corrected photo; a few tries are made to find one in which something is known."""
        lesson = self._lesson()
        for _ in range(_TRIES):
            matrix = draw_geometry(self.rng, self._centre(lesson), patch_px, self._augment)
            weight = warp_values(lesson.weight, matrix, patch_px)
            if weight.any():
                break
        pixels = change_light(self.rng, warp_photo(lesson.pixels, matrix, patch_px), self._augment)
        target = (warp_values(lesson.target, matrix, patch_px) >= 0.5).astype(np.float32)
        painted = warp_values(lesson.painted, matrix, patch_px) >= 0.5
        return lesson.sample_id, pixels, target, weight, painted

    def _remind(self, patch_px: int) -> _Cut:
        """Cut a patch whose target the network will give itself; what was overruled does not count."""
        if self._scenes and self.rng.random() < SCENE_SHARE:
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
        return name, pixels, target, counts, np.zeros((patch_px, patch_px), bool)

    def _centre(self, lesson: Lesson) -> tuple[float, float]:
        if len(lesson.centres) and self.rng.random() < CORRECTED_SHARE:
            row, column = lesson.centres[int(self.rng.integers(len(lesson.centres)))]
            return float(row), float(column)
        height, width = lesson.weight.shape
        return float(self.rng.uniform(0, height)), float(self.rng.uniform(0, width))
