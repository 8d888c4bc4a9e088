"""Sets on disk become labelled tiles; what is missing is named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from resatt_studio.errors import LearningError, MaskError
from resatt_studio.learning.training.datasets import (
    FolderPairs,
    crack_free_paths,
    crack_free_tiles,
    find_sets,
    read_tiles,
    unsay_bright_rims,
)
from resatt_studio.records.correction import Label
from tests.learning.drawn import draw_set


def test_lists_decide_the_split(tmp_path: Path) -> None:
    pairs = FolderPairs(draw_set(tmp_path / "a"))
    assert [pair.photo.stem for pair in pairs.pairs("train")] == [f"photo_{i:03d}" for i in range(4)]
    assert [pair.mask.stem for pair in pairs.pairs("val")] == ["photo_004", "photo_005"]
    assert pairs.pairs("test") == []


def test_without_lists_sides_are_disjoint_complete_and_sticky(tmp_path: Path) -> None:
    pairs = FolderPairs(draw_set(tmp_path / "a", photos=20, side_px=16, lists=False))
    train, val = set(pairs.stems("train")), set(pairs.stems("val"))
    assert train and val
    assert not train & val
    assert len(train | val) == 20
    more = FolderPairs(draw_set(tmp_path / "b", photos=40, side_px=16, lists=False))
    assert train <= set(more.stems("train"))
    assert val <= set(more.stems("val"))


def test_one_photo_alone_is_learned_from(tmp_path: Path) -> None:
    pairs = FolderPairs(draw_set(tmp_path / "a", photos=1, lists=False))
    assert len(pairs.pairs("train")) == 1


def test_a_folder_is_a_set_or_holds_sets(tmp_path: Path) -> None:
    draw_set(tmp_path / "all" / "a")
    draw_set(tmp_path / "all" / "b")
    (tmp_path / "all" / "notes").mkdir()
    assert set(find_sets([tmp_path / "all"])) == {"a", "b"}
    assert set(find_sets([tmp_path / "all" / "a"])) == {"a"}
    with pytest.raises(LearningError, match="two sets called a"):
        find_sets([tmp_path / "all", tmp_path / "all" / "a"])
    with pytest.raises(LearningError, match="holds no set"):
        find_sets([tmp_path / "all" / "notes"])
    with pytest.raises(LearningError, match="no folder"):
        find_sets([tmp_path / "gone"])


def test_a_missing_mask_is_named_with_its_list(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "a")
    (folder / "masks" / "photo_001.png").unlink()
    with pytest.raises(LearningError, match="no mask called photo_001") as error:
        FolderPairs(folder).pairs("train")
    assert "train.txt" in error.value.hint


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "a")
    cv2.imwrite(str(folder / "masks" / "photo_000.png"), np.zeros((5, 5), np.uint8))
    with pytest.raises(MaskError):
        read_tiles(FolderPairs(folder).pairs("train")[0])


def test_large_photos_are_cut_into_tiles_that_cover_them(tmp_path: Path) -> None:
    pair = FolderPairs(draw_set(tmp_path / "a", photos=1, side_px=150)).pairs("val")[0]
    tiles = read_tiles(pair, tile_px=64)
    assert len(tiles) == 9
    assert all(tile.pixels.shape == (64, 64, 3) for tile in tiles)
    assert not tiles[0].pixels.flags.writeable
    for tile in tiles:
        assert all(tile.labels[row, column] == Label.CRACK for row, column in tile.crack)
    assert sum(len(tile.crack) for tile in tiles) > 0


def test_distractors_are_known_but_are_no_crack(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "a")
    (folder / "planking").mkdir()
    joint = np.zeros((96, 96), np.uint8)
    joint[:, 10:12] = 255
    cv2.imwrite(str(folder / "planking" / "photo_000.png"), joint)
    pairs = FolderPairs(folder).pairs("train")
    (tile,) = read_tiles(pairs[0])
    assert len(tile.distractor) == 192
    assert pairs[1].distractor is None


def test_bright_rims_of_a_coarse_mask_become_unsaid() -> None:
    rng = np.random.default_rng(0)
    grey = rng.normal(170, 6, (96, 96))
    grey[:, 45:51] = 60
    pixels = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    labels = np.full((96, 96), Label.NOT_CRACK, np.uint8)
    labels[:, 36:60] = Label.CRACK
    cut = unsay_bright_rims(pixels, labels)
    assert (cut[:, 46:50] == Label.CRACK).all()
    assert (cut[:, 38:40] == Label.UNSAID).mean() > 0.5
    assert (cut[:, :36] == Label.NOT_CRACK).all()
    assert not np.array_equal(cut, labels)


def test_a_mask_over_bright_crack_is_left_alone() -> None:
    pixels = np.full((64, 64, 3), 100, np.uint8)
    labels = np.full((64, 64), Label.NOT_CRACK, np.uint8)
    labels[30:34] = Label.CRACK
    pixels[30:34] = 250
    assert np.array_equal(unsay_bright_rims(pixels, labels), labels)


def test_crack_free_tables_give_their_tiles_by_split_and_set(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((20, 20, 3), 90, np.uint8))
    table = tmp_path / "tiles.csv"
    table.write_text(
        "tile,split,crack,dataset\na.png,train,0,x\nb.png,train,1,x\nc.png,test,0,x\nd.png,train,0,y\n"
    )
    assert [path.name for path in crack_free_paths(table, "train")] == ["a.png", "d.png"]
    assert [path.name for path in crack_free_paths(table, "train", frozenset({"x"}))] == ["a.png"]
    (tile,) = crack_free_tiles(table, "test")
    assert (tile.labels == Label.NOT_CRACK).all()
    assert len(tile.crack) == 0
    table.write_text("file\na.png\n")
    with pytest.raises(LearningError, match="lacks the columns crack, split, tile"):
        crack_free_paths(table, "train")
    with pytest.raises(LearningError, match="missing"):
        crack_free_paths(tmp_path / "gone.csv", "train")


@pytest.mark.data
def test_the_research_sets_have_their_published_sizes(data_folder: Path) -> None:
    counts = {"cfd": (70, 12, 35), "uav75": (41, 6, 12), "nha12d": (44, 6, 13)}
    for name, wanted in counts.items():
        pairs = FolderPairs(data_folder / name)
        assert tuple(len(pairs.pairs(split)) for split in ("train", "val", "test")) == wanted
