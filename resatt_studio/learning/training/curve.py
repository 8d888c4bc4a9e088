"""The curve of a run, as a CSV beside the weights: loss and rate as it learns, scores when it is judged."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path

from resatt_studio.learning.training.task import Verdict

_EVERY = 10
_COLUMNS = ("step", "seconds", "loss", "learning_rate", "score")


class Curve:
    """Appends lines to ``<out>.curve.csv``; a disk that is full costs the curve, not the run.

    Args:
        out: The weights file that the run writes.
        step: Steps done already; 0 begins a new curve.
    """

    def __init__(self, out: Path, step: int = 0) -> None:
        self._path = out.with_name(out.name + ".curve.csv")
        if not step or not self._path.is_file():
            self._write("w", _COLUMNS)

    def add(self, step: int, seconds: float, loss: float | None, rate: float) -> None:
        """Note a step; every tenth is written."""
        if step % _EVERY == 0 and loss is not None:
            self._write("a", (step, f"{seconds:.1f}", f"{loss:.5f}", f"{rate:.3e}", ""))

    def judged(self, step: int, seconds: float, verdict: Verdict | None) -> None:
        """Note a judgement."""
        if verdict is not None:
            self._write("a", (step, f"{seconds:.1f}", "", "", f"{verdict.score:.5f}"))

    def _write(self, mode: str, row: tuple[object, ...]) -> None:
        with contextlib.suppress(OSError), self._path.open(mode, newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(row)
