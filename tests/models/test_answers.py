"""Weights that answer another question than the app's are told apart before anybody waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from resatt_studio.errors import WeightsError
from resatt_studio.models import create_model
from resatt_studio.models.answers import refuse_unfit
from resatt_studio.models.state import pack_weights
from resatt_studio.records.weights import WeightsFile

SMALL: Mapping[str, Mapping[str, Any]] = {
    "r2aunet": {"base_width": 4, "t": 1, "stem": 2},
    "rmt": {
        "embed_dims": (8, 8, 16, 16),
        "depths": (1, 1, 1, 1),
        "num_heads": (2, 2, 2, 2),
        "projection": 16,
        "num_classes": 4,
    },
    "revit": {"image_size": 32, "embed_dim": 16, "depth": 1, "num_heads": 2, "num_classes": 4},
    "dhformer": {"width": 4, "dim": 8, "layers": 1, "residual_width": 4, "residual_units": 1, "heads": 2},
}


def weights(model: str, **changes: Any) -> WeightsFile:
    config = {**SMALL[model], **changes}
    return pack_weights(model, config, create_model(model, **config).state_dict())


@pytest.mark.parametrize("model", list(SMALL))
def test_what_the_app_asks_passes(model: str) -> None:
    refuse_unfit(weights(model))


@pytest.mark.parametrize(
    ("model", "changes", "words"),
    [
        ("r2aunet", {"in_channels": 1}, "one crack map"),
        ("r2aunet", {"out_channels": 2}, "one crack map"),
        ("rmt", {"num_classes": 7}, "types of crack"),
        ("revit", {"num_classes": 2}, "types of crack"),
    ],
)
def test_what_answers_something_else_is_refused_by_name(
    model: str, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(WeightsError, match=f"site.pth do not .*{words}"):
        refuse_unfit(weights(model, **changes), "The weights in site.pth")


def test_a_thousand_classes_are_what_a_label_network_has_unless_told_otherwise() -> None:
    silent = WeightsFile("0" * 64, "rmt", {}, {}, b"")
    with pytest.raises(WeightsError, match="4 classes"):
        refuse_unfit(silent)
