"""Options that fall back to the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from resatt_studio.cli.console import warn
from resatt_studio.settings import Settings, load_settings

Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="auto|cpu|cuda|mps", help="Where the network runs; auto asks the settings first."
    ),
]

Inverted = Annotated[bool, typer.Option("--inverted", help="Black (0) is crack in the masks, white is not.")]


def chosen_settings() -> Settings:
    """The settings; what is wrong with them is told on stderr."""
    loaded = load_settings()
    for problem in loaded.problems:
        warn(str(problem))
    return loaded.settings


def chosen_device(option: str, settings: Settings) -> str:
    """``option`` unless it is "auto"; then what the settings say."""
    return settings.device if option == "auto" else option


def chosen_threads(settings: Settings) -> int | None:
    """Threads of the networks; None for all cores."""
    return settings.threads or None


def spare_threads(settings: Settings) -> Callable[[], int]:
    """Threads for work that is bound by time and need not repeat to the bit: the cores that other programs
    leave, at most as many as the settings say."""
    from resatt_studio.workflow.courtesy import Courtesy

    return Courtesy(settings.threads).threads_now
