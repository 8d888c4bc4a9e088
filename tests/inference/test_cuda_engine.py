"""On a GPU the way that the engine takes answers as the network does as it is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.imaging.scores import count, dice
from resatt_studio.inference.clearing import HazeNetwork
from resatt_studio.inference.device import Compute, choose_compute
from resatt_studio.inference.engine import MAX_FLIPPED, MIN_DICE, Engine
from resatt_studio.inference.labeller import LabelNetwork
from resatt_studio.inference.paths import AUTO, PLAIN, TOLERANCE_BF16, TOLERANCE_FP32, difference
from resatt_studio.inference.ready import ReadyNetwork
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.models.state import build, load_weights
from resatt_studio.records.photo import Photo
from resatt_studio.records.weights import WeightsFile
from resatt_studio.resources import assets_folder
from resatt_studio.synthesis.scenes import render_scene

pytestmark = pytest.mark.gpu

READY: dict[str, type[ReadyNetwork]] = {
    "r2aunet": Segmenter,
    "rmt": LabelNetwork,
    "revit": LabelNetwork,
    "dhformer": HazeNetwork,
}
PRECISIONS = {"fp32": (torch.float32, TOLERANCE_FP32), "bf16": (torch.bfloat16, TOLERANCE_BF16)}


def factory(name: str) -> WeightsFile:
    return load_weights(assets_folder() / "weights" / f"{name}-factory.safetensors")


def answer(ready: ReadyNetwork, pixels: np.ndarray) -> Any:
    with ready.at_work() as network:
        return network(ready.numbers(pixels).to(ready.compute.device))


@pytest.mark.parametrize("precision", list(PRECISIONS))
@pytest.mark.parametrize("name", list(READY))
def test_the_chosen_way_answers_as_the_plain_one(
    name: str, precision: str, accelerator: torch.device
) -> None:
    dtype, tolerance = PRECISIONS[precision]
    network = build(factory(name))
    pixels = np.stack([render_scene(seed, 224, 224).pixels for seed in (3, 4)])
    plain = READY[name](network, Compute(accelerator), path=PLAIN)
    chosen = READY[name](network, Compute(accelerator, dtype), path=AUTO)
    assert chosen.path != PLAIN, "no way was found that agrees"
    assert chosen.compute == Compute(accelerator, dtype)
    assert difference(answer(chosen, pixels), answer(plain, pixels)) <= tolerance


def test_the_products_choice_draws_the_cpus_mask(accelerator: torch.device) -> None:
    """Half precision where it passes the engine's own check, tiles, blending: a whole photo."""
    weights, photo = factory("r2aunet"), Photo("0" * 64, render_scene(8, 600, 700).pixels)
    masks = []
    for device, precision in ((accelerator.type, "auto"), ("cpu", "fp32")):
        engine = Engine(device, precision)
        engine.use(weights)
        prediction = run_to_end(engine.predict(photo))
        assert prediction.device.split()[0] == device
        masks.append(prediction.probability_8bit > 127)
    assert np.mean(masks[0] != masks[1]) <= 2 * MAX_FLIPPED
    assert dice(count(*masks)) >= MIN_DICE


def test_auto_takes_the_gpu_and_its_half_precision(accelerator: torch.device) -> None:
    if accelerator.type == "cuda":
        half = torch.cuda.is_bf16_supported(including_emulation=False)
        assert choose_compute() == Compute(accelerator, torch.bfloat16 if half else torch.float32)
    assert choose_compute(accelerator.type, "fp32") == Compute(accelerator)
