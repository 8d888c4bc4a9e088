"""Masks as PNG: crack or not at 0 and 255, and what was said as indices 0, 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from resatt_studio.annotation.composed import composed_mask as overrule
from resatt_studio.errors import ExportError, StudioError
from resatt_studio.export.items import ExportItem
from resatt_studio.imaging.files import read_mask, write_png
from resatt_studio.imaging.masks import read_indices
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import Label

TRISTATE_PALETTE = np.array([[0, 0, 0], [255, 77, 77], [64, 140, 255]], np.uint8)
"""Colours of unsaid, crack and not crack, for programs that show an indexed PNG; the indices are the data."""


def composed_mask(item: ExportItem) -> BoolArray:
    """H x W bool: the prediction above the threshold, overruled by whatever the inspector said.

    Raises:
        ExportError: Neither a prediction nor a correction is there, or one has another size than the photo.
    """
    if item.prediction is None and item.correction is None:
        raise ExportError(
            f"“{item.facts.path.name}” has neither a prediction nor a correction.", "Predict it first."
        )
    if item.prediction is not None:
        check_shape(item, item.prediction.probability_8bit.shape)
    labels = np.zeros((item.facts.height, item.facts.width), np.uint8)
    if item.correction is not None:
        labels = item.correction.labels
        check_shape(item, labels.shape)
    return overrule(item.prediction, labels, item.threshold)


def write_mask(item: ExportItem, out: Path) -> list[Path]:
    """Write ``<stem>.mask.png``: 8 bits, one channel, 255 crack, 0 not; the size of the upright photo.

    Raises:
        ExportError: Nothing to write, or it cannot be written.
    """
    path = out / f"{item.file_stem}.mask.png"
    write_png(path, composed_mask(item))
    return [path]


def check_mask(item: ExportItem, paths: Sequence[Path]) -> str:
    """Read the mask again and compare.

    Raises:
        ExportError: It is not the mask that was meant.
    """
    expected = composed_mask(item)
    try:
        mask = read_mask(paths[0], expected.shape)
    except StudioError as error:
        raise not_as_written(paths[0]) from error
    if not np.array_equal(mask, expected):
        raise not_as_written(paths[0])
    return f"{np.count_nonzero(mask)} of {mask.size} pixels crack"


def write_tristate(item: ExportItem, out: Path) -> list[Path]:
    """Write ``<stem>.tristate.png``: indexed, 8 bits; index 0 unsaid, 1 crack, 2 not crack.

    Raises:
        ExportError: The photo has no correction, or the file cannot be written.
    """
    path = out / f"{item.file_stem}.tristate.png"
    write_png(path, _labels(item), TRISTATE_PALETTE)
    return [path]


def check_tristate(item: ExportItem, paths: Sequence[Path]) -> str:
    """Read the indices again and compare.

    Raises:
        ExportError: They are not the labels that were meant.
    """
    labels = read_indices(written_bytes(paths[0]))
    if labels is None or not np.array_equal(labels, _labels(item)):
        raise not_as_written(paths[0])
    unsaid, crack, not_crack = (np.count_nonzero(labels == label) for label in Label)
    return f"{crack} pixels crack, {not_crack} not crack, {unsaid} unsaid"


def _labels(item: ExportItem) -> UInt8Array:
    if item.correction is None:
        raise ExportError(
            f"“{item.facts.path.name}” has no correction.", "Correct it first, or leave it out."
        )
    check_shape(item, item.correction.labels.shape)
    return item.correction.labels


def check_shape(item: ExportItem, shape: tuple[int, ...]) -> None:
    """Refuse an array that does not lie on the photo.

    Raises:
        ExportError: ``shape`` is not (height, width) of the photo.
    """
    if shape != (item.facts.height, item.facts.width):
        raise ExportError(
            f"“{item.facts.path.name}” is {item.facts.width} x {item.facts.height} pixels, but what is known "
            f"of it is {shape[1]} x {shape[0]}.",
            "Add the photo to the project again.",
        )


def written_bytes(path: Path) -> bytes:
    """What a file holds that was just written.

    Raises:
        ExportError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise not_as_written(path) from error


def not_as_written(path: Path) -> ExportError:
    """The error for a file that does not hold what was written to it."""
    return ExportError(
        f"“{path}” does not hold what was written to it.", "Check the disk, then export again elsewhere."
    )
