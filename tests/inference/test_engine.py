"""Claims about the engine that holds the active weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from resatt_studio.errors import BugError, WeightsError
from resatt_studio.inference.engine import Engine, check_precision
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.models.state import pack_weights
from resatt_studio.records.photo import Photo
from resatt_studio.records.weights import WeightsFile
from resatt_studio.synthesis.scenes import render_scene

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def weights(small_r2aunet: Make) -> Callable[[int], WeightsFile]:
    def make(seed: int) -> WeightsFile:
        return pack_weights("r2aunet", {"base_width": 4, "t": 1, "stem": 2}, small_r2aunet(seed).state_dict())

    return make


def test_a_prediction_names_its_photo_and_weights_and_cannot_be_written(weights: Make, noise: Make) -> None:
    engine = Engine("cpu")
    engine.use(weights(0))
    photo = Photo("f" * 64, noise(70, 90))
    prediction = run_to_end(engine.predict(photo))
    assert (prediction.photo_id, prediction.weights_id) == (photo.photo_id, engine.weights_id)
    assert prediction.probability_8bit.shape == (70, 90)
    assert prediction.seconds > 0
    assert prediction.device.startswith("cpu")
    with pytest.raises(ValueError, match="read-only"):
        prediction.probability_8bit[0, 0] = 1


def test_the_same_photo_twice_gives_the_same_answer(weights: Make, noise: Make) -> None:
    engine = Engine("cpu")
    engine.use(weights(0))
    photo = Photo("a", noise(64, 64))
    first, second = run_to_end(engine.predict(photo)), run_to_end(engine.predict(photo))
    assert np.array_equal(first.probability_8bit, second.probability_8bit)
    assert first.mean_entropy == second.mean_entropy


def test_new_weights_between_two_steps_do_not_reach_a_prediction_under_way(
    weights: Make, noise: Make
) -> None:
    photo = Photo("a", noise(150, 150))
    engine = Engine("cpu")
    engine.use(weights(0))
    undisturbed = run_to_end(engine.predict(photo, tile_px=64, overlap_px=16))
    under_way = engine.predict(photo, tile_px=64, overlap_px=16)
    next(under_way)
    engine.use(weights(1))
    disturbed = run_to_end(under_way)
    assert disturbed.weights_id == undisturbed.weights_id != engine.weights_id
    assert np.array_equal(disturbed.probability_8bit, undisturbed.probability_8bit)


def test_predicting_before_weights_are_chosen_is_a_bug(noise: Make) -> None:
    with pytest.raises(BugError, match="before"):
        next(Engine("cpu").predict(Photo("a", noise(8, 8))))


def test_single_precision_can_be_forced_and_is_never_checked(weights: Make) -> None:
    engine = Engine("cpu", precision="fp32")
    engine.use(weights(0))
    assert engine.device_name == "cpu"
    assert engine.precision_check is None


def test_half_precision_that_changes_masks_is_not_used(
    weights: Make, small_r2aunet: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Logits crowded around the threshold change sides wherever rounding says so.
    network = small_r2aunet(0)
    scene = torch.from_numpy(render_scene(11, 256, 256).pixels.copy()).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        logits = network(scene)[0, 0]
        for cell in range(4):  # the stem unfolds four logits, each with a bias of its own
            network.head.bias[cell] -= logits[cell // 2 :: 2, cell % 2 :: 2].median()
    file = pack_weights("r2aunet", {"base_width": 4, "t": 1, "stem": 2}, network.state_dict())
    monkeypatch.setattr("resatt_studio.inference.device.has_fast_bf16", lambda device: True)
    engine = Engine("cpu")
    engine.use(file)
    assert engine.precision_check is not None
    assert not engine.precision_check.passed
    assert engine.device_name == "cpu"


def test_half_precision_that_changes_nothing_is_used(
    brightness: Callable[..., nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.inference.device.has_fast_bf16", lambda device: True)
    from resatt_studio.inference.device import choose_compute

    segmenter = Segmenter(brightness(gain=1000.0), choose_compute("cpu"))
    check = check_precision(segmenter)
    assert segmenter.compute.dtype == torch.bfloat16
    assert 0.0 <= check.flipped < 0.02
    assert check.dice > 0.9


def test_threads_are_asked_before_each_tile(weights: Make, noise: Make) -> None:
    asked: list[int] = []

    def threads() -> int:
        asked.append(1)
        return 1

    before = torch.get_num_threads()
    try:
        engine = Engine("cpu", precision="fp32", threads=threads)
        engine.use(weights(0))
        run_to_end(engine.predict(Photo("a", noise(100, 100)), tile_px=64, overlap_px=16))
    finally:
        torch.set_num_threads(before)
    assert len(asked) == 4


def test_weights_of_another_task_are_refused_and_the_old_ones_stay(
    weights: Make, small_weights: Make
) -> None:
    engine = Engine("cpu", "fp32")
    engine.use(weights(0))
    before = engine.weights_id
    with pytest.raises(WeightsError, match="RMT cannot segment"):
        engine.use(small_weights("rmt"))
    assert engine.weights_id == before
