"""What a step learns from depends on the seed and the step, not on who drew it or when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.training import label_data
from resatt_studio.learning.training.datasets import Pair, Tile, read_tiles
from resatt_studio.learning.training.dehaze_config import DehazeConfig
from resatt_studio.learning.training.dehaze_task import DehazeTask
from resatt_studio.learning.training.feed import Feed, at_work, step_seed
from resatt_studio.learning.training.label_config import CropOptions, DrawnOptions, LabelConfig
from resatt_studio.learning.training.label_data import load_label_data
from tests.learning.drawn import draw_set

SMALL = DehazeConfig(batch=2, crop_px=32, judge_px=32, judge_photos=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feed")
    draw_set(folder / "drawn")
    return folder


@pytest.fixture(scope="module")
def task(data: Path) -> DehazeTask:
    made = DehazeTask(SMALL)
    run_to_end(made.read([data]))
    return made


def first(feed: Feed, number: int) -> list[Any]:
    batches = [next(feed) for _ in range(number)]
    feed.close()
    return batches


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_order_from_any_step_on(task: DehazeTask, workers: int) -> None:
    whole = first(Feed(task, SMALL), 4)
    later = first(Feed(task, replace(SMALL, workers=workers), 2), 2)
    for one, other in zip(whole[2:], later, strict=True):
        torch.testing.assert_close(one.hazy, other.hazy, rtol=0, atol=0)
        torch.testing.assert_close(one.transmission, other.transmission, rtol=0, atol=0)
    assert not torch.equal(whole[0].hazy, whole[1].hazy)


def test_a_closed_feed_has_no_more(task: DehazeTask) -> None:
    feed = Feed(task, replace(SMALL, workers=1))
    next(feed)
    feed.close()
    with pytest.raises(StopIteration):
        next(feed)


def test_every_step_has_a_seed_of_its_own() -> None:
    seeds = {step_seed(seed, step) for seed in range(3) for step in range(50)}
    assert len(seeds) == 150


@pytest.mark.parametrize("workers", [0, 2])
def test_pieces_of_work_come_back_in_order(workers: int) -> None:
    with at_work(workers) as each:
        assert list(each(abs, [-3, 1, -2])) == [3, 1, 2]


def test_processes_cut_the_tiles_that_one_would_cut(data: Path) -> None:
    config = LabelConfig(
        tile_px=64, sets={"drawn": CropOptions(crops=8, judge=4)}, drawn=DrawnOptions(8, 0.0, 4)
    )
    cut: Callable[[int], Any] = lambda workers: run_to_end(  # noqa: E731
        load_label_data(replace(config, workers=workers), [data])
    )
    alone, together = cut(0), cut(2)
    assert [tile.kind for tile in alone.learned] == [tile.kind for tile in together.learned]
    for one, other in zip(alone.learned + alone.judges, together.learned + together.judges, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_a_set_is_read_once_for_all_its_pieces_and_let_go(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def reading(pair: Pair) -> list[Tile]:
        read.append(pair.photo)
        return read_tiles(pair)

    monkeypatch.setattr(label_data, "read_tiles", reading)
    monkeypatch.setattr(label_data, "_PIECE_TILES", 3)
    sets = {"drawn": CropOptions(crops=9, judge=3)}
    config = LabelConfig(tile_px=64, sets=sets, drawn=DrawnOptions(0, 0.0, 0))
    run_to_end(load_label_data(config, [data]))
    assert read and len(read) == len(set(read))
    assert label_data._cutter.cache_info().currsize == 0
