"""``gui`` and ``demo``: the window, and the whole loop on the bundled photos."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from resatt_studio.cli.console import say, show_table, watch


def gui(
    project: Annotated[
        Path | None, typer.Argument(metavar="[PROJECT]", help="Project folder; else the last one or none.")
    ] = None,
) -> None:
    """Open the window (the default)."""
    from resatt_studio.app.main import run

    raise typer.Exit(run(project))


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where project, exports and screenshots go.")
    ] = Path("demo-out"),
    window: Annotated[
        bool | None,
        typer.Option(
            "--window/--no-window", help="Open the window at the end; by default when there is a screen."
        ),
    ] = None,
) -> None:
    """Run the whole loop on the bundled photos: predict, correct, learn, compare, promote, export."""
    from resatt_studio.workflow.demo import run_demo
    from resatt_studio.workflow.doctor import has_screen

    outcome = watch(run_demo(out), "Demo")
    rows = [
        (row.name, f"{row.before:.3f}", f"{row.after:.3f}", f"{row.after - row.before:+.3f}")
        for row in outcome.rows
    ]
    show_table(None, "Dice on photos it did not learn from", ("photo", "before", "after", "change"), rows)
    say(None, outcome.summary)
    with_window = has_screen() if window is None else window
    if with_window:
        from resatt_studio.app.main import run

        raise typer.Exit(run(outcome.project))
    screenshots(outcome.project, out / "screenshots")


def screenshots(project: Path, out: Path) -> None:
    """Render the real window without a screen and write its pictures to ``out``."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from resatt_studio.app.main import screenshots as render

    for path in render(project, out):
        say(None, str(path))
