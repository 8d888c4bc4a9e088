"""Pictures of photos that are too large to be held whole: written and read again a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from resatt_studio.annotation.composed import overruled
from resatt_studio.errors import ExportError, StudioError
from resatt_studio.export.items import Exported, ExportItem, HugeItem
from resatt_studio.export.masks import TRISTATE_PALETTE, composed_mask, not_as_written
from resatt_studio.export.probability import LEVELS
from resatt_studio.imaging.row_png import RowPng, read_rows
from resatt_studio.imaging.tile_tiff import SIDE_PX, TileTiff
from resatt_studio.imaging.tiled_tiff import open_tiled
from resatt_studio.records.arrays import BoolArray, UInt8Array
from resatt_studio.records.correction import TILE_PX, Label
from resatt_studio.records.geometry import Box

Rows: TypeAlias = npt.NDArray[Any]
Writing: TypeAlias = Generator[tuple[int, int], None, Exported]
"""(rows done, rows in all) after every band; closing it leaves no file."""


class ArrayMap:
    """A map that is held whole, read as one that is not.

    Args:
        values: H x W uint8.
    """

    def __init__(self, values: UInt8Array) -> None:
        self.values = values
        self.height, self.width = values.shape

    def read(self, box: Box) -> UInt8Array:
        """Values of a box inside the map, h x w uint8."""
        return self.values[box.slices]

    def tiles(self) -> Iterator[tuple[tuple[int, int], UInt8Array]]:
        """(row, column) and values of every tile that has any but zeros, in reading order."""
        for row, column in Box(0, 0, self.height, self.width).cells(TILE_PX):
            tile = self.values[row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX]
            if tile.any():
                yield (row, column), tile


@dataclass(frozen=True, slots=True)
class _Band:
    """Some rows of a picture, and how many there are."""

    rows: Rows
    done: int
    total: int


def write_mask(item: HugeItem, out: Path) -> Writing:
    """Write ``<stem>.mask.png`` as ``export.masks.write_mask`` does, and read it again.

    Raises:
        ExportError: Nothing to write, or it cannot be written.
    """
    crack = 0
    path = out / f"{item.file_stem}.mask.png"
    yield from _write_png(path, item, _mask)
    for band in _compared(item, path, _mask):
        crack += int(np.count_nonzero(band.rows))
        yield band.done, band.total
    return _mask_written(item, path, crack)


def write_tristate(item: HugeItem, out: Path) -> Writing:
    """Write ``<stem>.tristate.png`` as ``export.masks.write_tristate`` does, and read it again.

    Raises:
        ExportError: The photo has no correction, or the file cannot be written.
    """
    if item.said is None:
        raise ExportError(
            f"“{item.facts.path.name}” has no correction.", "Correct it first, or leave it out."
        )
    path = out / f"{item.file_stem}.tristate.png"
    found = np.zeros(len(Label), np.int64)
    yield from _write_png(path, item, _labels, palette=TRISTATE_PALETTE)
    for band in _compared(item, path, _labels):
        found += np.bincount(band.rows.ravel(), minlength=len(Label))
        yield band.done, band.total
    unsaid, crack, not_crack = found.tolist()
    return Exported((path,), f"validated: {crack} pixels crack, {not_crack} not crack, {unsaid} unsaid")


def write_probability(item: HugeItem, out: Path) -> Writing:
    """Write ``<stem>.probability.png`` as ``export.probability`` does, and read it again.

    Raises:
        ExportError: The photo has no prediction, or the file cannot be written.
    """
    path = out / f"{item.file_stem}.probability.png"
    total = 0
    yield from _write_png(path, item, _probability, np.uint16)
    for band in _compared(item, path, _probability):
        total += int(band.rows.sum(dtype=np.int64))
        yield band.done, band.total
    mean = total / 65535 / (item.facts.height * item.facts.width)
    return Exported((path,), f"validated: 16 bits, mean probability {mean:.4f}")


def write_mask_tiff(item: HugeItem, out: Path) -> Writing:
    """Write ``<stem>.mask.tif``: 8 bits, one channel, 255 crack, 0 not, in tiles of 512 pixels; a BigTIFF
    where it has to be one. Read it again.

    Raises:
        ExportError: Nothing to write, or it cannot be written.
    """
    path = out / f"{item.file_stem}.mask.tif"
    with TileTiff(path, item.facts.height, item.facts.width) as tiff:
        for band in _bands(item, _mask):
            tiff.put(band.rows)
            yield band.done, band.total
    crack = 0
    try:
        written = open_tiled(path)
        if written is None:
            raise not_as_written(path)
        try:
            for box in _boxes(item):
                rows = written.read(0, box)[:, :, 0]
                if written.damaged or not np.array_equal(rows, _mask(item, box)):
                    raise not_as_written(path)
                crack += int(np.count_nonzero(rows))
                yield box.bottom, item.facts.height
        finally:
            written.close()
    except ExportError:
        raise
    except StudioError as error:
        raise not_as_written(path) from error
    return _mask_written(item, path, crack)


def write_whole_mask_tiff(item: ExportItem, out: Path) -> list[Path]:
    """As :func:`write_mask_tiff`, of a photo that is held whole.

    Raises:
        ExportError: Nothing to write, or it cannot be written.
    """
    return list(to_end(write_mask_tiff(in_parts(item), out)).paths)


def to_end(steps: Writing) -> Exported:
    """Write at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            exported: Exported = end.value
            return exported


def in_parts(item: ExportItem) -> HugeItem:
    """A photo that is held whole, to be written as one that is not.

    Raises:
        ExportError: Neither a prediction nor a correction is there, or one has another size than the photo.
    """
    mask = composed_mask(item).astype(np.uint8) * np.uint8(255)
    return HugeItem(item.facts, ArrayMap(mask), None, item.threshold, item.stem, item.mm_per_px)


def mask_in(item: HugeItem, box: Box) -> BoolArray:
    """The mask in a box, h x w bool: the prediction above the threshold, overruled by what was said.

    Raises:
        ExportError: Neither a prediction nor a correction is there.
    """
    if item.seen is None and item.said is None:
        raise ExportError(
            f"“{item.facts.path.name}” has neither a prediction nor a correction.", "Predict it first."
        )
    seen = None if item.seen is None else item.seen.read(box)
    return overruled(seen, _labels(item, box), item.threshold)


def _mask(item: HugeItem, box: Box) -> UInt8Array:
    return mask_in(item, box).astype(np.uint8) * np.uint8(255)


def _labels(item: HugeItem, box: Box) -> UInt8Array:
    return np.zeros((box.height, box.width), np.uint8) if item.said is None else item.said.read(box)


def _probability(item: HugeItem, box: Box) -> Rows:
    if item.seen is None:
        raise ExportError(f"“{item.facts.path.name}” has no prediction.", "Predict it first.")
    return item.seen.read(box).astype(np.uint16) * np.uint16(LEVELS)


def _write_png(
    path: Path,
    item: HugeItem,
    values: Callable[[HugeItem, Box], Rows],
    dtype: npt.DTypeLike = np.uint8,
    palette: UInt8Array | None = None,
) -> Generator[tuple[int, int], None, None]:
    with RowPng(path, item.facts.height, item.facts.width, dtype, palette) as png:
        for band in _bands(item, values):
            png.put(band.rows)
            yield band.done, band.total


def _compared(item: HugeItem, path: Path, values: Callable[[HugeItem, Box], Rows]) -> Iterator[_Band]:
    """The bands of a file, each compared with what was meant."""
    written: Iterable[Rows] = read_rows(path, SIDE_PX)
    try:
        for rows, band in zip(written, _bands(item, values), strict=True):
            if not np.array_equal(rows, band.rows):
                raise not_as_written(path)
            yield band
    except ValueError as error:  # more rows, or fewer
        raise not_as_written(path) from error


def _bands(item: HugeItem, values: Callable[[HugeItem, Box], Rows]) -> Iterator[_Band]:
    for box in _boxes(item):
        yield _Band(values(item, box), box.bottom, item.facts.height)


def _boxes(item: HugeItem) -> Iterator[Box]:
    height, width = item.facts.height, item.facts.width
    for top in range(0, height, SIDE_PX):
        yield Box(top, 0, min(top + SIDE_PX, height), width)


def _mask_written(item: HugeItem, path: Path, crack: int) -> Exported:
    count_px = item.facts.height * item.facts.width
    return Exported((path,), f"validated: {crack} of {count_px} pixels crack")
