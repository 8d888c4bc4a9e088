"""The networks: a torch-free table, one file a paper, and safe weights files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from resatt_studio.models.registry import MODELS, ModelEntry, full_config, model_entry, preset_config

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "MODELS",
    "ModelEntry",
    "create_model",
    "from_reference_keys",
    "model_entry",
    "preset_config",
    "to_reference_keys",
]


def create_model(name: str, *, preset: str = "", **config: Any) -> nn.Module:
    """Build a network with fresh weights.

    Args:
        name: Line of :data:`MODELS`, such as "r2aunet", or a named preset, such as "rmt_t".
        preset: One of the network's presets; "" for the one that the name says, or for none.
        config: Constructor arguments, such as ``base_width=16, t=2, stem=2``; they win over the preset's, and
            what is left out takes the paper's value.

    Raises:
        WeightsError: No such network, preset, option or value.
    """
    network: nn.Module = model_entry(name).create()(**full_config(name, config, preset))
    return network


def from_reference_keys(name: str, state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """Rename weights of the public reference layout to this app's names; bit-exact.

    Raises:
        WeightsError: Keys are missing or left over.
    """
    renamed: dict[str, Any] = import_module(model_entry(name).keys).from_reference_keys(state_dict)
    return renamed


def to_reference_keys(name: str, state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """Rename this app's weights to the public reference layout; bit-exact.

    Raises:
        WeightsError: Keys are missing or left over.
    """
    renamed: dict[str, Any] = import_module(model_entry(name).keys).to_reference_keys(state_dict)
    return renamed
