"""A huge TIFF read by parts gives the same pixels as the same file read whole."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.errors import PhotoError
from resatt_studio.imaging import files
from resatt_studio.imaging.exif import upright, upright_size
from resatt_studio.imaging.files import hashing, read_facts, read_photo, read_preview
from resatt_studio.imaging.raster import MAX_PIXELS_BY_PARTS, check_size
from resatt_studio.imaging.tiff_sketch import sketches
from resatt_studio.imaging.tiled_tiff import open_tiled, stored_box
from resatt_studio.records.geometry import Box
from tests.imaging.huge_tiffs import HEIGHT, LAYOUTS, WIDTH, break_tile, halved, texture, write


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_part_equals_that_part_of_the_whole(layout: str, tmp_path: Path) -> None:
    path = write(layout, tmp_path / "a.tif")
    whole = read_photo(path).pixels
    photo = open_tiled(path)
    assert photo is not None and (photo.height, photo.width) == (HEIGHT, WIDTH)
    for box in (Box(0, 0, HEIGHT, WIDTH), Box(100, 250, 333, 600), Box(HEIGHT - 1, WIDTH - 1, HEIGHT, WIDTH)):
        # One level of 255 where the window comes from a sample of the deeper values.
        away = np.abs(photo.read(0, box).astype(int) - whole[box.slices])
        assert away.max() <= (1 if layout in ("16-bit", "float") else 0)
    photo.close()


@pytest.mark.parametrize("way_up", range(1, 9))
def test_parts_of_a_turned_photo_stand_upright(way_up: int, tmp_path: Path) -> None:
    import tifffile

    path = tmp_path / "turned.tif"
    turned = [(274, "H", 1, way_up, True)]
    tifffile.imwrite(path, texture(), tile=(64, 128), photometric="rgb", extratags=turned)
    whole = read_photo(path).pixels
    photo = open_tiled(path)
    assert photo is not None and (photo.height, photo.width) == whole.shape[:2]
    box = Box(90, 210, 300, 420)
    np.testing.assert_array_equal(photo.read(0, box), whole[box.slices])
    photo.close()


@given(st.integers(1, 8), st.integers(1, 40), st.integers(1, 40), st.data())
def test_boxes_turn_as_pixels_do(way_up: int, height: int, width: int, data: st.DataObject) -> None:
    stored = np.arange(height * width, dtype=np.int64).reshape(height, width).astype(np.uint8)
    tall, wide = upright_size(height, width, way_up)
    top, left = data.draw(st.integers(0, tall - 1)), data.draw(st.integers(0, wide - 1))
    box = Box(top, left, data.draw(st.integers(top + 1, tall)), data.draw(st.integers(left + 1, wide)))
    place = stored_box(box, height, width, way_up)
    expected = upright(stored, way_up)[box.slices]
    np.testing.assert_array_equal(upright(np.ascontiguousarray(stored[place.slices]), way_up), expected)


@pytest.mark.parametrize("layout", ["subifds", "overviews"])
def test_the_smaller_pages_of_a_file_are_its_levels(layout: str, tmp_path: Path) -> None:
    photo = open_tiled(write(layout, tmp_path / "a.tif"))
    assert photo is not None and photo.levels == (0, 1, 2)
    small = halved(halved(texture()))
    height, width = photo.size(2)
    np.testing.assert_array_equal(photo.read(2, Box(0, 0, height, width)), small)
    photo.close()


def test_a_page_that_was_rounded_down_repeats_its_last_pixels(tmp_path: Path) -> None:
    import tifffile

    path = tmp_path / "odd.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(texture(701, 901), tile=(128, 128), photometric="rgb")
        tiff.write(texture(350, 450), tile=(128, 128), photometric="rgb", subfiletype=1)
    photo = open_tiled(path)
    assert photo is not None and photo.size(1) == (351, 451)
    whole = photo.read(1, Box(0, 0, 351, 451))
    np.testing.assert_array_equal(whole[350], whole[349])
    np.testing.assert_array_equal(whole[:350, :450], texture(350, 450))
    np.testing.assert_array_equal(photo.read(1, Box(350, 448, 351, 451)), whole[350:, 448:])
    photo.close()


def test_a_damaged_tile_is_grey_and_the_rest_is_shown(tmp_path: Path) -> None:
    path = write("tiled-deflate", tmp_path / "a.tif")
    whole = read_photo(path).pixels.copy()
    break_tile(path, 9)  # second row, second of eight columns
    photo = open_tiled(path)
    assert photo is not None
    whole[128:256, 128:256] = 128
    np.testing.assert_array_equal(photo.read(0, Box(0, 0, HEIGHT, WIDTH)), whole)
    assert photo.damaged == {(0, 9)}
    photo.close()


class _Reading:
    """A file whose reads come back in another way than they should; everything else is the file's own."""

    def __init__(self, file: Any, read: Callable[[int], bytes]) -> None:
        self._file = file
        self.read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_read_that_comes_back_short_is_no_damage_of_the_file(tmp_path: Path) -> None:
    photo = open_tiled(write("tiled-deflate", tmp_path / "a.tif"))
    assert photo is not None
    sound = photo._file
    photo._file = _Reading(sound, lambda count: sound.read(count // 2))
    with pytest.raises(PhotoError, match="cannot be read any more"):
        photo.read(0, Box(0, 0, 100, 100))
    photo._file = sound
    np.testing.assert_array_equal(photo.read(0, Box(0, 0, 100, 100)), texture()[:100, :100])
    assert not photo.damaged
    photo.close()


def test_want_of_memory_is_no_damage_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = open_tiled(write("tiled-deflate", tmp_path / "a.tif"))
    assert photo is not None

    def full(count: int) -> bytes:
        raise MemoryError

    sound, photo._file = photo._file, _Reading(photo._file, full)
    with pytest.raises(PhotoError, match="does not fit in memory"):
        photo.read(0, Box(0, 0, 100, 100))
    photo._file = sound
    assert not photo.damaged
    photo.close()


@pytest.mark.parametrize("way_up", [1, 6])
def test_which_parts_show_damage_is_known_also_of_a_turned_photo(way_up: int, tmp_path: Path) -> None:
    import tifffile

    path = tmp_path / "a.tif"
    orientation = (274, "H", 1, way_up, True)
    tifffile.imwrite(
        path, texture(), tile=(128, 128), photometric="rgb", compression="deflate", extratags=[orientation]
    )
    break_tile(path, 9)
    photo = open_tiled(path)
    assert photo is not None
    whole = Box(0, 0, photo.height, photo.width)
    assert not photo.damaged_in(0, whole), "nothing was read so far"
    grey = np.all(photo.read(0, whole) == 128, axis=2)
    for row, column in whole.cells(100):
        part = Box(row * 100, column * 100, row * 100 + 100, column * 100 + 100).clipped(*grey.shape)
        assert photo.damaged_in(0, part) == (grey[part.slices].sum() > 500), part
    photo.close()


def test_a_file_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    path = write("tiled", tmp_path / "a.tif")
    path.write_bytes(path.read_bytes()[:-60_000])
    with pytest.raises(PhotoError, match="ends too early"):
        open_tiled(path)


def test_what_cannot_be_read_by_parts_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from resatt_studio.imaging import tiled_tiff

    path = tmp_path / "a.tif"
    import tifffile

    tifffile.imwrite(path, texture(), rowsperstrip=HEIGHT, photometric="rgb")
    monkeypatch.setattr(tiled_tiff, "LARGEST_SEGMENT_BYTES", 1_000_000)
    assert open_tiled(path) is None
    jpeg = tmp_path / "a.jpg"
    jpeg.write_bytes(b"\xff\xd8\xff\xe0" + bytes(20))
    assert open_tiled(jpeg) is None


@pytest.mark.parametrize("layout", ["tiled", "striped", "16-bit"])
def test_sketches_come_closer_and_closer(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.imaging import tiff_sketch

    monkeypatch.setattr(tiff_sketch, "WHOLE_PX", 1000)
    monkeypatch.setattr(tiff_sketch, "FIRST_SEGMENTS", 6)
    path = write(layout, tmp_path / "a.tif")
    photo = open_tiled(path)
    assert photo is not None
    pictures = [picture for picture in sketches(photo, 100) if picture is not None]
    photo.close()
    assert len(pictures) >= 3 and all(max(picture.shape) == 100 for picture in pictures)
    import cv2

    wanted = cv2.resize(read_photo(path).pixels, pictures[0].shape[1::-1], interpolation=cv2.INTER_AREA)
    errors = [np.abs(picture.astype(int) - wanted).mean() for picture in pictures]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 6


def test_a_small_page_is_an_exact_sketch_at_once(tmp_path: Path) -> None:
    photo = open_tiled(write("overviews", tmp_path / "a.tif"))
    assert photo is not None
    (picture,) = sketches(photo, 4000)
    np.testing.assert_array_equal(picture, halved(halved(texture())))
    photo.close()


def test_facts_and_previews_of_more_pixels_than_fit_come_by_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("tiled", tmp_path / "a.tif")
    monkeypatch.setattr(files, "MAX_PIXELS", 1000)
    monkeypatch.setattr(files, "SKETCHED_FROM_PX", 1000)
    facts = read_facts(path)
    assert (facts.height, facts.width) == (HEIGHT, WIDTH)
    assert max(read_preview(path, 90).shape) == 90
    *blanks, photo_id = hashing(path)
    assert photo_id == facts.photo_id and not any(blanks)


def test_a_file_that_goes_away_while_it_is_compared_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(errno.EIO, "Host is down")
            return super().read(size)

    path = tmp_path / "a.tif"
    monkeypatch.setattr(files, "_CHUNK_BYTES", 50)
    monkeypatch.setattr(Path, "open", lambda path, mode: Lost(bytes(100)))
    reading = hashing(path)
    assert next(reading) == ""
    with pytest.raises(PhotoError, match=r"a\.tif” cannot be read any more: Host is down") as caught:
        next(reading)
    assert "network drive" in caught.value.hint


def test_what_is_too_large_is_refused_by_the_bound_that_counts_for_it() -> None:
    with pytest.raises(PhotoError, match=r"the most that is read as a whole is 500\."):
        check_size(100_000, 100_000, "a.tif")
    with pytest.raises(PhotoError, match=r"the most that is read by parts is 8000\."):
        check_size(100_000, 100_000, "a.tif", MAX_PIXELS_BY_PARTS)


def test_a_huge_tiff_is_read_whole_without_its_file_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("striped", tmp_path / "a.tif")
    plain = read_photo(path)
    monkeypatch.setattr(files, "SKETCHED_FROM_PX", 1000)
    monkeypatch.setattr(files, "_read_bytes", None)
    by_parts = read_photo(path)
    assert by_parts.photo_id == plain.photo_id
    np.testing.assert_array_equal(by_parts.pixels, plain.pixels)


def test_a_huge_tiff_with_a_damaged_tile_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("tiled-deflate", tmp_path / "a.tif")
    break_tile(path, 3)
    monkeypatch.setattr(files, "SKETCHED_FROM_PX", 1000)
    with pytest.raises(PhotoError, match="damaged"):
        read_photo(path)
