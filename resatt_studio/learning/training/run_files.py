"""Checkpoint, curve and best weights of a training run, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from resatt_studio.errors import BugError
from resatt_studio.learning.training.card import card
from resatt_studio.learning.training.curve import Curve
from resatt_studio.learning.training.options import RunOptions
from resatt_studio.learning.training.run import Keeper, Run
from resatt_studio.learning.training.state import load_checkpoint, save_checkpoint
from resatt_studio.learning.training.task import Task
from resatt_studio.models.state import pack_weights, write_weights
from resatt_studio.records.weights import WeightsFile

_CHECKPOINT_SECONDS = 60.0


class RunFiles(Keeper):
    """Keeps a run on the disk: ``<out>``, ``<out>.checkpoint`` and ``<out>.curve.csv``.

    Args:
        out: The weights file.
        task, config, folders: What is learned, how, and from where.
        resume: Begin with the checkpoint when there is one.
        earlier_steps: Of the weights that the run began with.
    """

    def __init__(
        self,
        out: Path,
        task: Task,
        config: RunOptions,
        folders: Sequence[Path],
        resume: bool,
        earlier_steps: int = 0,
    ) -> None:
        self._out, self._task, self._config, self._folders = out, task, config, folders
        self._checkpoint = out.with_name(out.name + ".checkpoint")
        self._resume, self._earlier_steps = resume, earlier_steps
        self._saved = 0.0
        self._curve: Curve | None = None
        self._weights: WeightsFile | None = None

    def begin(self, run: Run) -> None:
        if self._resume and self._checkpoint.is_file():
            _restore(run, self._task, self._checkpoint, self._config)
        self._saved = run.seconds
        self._curve = Curve(self._out, run.step)

    def stepped(self, run: Run, rate: float) -> None:
        if self._curve is not None:
            self._curve.add(run.step, run.seconds, run.loss, rate)
        if run.seconds - self._saved >= _CHECKPOINT_SECONDS:
            self.stopped(run)
            self._saved = run.seconds

    def judged(self, run: Run) -> None:
        config = self._config
        terms, name = self._task.terms(), self._out.name
        metadata = card(config, terms, self._folders, *run.best_at, run.judgement, name, self._earlier_steps)
        metadata |= self._task.facts()
        self._weights = pack_weights(config.model, config.network, run.best, metadata, half=True)
        write_weights(self._out, self._weights)
        if self._curve is not None:
            self._curve.judged(run.step, run.seconds, run.newest)

    def stopped(self, run: Run) -> None:
        _save(run, self._checkpoint, self._config)

    def finish(self) -> WeightsFile:
        """Remove the checkpoint of a run that came to its end, and return the best weights."""
        if self._weights is None:
            raise BugError("a run ended without a judgement")
        self._checkpoint.unlink(missing_ok=True)
        return self._weights


def _save(run: Run, path: Path, config: RunOptions) -> None:
    save_checkpoint(
        path,
        config,
        {
            "network": run.network.state_dict(),
            "average": run.average.state_dict(),
            "optimiser": run.optimiser.state_dict(),
            "best": run.best,
        },
        {
            "step": run.step,
            "seconds": run.seconds,
            "held": run.held,
            "loss": run.loss,
            "best_score": run.best_score,
            "best_at": run.best_at,
            "judgement": run.judgement.to_table() if run.judgement else None,
        },
    )


def _restore(run: Run, task: Task, path: Path, config: RunOptions) -> None:
    tensors, facts = load_checkpoint(path, config)
    run.network.load_state_dict(tensors["network"])
    run.average.load_state_dict(tensors["average"])
    run.optimiser.load_state_dict(tensors["optimiser"])
    run.best = tensors["best"]
    run.step, run.seconds = int(facts["step"]), float(facts["seconds"])
    run.judgement = task.verdict_from(facts["judgement"]) if facts["judgement"] else None
    run.best_at = (int(facts["best_at"][0]), float(facts["best_at"][1]))
    run.held, run.loss, run.best_score = bool(facts["held"]), facts["loss"], float(facts["best_score"])
