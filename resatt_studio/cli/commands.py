"""The table of commands; ``gui`` is what runs when none is named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from resatt_studio import __version__
from resatt_studio.cli import (
    heatmap,
    learn,
    machine,
    networks,
    next_photos,
    photos,
    projects,
    review,
    simulate,
    weights,
    window,
)


class _DefaultToWindow(TyperGroup):
    """``resatt-studio`` and ``resatt-studio NAME.resatt`` open the window."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args:
            args = ["gui"]
        elif args[0] not in self.commands and Path(args[0]).suffix.lower() == ".resatt":
            args = ["gui", *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


app = typer.Typer(
    name="resatt-studio",
    cls=_DefaultToWindow,
    help="Few-shot crack annotation: predict, correct, learn on the spot, export.",
    epilog="Exit codes: 0 done, 1 a bug, 2 something to mend (stderr says what and how), 130 interrupted.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("gui")(window.gui)
app.command("demo")(window.demo)
app.command("new")(projects.new)
app.command("add")(projects.add)
app.command("predict")(photos.predict)
app.command("label")(networks.label)
app.command("heatmap")(heatmap.heatmap)
app.command("dehaze")(networks.dehaze)
app.command("finetune")(learn.finetune)
app.command("evaluate")(photos.evaluate)
app.command("next")(next_photos.next_photos)
app.command("export")(projects.export)
app.command("threshold")(projects.threshold)
app.add_typer(review.app, name="review")
app.add_typer(weights.app, name="weights")
app.command("train")(learn.train)
app.command("simulate")(simulate.simulate)
app.command("doctor")(machine.doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"resatt-studio {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Few-shot crack annotation: predict, correct, learn on the spot, export."""
