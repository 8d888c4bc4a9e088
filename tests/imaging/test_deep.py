"""Claims about 16-bit photos: their samples come as they are, and what networks are given stays as it was."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from resatt_studio.imaging import files
from resatt_studio.imaging.depth import NEUTRAL, to_8bit, window_of, window_table
from resatt_studio.imaging.exif import upright
from resatt_studio.imaging.files import read_deep, read_photo
from resatt_studio.imaging.tiled_tiff import open_tiled
from resatt_studio.records.geometry import Box


def samples(channels: int, height: int = 70, width: int = 90) -> np.ndarray:
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(channels).integers(900, 4000, shape, np.uint16)


def write_png(path: Path, values: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), values if values.ndim == 2 else values[:, :, ::-1])
    return path


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_samples_are_those_of_the_file(tmp_path: Path, kind: str, channels: int) -> None:
    wanted = samples(channels)
    path = tmp_path / f"a.{kind}"
    write_png(path, wanted) if kind == "png" else tifffile.imwrite(path, wanted)
    photo, deep = read_photo(path), read_deep(path)
    assert deep is not None and deep.photo_id == photo.photo_id
    np.testing.assert_array_equal(deep.samples, wanted)
    assert deep.window == photo.window == window_of(wanted, None, "")
    assert not deep.samples.flags.writeable


@pytest.mark.parametrize("channels", [1, 3])
def test_the_usual_window_of_the_samples_gives_the_pixels_that_networks_see(
    tmp_path: Path, channels: int
) -> None:
    path = write_png(tmp_path / "a.png", samples(channels))
    photo, deep = read_photo(path), read_deep(path)
    assert deep is not None
    levels = window_table(deep.window)[deep.samples]
    np.testing.assert_array_equal(photo.pixels, levels if channels == 3 else np.dstack([levels] * 3))
    np.testing.assert_array_equal(levels, to_8bit(deep.samples, None, ""))


@pytest.mark.parametrize("way_up", range(1, 9))
def test_samples_stand_upright_as_the_pixels_do(tmp_path: Path, way_up: int) -> None:
    wanted = samples(1)
    tifffile.imwrite(tmp_path / "a.tif", wanted, extratags=[(274, "H", 1, way_up, True)])
    deep = read_deep(tmp_path / "a.tif")
    assert deep is not None
    np.testing.assert_array_equal(deep.samples, upright(wanted, way_up))


def test_photos_of_8_bits_have_no_samples_of_their_own(tmp_path: Path) -> None:
    path = write_png(tmp_path / "a.png", np.full((20, 30, 3), 7, np.uint8))
    assert read_deep(path) is None
    assert read_photo(path).window is None


def test_transparent_pixels_become_the_sample_that_is_shown_neutral(tmp_path: Path) -> None:
    values = np.dstack([samples(3), np.full((70, 90), 65535, np.uint16)])
    values[:10, :, 3] = 0
    assert cv2.imwrite(str(tmp_path / "a.png"), values[:, :, [2, 1, 0, 3]])
    deep = read_deep(tmp_path / "a.png")
    assert deep is not None
    shown = window_table(deep.window)[deep.samples]
    assert np.abs(shown[:10].astype(int) - NEUTRAL).max() <= 1
    np.testing.assert_array_equal(deep.samples[10:], values[10:, :, :3])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_huge_photo_gives_the_same_samples_part_by_part(
    tmp_path: Path, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = samples(channels, 300, 420)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, wanted, tile=(64, 64), photometric="minisblack" if channels == 1 else "rgb")
    photo = open_tiled(path)
    assert photo is not None and photo.deep_window is not None and photo.grey == (channels == 1)
    box = Box(33, 50, 200, 411)
    np.testing.assert_array_equal(photo.read_samples(0, box), wanted[box.slices])
    levels = window_table(photo.deep_window)[wanted[box.slices]]
    np.testing.assert_array_equal(photo.read(0, box), levels if channels == 3 else np.dstack([levels] * 3))
    photo.close()
    monkeypatch.setattr(files, "SKETCHED_FROM_PX", 1)
    deep = read_deep(path)
    assert deep is not None and deep.window == read_photo(path).window
    np.testing.assert_array_equal(deep.samples, wanted)
