"""On a GPU every way of learning runs, and what it learns lowers its loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.finetune import fine_tune
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.training.crack_config import CrackConfig, SynthesisOptions
from resatt_studio.learning.training.dehaze_config import DehazeConfig
from resatt_studio.learning.training.label_config import CropOptions, DrawnOptions, LabelConfig
from resatt_studio.learning.training.loop import learn
from resatt_studio.learning.training.options import RunOptions
from resatt_studio.learning.training.registry import make_task
from resatt_studio.models import create_model
from resatt_studio.models.state import state_of
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.training import FineTunePlan, FineTuneResult
from resatt_studio.records.weights import WeightsFile
from tests.learning.drawn import draw_set

pytestmark = pytest.mark.gpu

COMMON: dict[str, Any] = {
    "minutes": 0.0,
    "steps": 40,
    "batch": 4,
    "warmup_steps": 2,
    "statistics_images": 4,
    "freeze_statistics_at": 0.9,
    "judge_every_minutes": 60.0,
    "threads": 1,
}
LABELS: dict[str, Any] = {
    "tile_px": 64,
    "sets": {"drawn": CropOptions(crops=8, judge=4)},
    "drawn": DrawnOptions(tiles=8, judge=4, on_photos=0.0),
}
SMALL_RMT = {
    "embed_dims": (8, 8, 16, 16),
    "depths": (1, 1, 1, 1),
    "num_heads": (2, 2, 2, 2),
    "projection": 16,
    "num_classes": 4,
    "decomposed": (True, True, False, False),
}
SMALL_REVIT = {"image_size": 64, "embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 4}
SMALL_DHFORMER = {
    "width": 8,
    "dim": 8,
    "layers": 1,
    "residual_width": 4,
    "residual_units": 2,
    "heads": 2,
    "grid": 4,
}
RUNS: dict[str, RunOptions] = {
    "r2aunet": CrackConfig(
        network={"base_width": 2, "t": 1, "stem": 2},
        crop_px=64,
        synthesis=SynthesisOptions(scenes=0),
        **COMMON | {"learning_rate": 3e-2},
    ),
    "rmt": LabelConfig(network=SMALL_RMT, **COMMON | LABELS | {"learning_rate": 1e-2}),
    "revit": LabelConfig(model="revit", network=SMALL_REVIT, **COMMON | LABELS | {"learning_rate": 1e-2}),
    "dhformer": DehazeConfig(
        network=SMALL_DHFORMER, crop_px=48, judge_px=48, judge_photos=2, **COMMON | {"learning_rate": 1e-2}
    ),
}

# Processes that fork from one which uses the GPU already.
RUNS["r2aunet, drawn ahead"] = replace(RUNS["r2aunet"], workers=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_set(tmp_path_factory.mktemp("device") / "drawn")


@pytest.mark.parametrize("name", list(RUNS))
def test_training_lowers_the_loss(name: str, accelerator: torch.device, data: Path) -> None:
    """The product's own loop, which takes the fastest device there is."""
    config = RUNS[name]
    task = make_task(config)
    run_to_end(task.read([data]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = create_model(config.model, **config.network)
    devices: set[str] = set()
    network.register_forward_pre_hook(lambda _module, inputs: devices.add(inputs[0].device.type))
    losses: list[float] = []
    reports = learn(task, network, config)

    def noted() -> Any:
        while True:
            try:
                report = next(reports)
            except StopIteration as stop:
                return stop.value
            if report.phase == "learning":
                losses.append(report.loss)
            yield

    best = run_to_end(noted())
    assert accelerator.type in devices
    assert len(losses) == config.steps
    assert all(math.isfinite(loss) for loss in losses)
    assert losses[-1] < 0.9 * losses[0]
    assert all(bool(torch.isfinite(value.float()).all()) for value in best.values())


PLAN = FineTunePlan(seconds=120, steps=24, crop_px=64, batch=8, learning_rate=1e-2, replay=0.0)


@pytest.fixture
def samples(make_sample: Callable[..., Sample]) -> list[Sample]:
    return [make_sample(1), make_sample(2), make_sample(3, Split.VALIDATION)]


@pytest.mark.parametrize("precision", ["fp32", "auto"])
def test_few_shots_lower_the_loss(
    precision: str,
    accelerator: torch.device,
    tiny_weights: WeightsFile,
    tiny_reference: ReferenceSet,
    samples: list[Sample],
) -> None:
    steps = fine_tune(
        tiny_weights, samples, PLAN, tiny_reference, accelerator.type, threads=1, precision=precision
    )
    result: FineTuneResult = run_to_end(steps)
    losses = [loss for _, loss in result.losses]
    assert result.steps == PLAN.steps == len(losses)
    assert np.mean(losses[-6:]) < np.mean(losses[:6])
    new = state_of(result.weights)
    assert all(bool(torch.isfinite(value.float()).all()) for value in new.values())
    assert result.weights.weights_id != tiny_weights.weights_id


def test_the_first_few_shots_cost_what_they_cost_on_the_cpu(
    accelerator: torch.device,
    tiny_weights: WeightsFile,
    tiny_reference: ReferenceSet,
    samples: list[Sample],
) -> None:
    """Same seed, single precision: the same patches, and the same loss before devices drift apart."""
    plan = replace(PLAN, steps=3)
    curves = []
    for device in (accelerator.type, "cpu"):
        run = fine_tune(tiny_weights, samples, plan, tiny_reference, device, threads=1, precision="fp32")
        curves.append([loss for _, loss in run_to_end(run).losses])
    assert curves[0][0] == pytest.approx(curves[1][0], rel=1e-4)
    assert curves[0] == pytest.approx(curves[1], rel=2e-2)
