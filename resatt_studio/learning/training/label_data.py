"""Labelled tiles: from tables, cut from photos with masks, and with generated cracks on every surface."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from resatt_studio.errors import LearningError
from resatt_studio.imaging.crack_types import crack_course
from resatt_studio.imaging.files import read_photo
from resatt_studio.learning.augment import STRONG, draw_geometry, warp_labels, warp_photo
from resatt_studio.learning.training.datasets import FolderPairs, Tile, below, find_sets, read_tiles
from resatt_studio.learning.training.feed import at_work
from resatt_studio.learning.training.label_config import CropOptions, LabelConfig
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Label
from resatt_studio.records.labels import CRACK_TYPES, CrackType, turned_quarter
from resatt_studio.synthesis.cracks import PATTERNS
from resatt_studio.synthesis.scenes import Recipe, render_scene

_MARGIN_PX = 24  # a tile without crack has none this far around it either
_LEAST_LENGTH = 0.45  # of the tile's side: a shorter crack has no course to speak of
_TRIES = 12
_PIECE_TILES = 120
_SCENE_SEED = 7_000_003
_CUT = replace(STRONG, jitter=0.15, stretch=0.1)


@dataclass(frozen=True, eq=False, slots=True)
class LabelTile:
    """One tile and what is known of it.

    Attributes:
        pixels: S x S x 3 uint8 RGB.
        kind: Its type; None when it is only known to have a crack.
        source: Set it came from; drawn ones end in "+drawn".
        crack: S x S bits, packed by rows, where crack is; None where no mask says.
        listed: Whether it stood in a table.
    """

    pixels: UInt8Array = field(repr=False)
    kind: CrackType | None
    source: str
    crack: UInt8Array | None = field(repr=False, default=None)
    listed: bool = False

    def mask(self) -> BoolArray | None:
        """S x S bool, or None."""
        if self.crack is None:
            return None
        side = self.pixels.shape[0]
        return np.unpackbits(self.crack, axis=1, count=side).astype(np.bool_)


@dataclass(frozen=True, eq=False, slots=True)
class LabelData:
    """Tiles to learn from and tiles that judge."""

    learned: tuple[LabelTile, ...] = ()
    judges: tuple[LabelTile, ...] = ()


def load_label_data(config: LabelConfig, folders: Sequence[Path]) -> Generator[str, None, LabelData]:
    """Read, cut and draw everything a run needs; yields what it is doing.

    Raises:
        LearningError: A set or table that the configuration names is missing, or nothing is to be learned
            from.
        PhotoError, MaskError: A file cannot be read.
    """
    found = find_sets(folders) if folders else {}
    learned: list[LabelTile] = []
    judges: list[LabelTile] = []
    grounds: dict[str, list[UInt8Array]] = {}
    for relative in config.tables:
        table = below(folders, relative)
        learned += table_tiles(table, "train", config.tile_px)
        judges += table_tiles(table, "val", config.tile_px)
        yield f"reading {relative}"
    for tile in learned:
        if tile.kind is CrackType.NO_CRACK:
            grounds.setdefault(tile.source, []).append(tile.pixels)
    wanted = dict(config.sets)
    if not wanted and not config.tables:
        wanted = {name: CropOptions() for name in found}
    pieces: list[_Cut | _Draw] = [*_pieces(config, wanted, found), *_drawn_pieces(config, grounds)]
    try:
        with at_work(config.workers) as each:
            for piece, tiles in zip(pieces, each(_tiles_of, pieces), strict=True):
                (judges if piece.judge else learned).extend(tiles)
                yield piece.detail
    finally:
        _cutter.cache_clear()
    if not learned:
        raise LearningError("There is nothing to learn labels from.", "Name sets, tables or drawn tiles.")
    return LabelData(tuple(learned), tuple(judges))


def table_tiles(table: Path, split: str, side_px: int) -> list[LabelTile]:
    """Read the tiles of one split that a table lists; those of an ambiguous type are left out.

    Raises:
        LearningError: The table lacks a column or names an unknown type.
        PhotoError: A tile cannot be read.
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lacking = {"tile", "split", "crack"} - set(rows[0] if rows else ())
    if lacking:
        raise LearningError(f"{table} lacks the columns {', '.join(sorted(lacking))}.", "Add them.")
    tiles = []
    for row in rows:
        if row["split"] != split or row.get("ambiguous") == "1":
            continue
        pixels = read_photo(table.parent / row["tile"]).pixels
        if pixels.shape[:2] != (side_px, side_px):
            pixels = cv2.resize(pixels, (side_px, side_px), interpolation=cv2.INTER_AREA).astype(np.uint8)
        kind = _kind_of(table, row)
        empty = np.zeros((side_px, -(-side_px // 8)), np.uint8) if kind is CrackType.NO_CRACK else None
        tiles.append(LabelTile(pixels, kind, row.get("dataset", table.stem), empty, listed=True))
    return tiles


def _kind_of(table: Path, row: Mapping[str, str]) -> CrackType | None:
    """The type of a row; None for a crack whose type is not said."""
    named = row.get("type") or ""
    if not named:
        return None if row["crack"] == "1" else CrackType.NO_CRACK
    if named not in tuple(CrackType):
        raise LearningError(f"{table} names the type {named!r}.", f"Known: {', '.join(CrackType)}.")
    return CrackType(named)


class Cutter:
    """Cuts tiles of all types from one split of a set; the type follows from the mask within the tile.

    Args:
        name: Of the set.
        pairs: Its photos and masks.
        split: "train" or "val".
        side_px: Side of a tile.
        scale: Smallest and largest enlargement.
    """

    def __init__(
        self, name: str, pairs: FolderPairs, split: str, side_px: int, scale: tuple[float, float]
    ) -> None:
        self._name = name
        self._side = side_px
        self._plan = replace(_CUT, scale=scale)
        self._tiles = [tile for pair in pairs.pairs(split) for tile in read_tiles(pair)]

    def tiles(self, rng: np.random.Generator, amount: int) -> Iterator[LabelTile]:
        """Cut ``amount`` tiles, a quarter of each type as far as the set has it."""
        wanted = [CRACK_TYPES[index % len(CRACK_TYPES)] for index in range(amount if self._tiles else 0)]
        missed: dict[CrackType, int] = dict.fromkeys(CRACK_TYPES, 0)
        for kind in wanted:
            if missed[kind] > 3 and missed[kind] > amount // 20:
                continue  # this set hardly has the type; go on with the others
            tile = self._cut(rng, kind)
            if tile is None:
                missed[kind] += 1
            else:
                yield tile

    def _cut(self, rng: np.random.Generator, kind: CrackType) -> LabelTile | None:
        for _ in range(_TRIES):
            tile = self._tiles[int(rng.integers(len(self._tiles)))]
            centre = self._centre(rng, tile, kind)
            if centre is None:
                continue
            matrix = draw_geometry(rng, centre, self._side, self._plan)
            if not _inside(matrix, self._side, tile.labels.shape):
                continue
            mask = warp_labels(tile.labels, matrix, self._side) == Label.CRACK
            if kind is CrackType.NO_CRACK:
                if _clear_around(tile.labels, matrix, self._side):
                    return _labelled(warp_photo(tile.pixels, matrix, self._side), kind, self._name, mask)
                continue
            course = crack_course(mask, part=True)
            if not course.ambiguous and course.length_px >= _LEAST_LENGTH * self._side:
                found = course.kind
                turned = found is not kind and turned_quarter(found) is kind
                if found is kind or turned:
                    pixels = warp_photo(tile.pixels, matrix, self._side)
                    if turned:
                        pixels, mask = np.rot90(pixels).copy(), np.rot90(mask).copy()
                    return _labelled(pixels, kind, self._name, mask)
        return None

    def _centre(self, rng: np.random.Generator, tile: Tile, kind: CrackType) -> tuple[float, float] | None:
        if kind is CrackType.NO_CRACK:
            lines = tile.distractor if len(tile.distractor) and rng.random() < 0.5 else None
            place = rng.integers(0, tile.labels.shape) if lines is None else lines[rng.integers(len(lines))]
            return float(place[0]), float(place[1])
        if not len(tile.crack):
            return None
        place = tile.crack[int(rng.integers(len(tile.crack)))]
        return float(place[0]), float(place[1])


@lru_cache(maxsize=1)
def _cutter(name: str, folder: Path, split: str, side_px: int, scale: tuple[float, float]) -> Cutter:
    """The one that cut the piece before, mostly: a set's photos are read once, not once a piece."""
    return Cutter(name, FolderPairs(folder), split, side_px, scale)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A piece of work: tiles of one split of a set."""

    name: str
    pairs: FolderPairs
    options: CropOptions
    side_px: int
    judge: bool
    seed: tuple[int, ...]
    amount: int

    @property
    def detail(self) -> str:
        return f"cutting {self.name}"

    def tiles(self) -> list[LabelTile]:
        split = "val" if self.judge else "train"
        cutter = _cutter(self.name, self.pairs.folder, split, self.side_px, self.options.scale)
        return list(cutter.tiles(np.random.default_rng(self.seed), self.amount))


@dataclass(frozen=True, slots=True)
class _Draw:
    """A piece of work: tiles with generated cracks, each on a given surface or on one of its own."""

    surfaces: tuple[tuple[int, str, UInt8Array | None], ...]
    side_px: int
    judge: bool
    seed: int

    @property
    def detail(self) -> str:
        return f"drawing tile {self.surfaces[-1][0] + 1}"

    def tiles(self) -> list[LabelTile]:
        drawn = (
            _drawn(index, name, surface, self.side_px, self.seed) for index, name, surface in self.surfaces
        )
        return [tile for tile in drawn if tile is not None]


def _tiles_of(piece: _Cut | _Draw) -> list[LabelTile]:
    return piece.tiles()


def _pieces(
    config: LabelConfig, wanted: Mapping[str, CropOptions], found: Mapping[str, FolderPairs]
) -> Iterator[_Cut]:
    for number, (name, options) in enumerate(wanted.items()):
        if name not in found:
            raise LearningError(
                f"The set {name} is in none of the data folders.", f"Found: {', '.join(found)}."
            )
        for judge, amount in ((False, options.crops), (True, options.judge)):
            for part, start in enumerate(range(0, amount, _PIECE_TILES)):
                seed = (config.seed, 11, number, int(judge), part)
                some = min(_PIECE_TILES, amount - start)
                yield _Cut(name, found[name], options, config.tile_px, judge, seed, some)


def _drawn_pieces(config: LabelConfig, grounds: Mapping[str, Sequence[UInt8Array]]) -> Iterator[_Draw]:
    """Tiles with generated cracks, on generated surfaces or on crack-free photos of every set in turn."""
    rng = np.random.default_rng([config.seed, 12])
    names = sorted(grounds)
    for judge, first, end in (
        (False, 0, config.drawn.tiles),
        (True, config.drawn.tiles, config.drawn.tiles + config.drawn.judge),
    ):
        for start in range(first, end, _PIECE_TILES):
            surfaces = []
            for index in range(start, min(start + _PIECE_TILES, end)):
                on_photo = bool(names) and rng.random() < config.drawn.on_photos
                name = names[int(rng.integers(len(names)))] if on_photo else "generated"
                surface = grounds[name][int(rng.integers(len(grounds[name])))] if on_photo else None
                surfaces.append((index, f"{name}+drawn" if on_photo else name, surface))
            yield _Draw(tuple(surfaces), config.tile_px, judge, config.seed)


def _drawn(index: int, name: str, surface: UInt8Array | None, side: int, seed: int) -> LabelTile | None:
    """One tile with a generated crack of the type whose turn it is; None when none came out so."""
    wanted = CRACK_TYPES[index % len(CRACK_TYPES)]
    for attempt in range(_TRIES):
        scene_seed = _SCENE_SEED * (seed + 1) + index * _TRIES + attempt
        rng = np.random.default_rng(scene_seed)
        recipe = Recipe.draw(rng, 0 if wanted is CrackType.NO_CRACK else None)
        if wanted is CrackType.BRANCHING:
            recipe = replace(recipe, patterns=(PATTERNS[4 if rng.random() < 0.7 else 3],))
        scene = render_scene(scene_seed, side, side, surface, recipe=recipe)
        course = crack_course(scene.mask, part=True)
        kind, pixels, mask = course.kind, scene.pixels, scene.mask
        if wanted is not CrackType.NO_CRACK and (course.ambiguous or course.length_px < _LEAST_LENGTH * side):
            continue
        if kind is not wanted and turned_quarter(kind) is wanted:
            kind, pixels, mask = wanted, np.rot90(pixels).copy(), np.rot90(mask).copy()
        if kind is wanted:
            return _labelled(pixels, kind, name, mask)
    return None


def _labelled(pixels: UInt8Array, kind: CrackType, source: str, mask: BoolArray) -> LabelTile:
    return LabelTile(pixels, kind, source, np.packbits(mask, axis=1))


def _inside(matrix: np.ndarray, side: int, shape: tuple[int, ...], slack: float = 0.1) -> bool:
    """Whether at most a tenth of the tile hangs over the photo's edge, where pixels are mirrored."""
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]], np.float64) @ inverse.T
    reach = np.array([shape[1], shape[0]]) * slack
    return bool((corners >= -reach).all() and (corners <= np.array([shape[1], shape[0]]) + reach).all())


def _clear_around(labels: UInt8Array, matrix: np.ndarray, side: int) -> bool:
    """Whether there is no crack in the tile, nor within the margin around it."""
    wide = matrix.copy()
    wide[:, 2] += _MARGIN_PX
    around = side + 2 * _MARGIN_PX
    crack = (labels == Label.CRACK).astype(np.float32)
    seen = cv2.warpAffine(crack, wide, (around, around), flags=cv2.INTER_LINEAR, borderValue=0)
    return not bool((seen > 0.05).any())
