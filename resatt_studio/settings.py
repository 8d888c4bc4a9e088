"""Typed preferences from a TOML file and ``RESATT_*`` variables; a bad value falls back and is told.

The file is ``settings.toml`` in the user's configuration folder (``RESATT_SETTINGS`` names another one). A
variable such as ``RESATT_DEVICE`` wins over the file and is never written into it. Nothing here stops a
start: every problem is returned as a :class:`SettingsError` for the window or the terminal to show.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeAlias

import platformdirs

from resatt_studio.durable import write_whole
from resatt_studio.errors import SettingsError, SettingsNotKept
from resatt_studio.records.training import USUAL_RULES, GateRules
from resatt_studio.words import LANGUAGES as KNOWN_LANGUAGES
from resatt_studio.words import mark

VERSION = 1
"""Version of the file's layout. Files without a version line were written by hand; see ``_UPGRADES``."""

DEVICES = ("auto", "cpu", "cuda", "mps")
ENGINE_PATHS = ("auto", "plain", "folded", "fused")
THEMES = ("system", "light", "dark")
LANGUAGES = ("system", *KNOWN_LANGUAGES)
PHOTO_INPUTS = ("raw", "dehazed", "auto")
LEARNS = ("auto", "ask")
STARTING_WEIGHTS = ("factory", "generated")
RECENT_PROJECTS = 12
"""How many recent projects are remembered."""

PROBLEMS = (
    mark("Settings file {file}: {name} = {value} {fault}."),
    mark("Settings file {file}: {name} is not a setting; it is ignored."),
    mark("Environment variable {name} = {value} {fault}."),
    mark("Environment variable {name} is not a setting; it is ignored."),
)
"""What is told of values that have no meaning, for the catalogues; ``_applied`` puts them together."""

_Parser: TypeAlias = Callable[[Any], Any]


def _one_of(*choices: str) -> _Parser:
    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"is not one of {', '.join(choices)}")
        return str(value)

    return parse


def _number(kind: type[int] | type[float], low: float, high: float) -> _Parser:
    def parse(value: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError("is not a number")
        try:
            number = kind(value)
        except (ValueError, OverflowError):  # the latter of inf, and of whole numbers beyond any float
            raise ValueError(f"is not {'a whole' if kind is int else 'a'} number") from None
        if isinstance(value, float) and number != value:
            raise ValueError("is not a whole number")
        if not low <= number <= high:
            raise ValueError(f"is not between {low:g} and {high:g}")
        return number

    return parse


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text")
    return value.strip()


def _paths(value: Any) -> tuple[Path, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("is not a list of folders")
    return tuple(Path(item) for item in value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("is not a list of texts")
    return tuple(value)


def _bindings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and "=" in item for item in value):
        raise ValueError('is not a list such as ["undo=Ctrl+Z", "fit="]')
    return tuple(value)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a password entry has no name
        return ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Preferences of one person on one machine.

    Attributes:
        author: Written beside every stroke and sample.
        device: "auto", "cpu", "cuda" or "mps".
        theme: "system", "light" or "dark".
        language: Of the window: "system" for the desktop's, or one of ``words.LANGUAGES``.
        threads: Threads of the networks, 0 for as many as the machine has cores.
        engine_path: How photos are predicted, labelled and dehazed: "auto" measures which way is fastest on
            this machine, "plain", "folded" and "fused" force one. Learning and judging take "folded".
        starting_weights: What new projects and photos without a project begin with: "factory", learned from
            research sets, or "generated", learned from generated scenes alone and free of others' terms.
        photo_input: What the window's crack network is shown: "raw" for the photos, "dehazed" for the photos
            without their haze, "auto" for whichever each photo's haze asks for.
        threshold: Probability above which a pixel is shown as crack, in [0.01, 0.99].
        learn_seconds: Wall-clock limit of one fine-tuning run.
        learn_cracks: Whether the crack network learns after each approval, and for longer when the window has
            been idle ("auto"), or when asked alone ("ask").
        learn_min_gain: Dice by which a candidate has to be better before it is promoted, in [0, 0.5].
        learn_confidence: How sure the gate has to be that it is no loss, in [0.6, 0.999].
        learn_max_forgetting: Dice that it may lose on the reference set, in [0, 1].
        learn_labels: Whether the label networks learn from the inspector's classes by themselves once enough
            are new ("auto"), or when asked alone ("ask").
        undo_mb: MiB of memory that undo may take for a photo; steps that do not fit are read from the disk.
        shortcuts: Keys that differ from the usual ones: an action's id, "=", its keys with blanks between.
        photo_memory_mb: Megabytes that the photo on the canvas may take, with its maps and halved sizes; what
            does not fit is shown part by part where its format allows it. From 300.
        tile_cache_mb: Megabytes on the disk for halved sizes of huge photos, in the user's cache folder.
        recent_projects: Newest first.
        tool_options: "tool.option=value" of what was set about the tools of the canvas, the value as JSON.
    """

    author: str = field(default_factory=_user_name, metadata={"parse": _text})
    device: str = field(default="auto", metadata={"parse": _one_of(*DEVICES)})
    theme: str = field(default="system", metadata={"parse": _one_of(*THEMES)})
    language: str = field(default="system", metadata={"parse": _one_of(*LANGUAGES)})
    threads: int = field(default=0, metadata={"parse": _number(int, 0, 1024)})
    engine_path: str = field(default="auto", metadata={"parse": _one_of(*ENGINE_PATHS)})
    starting_weights: str = field(default="factory", metadata={"parse": _one_of(*STARTING_WEIGHTS)})
    photo_input: str = field(default="raw", metadata={"parse": _one_of(*PHOTO_INPUTS)})
    threshold: float = field(default=0.5, metadata={"parse": _number(float, 0.01, 0.99)})
    learn_seconds: float = field(default=90.0, metadata={"parse": _number(float, 5, 86400)})
    learn_cracks: str = field(default="auto", metadata={"parse": _one_of(*LEARNS)})
    learn_min_gain: float = field(default=USUAL_RULES.min_gain, metadata={"parse": _number(float, 0.0, 0.5)})
    learn_confidence: float = field(
        default=USUAL_RULES.confidence, metadata={"parse": _number(float, 0.6, 0.999)}
    )
    learn_max_forgetting: float = field(
        default=USUAL_RULES.max_forgetting, metadata={"parse": _number(float, 0.0, 1.0)}
    )
    learn_labels: str = field(default="auto", metadata={"parse": _one_of(*LEARNS)})
    undo_mb: int = field(default=256, metadata={"parse": _number(int, 8, 65536)})
    shortcuts: tuple[str, ...] = field(default=(), metadata={"parse": _bindings, "environment": False})
    photo_memory_mb: int = field(default=1500, metadata={"parse": _number(int, 300, 1_000_000)})
    tile_cache_mb: int = field(default=4000, metadata={"parse": _number(int, 0, 10_000_000)})
    recent_projects: tuple[Path, ...] = field(default=(), metadata={"parse": _paths, "environment": False})
    tool_options: tuple[str, ...] = field(default=(), metadata={"parse": _texts, "environment": False})

    @property
    def gate_rules(self) -> GateRules:
        """What the gate asks of a candidate."""
        return GateRules(self.learn_min_gain, self.learn_confidence, self.learn_max_forgetting)


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and what had to be replaced by a default to get them."""

    settings: Settings
    problems: tuple[SettingsError, ...] = ()


def settings_path(environment: Mapping[str, str] | None = None) -> Path:
    """Where the settings file is, or would be."""
    named = (os.environ if environment is None else environment).get("RESATT_SETTINGS", "")
    if named:
        return Path(named)
    return platformdirs.user_config_path("resatt-studio", appauthor=False) / "settings.toml"


def load_settings(path: Path | None = None, environment: Mapping[str, str] | None = None) -> LoadedSettings:
    """Read the file, then let variables win; never raises, whatever either holds."""
    variables = os.environ if environment is None else environment
    path = settings_path(variables) if path is None else path
    values, problems = _read_file(path)
    settings = Settings()
    settings, more = _applied(settings, values, f"Settings file {path}: ")
    named = {
        item.name: variables[f"RESATT_{item.name.upper()}"]
        for item in fields(Settings)
        if item.metadata.get("environment", True) and f"RESATT_{item.name.upper()}" in variables
    }
    settings, still_more = _applied(settings, named, "Environment variable RESATT_", str.upper)
    return LoadedSettings(settings, (*problems, *more, *still_more))


def change_settings(path: Path | None = None, **changes: object) -> Settings:
    """Write ``changes`` to the file and return what it now holds (without the variables).

    A file that could not be understood, or that a newer version wrote, is kept beside it as ``.bak``.

    Raises:
        SettingsError: A change has no meaning.
        SettingsNotKept: The file cannot be written.
    """
    path = settings_path() if path is None else path
    values, problems = _read_file(path)
    before, _ = _applied(Settings(), values, "")
    parsers = {item.name: item.metadata["parse"] for item in fields(Settings)}
    plain = {
        name: [str(p) for p in value] if isinstance(value, tuple) else value
        for name, value in changes.items()
    }
    for name, value in plain.items():
        if name not in parsers:
            raise SettingsError(f"There is no setting {name!r}.", f"Choose one of {', '.join(parsers)}.")
        try:
            before = replace(before, **{name: parsers[name](value)})
        except ValueError as error:
            raise SettingsError(f"Setting {name} = {value!r} {error}.") from None
    try:
        if problems and path.exists():
            # A copy, so that a disk that is full leaves the file where it was.
            write_whole(path.with_name(path.name + ".bak"), path.read_bytes())
        write_whole(path, _as_toml(before).encode())
    except UnicodeEncodeError as error:
        raise SettingsNotKept(
            f"Settings file {path} cannot hold {error.object[error.start : error.end]!r}, which is not valid "
            "Unicode.",
            "Rename the folder that is called so.",
        ) from error
    except OSError as error:
        raise SettingsNotKept(
            f"Settings file {path} cannot be written: {error.strerror or error}.",
            "Give it write permission, or name another file in RESATT_SETTINGS.",
        ) from error
    return before


def remember_project(folder: Path, path: Path | None = None) -> Settings:
    """Put ``folder`` first in the list of recent projects."""
    folder = folder.resolve()
    known = load_settings(path, {} if path is not None else None).settings.recent_projects
    recent = (folder, *(other for other in known if other != folder))[:RECENT_PROJECTS]
    return change_settings(path, recent_projects=recent)


def _applied(
    settings: Settings, values: Mapping[str, Any], where: str, spell: Callable[[str], str] = str
) -> tuple[Settings, list[SettingsError]]:
    parsers = {item.name: item.metadata["parse"] for item in fields(Settings)}
    problems = []
    for name, value in values.items():
        if name not in parsers:
            problems.append(SettingsError(f"{where}{spell(name)} is not a setting; it is ignored."))
            continue
        try:
            settings = replace(settings, **{name: parsers[name](value)})
        except ValueError as error:
            kept = getattr(settings, name)
            problems.append(
                SettingsError(f"{where}{spell(name)} = {value!r} {error}.", f"{kept!r} is used instead.")
            )
    return settings, problems


def _read_file(path: Path) -> tuple[dict[str, Any], list[SettingsError]]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError, RecursionError) as error:  # whatever a file may do to the parser
        message = f"Settings file {path} cannot be read: {error}."
        return {}, [SettingsError(message, "The defaults are used; the next change writes a new file.")]
    version = values.pop("version", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        return values, [
            SettingsError(f"Settings file {path}: version = {version!r} is not a version number.")
        ]
    if version > VERSION:
        message = f"Settings file {path} was written by a newer version of ResAtt Studio."
        return values, [SettingsError(message, "What this version understands is used.")]
    for upgrade in _UPGRADES[version:]:
        values = upgrade(values)
    return values, []


def _from_handwritten(values: dict[str, Any]) -> dict[str, Any]:
    """Version 0 to 1: people write ``learn-seconds`` and ``Device = "CPU"``; the file has one spelling."""
    plain = {re.sub(r"[\s-]+", "_", name.strip().lower()): value for name, value in values.items()}
    for name in ("device", "theme"):
        if isinstance(plain.get(name), str):
            plain[name] = plain[name].strip().lower()
    return plain


_UPGRADES: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (_from_handwritten,)
"""Step n turns a file of version n into one of version n + 1."""


def _as_toml(settings: Settings) -> str:
    lines = [
        "# ResAtt Studio settings; a RESATT_<NAME> variable wins over a line of this file.",
        f"version = {VERSION}",
    ]
    for item in fields(Settings):
        value = getattr(settings, item.name)
        plain = [str(part) for part in value] if isinstance(value, tuple) else value
        # JSON's strings, numbers and flat lists of strings are TOML as well, but for DEL.
        lines.append(f"{item.name} = {json.dumps(plain, ensure_ascii=False)}".replace("\x7f", "\\u007f"))
    return "\n".join(lines) + "\n"
