"""Table of the networks: what each is called and where it is built; listing it loads no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from resatt_studio.errors import WeightsError


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One network.

    Attributes:
        name: Key of the table, also in weights files.
        title: Shown to people.
        task: "segment": photo to crack logits.
        factory: Dotted name of the class, ``module:attribute``.
        keys: Dotted name of the module with ``from_reference_keys`` and ``to_reference_keys``.
        config_names: Constructor arguments; all are integers.
        presets: Configurations by name; "default" is what new weights get.
        input_range: How pixels become numbers.
    """

    name: str
    title: str
    task: str
    factory: str
    keys: str
    config_names: tuple[str, ...]
    presets: Mapping[str, Mapping[str, int]]
    input_range: str = "RGB, x / 127.5 - 1"

    def create(self) -> Callable[..., Any]:
        """Import the network's module and return its class."""
        module, _, attribute = self.factory.partition(":")
        factory: Callable[..., Any] = getattr(import_module(module), attribute)
        return factory


MODELS: Mapping[str, ModelEntry] = {
    entry.name: entry
    for entry in (
        ModelEntry(
            name="r2aunet",
            title="R2AU-Net",
            task="segment",
            factory="resatt_studio.models.r2aunet:R2AUNet",
            keys="resatt_studio.models.r2aunet_keys",
            config_names=("in_channels", "out_channels", "base_width", "t", "stem"),
            presets={
                # Chosen by benchmarks/preset_search.py; see docs/BENCHMARKS-presets.md.
                "default": {"base_width": 16, "t": 2, "stem": 2},
                "paper": {"base_width": 64, "t": 2, "stem": 1},
                "balanced": {"base_width": 32, "t": 2, "stem": 2},
                "cpu": {"base_width": 16, "t": 2, "stem": 1},
            },
        ),
    )
}


def model_entry(name: str) -> ModelEntry:
    """Return one line of the table.

    Raises:
        WeightsError: There is no such network.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise WeightsError(f"There is no network called {name!r}.", f"Known: {', '.join(MODELS)}.") from None


def preset_config(name: str, preset: str = "default") -> dict[str, int]:
    """Return the constructor arguments of a preset.

    Raises:
        WeightsError: There is no such network or preset.
    """
    presets = model_entry(name).presets
    if preset not in presets:
        raise WeightsError(f"{name} has no preset {preset!r}.", f"Known: {', '.join(presets)}.")
    return dict(presets[preset])


def check_config(name: str, config: Mapping[str, object]) -> dict[str, int]:
    """Return ``config`` when every name is an argument of the network and every value an integer.

    Raises:
        WeightsError: It is not.
    """
    entry = model_entry(name)
    unknown = sorted(set(config) - set(entry.config_names))
    if unknown:
        raise WeightsError(
            f"{entry.title} has no option {', '.join(unknown)}.", f"It has {', '.join(entry.config_names)}."
        )
    checked: dict[str, int] = {}
    for option, value in config.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise WeightsError(f"{entry.title} needs a whole number for {option}, not {value!r}.")
        checked[option] = value
    return checked
