"""What the terminal shows: progress bars and problems on stderr, results on stdout, JSON for programs."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import JobProgress
from resatt_studio.workflow.jobs import Job, drain

T = TypeVar("T")

USER_ERROR = 2
BUG = 1
INTERRUPTED = 130
READER_GONE = 141

PIPE_COLUMNS = 200


def out() -> Console:
    """Console of results."""
    return _console(stderr=False)


def err() -> Console:
    """Console of everything that is not a result."""
    return _console(stderr=True)


def _console(stderr: bool) -> Console:
    """A terminal has its own width; in a file or a pipe, tables shall not be squeezed into 80 columns."""
    console = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = PIPE_COLUMNS
    return console


def watch(job: Job[T], title: str, describe: Callable[[JobProgress], str] | None = None) -> T:
    """Run ``job`` to its end under a progress bar on stderr and return its result.

    Args:
        job: A workflow verb.
        title: Shown before the bar.
        describe: Text after the bar for a report; the report's message by default.
    """
    columns = (
        TextColumn("{task.fields[title]}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    console = err()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, title=title)

        def show(report: JobProgress) -> None:
            text = describe(report) if describe is not None else report.message
            bar.update(task, completed=report.done, total=report.total or None, description=escape(text))

        return drain(job, show)


@contextmanager
def finish_on_interrupt(note: str) -> Iterator[threading.Event]:
    """Let the first Ctrl-C ask for an early end by the yielded event; the second interrupts as usual."""
    import signal

    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def ask(number: int, frame: object) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()
        err().print(f"\n{note} Press Ctrl-C again to give up.")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


def write_json(target: Path | None, value: Mapping[str, Any]) -> None:
    """Write ``value`` to a file, or to stdout when ``target`` is "-"; nothing when it is None.

    Raises:
        ExportError: The file cannot be written.
    """
    if target is None:
        return
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if str(target) == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from resatt_studio.imaging.writing import write_whole

    write_whole(target, text.encode(errors="replace"))  # names on Linux may be no Unicode


def say(json_target: Path | None, text: str) -> None:
    """Print a result for people; on stderr when stdout is kept clean for JSON."""
    (err() if str(json_target) == "-" else out()).print(escape(text))


def show_table(
    json_target: Path | None,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    text_columns: int = 1,
) -> None:
    """Print a table for people; on stderr when stdout is kept clean for JSON.

    The first ``text_columns`` are set to the left, the others are numbers and set to the right.
    """
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < text_columns else "right", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    (err() if str(json_target) == "-" else out()).print(table)


def warn(text: str) -> None:
    """Print a remark about something that was left out."""
    err().print(f"[yellow]![/yellow] {escape(text)}")


def show_error(error: StudioError) -> None:
    """Print what is wrong, and below it what cures it."""
    console = err()
    console.print(f"[red]Error:[/red] {escape(error.message)}")
    if error.hint:
        console.print(f"  {escape(error.hint)}")
