"""Claims about reading photos: every kind, every way up, every strange name."""

from __future__ import annotations

import hashlib
import io
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from resatt_studio.errors import PhotoError
from resatt_studio.imaging.exif import upright, upright_size
from resatt_studio.imaging.files import (
    SUFFIXES,
    decode_photo,
    find_photos,
    natural_key,
    read_facts,
    read_photo,
    read_preview,
)
from resatt_studio.records.arrays import UInt8Array

STORED_FROM_UPRIGHT = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
SCENE = cv2.resize(
    np.random.default_rng(5).integers(0, 255, (6, 8, 3), np.uint8), (64, 48), interpolation=cv2.INTER_CUBIC
)


def encoded(pixels: np.ndarray, format: str, mode: str | None = None, **options: object) -> bytes:
    image = Image.fromarray(pixels) if mode is None else Image.fromarray(pixels).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def tiff(samples: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


def difference(left: UInt8Array, right: UInt8Array) -> float:
    assert left.shape == right.shape
    return float(np.abs(left.astype(int) - right.astype(int)).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("format", "suffix"),
    [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif"), ("HEIF", "heic")],
)
def test_each_orientation_comes_out_upright(
    format: str, suffix: str, orientation: int, tmp_path: Path
) -> None:
    if format == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    exif = Image.Exif()
    exif[274], exif[271], exif[272], exif[306] = orientation, "ACME", "ACME One", "2024:05:06 07:08:09"
    path = tmp_path / f"turned.{suffix}"
    stored = upright(SCENE, STORED_FROM_UPRIGHT[orientation])
    path.write_bytes(encoded(stored, format, exif=exif.tobytes()))
    photo, facts, small = read_photo(path), read_facts(path), read_preview(path, 16)
    assert difference(photo.pixels, SCENE) < 12
    assert (facts.height, facts.width) == (photo.height, photo.width) == (48, 64)
    assert facts.photo_id == photo.photo_id == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (facts.camera, facts.taken_at) == ("ACME One", "2024-05-06T07:08:09")
    assert difference(small, cv2.resize(SCENE, (16, 12), interpolation=cv2.INTER_AREA)) < 16


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_follows_the_exif_table(orientation: int) -> None:
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    # Row 0 and column 0 of the stored array lie on these sides of the scene (Exif 2.32, 4.6.4 A).
    expected = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].T,
        8: np.rot90(stored),
    }
    assert np.array_equal(upright(stored, orientation), expected[orientation])
    assert upright_size(2, 3, orientation) == expected[orientation].shape


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_16_bit_png_is_turned_like_any_other(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    stored = upright(SCENE[:, :, 0].copy(), STORED_FROM_UPRIGHT[orientation]).astype(np.uint16) * 257
    pixels = decode_photo(encoded(stored, "PNG", exif=exif.tobytes()), "deep.png")
    assert pixels.shape == SCENE.shape
    assert difference(pixels, np.repeat(SCENE[:, :, :1], 3, axis=2)) < 4


@settings(max_examples=25)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_lossless_rgb_comes_back_bit_for_bit(format: str, pixels: UInt8Array) -> None:
    assert np.array_equal(decode_photo(encoded(pixels, format), "a"), pixels)


@settings(max_examples=15)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
@pytest.mark.parametrize(
    "options",
    [
        {"photometric": "rgb"},
        {"photometric": "rgb", "compression": "lzw", "predictor": True},
        {"photometric": "rgb", "compression": "zstd"},
        {"photometric": "rgb", "bigtiff": True, "byteorder": ">"},
    ],
    ids=["plain", "lzw", "zstd", "big-endian-bigtiff"],
)
def test_tiff_of_any_compression_comes_back_bit_for_bit(options: dict, pixels: UInt8Array) -> None:
    assert np.array_equal(decode_photo(tiff(pixels, **options), "a.tif"), pixels)


def test_grey_palette_and_one_bit_photos_become_rgb() -> None:
    grey = SCENE[:, :, 0].copy()
    expected = np.repeat(grey[:, :, None], 3, axis=2)
    for format in ("PNG", "BMP", "TIFF"):
        assert np.array_equal(decode_photo(encoded(grey, format), "grey"), expected)
    assert difference(decode_photo(encoded(grey, "JPEG"), "grey.jpg"), expected) < 4
    few = (grey // 64 * 64)[:, :, None].repeat(3, axis=2)
    for format in ("PNG", "BMP", "TIFF"):
        assert np.array_equal(decode_photo(encoded(few[:, :, 0], format, mode="P"), "palette"), few)
        bits = decode_photo(encoded(few, format, mode="1"), "bits")
        assert set(np.unique(bits)) == {0, 255}


def test_planar_min_is_white_and_extra_band_tiffs_are_understood() -> None:
    planar = tiff(np.moveaxis(SCENE, 2, 0).copy(), photometric="rgb", planarconfig="separate")
    assert np.array_equal(decode_photo(planar, "planar.tif"), SCENE)
    white_is_zero = tiff(255 - SCENE[:, :, 0], photometric="miniswhite")
    assert np.array_equal(decode_photo(white_is_zero, "fax.tif")[:, :, 1], SCENE[:, :, 0])
    infrared = np.concatenate([SCENE, np.zeros_like(SCENE[:, :, :1])], axis=2)
    four_bands = tiff(infrared, photometric="rgb", extrasamples=["unspecified"])
    assert np.array_equal(decode_photo(four_bands, "rgbn.tif"), SCENE)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_opaque_alpha_changes_nothing_and_transparency_shows_neutral_grey(format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    opaque = np.dstack([SCENE, np.full(SCENE.shape[:2], 255, np.uint8)])
    assert np.array_equal(decode_photo(encoded(opaque, format, **options), "a"), SCENE)
    half = opaque.copy()
    half[:, :32, 3] = 0
    pixels = decode_photo(encoded(half, format, **options), "a")
    assert np.all(pixels[:, :32] == 128)
    assert np.array_equal(pixels[:, 32:], SCENE[:, 32:])


def test_grey_with_alpha_and_16_bit_with_alpha_are_read() -> None:
    grey_alpha = np.dstack([SCENE[:, :, 0], np.full(SCENE.shape[:2], 255, np.uint8)])
    pixels = decode_photo(encoded(grey_alpha, "PNG"), "la.png")
    assert np.array_equal(pixels, np.repeat(SCENE[:, :, :1], 3, axis=2))
    deep = np.dstack([SCENE, np.full(SCENE.shape[:2], 255, np.uint8)]).astype(np.uint16) * 257
    deep[:, :32] = 0  # black and transparent: must not stretch the window
    png = cv2.imencode(".png", cv2.cvtColor(deep, cv2.COLOR_RGBA2BGRA))[1].tobytes()
    pixels = decode_photo(png, "deep.png")
    assert np.all(pixels[:, :32] == 128)
    assert difference(pixels[:, 32:], SCENE[:, 32:]) < 20


def test_cmyk_jpegs_of_adobe_and_cmyk_tiffs_show_their_colours() -> None:
    flat = np.zeros((16, 16, 3), np.uint8)
    flat[:, :8], flat[:, 8:] = (200, 30, 30), (30, 30, 200)
    jpeg = encoded(flat, "JPEG", mode="CMYK", quality=95)
    assert b"Adobe" in jpeg  # such files store inverted inks
    assert difference(decode_photo(jpeg, "print.jpg"), flat) < 6
    assert difference(decode_photo(encoded(flat, "TIFF", mode="CMYK"), "print.tif"), flat) < 3


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.uint32, np.float32, np.float64])
def test_deep_samples_are_windowed_to_the_full_eight_bits(dtype: type) -> None:
    ramp = np.linspace(100, 12000, 64 * 64).reshape(64, 64).astype(dtype)
    pixels = decode_photo(tiff(ramp), "deep.tif")[:, :, 0]
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert np.all(np.diff(pixels.reshape(-1).astype(int)) >= 0)


def test_the_window_ignores_the_scale_of_deep_samples() -> None:
    ramp = np.random.default_rng(0).random((40, 50)).astype(np.float32)
    assert np.array_equal(decode_photo(tiff(ramp), "a.tif"), decode_photo(tiff(ramp * 4096), "b.tif"))


def test_nan_is_neutral_infinities_are_clipped_and_constant_is_neutral() -> None:
    samples = np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)
    samples[0, 0], samples[0, 1], samples[0, 2] = np.nan, np.inf, -np.inf
    assert decode_photo(tiff(samples), "a.tif")[0, :3, 0].tolist() == [128, 255, 0]
    assert np.all(decode_photo(tiff(np.full((4, 4), 7.5, np.float32)), "b.tif") == 128)
    assert np.all(decode_photo(tiff(np.full((4, 4), 999, np.uint16)), "c.tif") == 128)


def test_a_thin_dark_line_on_a_constant_16_bit_photo_stays_visible() -> None:
    samples = np.full((200, 200), 40000, np.uint16)
    samples[100, 100:110] = 20000
    pixels = decode_photo(tiff(samples), "line.tif")
    assert pixels[100, 105, 0] == 0
    assert pixels[0, 0, 0] == 255


def test_no_data_of_a_georeferenced_tiff_is_left_out_of_the_window() -> None:
    samples = np.linspace(10, 20, 400, dtype=np.float32).reshape(20, 20)
    samples[:5] = -9999
    data = tiff(samples, extratags=[(42113, "s", 0, "-9999", True)])
    pixels = decode_photo(data, "ortho.tif")
    assert np.all(pixels[:5] == 128)
    assert pixels[5:].max() == 255
    assert pixels[5:].min() == 0


def test_of_pages_and_frames_the_first_is_read() -> None:
    first, second = Image.fromarray(SCENE), Image.fromarray(255 - SCENE)
    for format, options in (("TIFF", {}), ("WEBP", {"lossless": True}), ("PNG", {})):
        buffer = io.BytesIO()
        first.save(buffer, format, save_all=True, append_images=[second], **options)
        assert np.array_equal(decode_photo(buffer.getvalue(), "many"), SCENE)


def test_the_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encoded(SCENE, "PNG"))
    assert np.array_equal(read_photo(path).pixels, SCENE)
    assert read_facts(path).height == 48


@pytest.mark.parametrize(
    "name",
    [
        "Straße Brücke №7 橋梁 🧱.png",
        "wall (2) [left] {x}.png",
        " leading and  double .png",
        "100% #1 & 'q';.png",
    ],
)
def test_any_name_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(encoded(SCENE, "PNG"))
    assert find_photos(tmp_path) == [path]
    assert np.array_equal(read_photo(path).pixels, SCENE)
    assert read_facts(path).path == path


@pytest.mark.skipif(sys.platform == "win32", reason="needs the long path setting of Windows")
def test_a_path_of_over_255_characters_is_read(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 100) / ("b" * 100) / ("c" * 100)
    folder.mkdir(parents=True)
    path = folder / "deep.jpg"
    path.write_bytes(encoded(SCENE, "JPEG"))
    assert len(str(path)) > 300
    assert find_photos(tmp_path) == [path]
    assert read_photo(path).height == read_facts(path).height == 48


def test_photos_are_found_in_natural_order_past_hidden_files_and_projects(tmp_path: Path) -> None:
    names = ["img10.JPG", "img9.jpg", "IMG2.png", "b/x1.tif", "a/x10.webp", "a/x2.bmp"]
    unwanted = [".hidden.jpg", "notes.txt", "wall.resatt/blobs/p.png", ".trash/p.jpg", "._img9.jpg"]
    for name in names + unwanted:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_photos(tmp_path)]
    assert found == ["IMG2.png", "img9.jpg", "img10.JPG", "a/x2.bmp", "a/x10.webp", "b/x1.tif"]


@given(st.lists(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1), max_size=6))
def test_natural_order_is_defined_for_every_name(names: list[str]) -> None:
    assert len(sorted((Path(name) for name in names), key=natural_key)) == len(names)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_grey_jpeg_is_turned_like_a_coloured_one(orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    stored = upright(SCENE[:, :, 0].copy(), STORED_FROM_UPRIGHT[orientation])
    pixels = decode_photo(encoded(stored, "JPEG", exif=exif.tobytes()), "grey.jpg")
    assert difference(pixels, np.repeat(SCENE[:, :, :1], 3, axis=2)) < 4


def test_a_photo_is_read_only(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(SCENE, "PNG"))
    with pytest.raises(ValueError, match="read-only"):
        read_photo(path).pixels[0, 0, 0] = 1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 3000), (900, 1200), (2500, 300)])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_preview_fits_its_side_and_keeps_the_proportions(
    format: str, height: int, width: int, tmp_path: Path
) -> None:
    pixels = cv2.resize(SCENE, (width, height))
    path = tmp_path / "photo"
    path.write_bytes(encoded(pixels, format))
    small = read_preview(path, 160)
    scale = min(1.0, 160 / max(height, width))
    assert small.shape == (max(1, round(height * scale)), max(1, round(width * scale)), 3)
    expected = cv2.resize(pixels, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert difference(small, expected) < 6


def test_heic_is_listed_exactly_when_its_plug_in_is_there() -> None:
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        assert ".heic" not in SUFFIXES
    else:
        assert {".heic", ".heif"} <= SUFFIXES


@pytest.mark.data
def test_photos_of_the_research_sets_are_read_as_pillow_reads_them(data_folder: Path) -> None:
    for folder in ("crackmap", "cfd", "nha12d"):
        for path in find_photos(data_folder / folder / "images")[:2]:
            with Image.open(path) as image:
                expected = np.asarray(image.convert("RGB"))
            assert difference(read_photo(path).pixels, expected) < 1
            assert read_facts(path).height == expected.shape[0]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"nowhere.*was not found"):
        find_photos(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(PhotoError, match="is not a folder"):
        find_photos(tmp_path / "file")


def test_a_folder_that_may_not_be_read_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(PhotoError, match="may not be read"):
        find_photos(tmp_path)
