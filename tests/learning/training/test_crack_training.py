"""A training run is decided by its options, survives being stopped, and leaves honest weights."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from resatt_studio.errors import LearningError, WeightsError
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.training.crack_config import CrackConfig, SetOptions, SynthesisOptions
from resatt_studio.learning.training.crack_data import Shelf, draw_batch, load_data, plain_batches
from resatt_studio.learning.training.crack_judging import Judgement
from resatt_studio.learning.training.datasets import make_tile
from resatt_studio.learning.training.loop import TrainReport, train
from resatt_studio.learning.training.registry import read_options
from resatt_studio.models.state import build, load_weights, state_of
from resatt_studio.records.weights import Scores, WeightsFile
from resatt_studio.resources import assets_folder
from tests.learning.drawn import draw_set

TINY = CrackConfig(
    network={"base_width": 2, "t": 1, "stem": 2},
    minutes=0.0,
    steps=6,
    crop_px=64,
    batch=2,
    warmup_steps=2,
    freeze_statistics_at=0.5,
    statistics_images=4,
    judge_every_minutes=60.0,
    threads=1,
    synthesis=SynthesisOptions(scenes=2, size_px=64),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [draw_set(tmp_path_factory.mktemp("data") / "drawn")]


def finish(run: Generator[TrainReport, None, WeightsFile]) -> tuple[WeightsFile, list[TrainReport]]:
    reports: list[TrainReport] = []
    while True:
        try:
            reports.append(next(run))
        except StopIteration as end:
            return end.value, reports


@dataclass(frozen=True)
class Whole:
    """What came of one run of the tiny options from beginning to end."""

    path: Path
    weights: WeightsFile
    reports: list[TrainReport]


@pytest.fixture(scope="module")
def whole(data: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Whole:
    path = tmp_path_factory.mktemp("whole") / "a.safetensors"
    return Whole(path, *finish(train(TINY, data, path)))


def test_the_same_options_give_the_same_weights(whole: Whole, data: list[Path], tmp_path: Path) -> None:
    second, _ = finish(train(TINY, data, tmp_path / "b.safetensors"))
    other, _ = finish(train(replace(TINY, seed=5), data, tmp_path / "c.safetensors"))
    assert whole.weights.weights_id == second.weights_id != other.weights_id


@pytest.mark.parametrize("stop_after", [1, 4])
def test_a_stopped_and_resumed_run_ends_with_the_same_weights(
    stop_after: int, whole: Whole, data: list[Path], tmp_path: Path
) -> None:
    run = train(TINY, data, tmp_path / "b.safetensors")
    for report in run:
        if report.phase == "learning" and report.step == stop_after:
            break
    run.close()
    assert (tmp_path / "b.safetensors.checkpoint").is_file()
    resumed, reports = finish(train(TINY, data, tmp_path / "b.safetensors", resume=True))
    assert min(report.step for report in reports if report.phase == "learning") == stop_after + 1
    assert resumed.weights_id == whole.weights.weights_id
    assert not (tmp_path / "b.safetensors.checkpoint").exists()


def test_reports_lead_from_reading_to_a_judgement(whole: Whole) -> None:
    reports = whole.reports
    phases = list(dict.fromkeys(report.phase for report in reports))
    assert phases == ["reading", "learning", "measuring", "judging"]
    assert [report.step for report in reports if report.phase == "learning"] == [1, 2, 3, 4, 5, 6]
    assert reports[-1].judgement is not None
    assert set(reports[-1].judgement.sets) == {"drawn"}
    assert reports[-1].progress == 1.0
    assert load_weights(whole.path).weights_id == whole.weights.weights_id


def test_the_weights_say_how_they_were_made(data: list[Path], tmp_path: Path) -> None:
    config = replace(TINY, sets={"drawn": SetOptions(licence="made here", source="a seed")})
    weights, _ = finish(train(config, data, tmp_path / "a.safetensors"))
    assert json.loads(weights.metadata["data"])["drawn"]["licence"] == "made here"
    assert json.loads(weights.metadata["options"])["steps"] == 6
    assert weights.metadata["input_range"] == "RGB, x / 127.5 - 1"
    assert weights.metadata["steps"] == "6"
    assert weights.metadata["command"] == "resatt-studio train --data DATA --out a.safetensors"
    assert set(json.loads(weights.metadata["scores"])["sets"]) == {"drawn"}
    assert str(tmp_path) not in json.dumps(dict(weights.metadata))


def test_learning_lowers_the_loss_and_statistics_are_held_after_the_switch(
    data: list[Path], tmp_path: Path
) -> None:
    config = replace(
        TINY,
        steps=40,
        batch=4,
        learning_rate=3e-2,
        freeze_statistics_at=0.9,
        synthesis=SynthesisOptions(scenes=0),
    )
    weights, reports = finish(train(config, data, tmp_path / "a.safetensors"))
    losses = [report.loss for report in reports if report.phase == "learning" and report.loss is not None]
    assert losses[-1] < 0.9 * losses[0]
    tracked = {int(value) for name, value in state_of(weights).items() if name.endswith("batches_tracked")}
    # One batch of four measured them: once in plain layers, t + 1 = 2 times in recurrent units.
    assert tracked == {1, 2}


def test_training_goes_on_from_given_weights(whole: Whole, data: list[Path], tmp_path: Path) -> None:
    config = replace(TINY, start_from=str(whole.path), learning_rate=1e-9, steps=1)
    second, _ = finish(train(config, data, tmp_path / "b.safetensors"))
    assert second.metadata["started_from"] == "a.safetensors"
    kernel = "encoder.4.first.conv.weight"
    assert torch.allclose(state_of(whole.weights)[kernel], state_of(second)[kernel], atol=1e-3)
    wide = replace(config, network={"base_width": 4, "t": 1, "stem": 2})
    with pytest.raises(WeightsError, match="does not fit"):
        finish(train(wide, data, tmp_path / "c.safetensors"))


def test_a_checkpoint_of_other_options_or_damaged_is_refused(data: list[Path], tmp_path: Path) -> None:
    run = train(TINY, data, tmp_path / "a.safetensors")
    next(report for report in run if report.phase == "learning")
    run.close()
    with pytest.raises(LearningError, match="learning_rate"):
        finish(train(replace(TINY, learning_rate=1.0), data, tmp_path / "a.safetensors", resume=True))
    (tmp_path / "a.safetensors.checkpoint").write_bytes(b"PK nonsense")
    with pytest.raises(LearningError, match="damaged"):
        finish(train(TINY, data, tmp_path / "a.safetensors", resume=True))


def test_a_loss_that_is_no_number_ends_the_run_with_a_cure(data: list[Path], tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="no number") as error:
        finish(train(replace(TINY, learning_rate=1e30, warmup_steps=0), data, tmp_path / "a.safetensors"))
    assert "learning_rate" in error.value.hint


def test_a_named_set_that_is_missing_is_told(data: list[Path], tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="set cfd is in none"):
        finish(train(replace(TINY, sets={"cfd": SetOptions()}), data, tmp_path / "a.safetensors"))


def test_only_the_named_sets_judge(tmp_path: Path) -> None:
    for seed, name in enumerate(("drawn", "other")):
        draw_set(tmp_path / "data" / name, seed=seed)
    material = run_to_end(load_data(replace(TINY, judge_sets=("other",)), [tmp_path / "data"]))
    assert set(material.judges) == {"other"}
    assert {source.name for source in material.sources} == {"drawn", "other", "synthesis"}


def test_a_batch_is_in_range_and_follows_its_seed(data: list[Path]) -> None:
    material = run_to_end(load_data(TINY, data))
    photos, crack, weight = draw_batch(np.random.default_rng(0), material, TINY)
    assert photos.shape == (2, 3, 64, 64)
    assert crack.shape == weight.shape == (2, 1, 64, 64)
    assert -1 <= float(photos.min()) < float(photos.max()) <= 1
    assert set(crack.unique().tolist()) <= {0.0, 1.0}
    again = draw_batch(np.random.default_rng(0), material, TINY)
    assert all(torch.equal(a, b) for a, b in zip((photos, crack, weight), again, strict=True))
    plain = [list(plain_batches(material, TINY, 5)) for _ in range(2)]
    assert [len(batch) for batch in plain[0]] == [2, 2, 1]
    assert all(torch.equal(a, b) for a, b in zip(*plain, strict=True))


def test_a_shelf_never_outgrows_its_bound_and_gives_every_tile_a_chance() -> None:
    labels = np.full((10, 10), 2, np.uint8)
    tiles = [make_tile(str(index), np.zeros((10, 10, 3), np.uint8), labels) for index in range(60)]
    kept: set[str] = set()
    for seed in range(40):
        shelf = Shelf(np.random.default_rng(seed), most_bytes=10 * tiles[0].bytes)
        for tile in tiles:
            shelf.add(tile)
        assert len(shelf.tiles) == 10
        assert len({tile.name for tile in shelf.tiles}) == 10
        kept |= {tile.name for tile in shelf.tiles}
    assert len(kept) > 50
    alone = Shelf(np.random.default_rng(0), most_bytes=1)
    alone.add(tiles[0])
    assert alone.tiles == [tiles[0]]


def test_the_score_counts_quietness_as_one_more_set() -> None:
    half = Scores(dice=0.4, iou=0.25, precision=0.4, recall=0.4, tolerance_f1=0.6)
    assert Judgement({"a": half, "b": half}, None).score == pytest.approx(0.5)
    assert Judgement({"a": half}, 1.0).score == pytest.approx(0.75)
    table = json.loads(json.dumps(Judgement({"a": half}, 0.5).to_table()))
    assert Judgement.from_table(table) == Judgement({"a": half}, 0.5)


@pytest.mark.parametrize("path", sorted((assets_folder() / "training").glob("*.toml")), ids=lambda p: p.stem)
def test_every_shipped_configuration_is_read_and_keeps_its_promise(path: Path) -> None:
    config = read_options(path)
    sets = getattr(config, "sets", {})
    assert all(options.licence and options.source for options in sets.values())
    assert ("crackmap" in sets) == ("with-crackmap" in path.stem)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("minutes = ", "no TOML"),
        ("speed = 3", "Unknown option speed"),
        ("minutes = 'long'", "is no float"),
        ("batch = 0", "batch = 0"),
        ("minutes = 5\nsteps = 5", "either minutes or steps"),
        ("[sets.a]\nscale = [2, 1]", "growing numbers"),
        ("[sets]\na = 3", "must be a table"),
        ("[[crack_free]]\ntable = 'a.csv'\nsets = 'uav75'", "no list of names"),
        ("network = { depth = 3 }", "no option depth"),
    ],
)
def test_configurations_with_no_meaning_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises((LearningError, WeightsError), match=message):
        CrackConfig.from_file(path)


def test_a_configuration_survives_its_table() -> None:
    config = CrackConfig(sets={"a": SetOptions(scale=(0.5, 2.0))}, synthesis=SynthesisOptions(scenes=3))
    table = json.loads(json.dumps(config.to_table()))
    assert CrackConfig.from_table(table) == config


def test_trained_weights_answer_on_a_photo(whole: Whole) -> None:
    with torch.no_grad():
        assert build(whole.weights)(torch.zeros(1, 3, 50, 70)).shape == (1, 1, 50, 70)
