"""Photos and masks on disk as labelled tiles in memory.

A set is a folder with ``images/`` and ``masks/`` (equal stems), optionally ``train.txt``, ``val.txt``,
``test.txt`` with one stem a line, and optionally ``planking/``: masks of joints and other lines that look
like crack and are not.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from resatt_studio.errors import LearningError
from resatt_studio.imaging.files import find_photos, read_mask, read_photo
from resatt_studio.imaging.tiles import plan_tiles
from resatt_studio.records.arrays import BoolArray, UInt8Array, read_only
from resatt_studio.records.correction import Label
from resatt_studio.records.stable import stable_number

SPLITS = ("train", "val", "test")
TILE_PX = 768
"""Photos larger than this are cut; a tile is what one crop is taken from."""

_VALIDATION_SHARE = 7  # without lists, one photo in seven judges


@dataclass(frozen=True, slots=True)
class Pair:
    """One photo with its mask, and what must not be taken for crack."""

    photo: Path
    mask: Path
    distractor: Path | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Tile:
    """A labelled piece of a photo, ready to cut patches from.

    Attributes:
        name: Photo it came from.
        pixels: H x W x 3 uint8 RGB, read-only.
        labels: H x W uint8 of :class:`Label` values, read-only.
        crack: K x 2 int32 (row, column) of some crack pixels; empty when there is none.
        distractor: The same of pixels that look like crack and are not.
    """

    name: str
    pixels: UInt8Array = field(repr=False)
    labels: UInt8Array = field(repr=False)
    crack: np.ndarray[tuple[int, int], np.dtype[np.int32]] = field(repr=False)
    distractor: np.ndarray[tuple[int, int], np.dtype[np.int32]] = field(repr=False)

    @property
    def bytes(self) -> int:
        return int(self.pixels.nbytes + self.labels.nbytes)


class FolderPairs:
    """The pairs of one set.

    Args:
        folder: The set's folder.

    Raises:
        LearningError: It has no ``images`` and ``masks``, a list names an unknown stem, or a mask is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.name = self.folder.name
        if not (self.folder / "images").is_dir() or not (self.folder / "masks").is_dir():
            raise LearningError(
                f"{self.folder} is no set of photos and masks.",
                "It needs a folder images and a folder masks with files of the same names.",
            )
        self._photos = {path.stem: path for path in find_photos(self.folder / "images")}
        self._masks = {path.stem: path for path in find_photos(self.folder / "masks")}
        planking = self.folder / "planking"
        self._distractors = {path.stem: path for path in find_photos(planking)} if planking.is_dir() else {}
        if not self._photos:
            raise LearningError(f"{self.folder / 'images'} holds no photo.", "Put the photos there.")

    @property
    def listed(self) -> bool:
        """Whether the set brings its own split."""
        return (self.folder / "train.txt").is_file()

    def stems(self, split: str) -> list[str]:
        """Names of one split, from its list or, without lists, by the hash of the name.

        Without lists a photo keeps its side for ever, however many are added.
        """
        if self.listed:
            path = self.folder / f"{split}.txt"
            return path.read_text(encoding="utf-8").split() if path.is_file() else []
        names = sorted(self._photos)
        held_back = {name for name in names if _hash(name) % _VALIDATION_SHARE == 0}
        if not held_back and len(names) > 3:
            held_back = {min(names, key=_hash)}
        if len(held_back) == len(names):
            held_back = set()
        sides = {"train": [name for name in names if name not in held_back], "val": sorted(held_back)}
        return sides.get(split, [])

    def pairs(self, split: str) -> list[Pair]:
        """Photos and masks of one of :data:`SPLITS`, sorted as listed.

        Raises:
            LearningError: A photo or mask is missing.
        """
        found: list[Pair] = []
        for stem in self.stems(split):
            if stem not in self._photos or stem not in self._masks:
                kind = "mask" if stem in self._photos else "photo"
                raise LearningError(
                    f"{self.folder} has no {kind} called {stem}.",
                    f"Add it, or take {stem} out of {split}.txt.",
                )
            found.append(Pair(self._photos[stem], self._masks[stem], self._distractors.get(stem)))
        return found


def find_sets(folders: Sequence[Path]) -> dict[str, FolderPairs]:
    """Find sets by name: a folder is a set itself, or holds sets one level below.

    Raises:
        LearningError: A folder is missing or holds none, or two sets have one name.
    """
    sets: dict[str, FolderPairs] = {}
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise LearningError(f"{folder} is no folder.", "Name a folder with images and masks.")
        inside = [folder] if _is_set(folder) else sorted(path for path in folder.iterdir() if _is_set(path))
        if not inside:
            raise LearningError(
                f"{folder} holds no set of photos and masks.",
                "It needs a folder images and a folder masks with files of the same names.",
            )
        for path in inside:
            if path.resolve().name in sets:
                raise LearningError(f"There are two sets called {path.name}.", "Rename one of the folders.")
            sets[path.resolve().name] = FolderPairs(path.resolve())
    return sets


def below(folders: Sequence[Path], relative: str) -> Path:
    """Return the file ``relative`` of the first data folder that has it.

    Raises:
        LearningError: None has.
    """
    for folder in folders:
        if (Path(folder) / relative).is_file():
            return Path(folder) / relative
    raise LearningError(f"{relative} is in none of the data folders.", "Take it out of the configuration.")


def read_tiles(pair: Pair, coarse: bool = False, tile_px: int = TILE_PX) -> list[Tile]:
    """Read one pair as tiles of at most ``tile_px`` on a side.

    Args:
        pair: What to read.
        coarse: The mask was drawn wider than the crack: see :func:`unsay_bright_rims`.
        tile_px: Largest side.

    Raises:
        PhotoError, MaskError: A file cannot be read or does not fit.
    """
    pixels = read_photo(pair.photo).pixels
    height, width = pixels.shape[:2]
    truth = read_mask(pair.mask, (height, width))
    distractor = read_mask(pair.distractor, (height, width)) if pair.distractor else np.zeros_like(truth)
    labels = np.where(truth, Label.CRACK, Label.NOT_CRACK).astype(np.uint8)
    if coarse:
        labels = unsay_bright_rims(pixels, labels)
    return [
        make_tile(
            pair.photo.name,
            np.ascontiguousarray(pixels[box.slices]),
            np.ascontiguousarray(labels[box.slices]),
            distractor[box.slices],
        )
        for box in plan_tiles(height, width, tile_px, 0)
    ]


def make_tile(name: str, pixels: UInt8Array, labels: UInt8Array, distractor: BoolArray | None = None) -> Tile:
    """Note where a tile's crack and its distractors are."""
    lines = np.zeros(labels.shape, np.bool_) if distractor is None else distractor
    return Tile(name, read_only(pixels), read_only(labels), _some(labels == Label.CRACK), _some(lines))


def unsay_bright_rims(pixels: UInt8Array, labels: UInt8Array, window_px: int = 61) -> UInt8Array:
    """Take the word "crack" back where a coarse mask covers bright ground.

    Some sets outline a crack as a polygon two to four times its width. Inside such a mask, pixels not
    darker than the surface around it become unsaid: a network then learns the dark line, not the polygon. A
    mask that is not darker than its surroundings at all is left as it is.

    Args:
        pixels: H x W x 3 uint8 RGB.
        labels: H x W uint8 of :class:`Label` values.
        window_px: Side of the square in which "around" is measured.

    Returns:
        New labels, H x W uint8.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 1.5).astype(np.float32)
    crack = labels == Label.CRACK
    ground = (labels == Label.NOT_CRACK).astype(np.float32)
    size = (window_px, window_px)
    share = cv2.blur(ground, size)
    mean = cv2.blur(grey * ground, size) / np.maximum(share, 1e-6)
    square = cv2.blur(grey * grey * ground, size) / np.maximum(share, 1e-6)
    spread = np.sqrt(np.maximum(square - mean * mean, 1.0))
    bright = crack & (share > 0.02) & (grey > mean - 0.5 * spread)
    if np.count_nonzero(bright) > 0.85 * np.count_nonzero(crack):
        return labels.copy()
    return np.where(bright, Label.UNSAID, labels).astype(np.uint8)


def crack_free_tiles(table: Path, split: str, only: frozenset[str] | None = None) -> Iterator[Tile]:
    """Read the tiles without crack that a table lists.

    The table is a CSV with the columns ``tile`` (path beside the table), ``split``, ``crack`` (0 or 1) and
    optionally ``dataset``.

    Args:
        table: The CSV file.
        split: One of :data:`SPLITS`.
        only: Names of the sets that tiles may come from, where the table names them; None takes all.

    Raises:
        LearningError: The table is missing or lacks a column.
        PhotoError: A tile cannot be read.
    """
    for path in crack_free_paths(table, split, only):
        pixels = read_photo(path).pixels
        yield make_tile(path.name, pixels, np.full(pixels.shape[:2], Label.NOT_CRACK, np.uint8))


def crack_free_paths(table: Path, split: str, only: frozenset[str] | None = None) -> list[Path]:
    """Files of :func:`crack_free_tiles`."""
    if not table.is_file():
        raise LearningError(f"{table} is missing.", "Take it out of the configuration or add it.")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lacking = {"tile", "split", "crack"} - set(rows[0] if rows else ())
    if lacking:
        raise LearningError(f"{table} lacks the columns {', '.join(sorted(lacking))}.", "Add them.")
    return [
        table.parent / row["tile"]
        for row in rows
        if row["split"] == split
        and row["crack"] == "0"
        and (only is None or "dataset" not in row or row["dataset"] in only)
    ]


def _is_set(folder: Path) -> bool:
    return (folder / "images").is_dir() and (folder / "masks").is_dir()


def _hash(name: str) -> int:
    return stable_number(name.encode())


def _some(mask: BoolArray, most: int = 4096) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """Row and column of at most ``most`` pixels of the mask, evenly taken."""
    rows, columns = np.nonzero(mask)
    step = max(1, -(-len(rows) // most))
    return np.stack([rows[::step], columns[::step]], axis=1).astype(np.int32)
