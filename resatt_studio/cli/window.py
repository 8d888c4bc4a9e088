"""``gui`` and ``demo``: the window, and the whole loop on the bundled photos."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from resatt_studio.cli.choices import chosen_settings, spare_threads
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
    from resatt_studio.cli.replay import paint
    from resatt_studio.workflow.demo import run_demo
    from resatt_studio.workflow.doctor import has_screen

    settings = chosen_settings()
    job = run_demo(out, device=settings.device, threads=spare_threads(settings), paint=paint)
    done = watch(job, "Demo")
    learned = f"{done.corrected} ({done.strokes} strokes) in {done.seconds:.0f} s altogether"
    say(None, f"Corrected and learned from {learned}. Dice on the photos it did not learn from:")
    lines = [
        *((row.name, row.before, row.after) for row in done.rows),
        ("all of them, pooled", done.before.dice, done.after.dice),
    ]
    rows = [(name, f"{old:.3f}", f"{new:.3f}", f"{new - old:+.3f}") for name, old, new in lines]
    show_table(None, "", ("photo", "before", "after", "change"), rows)
    say(None, done.verdict.reason)
    say(None, f"{len(done.files)} files in {out.absolute()}; the project is {done.project}")
    if has_screen() if window is None else window:
        from resatt_studio.app.main import run

        raise typer.Exit(run(done.project))
    for path in screenshots(done.project, out.absolute() / "screenshots"):
        say(None, str(path))


def screenshots(project: Path, out: Path) -> list[Path]:
    """Render the real window without a screen; its pictures are in ``out``."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from resatt_studio.app.main import screenshots as render

    return list(render(project, out))
