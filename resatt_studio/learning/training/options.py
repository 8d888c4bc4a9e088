"""What every training run is told, whatever it trains: one TOML file, checked before any data is read."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from resatt_studio.errors import LearningError
from resatt_studio.models.registry import check_config, model_entry
from resatt_studio.records.weights import Config

_Options = TypeVar("_Options")
Check = tuple[str, Callable[[Any], bool], str]
"""An option's name, whether a value fits, and what would."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Everything that decides a run but its data.

    With ``steps`` the same configuration and data give the same weights on one machine; with ``minutes`` the
    machine's speed has a say.

    Attributes:
        name: File name of the configuration, or "".
        model, network: Line of the model table and constructor arguments.
        start_from: Weights to begin with: "" for fresh ones, "factory", or a file beside the configuration.
        minutes: Wall-clock length of the run, judging included; 0 when ``steps`` decides.
        steps: Optimiser steps; 0 when ``minutes`` decides.
        batch: Patches of a step.
        learning_rate: Peak rate of AdamW; rises over ``warmup_steps``, then falls as a cosine to zero.
        weight_decay, clip_norm: Of AdamW, and the largest gradient norm.
        decay_vectors: Whether norms and biases decay too.
        ema_decay: Of the averaged weights, which are what is judged and kept.
        freeze_statistics_at: Share of the run after which BatchNorm statistics are measured anew and then
            held; 1 measures them at the end only.
        statistics_images: How many plain patches measure them.
        judge_every_minutes: How often the validation splits judge.
        seed: Of everything random.
        threads: CPU threads; 0 for all cores.
        workers: Processes that draw patches ahead, and cut tiles before; 0 draws between the steps. It
            changes nothing but the time, and pays with a GPU.
    """

    task: ClassVar[str] = ""

    name: str = ""
    model: str = ""
    network: Config = field(default_factory=dict)
    start_from: str = ""
    minutes: float = 30.0
    steps: int = 0
    batch: int = 8
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    weight_decay: float = 0.01
    decay_vectors: bool = True
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    freeze_statistics_at: float = 0.7
    statistics_images: int = 128
    judge_every_minutes: float = 5.0
    seed: int = 0
    threads: int = 0
    workers: int = 0

    def __post_init__(self) -> None:
        model_entry(self.model)
        check_config(self.model, self.network)
        for name, fits, wanted in (*_BOUNDS, *self.bounds()):
            if not fits(getattr(self, name)):
                raise LearningError(
                    f"Training cannot have {name} = {getattr(self, name)}.", f"Give {wanted}."
                )
        if bool(self.steps) == bool(self.minutes):
            raise LearningError(
                "Training needs either minutes or steps.", "Set one of them, and the other to 0."
            )

    @classmethod
    def bounds(cls) -> tuple[Check, ...]:
        """Checks of the task's own options."""
        return ()

    @classmethod
    def from_table(cls, table: Mapping[str, Any], folder: Path = Path()) -> Self:
        """Build a configuration from nested tables; ``folder`` is what ``start_from`` is relative to.

        Raises:
            LearningError: An option is unknown or has no meaning.
        """
        values = dict(table)
        if values.pop("task", cls.task) != cls.task:
            raise LearningError(f"These options train {table['task']!r}, not {cls.task!r}.")
        start = values.get("start_from", "")
        if isinstance(start, str) and start and start != "factory":
            values["start_from"] = str(folder / start)
        return build_options(cls, cls.nested(values))

    @classmethod
    def nested(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Turn the task's inner tables into their records."""
        return values

    def to_table(self) -> dict[str, Any]:
        """The configuration as plain values, for the weights file and for comparing on resume."""
        return {"task": self.task} | asdict(self)


def read_table(path: Path) -> dict[str, Any]:
    """Read a configuration file as nested tables, with its name.

    Raises:
        LearningError: It is missing or no TOML.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise LearningError(f"{path} cannot be read: {error}.", "Check the path.") from error
    except tomllib.TOMLDecodeError as error:
        raise LearningError(f"{path} is no TOML: {error}.", "Correct that line.") from error
    return {"name": path.name} | table


_BOUNDS: tuple[Check, ...] = (
    ("minutes", lambda value: value >= 0, "minutes, or 0"),
    ("steps", lambda value: value >= 0, "a number of steps, or 0"),
    ("batch", lambda value: value >= 1, "at least 1"),
    ("learning_rate", lambda value: value > 0, "a positive rate"),
    ("ema_decay", lambda value: 0 <= value < 1, "a value from 0 to just below 1"),
    ("freeze_statistics_at", lambda value: 0 <= value <= 1, "a value from 0 to 1"),
    ("workers", lambda value: value >= 0, "a number of processes, or 0"),
    ("statistics_images", lambda value: value >= 1, "at least 1"),
)


def build_options(kind: type[_Options], values: Any) -> _Options:
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
    if kind == "tuple[float, ...]":
        if not isinstance(value, (list, tuple)) or not all(isinstance(part, (int, float)) for part in value):
            raise LearningError(f"{name} = {value!r} is no list of numbers.", "Such as [0.4, 0.6].")
        return tuple(float(part) for part in value)
    if kind == "tuple[str, ...]":
        if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
            raise LearningError(f"{name} = {value!r} is no list of names.", 'Such as ["uav75"].')
        return tuple(value)
    types = {"float": (int, float), "int": (int,), "str": (str,), "bool": (bool,)}.get(str(kind))
    if types and (not isinstance(value, types) or (isinstance(value, bool) and kind != "bool")):
        raise LearningError(f"{name} = {value!r} is no {kind}.")
    return float(value) if kind == "float" else value
