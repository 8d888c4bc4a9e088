"""Table of what can be trained from the beginning; adding a task is a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from resatt_studio.errors import LearningError
from resatt_studio.learning.training.options import RunOptions, read_table
from resatt_studio.learning.training.task import Task


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One task: its word on the command line, and the dotted names of its options and of itself."""

    name: str
    options: str
    task: str


TASKS: Mapping[str, TaskEntry] = {
    entry.name: entry
    for entry in (
        TaskEntry(
            "crack",
            "resatt_studio.learning.training.crack_config:CrackConfig",
            "resatt_studio.learning.training.crack_task:CrackTask",
        ),
        TaskEntry(
            "label",
            "resatt_studio.learning.training.label_config:LabelConfig",
            "resatt_studio.learning.training.label_task:LabelTask",
        ),
        TaskEntry(
            "dehaze",
            "resatt_studio.learning.training.dehaze_config:DehazeConfig",
            "resatt_studio.learning.training.dehaze_task:DehazeTask",
        ),
    )
}


def task_entry(name: str) -> TaskEntry:
    """Return one line of the table.

    Raises:
        LearningError: There is no such task.
    """
    if name not in TASKS:
        raise LearningError(f"There is no task called {name!r}.", f"Known: {', '.join(TASKS)}.")
    return TASKS[name]


def read_options(path: Path | None, task: str = "") -> RunOptions:
    """Read a run's configuration; without a file, the task's default one.

    Args:
        path: TOML file; its ``task`` says what it trains, "crack" when it does not say.
        task: What the caller wants trained, "" to leave it to the file.

    Raises:
        LearningError: The file is missing or no TOML, says something with no meaning, or trains another task.
    """
    if path is None:
        return cast(RunOptions, _resolve(task_entry(task or "crack").options)())
    table = read_table(path)
    named = str(table.pop("task", "crack"))
    if task and named != task:
        raise LearningError(f"{path} trains {named!r}, not {task!r}.", f"Leave --task out, or say {named}.")
    try:
        return cast(RunOptions, _resolve(task_entry(named).options).from_table(table, Path(path).parent))
    except LearningError as error:
        raise LearningError(f"{path}: {error.message}", error.hint) from error


def make_task(options: RunOptions) -> Task:
    """Build the task that these options belong to."""
    made: Callable[[RunOptions], Task] = _resolve(task_entry(options.task).task)
    return made(options)


def _resolve(dotted: str) -> Any:
    module, _, attribute = dotted.partition(":")
    return getattr(import_module(module), attribute)
