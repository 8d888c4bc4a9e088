"""Sets of photos with masks: those the inspector opens, and those that only judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.files import read_mask
from resatt_studio.records.arrays import BoolArray
from resatt_studio.workflow.sources import choose_photos, match_masks, read_list, the_mask


@dataclass(frozen=True, slots=True)
class PhotoPair:
    """A photo and the mask that is hidden from the app."""

    photo: Path
    mask: Path

    def truth(self, height: int, width: int) -> BoolArray:
        """H x W bool, True where crack.

        Raises:
            MaskError: It is ambiguous or of another size.
        """
        return np.asarray(read_mask(self.mask, (height, width)), np.bool_)


def read_pairs(folder: Path, list_file: Path | None = None) -> list[PhotoPair]:
    """Photos of ``folder/images`` that have a mask of the same stem in ``folder/masks``, in natural order.

    Args:
        folder: A set.
        list_file: Stems to take, one a line; None for all.

    Raises:
        PhotoError: No photo is left, or a listed photo is missing or has no mask.
        MaskError: There are no masks, or two for one photo.
    """
    masks = match_masks(folder / "masks")
    stems = read_list(list_file) if list_file is not None else None
    photos, missing = choose_photos([folder / "images"], stems)
    pairs = [PhotoPair(photo, mask) for photo in photos if (mask := the_mask(masks, photo)) is not None]
    without = [one.path.name for one in missing]
    if stems is not None:
        without += sorted({photo.stem for photo in photos} - {pair.photo.stem for pair in pairs})
    if without:
        raise PhotoError(
            f"{folder} has no photo with a mask for {', '.join(without[:5])}.", f"Mend the list {list_file}."
        )
    if not pairs:
        raise PhotoError(
            f"No photo in {folder / 'images'} has a mask.", "Masks have the stems of their photos."
        )
    return pairs


def own_list(folder: Path, split: str) -> Path:
    """The list of one split that a set brings along, such as ``train.txt``.

    Raises:
        PhotoError: It has none.
    """
    path = folder / f"{split}.txt"
    if not path.is_file():
        raise PhotoError(
            f"{folder} has no {split}.txt, so it is unknown which photos are for what.",
            "Write the stems into that file, one a line, or name lists with --list and --test-list.",
        )
    return path


def spread(pairs: Sequence[PhotoPair], most: int) -> list[PhotoPair]:
    """At most so many of them, evenly over the list; 0 for all."""
    if not most or most >= len(pairs):
        return list(pairs)
    places = np.linspace(0, len(pairs) - 1, most).round().astype(int)
    return [pairs[place] for place in places]


def draw(pairs: Sequence[PhotoPair], most: int, seed: int) -> list[PhotoPair]:
    """The photos that one inspector gets, drawn by the seed; 0 for all, in drawn order."""
    order = np.random.default_rng([seed, 1]).permutation(len(pairs))
    return [pairs[place] for place in order[: most or None]]
