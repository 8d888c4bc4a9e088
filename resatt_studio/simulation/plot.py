"""Curves of a simulation as a picture; matplotlib is loaded here and only when asked for."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from resatt_studio.errors import ExportError
from resatt_studio.imaging.writing import write_whole
from resatt_studio.simulation.points import Point, at_photos, at_seconds, by_session
from resatt_studio.simulation.recipes import RECIPES

_MOMENTS = 200  # of a curve against time


def require_matplotlib() -> Any:
    """The class of matplotlib's figures.

    Raises:
        ExportError: It is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ExportError(
            "A plot needs matplotlib, which is not installed.",
            "Run pip install matplotlib, or leave the plot out with --no-plot.",
        ) from error
    return Figure


def draw_plot(path: Path, points: Sequence[Point], title: str = "") -> None:
    """Draw Dice on unseen photos against simulated seconds and against photos, mean and range over seeds.

    Args:
        path: A PNG.
        points: Of one simulation, at least one.
        title: Above the picture.

    Raises:
        ExportError: matplotlib is not installed, or the file cannot be written.
    """
    figure = require_matplotlib()(figsize=(11, 4.5), layout="constrained")
    by_time, by_photo = figure.subplots(1, 2, sharey=True)
    sessions = by_session(points)
    longest = max(point.simulated_s for point in points)
    most = max(point.photos for point in points)
    moments = np.linspace(0, longest or 1.0, _MOMENTS)
    for recipe in dict.fromkeys(name for name, _ in sessions):
        mine = [session for (name, _), session in sessions.items() if name == recipe]
        label = RECIPES[recipe].title if recipe in RECIPES else recipe
        _curve(by_time, label, moments, mine, at_seconds, drawstyle="steps-post")
        _curve(by_photo, label, np.arange(most + 1), mine, lambda session, one: at_photos(session, int(one)),
               marker="o", markersize=3)  # fmt: skip
    by_time.set(xlabel="simulated seconds", ylabel="Dice on unseen photos")
    by_photo.set(xlabel="photos approved and learned from so far")
    by_photo.xaxis.get_major_locator().set_params(integer=True)
    by_photo.legend(fontsize="small")
    for axes in (by_time, by_photo):
        axes.grid(alpha=0.3)
    figure.suptitle(title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    write_whole(path, buffer.getvalue())


def _curve(
    axes: Any,
    label: str,
    places: np.ndarray[Any, Any],
    sessions: Sequence[Sequence[Point]],
    at: Callable[[Sequence[Point], float], Point],
    **look: Any,
) -> None:
    dice = np.array([[at(session, float(place)).dice for place in places] for session in sessions])
    (line,) = axes.plot(places, dice.mean(axis=0), label=label, **look)
    step = "post" if "drawstyle" in look else None
    low, high = dice.min(axis=0), dice.max(axis=0)
    axes.fill_between(places, low, high, step=step, alpha=0.12, color=line.get_color())
