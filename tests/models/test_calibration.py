"""Claims about the calibration in a weights file's header."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from resatt_studio.errors import WeightsError
from resatt_studio.models import create_model
from resatt_studio.models.calibration import (
    calibration_header,
    calibration_of,
    threshold_header,
    threshold_of,
)
from resatt_studio.models.state import load_weights, pack_weights, write_weights
from resatt_studio.records.calibration import AS_IT_IS, Calibration, ChosenThreshold

CONFIG = {"base_width": 2, "t": 1, "stem": 2}


def test_it_travels_with_the_file_and_leaves_the_id_alone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = create_model("r2aunet", **CONFIG).state_dict()
    calibration = Calibration(2.375, -0.25)
    plain = pack_weights("r2aunet", CONFIG, state)
    told = pack_weights("r2aunet", CONFIG, state, calibration_header(calibration))
    assert told.weights_id == plain.weights_id
    write_weights(tmp_path / "a.safetensors", told)
    assert calibration_of(load_weights(tmp_path / "a.safetensors").metadata) == calibration


def test_a_header_that_says_nothing_changes_nothing() -> None:
    assert calibration_of({}) == AS_IT_IS
    assert calibration_header(AS_IT_IS) == {}


def test_a_threshold_is_read_as_it_was_written_with_how_many_photos_chose_it() -> None:
    chosen = ChosenThreshold(0.37, 5)
    assert threshold_of(threshold_header(chosen)) == chosen
    assert threshold_header(None) == {} and threshold_of({}) is None
    without = {"threshold": "0.37"}  # as versions before this one wrote it
    assert threshold_of(without) == ChosenThreshold(0.37, 1)
    assert threshold_of({"threshold": "1.5", "threshold_photos": "5"}) is None


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        '{"bias": 1}',
        '{"temperature": 0, "bias": 0}',
        '{"temperature": -1, "bias": 0}',
        '{"temperature": 1, "bias": NaN}',
        '{"temperature": Infinity, "bias": 0}',
        '{"temperature": "warm", "bias": 0}',
    ],
)
def test_a_calibration_without_meaning_is_refused(said: str) -> None:
    with pytest.raises(WeightsError, match="how to read their probabilities"):
        calibration_of({"calibration": said})
