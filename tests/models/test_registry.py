"""Every line of the model table can be listed without torch and built with it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from resatt_studio.errors import WeightsError
from resatt_studio.models import MODELS, create_model, model_entry, preset_config


@pytest.mark.parametrize("name", list(MODELS))
def test_every_preset_of_every_network_can_be_built(name: str) -> None:
    entry = model_entry(name)
    assert entry.name == name
    assert "default" in entry.presets
    for preset in entry.presets:
        with torch.device("meta"):
            network = create_model(name, **preset_config(name, preset))
        assert sum(parameter.numel() for parameter in network.parameters()) > 0


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(WeightsError, match="r2aunet"):
        create_model("r2d2")
    with pytest.raises(WeightsError, match="paper"):
        preset_config("r2aunet", "huge")
    with pytest.raises(WeightsError, match="base_width"):
        create_model("r2aunet", width=3)


def test_listing_the_networks_loads_no_torch() -> None:
    code = (
        "import sys, resatt_studio.models as m; m.MODELS['r2aunet'].presets; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
