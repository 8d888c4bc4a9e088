"""What a weights file says about its own making: data and terms, options, code version and scores."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch

from resatt_studio import __version__
from resatt_studio.learning.judging import Judgement
from resatt_studio.learning.training_config import TrainConfig
from resatt_studio.models.registry import model_entry


def card(
    config: TrainConfig,
    folders: Sequence[Path],
    steps: int,
    seconds: float,
    judgement: Judgement | None,
    out: str,
) -> dict[str, str]:
    """Header entries of a weights file; all strings, nested ones as JSON.

    Folders appear by their last name only: where somebody keeps photos is nobody else's business.
    """
    sets = {
        name: {"licence": options.licence, "source": options.source, "weight": options.weight}
        for name, options in config.sets.items()
        if options.weight > 0
    }
    return {
        "command": _command(config, out),
        "title": model_entry(config.model).title,
        "input_range": model_entry(config.model).input_range,
        "data": json.dumps(sets or {"folders": [Path(folder).name for folder in folders]}, sort_keys=True),
        "options": json.dumps(config.to_table(), sort_keys=True),
        "started_from": Path(config.start_from).name,
        "steps": str(steps),
        "seconds": f"{seconds:.0f}",
        "scores": json.dumps(_scores(judgement), sort_keys=True),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "app": __version__,
        "commit": commit(),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }


def _command(config: TrainConfig, out: str) -> str:
    chosen = f" --config {config.name}" if config.name else ""
    return f"resatt-studio train --data DATA{chosen} --out {out}"


def commit() -> str:
    """Commit of the checkout this runs from, or "" when it is an installation or git is not there."""
    folder = Path(__file__).resolve().parents[2]
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


def _scores(judgement: Judgement | None) -> dict[str, object]:
    if judgement is None:
        return {}
    return {
        "split": "validation",
        "sets": {name: asdict(scores) for name, scores in judgement.sets.items()},
        "quiet_crack_free": judgement.quiet,
    }
