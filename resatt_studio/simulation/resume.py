"""A simulation that was cut off goes on: what its folder holds counts, when it was made the same way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import resatt_studio
from resatt_studio.errors import SettingsError
from resatt_studio.simulation.report import Simulation, read_json

DECIDING = ("inference", "learning", "records", "simulation")
DECIDING_FILES = (
    "store/split.py",
    "workflow/finetune.py",
    "workflow/home.py",
    "workflow/second_look.py",
)
"""Rooms and files a change of which may change what a session comes to."""

MAY_GROW = ("recipes", "seeds")
"""Settings that do not touch a session: more recipes and inspectors may be asked for later."""


def continued(path: Path, settings: Mapping[str, Any]) -> Simulation:
    """What an earlier call left in a file, if it was asked the same; nothing when there is no file.

    Recipes and inspectors may be others than before: sessions that were walked stay, and each belongs to its
    recipe and seed alone.

    Args:
        path: ``simulation.json`` of the folder.
        settings: What is asked for now.

    Returns:
        The sessions so far, with the recipes and inspectors of both.

    Raises:
        SettingsError: It was made with other settings; says which ones.
        ExportError: The file cannot be read or is none.
    """
    wanted: dict[str, Any] = json.loads(json.dumps(settings))
    if not path.exists():
        return Simulation(wanted)
    found = read_json(path)
    had = dict(found.settings)
    names = [name for name in dict.fromkeys([*had, *wanted]) if had.get(name) != wanted.get(name)]
    names = [name for name in names if name not in MAY_GROW]
    common = [name for name in had["recipes"] if name in wanted["recipes"]]
    if any(had["recipes"][name] != wanted["recipes"][name] for name in common):
        names.append("recipes")
    if names:
        differences = [_difference(name, had.get(name), wanted.get(name)) for name in names]
        raise SettingsError(
            f"{path.parent} holds a simulation with other settings: {'; '.join(differences)}.",
            "Give the same settings to go on with it, or another folder with --out.",
        )
    merged = {"recipes": had["recipes"] | wanted["recipes"], "seeds": max(had["seeds"], wanted["seeds"])}
    return Simulation(wanted | merged, found.points)


def code_id(package: Path | None = None) -> str:
    """What the code that decides over figures is in this checkout, as a short hash over its sources: figures
    of another state of it are not to be mixed with these. The gate's usual rules lie with the records, the
    split with the store.

    Args:
        package: Folder of the package's sources; this one's own when None.
    """
    package = package or Path(next(iter(resatt_studio.__path__)))
    sources = [source for part in DECIDING for source in sorted((package / part).rglob("*.py"))]
    sources += [package / name for name in DECIDING_FILES]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.relative_to(package).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _difference(name: str, had: Any, wanted: Any) -> str:
    """Words for one setting; of a record the parts that differ, of a long list its length."""
    if isinstance(had, Mapping) and isinstance(wanted, Mapping):
        parts = [part for part in dict.fromkeys([*had, *wanted]) if had.get(part) != wanted.get(part)]
        return ", ".join(_difference(f"{name}.{part}", had.get(part), wanted.get(part)) for part in parts)
    return f"{name} was {_short(had)} and is {_short(wanted)} now"


def _short(value: Any) -> str:
    if isinstance(value, list):
        stamp = hashlib.sha256(json.dumps(value).encode()).hexdigest()[:6]
        return f"a list of {len(value)} ({stamp})"
    return json.dumps(value, ensure_ascii=False)
