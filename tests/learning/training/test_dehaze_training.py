"""A dehazing run draws fresh haze over photos it was given, and is judged on haze that never changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from resatt_studio.errors import LearningError
from resatt_studio.inference.device import Compute
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.training.dehaze_config import ClearOptions, DehazeConfig
from resatt_studio.learning.training.dehaze_data import draw_hazy_batch, judged_haze, load_dehaze_data
from resatt_studio.learning.training.dehaze_judging import DehazeVerdict
from resatt_studio.learning.training.dehaze_task import DehazeTask
from resatt_studio.learning.training.loop import train
from resatt_studio.models import create_model
from resatt_studio.models.state import build
from tests.learning.drawn import draw_set

TINY = DehazeConfig(
    network={
        "width": 4,
        "dim": 8,
        "layers": 1,
        "residual_width": 4,
        "residual_units": 2,
        "heads": 2,
        "grid": 4,
    },
    minutes=0.0,
    steps=3,
    batch=2,
    warmup_steps=1,
    statistics_images=4,
    threads=1,
    crop_px=32,
    judge_px=32,
    judge_photos=2,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_set(tmp_path_factory.mktemp("haze") / "drawn")


def test_a_batch_is_the_scattering_model_of_its_clear_photos(data: Path) -> None:
    material = run_to_end(load_dehaze_data(TINY, [data]))
    batch = draw_hazy_batch(np.random.default_rng(0), material, replace(TINY, batch=8))
    assert batch.hazy.shape == batch.clear.shape == (8, 3, 32, 32)
    assert batch.transmission.shape == (8, 1, 32, 32)
    assert float(batch.transmission.min()) >= 0.1
    veil = batch.hazy - batch.clear * batch.transmission
    hazy = (batch.transmission < 0.8).expand_as(veil)
    airlight = (veil / (1 - batch.transmission).clamp_min(1e-3))[hazy]
    assert hazy.any()
    assert 0.6 < float(airlight.median()) < 1.05  # noise, gamma and JPEG move single pixels


def test_all_clean_means_no_haze(data: Path) -> None:
    material = run_to_end(load_dehaze_data(TINY, [data]))
    batch = draw_hazy_batch(np.random.default_rng(0), material, replace(TINY, clean=1.0))
    torch.testing.assert_close(batch.transmission, torch.ones_like(batch.transmission))


def test_judging_haze_is_always_the_same_and_never_clean() -> None:
    photos = [np.full((32, 32, 3), value, np.uint8) for value in (40, 90, 120, 200)]
    for (clear, first), (_, second) in zip(judged_haze(photos), judged_haze(photos), strict=True):
        np.testing.assert_array_equal(first.hazy, second.hazy)
        assert first.transmission.mean() < 0.99
        assert clear.max() <= 1.0
    assert len({sample.family for _, sample in judged_haze(photos)}) == 4


def test_a_run_leaves_weights_and_their_scores(data: Path, tmp_path: Path) -> None:
    weights = run_to_end(train(TINY, [data], tmp_path / "a.safetensors"))
    assert weights.model == "dhformer"
    assert '"clean_psnr"' in weights.metadata["scores"]
    answer = build(weights)(torch.rand(1, 3, 20, 24))
    assert answer.clear.shape == (1, 3, 20, 24)


def test_a_set_that_is_not_there_is_named(data: Path) -> None:
    with pytest.raises(LearningError, match="moon"):
        run_to_end(load_dehaze_data(replace(TINY, sets={"moon": ClearOptions()}), [data]))


def test_a_verdict_rises_with_psnr_and_survives_its_table() -> None:
    poor, good = (DehazeVerdict(20.0, 0.8, psnr, 0.9, 32.0, 3) for psnr in (22.0, 28.0))
    assert 0 < poor.score < good.score < 1
    assert DehazeVerdict.from_table(poor.to_table()) == poor


def test_the_witness_asks_for_the_same_crack(data: Path) -> None:
    """Its loss reaches the dehazing network, and never the segmenter."""
    task = DehazeTask(replace(TINY, witness_share=1.0))
    run_to_end(task.read([data]))
    network = create_model("dhformer", **TINY.network)
    compute = Compute(torch.device("cpu"))
    batch = task.draw(np.random.default_rng(1))
    plain = DehazeTask(TINY)
    with_witness, without = (one.loss(network, batch, compute) for one in (task, plain))
    assert float(with_witness.detach()) > float(without.detach())
    (with_witness - without).backward()
    assert any(weight.grad is not None and weight.grad.any() for weight in network.parameters())
    assert task._witness is not None
    assert all(weight.grad is None for weight in task._witness.parameters())


def test_patches_can_be_drawn_on_cracks(data: Path) -> None:
    config = replace(TINY, on_crack=1.0, clean=1.0, batch=16)
    material = run_to_end(load_dehaze_data(config, [data]))
    assert all(len(places) for source in material.sources for places in source.cracks)
    darkest = {
        share: float(
            draw_hazy_batch(np.random.default_rng(3), material, replace(config, on_crack=share))
            .clear.mean(dim=1)
            .amin(dim=(1, 2))
            .mean()
        )
        for share in (0.0, 1.0)
    }
    assert darkest[1.0] < darkest[0.0]  # cracks are dark, and every patch has one
