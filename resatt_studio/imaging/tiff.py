"""TIFF of any sample type: the first page, as raster."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.exif import CHANGED_AT, EXIF_BLOCK, MAKE, MODEL, ORIENTATION, orientation
from resatt_studio.imaging.headers import Format, cut_off
from resatt_studio.imaging.raster import Raster, check_size, opacity_8bit
from resatt_studio.records.arrays import UInt8Array

if TYPE_CHECKING:
    from tifffile import TiffPage

_MIN_IS_WHITE, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 2, 3, 5, 6
_JPEG_COMPRESSIONS = frozenset({6, 7})
_ALPHA_KINDS = frozenset({1, 2})  # associated and unassociated; 0 is an unexplained extra band
_NO_DATA = 42113
# LZW and deflate shrink at most about 1400 times; a file that claims far more is damaged or a trap.
_MOST_COMPRESSION, _ALWAYS_POSSIBLE_BYTES = 5000, 1 << 26
_EXIF_NAMES = {"DateTimeOriginal": 36867, "OffsetTimeOriginal": 36881}


@dataclass(frozen=True, slots=True)
class TiffHeader:
    """Size and tags of the first page, before orientation."""

    height: int
    width: int
    tags: dict[int, Any]


def read_tiff_header(file: BinaryIO, size_bytes: int, name: str) -> TiffHeader:
    """Read the first page's tags and check that its data lies inside the file and can fill its pixels.

    Raises:
        PhotoError: The file ends before its data, or holds far too little.
    """
    from tifffile import TiffFile

    file.seek(0)
    with TiffFile(file) as tiff:
        page = first_page(tiff)
        ends = (start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=True))
        if max(ends, default=size_bytes + 1) > size_bytes or _decoded_bytes(page) > max(
            _ALWAYS_POSSIBLE_BYTES, _MOST_COMPRESSION * size_bytes
        ):
            raise cut_off(name, Format.TIFF)
        return TiffHeader(int(page.imagelength), int(page.imagewidth), page_tags(page))


def decode_tiff(data: bytes, name: str) -> Raster | None:
    """Decode the first page: 1 to 64 bits, integer or float, grey, RGB, palette, CMYK, with or without alpha.

    Pixels equal to GDAL's no-data value become transparent. Bands beyond the first three are left out.

    Returns:
        The raster, or None for the rare colour spaces that another decoder has to try.

    Raises:
        PhotoError: Cut off, or too large.
    """
    from tifffile import TiffFile

    header = read_tiff_header(io.BytesIO(data), len(data), name)
    check_size(header.height, header.width, name)
    with TiffFile(io.BytesIO(data)) as tiff:
        page = first_page(tiff)
        if needs_another_decoder(page):
            return None
        return raster_of_bands(page, _rows_columns_bands(page), orientation(header.tags))


def needs_another_decoder(page: TiffPage) -> bool:
    """Whether the colours of a page are of a rare kind that is not read here."""
    return page.photometric == _YCBCR and page.compression not in _JPEG_COMPRESSIONS


def keeps_samples(page: TiffPage) -> bool:
    """Whether :func:`raster_of_bands` leaves samples as deep as they are; inks and palettes become 8 bits."""
    return page.photometric not in (_PALETTE, _CMYK)


def is_grey(page: TiffPage) -> bool:
    """Whether samples are grey; of bands that nobody explains the first is shown, or the first three."""
    bands = int(page.samplesperpixel)
    return bands < 3 or bands - len(page.extrasamples) == 1


def raster_of_bands(page: TiffPage, bands: npt.NDArray[Any], way_up: int) -> Raster:
    """What samples of a page show.

    Args:
        page: Says what its bands mean.
        bands: h x w x bands as stored, of the whole page or a part of it.
        way_up: EXIF orientation, 1 to 8.

    Raises:
        PhotoError: Inks of a depth that is not read.
    """
    samples, alpha = _colour(page, bands)
    no_data = page.tags.valueof(_NO_DATA)
    if no_data is not None and alpha is None:
        alpha = _transparent_no_data(samples, no_data)
    return Raster(samples, alpha, way_up, page.photometric == _MIN_IS_WHITE)


def _decoded_bytes(page: TiffPage) -> int:
    return int(page.imagelength) * int(page.imagewidth) * int(page.samplesperpixel) * page.bitspersample // 8


def first_page(tiff: Any) -> TiffPage:
    """The page that is the photo."""
    page: TiffPage = tiff.pages.first
    return page


def page_tags(page: TiffPage) -> dict[int, Any]:
    tags = {code: page.tags.valueof(code) for code in (ORIENTATION, MAKE, MODEL, CHANGED_AT)}
    if tags[ORIENTATION] is not None and not isinstance(tags[ORIENTATION], tuple):
        tags[ORIENTATION] = int(tags[ORIENTATION])
    exif = page.tags.valueof(EXIF_BLOCK)
    if isinstance(exif, dict):
        tags.update({code: exif[key] for key, code in _EXIF_NAMES.items() if key in exif})
    return {code: value for code, value in tags.items() if value is not None}


def _rows_columns_bands(page: TiffPage) -> npt.NDArray[Any]:
    """Page samples as H x W x bands; of further axes the first entry."""
    samples, axes = page.asarray(), page.axes
    for axis in axes:
        if axis not in "YXS":
            samples = samples.take(0, axis=axes.index(axis))
            axes = axes.replace(axis, "", 1)
    if "S" not in axes:
        return samples[:, :, None]
    return np.moveaxis(samples, axes.index("S"), 2)


def _colour(page: TiffPage, bands: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], UInt8Array | None]:
    """Grey or RGB samples, and opacity when a band is declared as such."""
    extra = tuple(int(kind) for kind in page.extrasamples)
    colours = bands.shape[2] - len(extra)
    alpha = None
    for index, kind in enumerate(extra):
        if kind in _ALPHA_KINDS:
            alpha = opacity_8bit(bands[:, :, colours + index])
            break
    if page.photometric == _PALETTE and page.colormap is not None:
        return _palette_colours(page.colormap, bands[:, :, 0]), alpha
    if page.photometric == _CMYK and bands.shape[2] >= 4:
        return _cmyk_to_rgb(bands[:, :, :4]), alpha
    samples = bands[:, :, :1] if is_grey(page) else bands[:, :, :3]
    if page.photometric == _MIN_IS_WHITE:
        samples = _inverted(samples)
    return samples, alpha


def _palette_colours(colormap: npt.NDArray[Any], indices: npt.NDArray[Any]) -> UInt8Array:
    # The standard says 16 bits, but some writers leave the high byte empty.
    shift = 8 if int(colormap.max(initial=0)) > 255 else 0
    table = (colormap.astype(np.uint16) >> shift).astype(np.uint8).T
    return np.asarray(table[indices], np.uint8)


def _cmyk_to_rgb(inks: npt.NDArray[Any]) -> UInt8Array:
    """Inks to light without a colour profile: (1 - ink) * (1 - black)."""
    if inks.dtype == np.uint16:
        inks = (inks >> 8).astype(np.uint8)
    if inks.dtype != np.uint8:
        raise PhotoError("CMYK samples of this depth are not read.", "Save the photo as 8-bit RGB.")
    light = 255 - inks.astype(np.uint16)
    return ((light[:, :, :3] * light[:, :, 3:] + 127) // 255).astype(np.uint8)


def _inverted(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if samples.dtype == np.bool_:
        return np.asarray(np.logical_not(samples))
    if np.issubdtype(samples.dtype, np.unsignedinteger):
        return np.asarray(np.iinfo(samples.dtype).max - samples)
    return np.asarray(np.negative(samples))


def _transparent_no_data(samples: npt.NDArray[Any], no_data: Any) -> UInt8Array | None:
    try:
        value = float(no_data)
    except (TypeError, ValueError):
        return None  # a foreign tag with words in it says nothing about pixels
    valid = np.logical_not(np.all(samples == value, axis=2))
    return None if valid.all() else valid.astype(np.uint8) * np.uint8(255)
