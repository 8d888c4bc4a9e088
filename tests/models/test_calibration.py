"""Claims about the calibration in a weights file's header."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from resatt_studio.errors import WeightsError
from resatt_studio.models import create_model
from resatt_studio.models.calibration import calibration_header, calibration_of
from resatt_studio.models.state import load_weights, pack_weights, write_weights
from resatt_studio.records.calibration import AS_IT_IS, Calibration

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
