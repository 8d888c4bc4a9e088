"""Claims about file names: readable, never the same twice, whatever the order."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from resatt_studio.export.names import unique_stems

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
