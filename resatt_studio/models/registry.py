"""Table of the networks: what each is called and where it is built; listing it loads no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from resatt_studio.errors import WeightsError
from resatt_studio.records.weights import Config

Kind: TypeAlias = Callable[[Any], Any]
"""Turns what a file says into an option's value; raises TypeError when it is something else."""


def whole(value: Any) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number")
    return value


def number(value: Any) -> float:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number")
    return float(value)


def truth(value: Any) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def text(value: Any) -> str:
    """A word."""
    if not isinstance(value, str):
        raise TypeError("a word")
    return value


def several(kind: Kind) -> Kind:
    """A row of values of one kind, one for each stage of a network."""

    def row(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise TypeError("a row of values")
        return tuple(kind(entry) for entry in value)

    return row


def side_or_sides(value: Any) -> int | tuple[int, ...]:
    """One side of a square, or (height, width)."""
    sides: int | tuple[int, ...] = several(whole)(value) if isinstance(value, list | tuple) else whole(value)
    return sides


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One network.

    Attributes:
        name: Key of the table, also in weights files.
        title: Shown to people.
        task: "segment": photo to crack logits; "label": photo to class logits; "dehaze": hazy to clear photo.
        factory: Dotted name of the class, ``module:attribute``.
        keys: Dotted name of the module with ``from_reference_keys`` and ``to_reference_keys``.
        options: Constructor arguments and what kind of value each takes.
        presets: Configurations by name; "default" is what new weights get.
        named: Presets that are also names for ``create_model``, such as "rmt_t".
        input_range: How pixels become numbers.
    """

    name: str
    title: str
    task: str
    factory: str
    keys: str
    options: Mapping[str, Kind]
    presets: Mapping[str, Config]
    named: Mapping[str, str]
    input_range: str

    def create(self) -> Callable[..., Any]:
        """Import the network's module and return its class."""
        module, _, attribute = self.factory.partition(":")
        factory: Callable[..., Any] = getattr(import_module(module), attribute)
        return factory


def _rmt(
    embed_dims: tuple[int, ...],
    depths: tuple[int, ...],
    num_heads: tuple[int, ...],
    heads_ranges: tuple[float, ...],
    mlp_ratios: tuple[float, ...],
    decomposed: tuple[bool, ...] = (True, True, True, False),
    layer_scales: tuple[bool, ...] = (False, False, False, False),
    projection: int = 1024,
) -> Config:
    """One column of RMT's table of configurations (Fan et al., CVPR 2024, and the authors' code)."""
    return {
        "embed_dims": embed_dims,
        "depths": depths,
        "num_heads": num_heads,
        "init_values": (2.0, 2.0, 2.0, 2.0),
        "heads_ranges": heads_ranges,
        "mlp_ratios": mlp_ratios,
        "decomposed": decomposed,
        "layer_scales": layer_scales,
        "projection": projection,
    }


_IMAGENET = "RGB, (x / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)"
_ON_LATE = (False, False, True, True)

_ENTRIES = (
    ModelEntry(
        name="r2aunet",
        title="R2AU-Net",
        task="segment",
        factory="resatt_studio.models.r2aunet:R2AUNet",
        keys="resatt_studio.models.r2aunet_keys",
        options={
            "in_channels": whole,
            "out_channels": whole,
            "base_width": whole,
            "t": whole,
            "stem": whole,
        },
        presets={
            # Chosen by benchmarks/preset_search.py; see docs/BENCHMARKS-presets.md.
            "default": {"base_width": 16, "t": 2, "stem": 2},
            "paper": {"base_width": 64, "t": 2, "stem": 1},
            "balanced": {"base_width": 32, "t": 2, "stem": 2},
            "cpu": {"base_width": 16, "t": 2, "stem": 1},
        },
        named={},
        input_range="RGB, x / 127.5 - 1",
    ),
    ModelEntry(
        name="rmt",
        title="RMT",
        task="label",
        factory="resatt_studio.models.rmt:RMT",
        keys="resatt_studio.models.rmt_keys",
        options={
            "embed_dims": several(whole),
            "depths": several(whole),
            "num_heads": several(whole),
            "init_values": several(number),
            "heads_ranges": several(number),
            "mlp_ratios": several(number),
            "decomposed": several(truth),
            "layer_scales": several(truth),
            "layer_scale_init": number,
            "drop_path_rate": number,
            "projection": whole,
            "num_classes": whole,
            "aux_head": truth,
            "dense": truth,
        },
        presets={
            "t": _rmt(
                (64, 128, 256, 512),
                (2, 2, 8, 2),
                (4, 4, 8, 16),
                (4.0, 4.0, 6.0, 6.0),
                (3.0, 3.0, 3.0, 3.0),
                decomposed=(True, True, False, False),
            ),
            "s": _rmt(
                (64, 128, 256, 512),
                (3, 4, 18, 4),
                (4, 4, 8, 16),
                (4.0, 4.0, 6.0, 6.0),
                (4.0, 4.0, 3.0, 3.0),
            ),
            "b": _rmt(
                (80, 160, 320, 512),
                (4, 8, 25, 8),
                (5, 5, 10, 16),
                (5.0, 5.0, 6.0, 6.0),
                (4.0, 4.0, 3.0, 3.0),
                layer_scales=_ON_LATE,
            ),
            "l": _rmt(
                (112, 224, 448, 640),
                (4, 8, 25, 8),
                (7, 7, 14, 20),
                (6.0, 6.0, 6.0, 6.0),
                (4.0, 4.0, 3.0, 3.0),
                layer_scales=_ON_LATE,
            ),
            # Ours, for labels on a laptop: a third of T's width and fewer blocks.
            "default": _rmt(
                (24, 48, 96, 160),
                (1, 1, 4, 1),
                (2, 2, 4, 5),
                (4.0, 4.0, 6.0, 6.0),
                (3.0, 3.0, 3.0, 3.0),
                decomposed=(True, True, False, False),
                projection=256,
            ),
        },
        named={"rmt_t": "t", "rmt_s": "s", "rmt_b": "b", "rmt_l": "l"},
        input_range=_IMAGENET,
    ),
    ModelEntry(
        name="revit",
        title="ReViT",
        task="label",
        factory="resatt_studio.models.revit:ReViT",
        keys="resatt_studio.models.revit_keys",
        options={
            "image_size": side_or_sides,
            "patch_size": whole,
            "embed_dim": whole,
            "depth": whole,
            "num_heads": whole,
            "mlp_ratio": number,
            "qkv_bias": truth,
            "class_token": truth,
            "learnable_alpha": truth,
            "drop_path_rate": number,
            "num_classes": whole,
        },
        presets={
            "t": {"patch_size": 16, "embed_dim": 192, "depth": 12, "num_heads": 3},
            "s": {"patch_size": 16, "embed_dim": 384, "depth": 12, "num_heads": 6},
            "b": {"patch_size": 16, "embed_dim": 768, "depth": 12, "num_heads": 12},
            # Ours, for labels on a laptop.
            "default": {"patch_size": 16, "embed_dim": 128, "depth": 6, "num_heads": 4, "mlp_ratio": 3.0},
        },
        named={"revit_t": "t", "revit_s": "s", "revit_b": "b"},
        input_range=_IMAGENET,
    ),
    ModelEntry(
        name="dhformer",
        title="DHFormer-style",
        task="dehaze",
        factory="resatt_studio.models.dhformer:DHFormer",
        keys="resatt_studio.models.dhformer_keys",
        options={
            "width": whole,
            "dim": whole,
            "layers": whole,
            "residual_width": whole,
            "residual_units": whole,
            "heads": whole,
            "mlp_ratio": whole,
            "grid": whole,
            "transmission_width": whole,
            "t_min": number,
            "head": text,
            "refine_px": whole,
            "depth_stop_gradient": truth,
            "stem_sees_photo": truth,
        },
        presets={
            "default": {"width": 64, "dim": 128, "layers": 2, "residual_width": 16, "residual_units": 17},
            "small": {"width": 32, "dim": 64, "layers": 1, "residual_width": 16, "residual_units": 8},
        },
        named={},
        input_range="RGB, x / 255",
    ),
)

MODELS: Mapping[str, ModelEntry] = {entry.name: entry for entry in _ENTRIES}


def model_entry(name: str) -> ModelEntry:
    """Return one line of the table; a named preset such as "rmt_t" leads to its network's line.

    Raises:
        WeightsError: There is no such network.
    """
    for entry in MODELS.values():
        if name == entry.name or name in entry.named:
            return entry
    known = [known for entry in MODELS.values() for known in (entry.name, *entry.named)]
    raise WeightsError(f"There is no network called {name!r}.", f"Known: {', '.join(known)}.")


def preset_config(name: str, preset: str = "default") -> dict[str, Any]:
    """Return the constructor arguments of a preset.

    Raises:
        WeightsError: There is no such network or preset.
    """
    presets = model_entry(name).presets
    if preset not in presets:
        raise WeightsError(f"{name} has no preset {preset!r}.", f"Known: {', '.join(presets)}.")
    return dict(presets[preset])


def full_config(name: str, config: Mapping[str, Any], preset: str = "") -> dict[str, Any]:
    """Return the constructor arguments that a name, a preset and further options ask for.

    Args:
        name: A network, or a named preset such as "rmt_t".
        config: Options that win over the preset's.
        preset: One of the network's presets, or "" for none but the one that the name says.

    Raises:
        WeightsError: No such network, preset or option.
    """
    chosen = preset or model_entry(name).named.get(name, "")
    return (preset_config(name, chosen) if chosen else {}) | check_config(name, config)


def check_config(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``config`` with rows as tuples, when the network has every option and every value fits.

    Raises:
        WeightsError: One does not.
    """
    entry = model_entry(name)
    unknown = sorted(map(str, set(config) - set(entry.options)))  # a file may say anything
    if unknown:
        raise WeightsError(
            f"{entry.title} has no option {', '.join(unknown)}.", f"It has {', '.join(entry.options)}."
        )
    checked: dict[str, Any] = {}
    for option, value in config.items():
        try:
            checked[option] = entry.options[option](value)
        except TypeError as wanted:
            raise WeightsError(f"{entry.title} needs {wanted} for {option}, not {value!r}.") from None
    return checked
