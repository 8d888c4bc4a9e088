"""Whether a network answers what the app asks: one crack map, the types of crack, or a clear photo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resatt_studio.errors import WeightsError
from resatt_studio.models.registry import full_config, model_entry
from resatt_studio.records.labels import CRACK_TYPES
from resatt_studio.records.weights import WeightsFile

_USUAL: Mapping[str, Any] = {"in_channels": 3, "out_channels": 1, "dense": False}
"""What networks do that say nothing else; they do not name four classes unless told to."""

_ASKED: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "segment": (
        {"in_channels": 3, "out_channels": 1},
        "do not turn an RGB photo into one crack map.",
        "Choose weights with three channels in and one out.",
    ),
    "label": (
        {"dense": False, "num_classes": len(CRACK_TYPES)},
        "do not answer with the types of crack.",
        f"Choose weights of {len(CRACK_TYPES)} classes: {', '.join(CRACK_TYPES)}.",
    ),
}


def refuse_unfit(weights: WeightsFile, name: str = "These weights") -> None:
    """Let weights pass that answer what the app asks of their task.

    Args:
        weights: Of any network in the model table.
        name: What they are called in the message.

    Raises:
        WeightsError: They answer something else, such as a thousand classes of everyday things.
    """
    options, fault, cure = _ASKED.get(model_entry(weights.model).task, ({}, "", ""))
    config = {**_USUAL, **full_config(weights.model, weights.config)}
    if any(config.get(option) != wanted for option, wanted in options.items()):
        raise WeightsError(f"{name} {fault}", cure)
