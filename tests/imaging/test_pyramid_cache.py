"""Tiles of huge photos on the disk: what was put is there again, and what is broken is merely missing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from resatt_studio.imaging.pyramid_cache import PyramidCache, TileKey, visit_id

KEY = TileKey(3, 1, 2)


def tile(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)


@pytest.fixture
def cache(tmp_path: Path) -> PyramidCache:
    return PyramidCache(tmp_path / "tiles", 10_000_000)


def test_a_tile_comes_back_as_it_was(cache: PyramidCache) -> None:
    assert cache.keys("a") == set() and cache.get("a", KEY) is None
    assert cache.put("a", KEY, tile())
    np.testing.assert_array_equal(cache.get("a", KEY), tile())
    assert cache.keys("a") == {KEY}


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_broken_tile_is_missing_and_makes_room_for_a_new_one(cache: PyramidCache, damage: str) -> None:
    cache.put("a", KEY, tile())
    (path,) = (cache.folder / "a").iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    broken = {"cut": bytes(data[:-9]), "flipped": bytes(data), "empty": b"", "foreign": b"GIF89a" * 40}
    path.write_bytes(broken[damage])
    assert cache.get("a", KEY) is None
    assert not path.exists()
    assert cache.put("a", KEY, tile()) and cache.get("a", KEY) is not None


def test_photos_that_were_seen_longest_ago_go_first_and_the_open_one_last(cache: PyramidCache) -> None:
    for age, photo_id in enumerate(["open", "old", "new"]):
        cache.put(photo_id, KEY, tile(age))
        os.utime(cache.folder / photo_id, (1000 + age, 1000 + age))
    cache.most_bytes = 2 * (cache.folder / "new" / "3-1-2.tile").stat().st_size + 100
    cache.tidy("open")
    assert sorted(path.name for path in cache.folder.iterdir()) == ["new", "open"]
    cache.most_bytes = 0
    cache.tidy("open")
    assert list(cache.folder.iterdir()) == []


def test_looking_at_a_photo_again_counts_and_a_stray_file_stops_no_tidying(cache: PyramidCache) -> None:
    for age, photo_id in enumerate(["first", "second", "open"]):
        cache.put(photo_id, KEY, tile(age))
        os.utime(cache.folder / photo_id, (1000 + age, 1000 + age))
    (cache.folder / "desktop.ini").write_text("x")
    cache.touch("first")
    cache.most_bytes = 2 * (cache.folder / "first" / "3-1-2.tile").stat().st_size + 100
    cache.tidy("open")
    assert sorted(path.name for path in cache.folder.iterdir()) == ["desktop.ini", "first", "open"]


def test_tiles_of_one_visit_become_those_of_the_photo_and_the_rest_goes_with_it(cache: PyramidCache) -> None:
    visit, other = visit_id("a"), TileKey(3, 1, 3)
    for key in (KEY, other):
        cache.put(visit, key, tile())
    cache.move(visit, "a", [KEY, TileKey(9, 9, 9)])
    assert cache.keys("a") == {KEY} and cache.keys(visit) == {other}
    np.testing.assert_array_equal(cache.get("a", KEY), tile())


def test_foreign_files_in_the_folder_are_no_tiles(cache: PyramidCache) -> None:
    cache.put("a", KEY, tile())
    for name in ("notes.txt", "1-2.tile", "x-1-2.tile", ".3-1-2-abc.part"):
        (cache.folder / "a" / name).write_text("x")
    assert cache.keys("a") == {KEY}


def test_a_folder_that_cannot_be_written_keeps_nothing_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "tiles").write_text("a file where the folder should be")
    cache = PyramidCache(tmp_path / "tiles", 1000)
    assert not cache.put("a", KEY, tile())
    assert cache.get("a", KEY) is None and cache.keys("a") == set()
    cache.tidy("a")
    cache.drop("a")
