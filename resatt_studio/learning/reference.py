"""The shipped reference set: drawn scenes that replay keeps in mind and that show what was forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resatt_studio.errors import LearningError
from resatt_studio.imaging.files import find_photos, read_mask, read_photo
from resatt_studio.learning.evaluate import Example
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.resources import asset
from resatt_studio.synthesis.scenes import render_scene


@dataclass(frozen=True, eq=False)
class ReferenceTile:
    """One scene.

    Attributes:
        name: Of its file or seed.
        pixels: H x W x 3 uint8 RGB.
        mask: H x W bool, True where crack; every pixel is known.
    """

    name: str
    pixels: UInt8Array = field(repr=False)
    mask: BoolArray = field(repr=False)


@dataclass(frozen=True)
class ReferenceSet:
    """Tiles in two halves that never mix: one is replayed while learning, the other judges forgetting.

    Attributes:
        replay, exam: The halves; either may be empty.
    """

    replay: tuple[ReferenceTile, ...] = ()
    exam: tuple[ReferenceTile, ...] = ()

    @classmethod
    def load(cls, folder: Path | None = None) -> ReferenceSet:
        """Read ``<folder>/images`` and ``<folder>/masks`` (same stems); the shipped set when None.

        Raises:
            LearningError: A mask is missing, or there is no tile.
            PhotoError, MaskError: A file cannot be read.
        """
        folder = folder if folder is not None else asset("reference")
        tiles = [
            _read(path, folder / "masks" / f"{path.stem}.png") for path in find_photos(folder / "images")
        ]
        if not tiles:
            raise LearningError(f"{folder} holds no reference tiles.", "Install ResAtt Studio again.")
        return cls.halved(tiles)

    @classmethod
    def halved(cls, tiles: Sequence[ReferenceTile]) -> ReferenceSet:
        """Every second tile judges, the others are replayed."""
        return cls(replay=tuple(tiles[1::2]), exam=tuple(tiles[0::2]))

    @classmethod
    def drawn(cls, seeds: Sequence[int], side_px: int = 256) -> ReferenceSet:
        """A set drawn on the spot, for machines without the shipped files and for tests."""
        scenes = [(seed, render_scene(seed, side_px, side_px)) for seed in seeds]
        return cls.halved(
            [ReferenceTile(f"scene-{seed}", scene.pixels, scene.mask) for seed, scene in scenes]
        )

    def scenes(self) -> list[UInt8Array]:
        """Pixels of the replayed half."""
        return [tile.pixels for tile in self.replay]

    def examples(self) -> list[Example]:
        """The judging half."""
        return [Example(tile.name, tile.pixels, tile.mask) for tile in self.exam]


def _read(photo: Path, mask: Path) -> ReferenceTile:
    if not mask.is_file():
        raise LearningError(
            f"reference tile {photo.name} has no mask {mask}.", "Install ResAtt Studio again."
        )
    pixels = read_photo(photo).pixels
    return ReferenceTile(photo.stem, pixels, read_mask(mask, pixels.shape[:2]))
