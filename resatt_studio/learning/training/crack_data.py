"""Where the patches of a run come from: sets, crack-free tiles and generated scenes, drawn by weight."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from resatt_studio.errors import LearningError
from resatt_studio.learning.augment import (
    GENTLE,
    NONE,
    STRONG,
    AugmentPlan,
    change_light,
    draw_geometry,
    warp_labels,
    warp_photo,
)
from resatt_studio.learning.training.crack_config import CrackConfig, SetOptions
from resatt_studio.learning.training.datasets import (
    Tile,
    below,
    crack_free_tiles,
    find_sets,
    make_tile,
    read_tiles,
)
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.synthesis.scenes import render_scene

_ON_DISTRACTOR = 0.2
_SCENE_SEED = 1_000_003  # scenes of different runs share nothing with the shipped reference set's small seeds


CrackBatch: TypeAlias = tuple[Tensor, Tensor, Tensor]
"""Photos, crack and weight of one step; see :func:`draw_batch`."""


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """Tiles that patches are drawn from, how often, and how far a patch may be scaled."""

    name: str
    tiles: tuple[Tile, ...]
    with_crack: tuple[int, ...]
    weight: float
    plan: AugmentPlan


@dataclass(frozen=True, eq=False, slots=True)
class TrainingData:
    """What is learned from and what judges.

    Attributes:
        sources: To draw patches from.
        judges: Validation tiles by set.
        crack_free: Validation tiles without crack.
    """

    sources: tuple[Source, ...]
    judges: dict[str, tuple[Tile, ...]]
    crack_free: tuple[Tile, ...]

    @property
    def megabytes(self) -> float:
        """Memory that all tiles take."""
        tiles = [tile for source in self.sources for tile in source.tiles]
        tiles += [tile for tiles in self.judges.values() for tile in tiles] + list(self.crack_free)
        return sum(tile.bytes for tile in tiles) / 1e6


class Shelf:
    """Tiles within a bound of memory.

    What comes after it is full takes a random place, so that every tile that ever came has the same chance to
    be there.

    Args:
        rng: Source of chance.
        most_bytes: The bound.
    """

    def __init__(self, rng: np.random.Generator, most_bytes: float) -> None:
        self.tiles: list[Tile] = []
        self._rng = rng
        self._room = most_bytes
        self._seen = 0

    def add(self, tile: Tile) -> None:
        """Take a tile in, perhaps for another."""
        self._seen += 1
        if tile.bytes <= self._room or not self.tiles:
            self.tiles.append(tile)
            self._room -= tile.bytes
            return
        place = int(self._rng.integers(self._seen))
        if place < len(self.tiles):
            self._room += self.tiles[place].bytes - tile.bytes
            self.tiles[place] = tile


def load_data(config: CrackConfig, folders: Sequence[Path]) -> Generator[str, None, TrainingData]:
    """Read everything a run needs into memory; yields what it is reading.

    Raises:
        LearningError: A set that the configuration names is missing, or there is nothing to learn from.
        PhotoError, MaskError: A file cannot be read.
    """
    rng = np.random.default_rng([config.seed, 1])
    found = find_sets(folders)
    wanted = dict(config.sets) or {name: SetOptions() for name in found}
    sources: list[Source] = []
    judges: dict[str, tuple[Tile, ...]] = {}
    for name, options in wanted.items():
        if name not in found:
            raise LearningError(
                f"The set {name} is in none of the data folders.", f"Found: {', '.join(found)}."
            )
        if options.weight <= 0:
            continue
        shelf = Shelf(rng, config.cache_megabytes * 1e6 / len(wanted))
        for pair in found[name].pairs("train"):
            for tile in read_tiles(pair, options.coarse):
                shelf.add(tile)
            yield f"reading {name}"
        if shelf.tiles:
            sources.append(_source(name, shelf.tiles, options.weight, options.scale, options.gentle))
        checks = Shelf(rng, config.cache_megabytes * 1e6 / len(wanted) / 4)
        judging = not config.judge_sets or name in config.judge_sets
        for pair in found[name].pairs("val") if judging else ():
            for tile in read_tiles(pair):
                checks.add(tile)
            yield f"reading {name}"
        if checks.tiles:
            judges[name] = _at_most(rng, checks.tiles, config.judge_tiles)
    free: list[Tile] = []
    for entry in config.crack_free:
        table, only = below(folders, entry.table), frozenset(entry.sets or wanted)
        tiles = list(crack_free_tiles(table, "train", only))
        if tiles:
            sources.append(_source(table.stem, tiles, entry.weight, entry.scale))
        if not entry.sets:
            free += crack_free_tiles(table, "val", only)
        yield f"reading {table.name}"
    scenes: list[Tile] = []
    for tile in _render(config):
        scenes.append(tile)
        yield f"rendering scene {len(scenes)}"
    unseen = scenes[config.synthesis.scenes :]
    if len(scenes) > len(unseen):
        learned = scenes[: config.synthesis.scenes]
        sources.append(_source("synthesis", learned, config.synthesis.weight, config.synthesis.scale))
    if unseen:
        judges["generated"] = tuple(unseen)
    if not any(source.with_crack for source in sources):
        raise LearningError("There is no crack to learn from.", "Give photos whose masks have crack in them.")
    return TrainingData(tuple(sources), judges, tuple(free))


def draw_batch(rng: np.random.Generator, data: TrainingData, config: CrackConfig) -> CrackBatch:
    """Draw one step's patches.

    Returns:
        Photos (N, 3, P, P) float32 in [-1, 1], crack (N, 1, P, P) in {0, 1}, weight (N, 1, P, P) in {0, 1};
        all on the CPU.
    """
    weights = np.array([source.weight for source in data.sources])
    chosen = rng.choice(len(data.sources), size=config.batch, p=weights / weights.sum())
    patches = [_draw_patch(rng, data.sources[int(index)], config) for index in chosen]
    photos = np.stack([photo for photo, _ in patches])
    labels = torch.from_numpy(np.stack([label for _, label in patches]))[:, None]
    return to_input(photos), (labels == Label.CRACK).float(), (labels != Label.UNSAID).float()


def plain_batches(data: TrainingData, config: CrackConfig, images: int) -> Generator[Tensor, None, None]:
    """Un-augmented patches, sources drawn by weight, for measuring BatchNorm statistics; always the same."""
    rng = np.random.default_rng([config.seed, 2])
    weights = np.array([source.weight for source in data.sources])
    for start in range(0, images, config.batch):
        number = min(config.batch, images - start)
        chosen = rng.choice(len(data.sources), size=number, p=weights / weights.sum())
        photos = [_plain_patch(rng, data.sources[int(index)], config.crop_px) for index in chosen]
        yield to_input(np.stack(photos))


def to_input(photos: UInt8Array) -> Tensor:
    """N x H x W x 3 uint8 RGB to (N, 3, H, W) float32 in [-1, 1], channels last in memory."""
    return torch.from_numpy(photos).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


def _source(
    name: str, tiles: Sequence[Tile], weight: float, scale: tuple[float, float], gentle: bool = False
) -> Source:
    with_crack = tuple(index for index, tile in enumerate(tiles) if len(tile.crack))
    plan = replace(GENTLE if gentle else STRONG, scale=scale)
    return Source(name, tuple(tiles), with_crack, weight, plan)


def _at_most(rng: np.random.Generator, tiles: list[Tile], most: int) -> tuple[Tile, ...]:
    if len(tiles) <= most:
        return tuple(tiles)
    # Tiles without crack judge little; keep those with crack first.
    order = sorted(rng.permutation(len(tiles)), key=lambda index: len(tiles[index].crack) == 0)
    return tuple(tiles[index] for index in sorted(order[:most]))


def _render(config: CrackConfig) -> Generator[Tile, None, None]:
    options = config.synthesis
    if options.weight <= 0:
        return
    without = round(options.scenes * options.crack_free)
    for index in range(options.scenes + options.judge):
        seed = _SCENE_SEED * (config.seed + 1) + index
        count = 0 if index < without else None
        scene = render_scene(seed, options.size_px, options.size_px, crack_count=count)
        labels = np.where(scene.mask, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)
        yield make_tile(f"scene {seed}", scene.pixels, labels)


def _draw_patch(
    rng: np.random.Generator, source: Source, config: CrackConfig
) -> tuple[UInt8Array, UInt8Array]:
    on_crack = bool(source.with_crack) and rng.random() < config.on_crack
    if on_crack:
        tile = source.tiles[source.with_crack[int(rng.integers(len(source.with_crack)))]]
        centre = tile.crack[int(rng.integers(len(tile.crack)))]
    else:
        tile = source.tiles[int(rng.integers(len(source.tiles)))]
        if len(tile.distractor) and rng.random() < _ON_DISTRACTOR * 2:
            centre = tile.distractor[int(rng.integers(len(tile.distractor)))]
        else:
            centre = rng.integers(0, tile.labels.shape, dtype=np.int32)
    matrix = draw_geometry(rng, (float(centre[0]), float(centre[1])), config.crop_px, source.plan)
    photo = warp_photo(tile.pixels, matrix, config.crop_px)
    return change_light(rng, photo, source.plan), warp_labels(tile.labels, matrix, config.crop_px)


def _plain_patch(rng: np.random.Generator, source: Source, crop_px: int) -> UInt8Array:
    tile = source.tiles[int(rng.integers(len(source.tiles)))]
    height, width = tile.labels.shape
    row = rng.uniform(min(crop_px, height) / 2, height - min(crop_px, height) / 2)
    column = rng.uniform(min(crop_px, width) / 2, width - min(crop_px, width) / 2)
    return warp_photo(tile.pixels, draw_geometry(rng, (row, column), crop_px, NONE), crop_px)
