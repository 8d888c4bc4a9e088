"""Claims about broken files: each is refused by a message that names it and says the cure."""

from __future__ import annotations

import errno
import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from resatt_studio.errors import MaskError, PhotoError
from resatt_studio.imaging import decode as decode_module
from resatt_studio.imaging.files import decode_photo, hashing, read_facts, read_mask, read_photo, read_preview
from resatt_studio.imaging.tiled_tiff import open_tiled

NOISE = np.random.default_rng(2).integers(0, 255, (60, 80, 3), np.uint8)
READERS: list[Callable[[Path], object]] = [read_photo, read_facts, partial(read_preview, max_side_px=160)]


def encoded(format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, format, **options)
    return buffer.getvalue()


def assert_refused(path: Path, reader: Callable[[Path], object]) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        reader(path)
    assert path.name in caught.value.message
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"hello, I am a text file", b"GIF89a" + bytes(50), b"%PDF-1.7\n", bytes(4096)],
    ids=["empty", "one-byte", "text", "gif", "pdf", "zeros"],
)
def test_what_is_no_photo_is_refused(content: bytes, reader: Callable, tmp_path: Path) -> None:
    path = tmp_path / "report (1).jpg"
    path.write_bytes(content)
    assert_refused(path, reader)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {}),
        ("BMP", {}),
        ("HEIF", {}),
    ],
    ids=["jpeg", "progressive", "png", "tiff", "tiff-lzw", "webp", "bmp", "heic"],
)
def test_a_file_that_ends_too_early_is_refused(
    format: str, options: dict, share: float, reader: Callable, tmp_path: Path
) -> None:
    if format == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    data = encoded(format, **options)
    path = tmp_path / "half.img"
    path.write_bytes(data[: max(20, int(len(data) * share))])
    assert_refused(path, reader)


def test_a_flipped_byte_of_a_png_is_noticed() -> None:
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 0x40
    with pytest.raises(PhotoError, match="flipped"):
        decode_photo(bytes(data), "flipped.png")


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    path.write_bytes(encoded("JPEG", quality=90) + b"maker's trailer" * 9000)
    assert read_photo(path).height == read_facts(path).height == 60


def test_a_decompression_bomb_is_refused_before_memory_is_asked_for(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    side = 100_000
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    path = tmp_path / "bomb.png"
    path.write_bytes(png)
    for reader in READERS:
        assert "10000 megapixels" in assert_refused(path, reader).message
    jpeg = bytearray(encoded("JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 65500, 65500)
    path = tmp_path / "bomb.jpg"
    path.write_bytes(bytes(jpeg))
    for reader in READERS:
        assert "megapixels" in assert_refused(path, reader).message


@pytest.mark.parametrize("reader", READERS)
def test_a_jpeg_of_more_pixels_than_its_bytes_can_hold_is_refused(reader: Callable, tmp_path: Path) -> None:
    jpeg = bytearray(encoded("JPEG", progressive=True))
    frame = jpeg.index(b"\xff\xc2")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 20_000, 20_000)
    path = tmp_path / "slow.jpg"
    path.write_bytes(bytes(jpeg))
    assert "ends too early" in assert_refused(path, reader).message


def test_a_blank_photo_is_not_taken_for_a_bomb() -> None:
    buffer = io.BytesIO()
    Image.new("L", (3000, 2000)).save(buffer, "JPEG", progressive=True, optimize=True, quality=10)
    assert decode_photo(buffer.getvalue(), "blank.jpg").shape == (2000, 3000, 3)


@pytest.mark.parametrize("reader", READERS)
def test_nonsense_in_the_tags_of_a_tiff_is_refused(reader: Callable, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, NOISE, photometric="rgb")
    data = bytearray(buffer.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        entry = file.pages.first.tags["ImageWidth"].offset
    data[entry + 4 : entry + 8] = struct.pack("<I", 2)  # two widths
    path = tmp_path / "two widths.tif"
    path.write_bytes(bytes(data))
    assert_refused(path, reader)


@pytest.mark.parametrize("side", [20_000, 60_000])
def test_a_tiff_that_claims_to_be_huge_is_refused(side: int, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, NOISE, photometric="rgb")
    data = bytearray(buffer.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        for code in (256, 257):
            tag = file.pages.first.tags[code]
            struct.pack_into("<I" if tag.dtype == 4 else "<H", data, tag.valueoffset, side)
    path = tmp_path / "bomb.tif"
    path.write_bytes(bytes(data))
    for reader in READERS:
        assert_refused(path, reader)


@pytest.mark.parametrize("reader", READERS)
def test_folders_missing_and_unreadable_files_are_told_apart(
    reader: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder.jpg").mkdir()
    assert "is a folder" in assert_refused(tmp_path / "folder.jpg", reader).message
    assert "was not found" in assert_refused(tmp_path / "gone.jpg", reader).message
    assert "cannot be opened" in assert_refused(tmp_path / ("n" * 300 + ".jpg"), reader).message

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert "may not be read" in assert_refused(tmp_path / "secret.jpg", reader).message


class Failing(io.FileIO):
    """A file on a disk that answers ``answers`` times."""

    def __init__(self, path: Path, answers: int) -> None:
        super().__init__(path)
        self.answers = answers

    def readinto(self, buffer: bytearray) -> int | None:
        self._ask()
        return super().readinto(buffer)

    def readall(self) -> bytes:
        self._ask()
        return super().readall()

    def _ask(self) -> None:
        self.answers -= 1
        if self.answers < 0:
            raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("answers", [0, 1])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize(
    "reader",
    [
        *READERS,
        partial(read_facts, photo_id="0" * 64),
        partial(read_mask, shape=(240, 320)),
        lambda path: list(hashing(path)),
        lambda path: (photo := open_tiled(path)) and photo.close(),
    ],
    ids=["photo", "facts", "preview", "facts of a known hash", "mask", "hash", "parts"],
)
def test_a_disk_that_fails_while_a_file_is_read_is_no_damage_of_the_file(
    reader: Callable, format: str, answers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wall.img"
    Image.fromarray(np.tile(NOISE, (4, 4, 1))).save(path, format)
    files = []

    def failing(path: Path, mode: str) -> io.BufferedReader:
        files.append(Failing(path, answers))
        return io.BufferedReader(files[-1])

    monkeypatch.setattr(Path, "open", failing)
    said = hint = ""
    try:
        reader(path)
    except (PhotoError, MaskError) as error:  # of a mask also that its colours are none of a mask
        said, hint = error.message, error.hint
    asked_in_vain = any(file.answers < 0 for file in files)
    assert asked_in_vain or answers
    assert asked_in_vain == ("wall.img” cannot be read any more: Input/output error" in said)
    assert asked_in_vain == ("network drive" in hint)
    assert files and all(file.closed for file in files)


def test_a_heic_photo_without_the_plug_in_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "HEIC_READABLE", False)
    with pytest.raises(PhotoError) as caught:
        decode_photo(b"\0\0\0\x18ftypheic" + bytes(40), "IMG_0001.HEIC")
    assert "resatt-studio[heic]" in caught.value.hint


def test_no_value_in_any_pixel_is_refused() -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.full((8, 8), np.nan, np.float32))
    with pytest.raises(PhotoError, match=r"void\.tif.*no pixel with a value"):
        decode_photo(buffer.getvalue(), "void.tif")


def test_complex_samples_are_refused() -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.ones((8, 8), np.complex64))
    with pytest.raises(PhotoError, match="radar"):
        decode_photo(buffer.getvalue(), "radar.tif")


def test_damaged_camera_metadata_does_not_hide_the_photo(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274], exif[271] = 6, "ACME"
    block = exif.tobytes()
    for cut in range(8, len(block), 5):
        path = tmp_path / f"cut{cut}.jpg"
        path.write_bytes(encoded("JPEG", exif=block[:cut] + b"\xff" * 12))
        facts = read_facts(path)
        assert (facts.height, facts.width) == read_photo(path).pixels.shape[:2]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "BMP"])
@settings(max_examples=60)
@given(
    cut=st.integers(0, 3000),
    flips=st.lists(st.tuples(st.integers(0, 2999), st.integers(0, 255)), max_size=6),
)
def test_random_damage_gives_a_photo_or_a_photo_error(
    format: str, cut: int, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(encoded(format))
    for position, value in flips:
        data[position % min(len(data), 400)] = value
    try:
        pixels = decode_photo(bytes(data[: len(data) - cut]), "zoo.img")
    except PhotoError as error:
        assert "zoo.img" in error.message
        assert error.hint
    else:
        assert pixels.ndim == 3
        assert pixels.dtype == np.uint8


def test_a_preview_of_a_cut_off_jpeg_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.tile(NOISE, (8, 8, 1))).save(buffer, "JPEG")
    path = tmp_path / "big.jpg"
    path.write_bytes(buffer.getvalue()[:-5000])
    assert_refused(path, lambda path: read_preview(path, 100))
