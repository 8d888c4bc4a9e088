"""Every option of training a network from the start, read from one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from resatt_studio.errors import LearningError
from resatt_studio.models import preset_config
from resatt_studio.models.registry import check_config, model_entry

_Options = TypeVar("_Options")


@dataclass(frozen=True, slots=True)
class SetOptions:
    """How one set is used.

    Attributes:
        weight: Share of the patches, relative to the other sets; 0 leaves the set out.
        scale: Smallest and largest enlargement of its patches.
        coarse: Its masks are wider than its cracks; bright rims are unsaid (training only).
        gentle: Its light and camera are changed a little only: for the photos that the weights are made for.
        licence: Terms as the owners state them; goes into the weights file.
        source: Where the set comes from; goes into the weights file.
    """

    weight: float = 1.0
    scale: tuple[float, float] = (0.6, 1.7)
    coarse: bool = False
    gentle: bool = False
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class CrackFree:
    """Tiles without any crack, listed in a CSV (see ``datasets.crack_free_tiles``).

    Attributes:
        table: Path below the data folder.
        weight: Share of the patches.
        scale: Smallest and largest enlargement.
        sets: Only tiles of these sets, where the table names them; () takes all. Such an entry gives some
            ground more weight, so it does not judge.
    """

    table: str
    weight: float = 0.3
    scale: tuple[float, float] = (0.7, 1.5)
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SynthesisOptions:
    """Generated scenes mixed in.

    Attributes:
        scenes: How many are rendered before learning starts; 0 for none.
        size_px: Side of a scene.
        crack_free: Share of scenes without crack, in [0, 1].
        weight: Share of the patches.
        scale: Smallest and largest enlargement.
    """

    scenes: int = 200
    size_px: int = 320
    crack_free: float = 0.15
    weight: float = 1.0
    scale: tuple[float, float] = (0.7, 1.5)


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Everything that decides a training run.

    With ``steps`` the same configuration and data give the same weights on one machine; with ``minutes`` the
    machine's speed has a say.

    Attributes:
        name: File name of the configuration, or "".
        model, network: Line of the model table and constructor arguments.
        start_from: Weights to begin with: "" for fresh ones, "factory", or a file beside the configuration.
        minutes: Wall-clock length of the run, judging included; 0 when ``steps`` decides.
        steps: Optimiser steps; 0 when ``minutes`` decides.
        crop_px, batch: Side and number of patches of a step.
        learning_rate: Peak rate of AdamW; rises over ``warmup_steps``, then falls as a cosine to zero.
        weight_decay, clip_norm: Of AdamW, and the largest gradient norm.
        ema_decay: Of the averaged weights, which are what is judged and kept.
        dice_share: Of the loss, in [0, 1]; cross-entropy has the rest.
        freeze_statistics_at: Share of the run after which BatchNorm statistics are measured anew and then
            held; 1 measures them at the end only.
        statistics_images: How many plain patches measure them.
        on_crack: Share of patches that are cut around a crack.
        judge_every_minutes: How often the validation splits judge.
        judge_tiles: Most tiles a set may judge with.
        judge_sets: Sets that judge; () lets all judge that have a validation split.
        seed: Of everything random.
        threads: CPU threads; 0 for all cores.
        cache_megabytes: Most memory that the sets' training tiles may take; each set gets an equal share.
        sets: Sets by name. When empty, every set found is used with default options.
        crack_free, synthesis: Further sources of patches.
    """

    name: str = ""
    model: str = "r2aunet"
    network: Mapping[str, int] = field(default_factory=lambda: preset_config("r2aunet"))
    start_from: str = ""
    minutes: float = 30.0
    steps: int = 0
    crop_px: int = 256
    batch: int = 8
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    dice_share: float = 0.5
    freeze_statistics_at: float = 0.7
    statistics_images: int = 128
    on_crack: float = 0.75
    judge_every_minutes: float = 5.0
    judge_tiles: int = 40
    judge_sets: tuple[str, ...] = ()
    seed: int = 0
    threads: int = 0
    cache_megabytes: float = 4000.0
    sets: Mapping[str, SetOptions] = field(default_factory=dict)
    crack_free: tuple[CrackFree, ...] = ()
    synthesis: SynthesisOptions = field(default_factory=SynthesisOptions)

    def __post_init__(self) -> None:
        model_entry(self.model)
        check_config(self.model, self.network)
        for name, fits, wanted in _BOUNDS:
            if not fits(getattr(self, name)):
                raise LearningError(
                    f"Training cannot have {name} = {getattr(self, name)}.", f"Give {wanted}."
                )
        if bool(self.steps) == bool(self.minutes):
            raise LearningError(
                "Training needs either minutes or steps.", "Set one of them, and the other to 0."
            )

    @classmethod
    def from_file(cls, path: Path) -> TrainConfig:
        """Read a configuration.

        Raises:
            LearningError: It is missing, no TOML, or says something with no meaning.
        """
        path = Path(path)
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise LearningError(f"{path} cannot be read: {error}.", "Check the path.") from error
        except tomllib.TOMLDecodeError as error:
            raise LearningError(f"{path} is no TOML: {error}.", "Correct that line.") from error
        try:
            return cls.from_table({"name": path.name} | table, path.parent)
        except LearningError as error:
            raise LearningError(f"{path}: {error.message}", error.hint) from error

    @classmethod
    def from_table(cls, table: Mapping[str, Any], folder: Path = Path()) -> TrainConfig:
        """Build a configuration from nested tables; ``folder`` is what ``start_from`` is relative to."""
        values = dict(table)
        sets = values.pop("sets", {})
        crack_free = values.pop("crack_free", [])
        synthesis = values.pop("synthesis", {})
        start = values.get("start_from", "")
        if isinstance(start, str) and start and start != "factory":
            values["start_from"] = str(folder / start)
        values["sets"] = {name: _options(SetOptions, entry) for name, entry in sets.items()}
        values["crack_free"] = tuple(_options(CrackFree, entry) for entry in crack_free)
        values["synthesis"] = _options(SynthesisOptions, synthesis)
        return _options(cls, values)

    def to_table(self) -> dict[str, Any]:
        """The configuration as plain values, for the weights file and for comparing on resume."""
        return asdict(self)


_Check = tuple[str, Callable[[Any], bool], str]
_BOUNDS: tuple[_Check, ...] = (
    ("minutes", lambda value: value >= 0, "minutes, or 0"),
    ("steps", lambda value: value >= 0, "a number of steps, or 0"),
    ("crop_px", lambda value: value >= 32 and value % 32 == 0, "a multiple of 32"),
    ("batch", lambda value: value >= 1, "at least 1"),
    ("learning_rate", lambda value: value > 0, "a positive rate"),
    ("ema_decay", lambda value: 0 <= value < 1, "a value from 0 to just below 1"),
    ("dice_share", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
    ("freeze_statistics_at", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
    ("statistics_images", lambda value: value >= 1, "at least 1"),
    ("cache_megabytes", lambda value: value > 0, "a positive size"),
    ("on_crack", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
)


def _options(kind: type[_Options], values: Any) -> _Options:
    """Build one table's dataclass, and say which names it does not know."""
    if not isinstance(values, Mapping):
        raise LearningError(f"{kind.__name__} must be a table, not {values!r}.")
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise LearningError(f"Unknown option {', '.join(unknown)}.", f"Known: {', '.join(known)}.")
    given = {name: _fitting(name, known[name].type, value) for name, value in values.items()}
    return kind(**given)


def _fitting(name: str, kind: object, value: Any) -> Any:
    """Refuse a value of another type than the option has; whole numbers pass for fractions."""
    if kind == "tuple[float, float]":
        pair = isinstance(value, (list, tuple)) and len(value) == 2
        if (
            not pair
            or not all(isinstance(part, (int, float)) for part in value)
            or not 0 < value[0] <= value[1]
        ):
            raise LearningError(f"{name} = {value!r} is no pair of growing numbers.", "Such as [0.6, 1.7].")
        return (float(value[0]), float(value[1]))
    if kind == "tuple[str, ...]":
        if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
            raise LearningError(f"{name} = {value!r} is no list of names.", 'Such as ["uav75"].')
        return tuple(value)
    types = {"float": (int, float), "int": (int,), "str": (str,), "bool": (bool,)}.get(str(kind))
    if types and (not isinstance(value, types) or (isinstance(value, bool) and kind != "bool")):
        raise LearningError(f"{name} = {value!r} is no {kind}.")
    return float(value) if kind == "float" else value
