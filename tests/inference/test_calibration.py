"""Claims about calibrated predictions: every way of running a network reads its logits the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.errors import WeightsError
from resatt_studio.inference.device import Compute
from resatt_studio.inference.engine import Engine
from resatt_studio.inference.paths import FOLDED, FUSED, PLAIN
from resatt_studio.inference.segmenter import Segmenter, probability_of
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.models.calibration import calibration_header
from resatt_studio.models.state import pack_weights
from resatt_studio.records.calibration import Calibration
from resatt_studio.records.photo import Photo
from resatt_studio.records.weights import WeightsFile

Make = Callable[..., Any]
CONFIG = {"base_width": 4, "t": 1, "stem": 2}
COOLER = Calibration(temperature=2.5, bias=0.5)


def weights(network: torch.nn.Module, **header: str) -> WeightsFile:
    return pack_weights("r2aunet", CONFIG, network.state_dict(), header)


@pytest.mark.parametrize("path", [PLAIN, FOLDED, FUSED])
def test_every_way_applies_it(small_r2aunet: Make, noise: Make, path: str) -> None:
    photo = Photo("a", noise(64, 80))
    raw, cool = Engine("cpu", "fp32", 1, path), Engine("cpu", "fp32", 1, path)
    raw.use(weights(small_r2aunet()))
    cool.use(weights(small_r2aunet(), **calibration_header(COOLER)))
    segmenter, _ = raw.in_use()
    logits = segmenter.logits(photo.pixels[None])[0]
    wanted = 1 / (1 + np.exp(-(logits / 2.5 + 0.5)))
    answer = run_to_end(cool.predict(photo)).probability_8bit / 255
    assert np.abs(answer - wanted).max() < 0.5 / 255 + 1e-4
    assert np.abs(wanted - 1 / (1 + np.exp(-logits))).max() > 0.01  # and it makes a difference


def test_other_weights_bring_their_own(small_r2aunet: Make, noise: Make) -> None:
    engine, photo = Engine("cpu", "fp32", 1, FOLDED), Photo("a", noise(32, 32))
    engine.use(weights(small_r2aunet(1), **calibration_header(COOLER)))
    run_to_end(engine.predict(photo))
    engine.use(weights(small_r2aunet(2)))
    plain = Engine("cpu", "fp32", 1, FOLDED)
    plain.use(weights(small_r2aunet(2)))
    assert np.array_equal(
        run_to_end(engine.predict(photo)).probability_8bit, run_to_end(plain.predict(photo)).probability_8bit
    )


def test_weights_whose_calibration_has_no_meaning_are_not_used(small_r2aunet: Make) -> None:
    engine = Engine("cpu", "fp32", 1, FOLDED)
    engine.use(weights(small_r2aunet(1)))
    before = engine.weights_id
    with pytest.raises(WeightsError):
        engine.use(weights(small_r2aunet(2), calibration="{}"))
    assert engine.weights_id == before


def test_reading_otherwise_shares_the_network_and_leaves_the_first_as_it_was(
    small_r2aunet: Make, noise: Make
) -> None:
    ready = Segmenter(small_r2aunet(), Compute(torch.device("cpu")))
    other = ready.read_with(COOLER)
    tile = noise(32, 32)[None]
    assert np.array_equal(other.logits(tile), ready.logits(tile))
    assert not np.array_equal(other.probability(tile), ready.probability(tile))
    assert np.array_equal(ready.probability(tile), probability_of(ready.logits(tile)))
