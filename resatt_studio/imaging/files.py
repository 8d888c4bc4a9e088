"""Photos and masks as files: identify, read, write; the door to this room. Photos are never changed."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from resatt_studio.errors import MaskError, PhotoError
from resatt_studio.imaging.decode import (
    damaged_as_photo_error,
    decode,
    format_of,
    open_with_pillow,
    pillow_tags,
)
from resatt_studio.imaging.exif import camera, orientation, read_tags, taken_at, upright, upright_size
from resatt_studio.imaging.finding import SUFFIXES, find_photos, natural_key
from resatt_studio.imaging.headers import (
    Format,
    container_is_whole,
    cut_off,
    jpeg_is_whole,
    read_jpeg_header,
    read_png_header,
    size_is_possible,
)
from resatt_studio.imaging.masks import to_mask
from resatt_studio.imaging.opening import opened
from resatt_studio.imaging.raster import (
    MAX_PIXELS,
    MAX_PIXELS_BY_PARTS,
    check_size,
    deep_window,
    to_deep,
    to_rgb,
)
from resatt_studio.imaging.resizing import shrunk
from resatt_studio.imaging.tiff import read_tiff_header
from resatt_studio.imaging.tiff_sketch import sketches
from resatt_studio.imaging.tiled_tiff import TiledTiff, open_tiled
from resatt_studio.imaging.writing import encode_png, write_png, write_whole
from resatt_studio.records.arrays import BoolArray, UInt8Array, read_only
from resatt_studio.records.geometry import Box
from resatt_studio.records.photo import DeepPhoto, Photo, PhotoFacts

__all__ = [
    "SUFFIXES",
    "decode_photo",
    "encode_png",
    "find_photos",
    "hashing",
    "natural_key",
    "previewing",
    "read_deep",
    "read_facts",
    "read_mask",
    "read_photo",
    "read_preview",
    "write_png",
    "write_whole",
]

SKETCHED_FROM_PX = 100_000_000
"""Previews of TIFF with so many pixels are sketched."""

_PREVIEW_SKETCHES = 2
_PART_ROWS = 1024
_CHUNK_BYTES = 16 << 20
_TAIL_BYTES = 1 << 16


def read_facts(path: Path, photo_id: str = "") -> PhotoFacts:
    """Identify a photo: content hash, upright size and camera facts, without decoding its pixels.

    The bytes are hashed as a stream. Only a file that does not end as its format should is decoded, to be
    sure that it is damaged. ``group`` is left empty.

    Args:
        path: Of the file.
        photo_id: Its hash where somebody has just read it all (:func:`hashing`), or "".

    Raises:
        PhotoError: Missing, empty, damaged, too large, or no photo; or it went away.
    """
    path = Path(path)
    with opened(path) as file:
        size_bytes = os.fstat(file.fileno()).st_size
        photo_id = photo_id or hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        format = format_of(file.read(16), path.name)
        with damaged_as_photo_error(format, path.name):
            height, width, tags, whole = _header(file, format, size_bytes, path.name)
        check_size(height, width, path.name, _most_px(path, format, height * width))
        if not whole:
            file.seek(0)
            decode(file.read(), path.name)
    way_up = orientation(tags)
    height, width = upright_size(height, width, way_up)
    return PhotoFacts(
        photo_id=photo_id,
        path=path.absolute(),
        height=height,
        width=width,
        bytes=size_bytes,
        orientation=way_up,
        taken_at=taken_at(tags),
        camera=camera(tags),
    )


def read_photo(path: Path) -> Photo:
    """Read a photo upright, as 8-bit RGB.

    Deeper samples are windowed as in :func:`resatt_studio.imaging.depth.to_8bit`; colour profiles are not
    applied; transparent pixels become neutral grey.

    Raises:
        PhotoError: Missing, empty, damaged, too large, or no photo; or it went away.
    """
    by_parts = _read_by_parts(Path(path))
    if by_parts is not None:
        return by_parts
    data, name = _read_bytes(Path(path)), Path(path).name
    raster = decode(data, name)
    window = deep_window(raster, name)
    return Photo(hashlib.sha256(data).hexdigest(), read_only(to_rgb(raster, name, window)), window)


def read_deep(path: Path) -> DeepPhoto | None:
    """Read the samples of a photo of 16 bits, upright, which :func:`read_photo` windows to 8 bits.

    Returns:
        None for a photo of any other depth.

    Raises:
        PhotoError: As :func:`read_photo`.
    """
    path = Path(path)
    with _huge_tiff(path) as photo:
        if photo is not None:
            if photo.deep_window is None:
                return None
            samples = np.asarray(_all_parts(photo, photo.read_samples), np.uint16)
            *_, photo_id = hashing(path)
            return DeepPhoto(photo_id, read_only(samples), photo.deep_window)
    data = _read_bytes(path)
    raster = decode(data, path.name)
    window = deep_window(raster, path.name)
    if window is None:
        return None
    return DeepPhoto(hashlib.sha256(data).hexdigest(), read_only(to_deep(raster, window)), window)


def decode_photo(data: bytes, name: str) -> UInt8Array:
    """Decode a photo file's bytes to upright H x W x 3 uint8 RGB.

    Args:
        data: The whole file.
        name: File name, for messages.

    Raises:
        PhotoError: Empty, damaged, too large, or no photo.
    """
    return to_rgb(decode(data, name), name)


def read_preview(path: Path, max_side_px: int) -> UInt8Array:
    """Read a photo shrunk so that its longer side is at most ``max_side_px``; smaller ones keep their size.

    JPEG is decoded at a half, quarter or eighth, which takes a fraction of the time of the whole. Of a huge
    TIFF that can be read by parts, no more than a sketch is read (``imaging.tiff_sketch``).

    Returns:
        Upright h x w x 3 uint8 RGB.

    Raises:
        PhotoError: As :func:`read_photo`.
    """
    return [pixels for pixels in previewing(path, max_side_px) if pixels is not None][-1]


def previewing(path: Path, max_side_px: int) -> Iterator[UInt8Array | None]:
    """As :func:`read_preview`, in steps.

    Yields:
        The preview last; before it others that are less good, or None, where one step would take long.

    Raises:
        PhotoError: As :func:`read_photo`.
    """
    path = Path(path)
    with _huge_tiff(path) as photo:
        if photo is not None:
            left = _PREVIEW_SKETCHES
            for picture in sketches(photo, max_side_px):
                yield picture
                left -= picture is not None
                if not left:
                    break
            return
    data = _read_bytes(path)
    reduced = _reduced_jpeg(data, max_side_px, path.name)
    yield shrunk(reduced if reduced is not None else decode_photo(data, path.name), max_side_px)


def read_mask(path: Path, shape: tuple[int, int]) -> BoolArray:
    """Read a crack mask; see :func:`resatt_studio.imaging.masks.to_mask` for what is accepted.

    Args:
        path: Mask file.
        shape: (height, width) of the upright photo.

    Returns:
        H x W bool, True where crack.

    Raises:
        MaskError: Unreadable, ambiguous, or not of that size.
    """
    path = Path(path)
    try:
        raster = decode(_read_bytes(path), path.name)
    except PhotoError as error:
        raise MaskError(error.message, error.hint) from error
    return to_mask(raster, shape, path.name)


def _most_px(path: Path, format: Format, count_px: int) -> int:
    """The most pixels that this file may have: by parts more can be read than as a whole."""
    if format is not Format.TIFF or count_px <= MAX_PIXELS:
        return MAX_PIXELS
    photo = open_tiled(path)
    if photo is None:
        return MAX_PIXELS
    photo.close()
    return MAX_PIXELS_BY_PARTS


@contextmanager
def _huge_tiff(path: Path) -> Iterator[TiledTiff | None]:
    """A huge TIFF that can be read by parts, open; None for any other file."""
    photo = open_tiled(path, SKETCHED_FROM_PX)
    try:
        yield photo
    finally:
        if photo is not None:
            photo.close()


def _read_by_parts(path: Path) -> Photo | None:
    """All of a huge TIFF, without the file and its samples in memory beside the pixels; None for any other.

    Raises:
        PhotoError: Larger than what is read whole, damaged, or changed meanwhile.
    """
    with _huge_tiff(path) as photo:
        if photo is None:
            return None
        pixels = np.asarray(_all_parts(photo, photo.read), np.uint8)
        window = photo.deep_window
    *_, photo_id = hashing(path)
    return Photo(photo_id, read_only(pixels), window)


def _all_parts(photo: TiledTiff, read: Callable[[int, Box], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """What ``read`` says of every part of a photo, as one array.

    Raises:
        PhotoError: Larger than what is read whole, or damaged.
    """
    check_size(photo.height, photo.width, photo.path.name)
    whole: npt.NDArray[Any] | None = None
    for top in range(0, photo.height, _PART_ROWS):
        box = Box(top, 0, top + _PART_ROWS, photo.width).clipped(photo.height, photo.width)
        part = read(0, box)
        if whole is None:
            whole = np.empty((photo.height, *part.shape[1:]), part.dtype)
        whole[box.slices] = part
    if photo.damaged or whole is None:
        raise cut_off(photo.path.name, Format.TIFF)
    return whole


def _reduced_jpeg(data: bytes, max_side_px: int, name: str) -> UInt8Array | None:
    """A JPEG decoded at the smallest scale that still has ``max_side_px``, or None where that cannot be."""
    if format_of(data[:16], name) is not Format.JPEG:
        return None
    header = read_jpeg_header(io.BytesIO(data), name)
    check_size(header.height, header.width, name)
    shrink = max(header.height, header.width) // max(1, max_side_px)
    if shrink < 2 or header.components == 4 or header.precision != 8 or not jpeg_is_whole(data, header):
        return None
    flags = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
    scale = next(scale for scale in flags if shrink >= scale)
    with damaged_as_photo_error(Format.JPEG, name):
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags[scale] | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        return None
    rgb = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
    return upright(rgb, orientation(read_tags(header.exif)))


def _header(
    file: BinaryIO, format: Format, size_bytes: int, name: str
) -> tuple[int, int, dict[int, object], bool]:
    """(height, width, tags, whole) before orientation."""
    if format is Format.JPEG:
        jpeg = read_jpeg_header(file, name)
        file.seek(max(jpeg.scan_offset, size_bytes - _TAIL_BYTES))
        whole = b"\xff\xd9" in file.read() and size_is_possible(jpeg, size_bytes)
        return jpeg.height, jpeg.width, read_tags(jpeg.exif), whole
    if format is Format.PNG:
        png = read_png_header(file, name)
        return png.height, png.width, read_tags(png.exif), png.whole
    if format is Format.TIFF:
        tiff = read_tiff_header(file, size_bytes, name)
        return tiff.height, tiff.width, tiff.tags, True
    file.seek(0)
    with open_with_pillow(file, format) as image:
        height, width, tags = image.height, image.width, pillow_tags(image, format)
    return height, width, tags, container_is_whole(file, format, size_bytes)


def hashing(path: Path) -> Iterator[str]:
    """The SHA-256 of a file, block by block, so that whoever asks can do something else in between.

    Yields:
        "" after every few megabytes, and last the hash in hex.

    Raises:
        PhotoError: Missing, or it went away.
    """
    digest = hashlib.sha256()
    with opened(path) as file:
        while block := file.read(_CHUNK_BYTES):
            digest.update(block)
            yield ""
    yield digest.hexdigest()


def _read_bytes(path: Path) -> bytes:
    with opened(path) as file:
        return file.read()
