"""Clear photos, and the haze that is drawn over their patches."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import torch
from torch import Tensor

from resatt_studio.errors import LearningError
from resatt_studio.imaging.files import read_mask, read_photo
from resatt_studio.learning.augment import NONE, AugmentPlan, draw_geometry, warp_photo
from resatt_studio.learning.training.datasets import Pair, find_sets
from resatt_studio.learning.training.dehaze_config import ClearOptions, DehazeConfig
from resatt_studio.records.arrays import Float32Array, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.synthesis.haze import HazeRecipe, HazeSample, add_haze

_PLAIN = HazeRecipe()
_COLOURED = HazeRecipe(coloured=True, airlight_variation=0.05)
_JUDGE_SEED = 90_001
_PLACES = 200

Places: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.int32]]
_NOWHERE: Places = np.zeros((0, 2), np.int32)


@dataclass(frozen=True, eq=False, slots=True)
class ClearSource:
    """Photos of one set, how often they are drawn, and how far they may be scaled.

    ``cracks`` are K x 2 int32 (row, column) of some crack pixels of each photo; read with ``on_crack`` alone.
    """

    name: str
    photos: tuple[UInt8Array, ...] = field(repr=False)
    cracks: tuple[Places, ...] = field(repr=False)
    weight: float
    plan: AugmentPlan


@dataclass(frozen=True, eq=False, slots=True)
class DehazeData:
    """Photos to learn from, and hazy ones with their truth that judge."""

    sources: tuple[ClearSource, ...] = ()
    judges: tuple[tuple[Float32Array, HazeSample], ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class HazyBatch:
    """One step: everything (N, C, P, P) float32 on the CPU, in the ranges of :class:`HazeSample`."""

    hazy: Tensor
    clear: Tensor
    transmission: Tensor


def load_dehaze_data(config: DehazeConfig, folders: Sequence[Path]) -> Generator[str, None, DehazeData]:
    """Read the photos of a run; yields what it is reading.

    Raises:
        LearningError: A set that the configuration names is missing, or there is no photo.
        PhotoError: A photo cannot be read.
    """
    found = find_sets(folders)
    wanted = dict(config.sets) or {name: ClearOptions() for name in found}
    rng = np.random.default_rng([config.seed, 1])
    sources: list[ClearSource] = []
    unseen: list[UInt8Array] = []
    for name, options in wanted.items():
        if name not in found:
            raise LearningError(
                f"The set {name} is in none of the data folders.", f"Found: {', '.join(found)}."
            )
        room = config.cache_megabytes * 1e6 / len(wanted)
        photos: list[UInt8Array] = []
        cracks: list[Places] = []
        pairs = list(found[name].pairs("train"))
        for index in rng.permutation(len(pairs)):
            photo = read_photo(pairs[int(index)].photo).pixels
            room -= photo.nbytes
            if room < 0 and photos:
                break
            photos.append(photo)
            cracks.append(_some_crack(pairs[int(index)], photo) if config.on_crack else _NOWHERE)
            yield f"reading {name}"
        plan = replace(NONE, scale=options.scale)
        if photos and options.weight > 0:
            sources.append(ClearSource(name, tuple(photos), tuple(cracks), options.weight, plan))
        judging = [pair.photo for pair in found[name].pairs("val")]
        for path in judging[: -(-config.judge_photos // len(wanted))]:
            unseen.append(_middle(read_photo(path).pixels, config.judge_px))
            yield f"reading {name}"
    if not sources:
        raise LearningError("There is no photo to learn from.", "Give a folder with photos.")
    return DehazeData(tuple(sources), tuple(judged_haze(unseen[: config.judge_photos])))


def judged_haze(photos: Sequence[UInt8Array]) -> list[tuple[Float32Array, HazeSample]]:
    """Each photo, H x W x 3 float32 in [0, 1], with the haze of its place in the row: always the same."""
    pairs = []
    families = [name for name in _PLAIN.shares if name != "clean"]
    for index, pixels in enumerate(photos):
        clear = pixels.astype(np.float32) / np.float32(255.0)
        rng = np.random.default_rng([_JUDGE_SEED, index])
        pairs.append((clear, add_haze(clear, rng, _PLAIN, families[index % len(families)])))
    return pairs


def draw_hazy_batch(rng: np.random.Generator, data: DehazeData, config: DehazeConfig) -> HazyBatch:
    """Draw one step's patches, each under fresh haze."""
    weights = np.array([source.weight for source in data.sources])
    chosen = rng.choice(len(data.sources), size=config.batch, p=weights / weights.sum())
    clear, samples = [], []
    for index in chosen:
        patch = _patch(rng, data.sources[int(index)], config.crop_px, config.on_crack)
        recipe = _COLOURED if rng.random() < config.coloured else _PLAIN
        family = "clean" if rng.random() < config.clean else None
        clear.append(patch)
        samples.append(add_haze(patch, rng, recipe, family))
    hazy = np.stack([sample.hazy for sample in samples])
    transmission = np.stack([sample.transmission for sample in samples])[..., None]
    return HazyBatch(_tensor(hazy), _tensor(np.stack(clear)), _tensor(transmission))


def _patch(rng: np.random.Generator, source: ClearSource, side: int, on_crack: float) -> Float32Array:
    """A clear patch, mirrored and turned by quarters, S x S x 3 float32 in [0, 1]."""
    chosen = int(rng.integers(len(source.photos)))
    photo, crack = source.photos[chosen], source.cracks[chosen]
    centre = (float(rng.uniform(0, photo.shape[0])), float(rng.uniform(0, photo.shape[1])))
    if len(crack) and rng.random() < on_crack:
        row, column = crack[int(rng.integers(len(crack)))]
        centre = float(row), float(column)
    matrix = draw_geometry(rng, _kept_inside(centre, photo.shape, side, source.plan), side, source.plan)
    patch = np.rot90(warp_photo(photo, matrix, side), int(rng.integers(4)))
    if rng.random() < 0.5:
        patch = patch[:, ::-1]
    return np.ascontiguousarray(patch).astype(np.float32) / np.float32(255.0)


def _some_crack(pair: Pair, photo: UInt8Array) -> Places:
    there = np.argwhere(read_mask(pair.mask, photo.shape[:2]) == Label.CRACK).astype(np.int32)
    return there[:: max(1, len(there) // _PLACES)]


def _kept_inside(
    centre: tuple[float, float], shape: tuple[int, ...], side: int, plan: AugmentPlan
) -> tuple[float, float]:
    """Move a centre so that most of the patch lies in the photo, where that is large enough."""
    reach = side / (2 * plan.scale[1])
    row = min(max(centre[0], reach), max(shape[0] - reach, shape[0] / 2))
    column = min(max(centre[1], reach), max(shape[1] - reach, shape[1] / 2))
    return row, column


def _middle(pixels: UInt8Array, side: int) -> UInt8Array:
    height, width = pixels.shape[:2]
    if min(height, width) < side:
        scale = side / min(height, width)
        size = max(side, round(width * scale)), max(side, round(height * scale))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        height, width = pixels.shape[:2]
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def _tensor(pictures: Float32Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)
