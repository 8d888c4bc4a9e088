"""Claims about file names: readable, never the same twice, whatever the order."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.export.names import MOST_STEM_BYTES, unique_stems
from resatt_studio.export.registry import EXPORTERS

parts = st.sampled_from(["a", "A", "b", "wall", "a_wall", "wall_jpg", "wall-2"])
paths = st.builds(
    lambda folders, stem, suffix: Path("/", *folders, stem + suffix),
    st.lists(parts, max_size=3),
    parts,
    st.sampled_from([".jpg", ".JPG", ".png"]),
)


@given(st.lists(paths, max_size=12), st.randoms(use_true_random=False))
def test_stems_are_unique_in_any_case_and_do_not_depend_on_the_order(
    files: list[Path], shuffler: random.Random
) -> None:
    stems = unique_stems(files)
    assert set(stems) == set(files)
    assert len({stem.casefold() for stem in stems.values()}) == len(stems)
    shuffled = list(files)
    shuffler.shuffle(shuffled)
    assert unique_stems(shuffled) == stems


@given(st.lists(paths, max_size=12))
def test_a_stem_that_one_photo_has_alone_stays_as_it_is(files: list[Path]) -> None:
    stems = unique_stems(files)
    folded = [path.stem.casefold() for path in set(files)]
    for path, stem in stems.items():
        if folded.count(path.stem.casefold()) == 1:
            assert stem == path.stem


@given(st.lists(st.text("aA裂", min_size=60, max_size=120), min_size=1, max_size=4), st.booleans())
def test_stems_leave_room_for_every_ending_and_a_long_one_is_the_same_in_any_company(
    tails: list[str], folders: bool
) -> None:
    files = [Path("/p", "x" * 100 if folders else "", "wall" * 10 + tail + ".jpg") for tail in tails]
    stems = unique_stems(files)
    assert all(len(stem.encode()) <= MOST_STEM_BYTES for stem in stems.values())
    assert len({stem.casefold() for stem in stems.values()}) == len(stems) == len(set(files))
    folded = [path.stem.casefold() for path in stems]
    for path, stem in stems.items():
        if folded.count(path.stem.casefold()) == 1:
            assert unique_stems([path]) == {path: stem}
        assert stem == path.stem or (stem[:40] in ("wall" * 10, "x" * 40) and len(stem.encode()) > 200)


def test_no_ending_of_an_export_is_longer_than_the_room_that_is_left_for_it() -> None:
    photo_id = "-" + "0" * 8
    assert all(MOST_STEM_BYTES + len(photo_id + exporter.suffix) <= 255 for exporter in EXPORTERS.values())


def test_folders_and_suffixes_tell_photos_of_one_stem_apart() -> None:
    names = {
        "/p/north/wall.jpg": "north_wall",
        "/p/south/wall.jpg": "south_wall",
        "/p/IMG_1.jpg": "IMG_1_jpg",
        "/p/IMG_1.png": "IMG_1_png",
        "/p/2025/east/pier.jpg": "2025_east_pier",
        "/p/2026/east/pier.jpg": "2026_east_pier",
        "/p/alone (2).tif": "alone (2)",
    }
    found = unique_stems([Path(path) for path in names])
    assert {path.as_posix(): stem for path, stem in found.items()} == names
