"""The resume point of a training run, written whole or not at all."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import torch

from resatt_studio.durable import write_whole
from resatt_studio.errors import LearningError
from resatt_studio.learning.training.options import RunOptions

_OF_THE_MACHINE = {"threads", "workers"}  # a run may go on on another machine


def save_checkpoint(path: Path, config: RunOptions, tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    """Write tensors and facts beside the weights; a crash leaves the old checkpoint or the new one.

    Args:
        path: Where.
        config: Of the run; resuming compares it.
        tensors: State dicts.
        facts: Whatever JSON can hold.

    Raises:
        LearningError: It cannot be written.
    """
    buffer = io.BytesIO()
    text = json.dumps({"config": config.to_table(), "facts": facts})
    torch.save({"tensors": tensors, "text": text}, buffer)
    try:
        write_whole(path, buffer.getbuffer())
    except OSError as error:
        raise LearningError(
            f"{path} cannot be written: {error.strerror or error}.", "Make room, or choose another folder."
        ) from error


def load_checkpoint(path: Path, config: RunOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what :func:`save_checkpoint` wrote: tensors and facts.

    Raises:
        LearningError: It is damaged, or belongs to a run with other options.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        text = json.loads(content["text"])
        tensors, facts, stored = content["tensors"], text["facts"], text["config"]
    except (
        OSError,
        RuntimeError,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        raise LearningError(f"{path} is damaged.", "Delete it and train from the start.") from error
    wanted = json.loads(json.dumps(config.to_table()))
    names = (wanted.keys() | stored.keys()) - _OF_THE_MACHINE
    different = sorted(name for name in names if wanted.get(name) != stored.get(name))
    if different:
        raise LearningError(
            f"{path} belongs to a run with other options ({', '.join(different)}).",
            "Use that run's configuration, or train without --resume.",
        )
    return tensors, facts
