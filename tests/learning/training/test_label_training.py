"""Label tiles are cut by rule, turn with their types, and teach a network within one run."""

from __future__ import annotations

import csv
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from resatt_studio.errors import LearningError
from resatt_studio.imaging.crack_types import crack_course
from resatt_studio.inference.device import Compute
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.training import label_data
from resatt_studio.learning.training.label_config import CropOptions, DrawnOptions, LabelConfig
from resatt_studio.learning.training.label_data import LabelTile, load_label_data, table_tiles
from resatt_studio.learning.training.label_helper import CellHelper
from resatt_studio.learning.training.label_judging import LabelVerdict, judge_labels
from resatt_studio.learning.training.label_task import LabelTask, cell_loss, type_loss
from resatt_studio.learning.training.loop import learn, train
from resatt_studio.models import create_model
from resatt_studio.models.state import build
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from tests.learning.drawn import draw_set

SIDE = 64
NETWORKS: dict[str, dict[str, Any]] = {
    "rmt": {
        "embed_dims": (8, 8, 16, 16),
        "depths": (1, 1, 1, 1),
        "num_heads": (2, 2, 2, 2),
        "projection": 16,
        "num_classes": 4,
        "decomposed": (True, True, False, False),
    },
    "revit": {"image_size": SIDE, "embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 4},
}
TINY = LabelConfig(
    network=NETWORKS["rmt"],
    minutes=0.0,
    steps=3,
    batch=4,
    warmup_steps=1,
    statistics_images=4,
    threads=1,
    tile_px=SIDE,
    sets={"drawn": CropOptions(crops=8, judge=4)},
    drawn=DrawnOptions(tiles=8, judge=4, on_photos=0.0),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    draw_set(folder / "drawn")
    return folder


def write_table(folder: Path) -> Path:
    rng = np.random.default_rng(1)
    rows = [
        ("a", "train", 0, "no_crack", 0),
        ("b", "train", 1, "transverse", 0),
        ("c", "train", 1, "branching", 1),
    ]
    for name, *_ in rows:
        cv2.imwrite(str(folder / f"{name}.png"), rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8))
    path = folder / "tiles.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("tile", "split", "crack", "type", "ambiguous"))
        writer.writerows((f"{name}.png", *rest) for name, *rest in rows)
    return path


def test_a_table_gives_its_tiles_without_the_ambiguous_ones(tmp_path: Path) -> None:
    tiles = table_tiles(write_table(tmp_path), "train", SIDE)
    assert [tile.kind for tile in tiles] == [CrackType.NO_CRACK, CrackType.TRANSVERSE]
    clean = tiles[0].mask()
    assert clean is not None
    assert not clean.any()
    assert tiles[1].mask() is None


def test_a_table_without_types_says_crack_or_none(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    path.write_text("tile,split,crack\na.png,train,0\nb.png,train,1\n")
    assert [tile.kind for tile in table_tiles(path, "train", SIDE)] == [CrackType.NO_CRACK, None]
    path.write_text("tile,split\na.png,train\n")
    with pytest.raises(LearningError, match="crack"):
        table_tiles(path, "train", SIDE)


def test_a_cell_without_a_type_falls_back_to_crack_or_none(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    path.write_text("tile,split,crack,type\na.png,train,0,\nb.png,train,1,\n")
    assert [tile.kind for tile in table_tiles(path, "train", SIDE)] == [CrackType.NO_CRACK, None]
    path.write_text("tile,split,crack,type\na.png,train,1,wavy\n")
    with pytest.raises(LearningError, match="wavy"):
        table_tiles(path, "train", SIDE)


def test_without_sets_and_tables_every_set_found_is_cut(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_data, "CropOptions", lambda: CropOptions(crops=4, judge=2))
    found = run_to_end(load_label_data(replace(TINY, sets={}), [data]))
    assert "drawn" in {tile.source for tile in found.learned}
    assert "drawn" in {tile.source for tile in found.judges}


def test_every_cut_tile_has_the_type_of_its_own_mask(data: Path) -> None:
    found = run_to_end(load_label_data(TINY, [data]))
    assert found.learned
    assert found.judges
    for tile in found.learned:
        mask = tile.mask()
        assert mask is not None
        if tile.kind is CrackType.NO_CRACK:
            assert not mask.any()
        else:
            assert crack_course(mask, part=True).kind is tile.kind


def test_the_same_options_cut_the_same_tiles(data: Path) -> None:
    first, second = (run_to_end(load_label_data(TINY, [data])) for _ in range(2))
    assert [tile.kind for tile in first.learned] == [tile.kind for tile in second.learned]
    for one, other in zip(first.learned, second.learned, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_drawn_cracks_lie_on_the_photos_of_every_set(data: Path, tmp_path: Path) -> None:
    write_table(tmp_path)
    config = replace(
        TINY, tables=("tiles.csv",), sets={}, drawn=DrawnOptions(tiles=8, judge=0, on_photos=1.0)
    )
    (tmp_path / "set").symlink_to(data / "drawn", target_is_directory=True)
    found = run_to_end(load_label_data(config, [tmp_path]))
    assert any(tile.source == "tiles+drawn" for tile in found.learned)


def test_a_turned_view_has_the_turned_type() -> None:
    """A horizontal line keeps its word "transverse" only while it lies flat."""
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[30:33] = True
    pixels = np.where(mask[..., None], 20, 200).astype(np.uint8).repeat(3, axis=2)
    task = LabelTask(TINY)
    tile = LabelTile(pixels, CrackType.TRANSVERSE, "a", np.packbits(mask, axis=1))
    task._by_kind = {CRACK_TYPES.index(CrackType.TRANSVERSE): {"a": [tile]}}
    rng = np.random.default_rng(0)
    for _ in range(24):
        _, kind, crack = task._view(rng)
        assert crack is not None
        assert crack_course(crack > 0.5, part=True).kind is CRACK_TYPES[kind]


def test_a_crack_of_unknown_type_only_denies_that_there_is_none() -> None:
    sure_of_crack = torch.tensor([[-20.0, 5.0, 5.0, 5.0]])
    sure_of_none = torch.tensor([[20.0, 0.0, 0.0, 0.0]])
    unknown = torch.tensor([-1])
    assert float(type_loss(sure_of_crack, unknown, 0.1)) == pytest.approx(0.0, abs=1e-5)
    assert float(type_loss(sure_of_none, unknown, 0.1)) > 15


def test_typed_loss_is_cross_entropy() -> None:
    logits, kinds = torch.randn(5, 4), torch.tensor([0, 1, 2, 3, 0])
    wanted = nn.functional.cross_entropy(logits, kinds, label_smoothing=0.1)
    torch.testing.assert_close(type_loss(logits, kinds, 0.1), wanted)


def test_cells_without_a_mask_teach_nothing() -> None:
    logits = torch.zeros(2, 4, 4, requires_grad=True)
    cells, known = torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 1, 1)
    cell_loss(logits, cells, known).backward()
    assert logits.grad is not None
    assert not logits.grad.any()
    cells[1, 0, 0, 0] = known[1] = 1.0
    logits.grad = None
    cell_loss(logits, cells, known).backward()
    assert not logits.grad[0].any()
    assert logits.grad[1, 0, 0] < 0
    assert logits.grad[1, 3, 3] > 0


@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_run_leaves_the_network_without_its_helper(name: str, data: Path, tmp_path: Path) -> None:
    config = replace(TINY, model=name, network=NETWORKS[name])
    weights = run_to_end(train(config, [data], tmp_path / "a.safetensors"))
    assert weights.model == name
    network = build(weights)
    assert not any("heads." in key for key in network.state_dict())
    assert network(torch.zeros(1, 3, SIDE, SIDE)).shape == (1, 4)
    lines = (tmp_path / "a.safetensors.curve.csv").read_text().splitlines()
    assert lines[0].startswith("step,")
    assert lines[-1].split(",")[-1]


def test_the_helper_answers_by_cell() -> None:
    networks = [*NETWORKS.items(), ("revit", NETWORKS["revit"] | {"class_token": True})]
    for name, network in networks:
        task = LabelTask(replace(TINY, model=name, network=network))
        learner = task.learner(create_model(name, **network))
        assert isinstance(learner, CellHelper)
        logits, cells = learner(torch.zeros(2, 3, SIDE, SIDE))
        assert logits.shape == (2, 4)
        assert cells.shape == (2, SIDE // 4, SIDE // 4)


def test_a_verdict_survives_its_table(data: Path) -> None:
    class Always(nn.Module):
        def forward(self, photos: torch.Tensor) -> torch.Tensor:
            return torch.tensor([[0.0, 1.0, 0.0, 0.0]]).expand(len(photos), -1)

    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    tiles = [LabelTile(pixels, kind, "a") for kind in (CrackType.LONGITUDINAL, CrackType.NO_CRACK, None)]
    verdict = run_to_end(judge_labels(Always(), tiles, Compute(torch.device("cpu"))))
    assert verdict.total.crack_accuracy == pytest.approx(2 / 3)
    again = LabelVerdict.from_table(verdict.to_table())
    assert again.score == verdict.score
    assert verdict.for_card()["tiles"] == 3


def test_a_network_without_batch_statistics_keeps_its_best_moment(data: Path) -> None:
    """ReViT has no BatchNorm, so there is nothing to measure and no score to forget."""
    config = replace(TINY, model="revit", network=NETWORKS["revit"])
    task = LabelTask(config)
    run_to_end(task.read([data]))
    scores = iter((0.9, 0.1, 0.2, 0.3))
    seen: list[dict[str, torch.Tensor]] = []

    def judge(network: nn.Module, *_: object) -> Generator[int, None, Any]:
        seen.append({key: value.clone() for key, value in network.state_dict().items()})
        return SimpleNamespace(score=next(scores))
        yield

    task.judge = judge
    phases = []

    def noted() -> Generator[Any, None, dict[str, torch.Tensor]]:
        best = yield from learn(
            task, create_model("revit", **NETWORKS["revit"]), replace(config, judge_every_minutes=0.0)
        )
        return best

    steps = noted()
    best = None
    while best is None:
        try:
            phases.append(next(steps).phase)
        except StopIteration as end:
            best = end.value
    assert "measuring" not in phases
    assert len(seen) > 1
    assert all(torch.equal(best[key], value) for key, value in seen[0].items())
