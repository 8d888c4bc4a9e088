"""Bytes of a photo file to a raster; a decoder is never given a path, so no name is too strange."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.exif import merged_tags, orientation, read_tags
from resatt_studio.imaging.headers import (
    DAMAGED_HINT,
    Format,
    container_is_whole,
    cut_off,
    jpeg_is_whole,
    read_jpeg_header,
    read_png_header,
    sniff,
)
from resatt_studio.imaging.raster import Raster, check_size, opacity_8bit
from resatt_studio.imaging.tiff import decode_tiff
from resatt_studio.records.arrays import UInt8Array

HEIC_READABLE = find_spec("pillow_heif") is not None
"""Whether the HEIC plug-in is installed."""

# Sizes are checked here before any pixel is decoded, so Pillow's own lower limit would only forbid
# the orthophotos that this app is for.
Image.MAX_IMAGE_PIXELS = None

_GREY, _RGB, _PNG_PLAIN = 1, 3, (0, 2)


def decode(data: bytes, name: str) -> Raster:
    """Decode a photo file of any supported format; of several pages or frames, the first.

    Args:
        data: The whole file.
        name: File name, for messages.

    Raises:
        PhotoError: Empty, cut off, damaged, too large, or no photo.
    """
    format = format_of(data[:16], name)
    with damaged_as_photo_error(format, name):
        return _DECODERS[format](data, name)


@contextmanager
def damaged_as_photo_error(format: Format, name: str) -> Iterator[None]:
    """Say of whatever a decoder raises on a damaged file which file it was, and the cure.

    What the system says of a disk that fails meanwhile is no damage, and goes on (``opening.reading``).
    """
    try:
        yield
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(
            f"“{name}” does not fit in memory.", "Close other programs, or cut the photo into parts."
        ) from error
    except Exception as error:  # foreign bytes may make a decoder raise anything; all of it means "damaged"
        if isinstance(error, OSError) and error.errno is not None:  # decoders give theirs no number
            raise
        raise PhotoError(f"“{name}” is a damaged {format} file ({_brief(error)}).", DAMAGED_HINT) from error


def format_of(start: bytes, name: str) -> Format:
    """Tell the format from a file's first 16 bytes.

    Raises:
        PhotoError: Empty, none of ours, or HEIC without its plug-in.
    """
    if not start:
        raise PhotoError(f"“{name}” is empty (0 bytes).", "Copy it again from the camera or card.")
    format = sniff(start)
    if format is None:
        raise PhotoError(
            f"“{name}” is not a photo in a format that is read here, whatever its name says.",
            "Save it as JPEG, PNG, TIFF, WebP or BMP.",
        )
    if format is Format.HEIC and not HEIC_READABLE:
        raise PhotoError(
            f"“{name}” is a HEIC photo, and the HEIC plug-in is not installed.",
            'Install it with: pip install "resatt-studio[heic]", or set the camera to “most compatible”.',
        )
    return format


def open_with_pillow(file: Any, format: Format) -> Image.Image:
    """Open lazily with the one Pillow decoder that fits the content."""
    if format is Format.HEIC:
        from pillow_heif import register_heif_opener

        register_heif_opener()
        return Image.open(file, formats=["HEIF"])
    return Image.open(file, formats=[format.upper()])


def pillow_tags(image: Image.Image, format: Format) -> dict[int, Any]:
    """EXIF tags; the HEIC decoder has turned the pixels already, so its orientation counts as 1."""
    tags = merged_tags(image.getexif())
    if format is Format.HEIC:
        tags.pop(274, None)
    return tags


def _decode_jpeg(data: bytes, name: str) -> Raster:
    header = read_jpeg_header(io.BytesIO(data), name)
    check_size(header.height, header.width, name)
    way_up = orientation(read_tags(header.exif))
    if header.components in (_GREY, _RGB) and header.precision == 8 and jpeg_is_whole(data, header):
        colours = cv2.IMREAD_GRAYSCALE if header.components == _GREY else cv2.IMREAD_COLOR
        samples = _decode_with_opencv(data, colours)
        if samples is not None:
            return Raster(samples, None, way_up)
    if not jpeg_is_whole(data, header):
        raise cut_off(name, Format.JPEG)
    return _decode_with_pillow(data, Format.JPEG, way_up)


def _decode_png(data: bytes, name: str) -> Raster:
    header = read_png_header(io.BytesIO(data), name, check=True)
    check_size(header.height, header.width, name)
    if not header.whole:
        raise cut_off(name, Format.PNG)
    way_up = orientation(read_tags(header.exif))
    plain = header.depth == 8 and header.colour_type in _PNG_PLAIN and b"tRNS" not in header.chunks
    if (plain or header.depth == 16) and b"acTL" not in header.chunks:
        samples = _decode_with_opencv(data, cv2.IMREAD_UNCHANGED)
        if samples is not None:
            return _split_alpha(samples, way_up)
    return _decode_with_pillow(data, Format.PNG, way_up)


def _decode_tiff_file(data: bytes, name: str) -> Raster:
    raster = decode_tiff(data, name)
    return raster if raster is not None else _decode_other(data, name, Format.TIFF)


def _decode_webp(data: bytes, name: str) -> Raster:
    if not container_is_whole(io.BytesIO(data), Format.WEBP, len(data)):
        raise cut_off(name, Format.WEBP)
    return _decode_other(data, name, Format.WEBP)


def _decode_other(data: bytes, name: str, format: Format) -> Raster:
    with open_with_pillow(io.BytesIO(data), format) as image:
        check_size(image.height, image.width, name)
        way_up = orientation(pillow_tags(image, format))
    return _decode_with_pillow(data, format, way_up)


_DECODERS: dict[Format, Callable[[bytes, str], Raster]] = {
    Format.JPEG: _decode_jpeg,
    Format.PNG: _decode_png,
    Format.TIFF: _decode_tiff_file,
    Format.WEBP: _decode_webp,
    Format.BMP: lambda data, name: _decode_other(data, name, Format.BMP),
    Format.HEIC: lambda data, name: _decode_other(data, name, Format.HEIC),
}


def _decode_with_opencv(data: bytes, flags: int) -> npt.NDArray[Any] | None:
    """Samples H x W x C in RGB(A) order, not turned, or None where OpenCV cannot."""
    if flags != cv2.IMREAD_UNCHANGED:
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    decoded: npt.NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if decoded is None:
        return None
    if decoded.ndim == 2:
        return decoded[:, :, None]
    swap = cv2.COLOR_BGR2RGB if decoded.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(decoded, swap, dst=decoded))


def _decode_with_pillow(data: bytes, format: Format, way_up: int) -> Raster:
    with open_with_pillow(io.BytesIO(data), format) as image:
        if image.mode.startswith("I;16") or image.mode in ("I", "F"):
            return Raster(np.asarray(image)[:, :, None], None, way_up)
        has_alpha = image.has_transparency_data
        grey = image.mode in ("1", "L", "LA")
        target = ("LA" if grey else "RGBA") if has_alpha else ("L" if grey else "RGB")
        samples = np.asarray(image.convert(target))
    return _split_alpha(samples if samples.ndim == 3 else samples[:, :, None], way_up)


def _split_alpha(samples: npt.NDArray[Any], way_up: int) -> Raster:
    alpha: UInt8Array | None = None
    if samples.shape[2] in (2, 4):
        alpha = opacity_8bit(samples[:, :, -1])
        samples = samples[:, :, :-1]
    return Raster(samples, alpha, way_up)


def _brief(error: Exception) -> str:
    """First line of a decoder's words, short enough for a message bar."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 120 else words[:117] + "..."
