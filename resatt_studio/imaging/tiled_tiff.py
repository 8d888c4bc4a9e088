"""A TIFF read by parts: its tiles or strips, and the smaller pages that it may carry, never the whole of it.

Layouts that are read: tiles and strips (TIFF 6.0, sections 3 and 15), reduced pages among the others or in
the SubIFDs of the first (Adobe PageMaker 6.0 TIFF Technical Notes, TN3), so also GeoTIFF and Cloud Optimized
GeoTIFF, whose tags about the ground are left alone.
"""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import numpy as np
import numpy.typing as npt

from resatt_studio.errors import BugError, PhotoError
from resatt_studio.imaging.decode import damaged_as_photo_error
from resatt_studio.imaging.depth import NEUTRAL, Window, neutral_sample, window_of
from resatt_studio.imaging.exif import orientation, upright_size
from resatt_studio.imaging.headers import Format, sniff
from resatt_studio.imaging.opening import broken_off, open_photo, reading
from resatt_studio.imaging.raster import MAX_PIXELS_BY_PARTS, Raster, check_size, to_deep, to_rgb
from resatt_studio.imaging.tiff import (
    first_page,
    is_grey,
    keeps_samples,
    needs_another_decoder,
    page_tags,
    raster_of_bands,
    read_tiff_header,
)
from resatt_studio.records.arrays import UInt8Array, UInt16Array
from resatt_studio.records.geometry import Box

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

LARGEST_SEGMENT_BYTES = 64 << 20
"""A file with larger tiles or strips cannot be read by parts that are worth the name."""
KEPT_SEGMENT_BYTES = 96 << 20
"""Decoded tiles and strips that neighbouring parts are likely to ask for again."""

_REDUCED = 1
_AXES = frozenset({"YX", "YXS", "SYX"})
_WINDOW_SEGMENTS = 64
_MANY_SAMPLES = 1 << 16
_MOST_PAGES = 64

_Samples = TypeVar("_Samples", bound=npt.NDArray[Any])


@dataclass(frozen=True, eq=False)
class Segments:
    """How one page is cut.

    Attributes:
        page: Of the file.
        height, width: Of the page as stored.
        rows, columns: Numbers of segments.
        segment_height, segment_width: In pixels; the last ones may be cut off by the page.
        planes: 1, or the number of bands when each has segments of its own.
    """

    page: TiffPage
    height: int
    width: int
    rows: int
    columns: int
    segment_height: int
    segment_width: int
    planes: int

    def box(self, row: int, column: int) -> Box:
        """Stored pixels that a segment holds."""
        top, left = row * self.segment_height, column * self.segment_width
        box = Box(top, left, top + self.segment_height, left + self.segment_width)
        return box.clipped(self.height, self.width)


class TiledTiff:
    """Parts of one photo, upright, as 8-bit RGB. May be asked from several threads, one after the other.

    Deeper samples are windowed as :func:`resatt_studio.imaging.depth.to_8bit` does, with a window that is
    taken from the coarsest page when it is small and else from segments spread evenly over it. A segment
    that is damaged is neutral grey and counted.

    Args:
        path: A file that :func:`open_tiled` accepted.
        file: The same, open; closed by :meth:`close`.
        pages: What the file holds, by level.
        way_up: EXIF orientation, 1 to 8.

    Attributes:
        height, width: Of the upright photo, in pixels.
        levels: Levels that the file holds, 0 first; a pixel of level n covers 2^n x 2^n of the photo.
        damaged: Numbers of (level, segment) that could not be decoded so far.
    """

    def __init__(self, path: Path, file: BinaryIO, pages: dict[int, Segments], way_up: int) -> None:
        self.path = path
        self._file = file
        self._pages = pages
        self.way_up = way_up
        first = pages[0]
        self.height, self.width = upright_size(first.height, first.width, way_up)
        self.levels = tuple(sorted(pages))
        self.damaged: set[tuple[int, int]] = set()
        self._kept: OrderedDict[tuple[int, int], npt.NDArray[Any]] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()
        self._window: Window | None = None
        self._window_known = False

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._kept.clear()
            self._kept_bytes = 0
            self._file.close()

    def window_of(self, other: TiledTiff) -> None:
        """Show samples as another opening of the same file does, without looking for the window again."""
        self._window, self._window_known = other._window, other._window_known

    def size(self, level: int) -> tuple[int, int]:
        """(height, width) of a level, whether the file holds it or not."""
        return halved_side(self.height, level), halved_side(self.width, level)

    @property
    def striped(self) -> bool:
        """Whether segments are as wide as the photo is stored."""
        return self._pages[0].columns == 1

    def segments(self, level: int) -> Segments:
        """How a level that the file holds is cut, as stored."""
        return self._pages[level]

    def read(self, level: int, box: Box) -> UInt8Array:
        """Read a part.

        Args:
            level: One of :attr:`levels`.
            box: Inside :meth:`size` of that level.

        Returns:
            h x w x 3 uint8 RGB, upright.

        Raises:
            PhotoError: The file was closed, went away or came back short, or memory does not suffice.
        """
        return self._upright(level, box, self._shown)

    def read_samples(self, level: int, box: Box) -> UInt16Array:
        """As :meth:`read`, of a photo with a :attr:`deep_window`: its samples as the file has them, h x w
        (grey) or h x w x 3 (RGB) uint16."""
        return self._upright(level, box, self._deep)

    @property
    def deep_window(self) -> Window | None:
        """The samples that :meth:`read` makes 0 and 255 in a photo of 16-bit grey or RGB; else None."""
        page = self._pages[0].page
        if page.dtype != np.uint16 or not keeps_samples(page):
            return None
        with self._lock:
            return self._known_window()

    @property
    def grey(self) -> bool:
        """Whether samples are grey."""
        return is_grey(self._pages[0].page)

    def _upright(self, level: int, box: Box, shown: Callable[[int, Box, int], _Samples]) -> _Samples:
        """What ``shown`` makes of the stored pixels of a box; what a page lacks at its end goes on."""
        page = self._pages[level]
        height, width = upright_size(page.height, page.width, self.way_up)
        inside = box.clipped(height, width)
        if inside.empty:  # a page that was rounded down ends one pixel before the level does
            last = Box(min(box.top, height - 1), min(box.left, width - 1), height, width)
            inside = last.intersection(Box(last.top, last.left, max(box.bottom, last.top + 1), width))
        place = stored_box(inside, page.height, page.width, self.way_up)
        stored = shown(level, place, self.way_up)
        missing = (box.height - stored.shape[0], box.width - stored.shape[1])
        if missing == (0, 0):
            return stored
        around = ((0, missing[0]), (0, missing[1]), (0, 0))
        return cast(_Samples, np.pad(stored, around[: stored.ndim], mode="edge"))

    def damaged_in(self, level: int, box: Box) -> bool:
        """Whether a part, as for :meth:`read`, shows anything that was found damaged so far."""
        page = self._pages[level]
        height, width = upright_size(page.height, page.width, self.way_up)
        place = stored_box(box.clipped(height, width), page.height, page.width, self.way_up)
        with self._lock:
            found = [index % (page.rows * page.columns) for own, index in self.damaged if own == level]
        return any(not place.intersection(page.box(*divmod(n, page.columns))).empty for n in found)

    def read_segment(self, level: int, row: int, column: int) -> UInt8Array:
        """One segment of a level, not turned upright: h x w x 3 uint8 RGB."""
        page = self._pages[level]
        return self._shown(level, page.box(row, column), 1)

    def _shown(self, level: int, box: Box, way_up: int) -> UInt8Array:
        """A box of stored pixels as it is seen."""
        raster, window = self._raster(level, box, way_up)
        return to_rgb(raster, self.path.name, window)

    def _deep(self, level: int, box: Box, way_up: int) -> UInt16Array:
        """A box of stored pixels as it is, turned upright."""
        raster, window = self._raster(level, box, way_up)
        if window is None:
            raise BugError(f"{self.path} has no window")
        return to_deep(raster, window)

    def _raster(self, level: int, box: Box, way_up: int) -> tuple[Raster, Window | None]:
        with self._lock:
            window = self._known_window()
            bands = self._bands(level, box)
        return raster_of_bands(self._pages[level].page, bands, way_up), window

    def _known_window(self) -> Window | None:
        if not self._window_known:
            self._window, self._window_known = self._find_window(), True
        return self._window

    def _bands(self, level: int, box: Box) -> npt.NDArray[Any]:
        """Samples of a box of stored pixels as h x w x bands."""
        page = self._pages[level]
        bands = max(1, int(page.page.samplesperpixel))
        answer = np.empty((box.height, box.width, bands), page.page.dtype)
        for row in range(box.top // page.segment_height, (box.bottom - 1) // page.segment_height + 1):
            for column in range(box.left // page.segment_width, (box.right - 1) // page.segment_width + 1):
                place = page.box(row, column)
                part = place.intersection(box)
                inside = part.shifted(-place.top, -place.left).slices
                target = answer[part.shifted(-box.top, -box.left).slices]
                for plane in range(page.planes):
                    index = (plane * page.rows + row) * page.columns + column
                    values = self._segment(level, index, place)[inside]
                    target[:, :, plane if page.planes > 1 else slice(None)] = (
                        values[:, :, 0] if page.planes > 1 else values
                    )
        return answer

    def _segment(self, level: int, index: int, place: Box) -> npt.NDArray[Any]:
        """One decoded segment, h x w x samples, at least as large as its place."""
        key = (level, index)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        decoded = self._decoded(level, index, place)
        self._kept[key] = decoded
        self._kept_bytes += decoded.nbytes
        while self._kept_bytes > KEPT_SEGMENT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= dropped.nbytes
        return decoded

    def _decoded(self, level: int, index: int, place: Box) -> npt.NDArray[Any]:
        page = self._pages[level].page
        file = self._file
        if file.closed:
            raise PhotoError(f"“{self.path.name}” was closed while it was read.", "Open the photo again.")
        start, count = page.dataoffsets[index], page.databytecounts[index]
        samples = 1 if self._pages[level].planes > 1 else max(1, int(page.samplesperpixel))
        try:
            file.seek(start)
            data = file.read(count) if count else None
            if data is not None and len(data) < count and start + count <= file.seek(0, os.SEEK_END):
                raise OSError("the read ended too early")  # of a network drive, say; no damage that lasts
            decoded = page.decode(data, index, jpegtables=page.jpegtables, jpegheader=page.jpegheader)[0]
        except OSError as error:
            raise broken_off(self.path, error) from error
        except MemoryError as error:  # nothing is wrong with the file
            raise PhotoError(
                f"A part of “{self.path.name}” does not fit in memory.",
                "Close other programs and look again.",
            ) from error
        except Exception:  # noqa: BLE001 - foreign bytes may make a decoder raise anything: one damaged part
            self.damaged.add((level, index))
            decoded = None
            count = 1
        if decoded is not None:
            values: npt.NDArray[Any] = decoded[0]
            if values.shape[0] >= place.height and values.shape[1] >= place.width:
                return values
            self.damaged.add((level, index))
        # Segments of no bytes stand for pixels of no value; damaged ones have none that could be shown.
        blank = page.nodata if count == 0 else _neutral(page.dtype, self._window)
        return np.full((place.height, place.width, samples), blank, page.dtype)

    def _find_window(self) -> Window | None:
        """What becomes 0 and 255 in the whole photo; None for samples that need no window."""
        level = self.levels[-1]
        page = self._pages[level]
        if page.page.dtype in (np.uint8, np.bool_):
            return None
        step = max(1, math.ceil(math.sqrt(page.rows * page.columns / _WINDOW_SEGMENTS)))
        rows = range(min(step // 2, page.rows - 1), page.rows, step)
        columns = range(min(step // 2, page.columns - 1), page.columns, step)
        if page.columns == 1:
            rows = range(0, page.rows, max(1, page.rows // _WINDOW_SEGMENTS))
        values, valid = [], []
        for row in rows:
            for column in columns:
                raster = raster_of_bands(page.page, self._bands(level, page.box(row, column)), 1)
                thin = slice(None, None, 4 if raster.samples.size > _MANY_SAMPLES else 1)
                samples = raster.samples[thin, thin]
                opaque = np.ones(samples.shape[:2], np.bool_)
                if raster.alpha is not None:
                    opaque = np.asarray(raster.alpha[thin, thin] > 0)
                values.append(samples.reshape(-1, 1, samples.shape[2]))
                valid.append(opaque.reshape(-1, 1))
        return window_of(np.concatenate(values), np.concatenate(valid), self.path.name)


def open_tiled(path: Path, least_px: int = 0) -> TiledTiff | None:
    """Open a photo to be read by parts.

    Args:
        path: Of the file.
        least_px: Photos of fewer pixels are left to whoever reads them whole.

    Returns:
        None where that cannot be: no TIFF, or one with a single huge segment, more axes, or rare colours; and
        for a TIFF that is too small.

    Raises:
        PhotoError: Missing, damaged, or larger than ``raster.MAX_PIXELS_BY_PARTS``; or it went away.
    """
    file = open_photo(path)
    photo = None
    try:
        with reading(path):
            photo = _tiled(path, file, least_px)
        return photo
    finally:
        if photo is None:
            file.close()


def halved_side(side_px: int, level: int) -> int:
    """Pixels of a side of a level; what is left over at the end counts as one more."""
    return -(-side_px >> level)


def stored_box(box: Box, height: int, width: int, way_up: int) -> Box:
    """Where a box of the upright photo lies in the stored one; turns boxes as ``exif.upright`` turns pixels.

    Args:
        box: Upright pixels.
        height, width: As stored.
        way_up: EXIF orientation, 1 to 8.
    """
    top, left, bottom, right = box.top, box.left, box.bottom, box.right
    match way_up:
        case 2:
            return Box(top, width - right, bottom, width - left)
        case 3:
            return Box(height - bottom, width - right, height - top, width - left)
        case 4:
            return Box(height - bottom, left, height - top, right)
        case 5:
            return Box(left, top, right, bottom)
        case 6:
            return Box(height - right, top, height - left, bottom)
        case 7:
            return Box(height - right, width - bottom, height - left, width - top)
        case 8:
            return Box(left, width - bottom, right, width - top)
    return box


def _tiled(path: Path, file: BinaryIO, least_px: int) -> TiledTiff | None:
    """As :func:`open_tiled`, of a file that is open."""
    if sniff(file.read(16)) is not Format.TIFF:
        return None
    with damaged_as_photo_error(Format.TIFF, path.name):
        from tifffile import TiffFile

        header = read_tiff_header(file, path.stat().st_size, path.name)
        check_size(header.height, header.width, path.name, MAX_PIXELS_BY_PARTS)
        if header.height * header.width < least_px:
            return None
        file.seek(0)
        tiff = TiffFile(file)
        page = first_page(tiff)
        first = _segments(page)
        if first is None:
            return None
        return TiledTiff(path, file, _levels(tiff, first), orientation(page_tags(page)))


def _segments(page: TiffPage) -> Segments | None:
    """How a page is cut, or None where it is not to be read by parts."""
    if page.axes not in _AXES or page.dtype is None or needs_another_decoder(page):
        return None
    planes = int(page.samplesperpixel) if page.axes == "SYX" else 1
    if page.is_tiled:
        height, width = int(page.tilelength), int(page.tilewidth)
    else:
        height, width = min(int(page.rowsperstrip), int(page.imagelength)), int(page.imagewidth)
    samples = 1 if planes > 1 else max(1, int(page.samplesperpixel))
    rows, columns = -(-int(page.imagelength) // height), -(-int(page.imagewidth) // width)
    if height * width * samples * page.dtype.itemsize > LARGEST_SEGMENT_BYTES:
        return None
    if len(page.dataoffsets) < rows * columns * planes:
        return None
    return Segments(page, int(page.imagelength), int(page.imagewidth), rows, columns, height, width, planes)


def _levels(tiff: TiffFile, first: Segments) -> dict[int, Segments]:
    """The photo and its reduced pages, by level; those of other scales than powers of two are left alone."""
    levels = {0: first}
    others: list[Any] = list(first.page.pages or ())
    others += [page for page in tiff.pages[1:_MOST_PAGES] if getattr(page, "subfiletype", 0) & _REDUCED]
    for page in others:
        segments = _segments(page)
        if segments is None or page.dtype != first.page.dtype or segments.height < 1:
            continue
        if (page.samplesperpixel, page.photometric) != (first.page.samplesperpixel, first.page.photometric):
            continue
        level = round(math.log2(first.height / segments.height))
        wanted = halved_side(first.height, level), halved_side(first.width, level)
        near = all(
            0 <= side - own <= 1 for side, own in zip(wanted, (segments.height, segments.width), strict=True)
        )
        if level > 0 and near:
            levels.setdefault(level, segments)
    return levels


def _neutral(dtype: Any, window: Window | None) -> float:
    """The sample that is shown as neutral grey."""
    if window is not None:
        value = neutral_sample(window)
        return value if np.issubdtype(dtype, np.floating) else round(value)
    return NEUTRAL
