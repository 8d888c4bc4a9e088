"""Weights from the beginning: the ``train`` command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resatt_studio.errors import LearningError
from resatt_studio.imaging.opening import is_folder
from resatt_studio.records.weights import WeightsFile
from resatt_studio.workflow.jobs import Job, progress

if TYPE_CHECKING:
    from resatt_studio.learning.training.loop import TrainReport


def train_weights(
    config: Path | None, data: Sequence[Path], out: Path, *, task: str = "", resume: bool = False
) -> Job[WeightsFile]:
    """Train on folders of photos and write the weights to ``out``.

    Args:
        config: TOML with every option; None takes the task's default options.
        data: Folders with ``images``, ``masks`` and the lists ``train.txt`` and ``val.txt``.
        out: The safetensors file to write; the checkpoint lies beside it.
        task: "crack", "label" or "dehaze"; "" for what the configuration says.
        resume: Go on from that checkpoint.

    Raises:
        LearningError: A folder, the options or the checkpoint does not fit.
    """
    from resatt_studio.learning.training.loop import train
    from resatt_studio.learning.training.registry import read_options

    missing = [str(folder) for folder in data if not is_folder(folder)]
    if missing:
        raise LearningError(f"There is no folder {', '.join(missing)}.", "Check the paths after --data.")
    options = read_options(config, task)
    steps = train(options, data, out, resume)
    try:
        while True:
            report = next(steps)
            yield progress(round(100 * report.progress), 100, "%", _words(report), report)
    except StopIteration as end:
        weights: WeightsFile = end.value
        return weights
    finally:
        steps.close()


def _words(report: TrainReport) -> str:
    loss = "" if report.loss is None else f", loss {report.loss:.4f}"
    return f"{report.phase} {report.detail}, step {report.step}{loss}"
