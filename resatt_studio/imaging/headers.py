"""What the first bytes of a photo file say: its format, size, sample depth and EXIF block."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from resatt_studio.errors import PhotoError


class Format(StrEnum):
    """Formats told apart by content; the suffix of the name is not believed."""

    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    WEBP = "WebP"
    BMP = "BMP"
    HEIC = "HEIC"


_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PNG_START = b"\x89PNG\r\n\x1a\n"

_MOST_JPEG_PIXELS_A_BYTE = 4096

DAMAGED_HINT = "Copy it again from the camera or card, or open and save it anew in an image editor."


def sniff(start: bytes) -> Format | None:
    """Tell the format from the first 16 bytes of a file, or None when it is none of ours."""
    if start.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if start.startswith(_PNG_START):
        return Format.PNG
    if start.startswith(_TIFF_STARTS):
        return Format.TIFF
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return Format.WEBP
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS:
        return Format.HEIC
    if start.startswith(b"BM"):
        return Format.BMP
    return None


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Frame and EXIF of a JPEG file.

    Attributes:
        height, width: As stored, before orientation, in pixels.
        components: 1 grey, 3 colour, 4 CMYK or YCCK.
        precision: Bits a sample.
        exif: TIFF block of the EXIF segment, or empty.
        scan_offset: Where the first scan begins.
    """

    height: int
    width: int
    components: int
    precision: int
    exif: bytes
    scan_offset: int


def read_jpeg_header(file: BinaryIO, name: str) -> JpegHeader:
    """Walk the segments up to the first scan.

    Raises:
        PhotoError: The segments end before a frame and a scan were found.
    """
    file.seek(2)
    exif = b""
    frame: tuple[int, int, int, int] | None = None
    while True:
        marker = _next_jpeg_marker(file)
        if marker in _STANDALONE_MARKERS:
            continue
        length = file.read(2)
        if marker is None or len(length) < 2 or (size := int.from_bytes(length, "big")) < 2:
            raise cut_off(name, Format.JPEG)
        if marker == 0xDA and frame is not None:
            precision, height, width, components = frame
            return JpegHeader(height, width, components, precision, exif, file.tell() + size - 2)
        body = file.read(size - 2)
        if marker == 0xE1 and body.startswith(b"Exif\0\0") and not exif:
            exif = body[6:]
        elif marker in _FRAME_MARKERS and len(body) >= 6:
            frame = struct.unpack(">BHHB", body[:6])


def _next_jpeg_marker(file: BinaryIO) -> int | None:
    byte = file.read(1)
    while byte and byte != b"\xff":
        byte = file.read(1)
    while byte == b"\xff":
        byte = file.read(1)
    return byte[0] if byte else None


def jpeg_is_whole(data: bytes, header: JpegHeader) -> bool:
    """Whether an end marker follows the scans (none occurs in coded data) and the size is possible."""
    return data.find(b"\xff\xd9", header.scan_offset) >= 0 and size_is_possible(header, len(data))


def size_is_possible(header: JpegHeader, size_bytes: int) -> bool:
    """Whether so few bytes can hold so many pixels.

    A block of 8 x 8 pixels takes at least one bit, so colour at the coarsest sampling stays below a few
    thousand pixels a byte. Decoders spend minutes on files that claim more.
    """
    return header.height * header.width <= _MOST_JPEG_PIXELS_A_BYTE * size_bytes


@dataclass(frozen=True, slots=True)
class PngHeader:
    """Shape and chunks of a PNG file.

    Attributes:
        height, width: As stored, in pixels.
        depth: Bits a sample.
        colour_type: 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA.
        exif: Content of the eXIf chunk, or empty.
        chunks: Names of all chunks.
        whole: Every chunk is complete with a right checksum, up to IEND.
    """

    height: int
    width: int
    depth: int
    colour_type: int
    exif: bytes
    chunks: frozenset[bytes]
    whole: bool


def read_png_header(file: BinaryIO, name: str, check: bool = False) -> PngHeader:
    """Walk the chunks.

    Args:
        file: Open at any place.
        name: For messages.
        check: Verify checksums, which reads every byte; otherwise image data is skipped over.

    Raises:
        PhotoError: The first chunk is not a header.
    """
    file.seek(8)
    chunks: set[bytes] = set()
    head, exif, whole = b"", b"", False
    while len(start := file.read(8)) == 8:
        size, kind = int.from_bytes(start[:4], "big"), start[4:]
        if check or kind in (b"IHDR", b"eXIf"):
            body, checksum = file.read(size), file.read(4)
            if len(checksum) < 4 or zlib.crc32(kind + body) != int.from_bytes(checksum, "big"):
                break
            head = body if kind == b"IHDR" else head
            exif = body if kind == b"eXIf" else exif
        else:
            file.seek(size + 4, 1)
        chunks.add(kind)
        if kind == b"IEND":
            whole = True
            break
    if len(head) < 13:
        raise cut_off(name, Format.PNG)
    width, height, depth, colour_type = struct.unpack(">IIBB", head[:10])
    return PngHeader(height, width, depth, colour_type, exif, frozenset(chunks), whole)


def container_is_whole(file: BinaryIO, format: Format, size_bytes: int) -> bool:
    """Whether the lengths that a WebP, BMP or HEIC file states fit into its size."""
    file.seek(0)
    start = file.read(8)
    if format is Format.WEBP:
        return 8 + int.from_bytes(start[4:8], "little") <= size_bytes
    if format is Format.BMP:
        return 0 < int.from_bytes(start[2:6], "little") <= size_bytes
    position = 0
    while position + 8 <= size_bytes:  # HEIC: boxes, each with its length in front
        file.seek(position)
        start = file.read(16)
        length = int.from_bytes(start[:4], "big")
        if length == 0:
            return True  # the last box reaches to the end, wherever that is
        if length == 1:
            length = int.from_bytes(start[8:16], "big")
        if length < 8:
            return False
        position += length
    return position == size_bytes


def cut_off(name: str, format: Format) -> PhotoError:
    """The error for a file that ends too early."""
    return PhotoError(f"“{name}” is a damaged {format} file: it ends too early.", DAMAGED_HINT)
