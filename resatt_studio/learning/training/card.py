"""What a weights file says about its own making: data and terms, options, code version and scores."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import torch

from resatt_studio import __version__
from resatt_studio.learning.training.options import RunOptions
from resatt_studio.learning.training.task import Verdict
from resatt_studio.models.registry import model_entry


def card(
    config: RunOptions,
    terms: Mapping[str, Any],
    folders: Sequence[Path],
    steps: int,
    seconds: float,
    judgement: Verdict | None,
    out: str,
    earlier_steps: int = 0,
) -> dict[str, str]:
    """Header entries of a weights file; all strings, nested ones as JSON. ``terms`` are the task's.

    Folders and files appear by their last name only: where somebody keeps them is nobody else's business.
    """
    start = Path(config.start_from).name
    return {
        "command": _command(config, out),
        "title": model_entry(config.model).title,
        "input_range": model_entry(config.model).input_range,
        "data": json.dumps(terms or {"folders": [Path(folder).name for folder in folders]}, sort_keys=True),
        "options": json.dumps(config.to_table() | {"start_from": start}, sort_keys=True),
        "started_from": start,
        "steps": str(steps),
        "earlier_steps": str(earlier_steps),
        "seconds": f"{seconds:.0f}",
        "scores": json.dumps(judgement.for_card() if judgement else {}, sort_keys=True),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "app": __version__,
        "commit": commit(),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }


class Lent(Protocol):
    """A set of photos as a configuration describes it: its share, its owners' terms, where it comes from."""

    @property
    def weight(self) -> float: ...

    @property
    def licence(self) -> str: ...

    @property
    def source(self) -> str: ...


def terms_of(sets: Mapping[str, Lent]) -> dict[str, Any]:
    """What the header says of each set that was learned from."""
    return {
        name: {"licence": options.licence, "source": options.source, "weight": options.weight}
        for name, options in sets.items()
        if options.weight > 0
    }


def steps_of(header: Mapping[str, str]) -> int:
    """Optimiser steps that weights took up to their best moment, those of earlier parts included."""
    return int(header.get("steps", "0")) + int(header.get("earlier_steps", "0"))


def _command(config: RunOptions, out: str) -> str:
    chosen = f" --config {config.name}" if config.name else ""
    task = "" if config.task == "crack" else f" --task {config.task}"
    return f"resatt-studio train{task} --data DATA{chosen} --out {out}"


def commit() -> str:
    """Commit of the checkout this runs from, or "" when it is an installation or git is not there."""
    folder = Path(__file__).resolve().parents[3]
    if not (folder / ".git").exists():
        return ""
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
