"""``simulate``: a simulated inspector measures how fast the app learns, and other ways beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resatt_studio.cli.choices import Device, chosen_device, chosen_settings, chosen_threads
from resatt_studio.cli.console import say, show_table, watch

if TYPE_CHECKING:
    from resatt_studio.simulation.photo_set import PhotoPair
    from resatt_studio.simulation.points import Point
    from resatt_studio.simulation.report import Simulation, TableRow

PHOTO_COUNTS = (0, 1, 2, 5, 10, 20)
BUDGETS_S = (120.0, 300.0, 600.0, 1200.0)


def simulate(
    photo_set: Annotated[
        Path, typer.Argument(metavar="SET", help="Folder with images/, masks/, train.txt and test.txt.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for simulation.json, simulation.csv, simulation.png.")
    ],
    list_file: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="Stems the inspector may get; default: train.txt."),
    ] = None,
    test_list: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Stems that only judge; default: test.txt.")
    ] = None,
    test_photos: Annotated[
        int, typer.Option(metavar="N", min=0, help="Judge on so many photos of a set; 0 for all.")
    ] = 0,
    other: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="SET",
            help="Other sets, whose test.txt shows what is forgotten; default: the reference scenes.",
        ),
    ] = None,
    recipe: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Give it again for more; default: all.")
    ] = None,
    photos: Annotated[int, typer.Option(metavar="N", min=1, help="Photos that are approved.")] = 10,
    pool: Annotated[
        int, typer.Option(metavar="N", min=0, help="Photos to choose from; default: 4 times as many.")
    ] = 0,
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="Inspectors for each recipe.")] = 5,
    seconds: Annotated[
        float | None, typer.Option(metavar="N", min=1.0, help="Wall-clock limit of one run of learning.")
    ] = None,
    steps: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Steps of one run instead of seconds; then it can be repeated exactly."
        ),
    ] = 0,
    order: Annotated[
        str, typer.Option(metavar="uncertain|next|name|random", help="Which photo comes next.")
    ] = "uncertain",
    wait: Annotated[
        bool, typer.Option("--wait", help="The inspector waits for learning before the next photo.")
    ] = False,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="To start from; default: the factory weights.")
    ] = None,
    plot: Annotated[bool, typer.Option("--plot/--no-plot", help="Draw simulation.png.")] = True,
    device: Device = "auto",
) -> None:
    """Walk simulated inspectors through photos with hidden truth, and compare ways of learning."""
    from resatt_studio.cli.replay import paint
    from resatt_studio.records.training import FineTunePlan
    from resatt_studio.simulation.machine import Prices
    from resatt_studio.simulation.photo_set import own_list, read_pairs, spread
    from resatt_studio.simulation.plot import draw_plot, require_matplotlib
    from resatt_studio.simulation.recipes import RECIPES, find_recipe
    from resatt_studio.simulation.report import write_csv, write_json
    from resatt_studio.simulation.run import SimulationPlan, Surface
    from resatt_studio.simulation.run import simulate as simulated
    from resatt_studio.simulation.walk import SessionPlan

    settings = chosen_settings()
    if plot:
        require_matplotlib()  # told before hours of work
    recipes = [find_recipe(name) for name in recipe or RECIPES]
    surface = Surface(
        name=photo_set.resolve().name,
        opened=read_pairs(photo_set, list_file or own_list(photo_set, "train")),
        unseen=spread(read_pairs(photo_set, test_list or own_list(photo_set, "test")), test_photos),
        elsewhere=_elsewhere(other or [], test_photos),
    )
    limit_s = seconds if seconds is not None else settings.learn_seconds
    session = SessionPlan(
        recipe=recipes[0],
        photos=photos,
        order=order,
        waits=wait,
        learning=FineTunePlan(seconds=_NO_LIMIT_S if steps else limit_s, steps=steps),
        prices=Prices() if steps else None,
        device=chosen_device(device, settings),
        threads=chosen_threads(settings),
    )
    plan = SimulationPlan(recipes, seeds, session, pool, weights)

    def keep(simulation: Simulation) -> None:
        write_json(out / "simulation.json", simulation)
        write_csv(out / "simulation.csv", simulation.points)

    simulation = watch(simulated(surface, plan, paint, keep), "Simulating")
    if plot:
        draw_plot(out / "simulation.png", simulation.points, f"{surface.name}, inspectors: {seeds}")
    _show(simulation.points, photos)
    say(None, f"{len(simulation.points)} points in {out}")


_NO_LIMIT_S = 86400.0


def _elsewhere(others: Sequence[Path], most: int) -> Mapping[str, Sequence[PhotoPair]]:
    from resatt_studio.resources import asset
    from resatt_studio.simulation.photo_set import own_list, read_pairs, spread
    from resatt_studio.simulation.scoring import reference_pairs

    if not others:
        return {"reference": spread(reference_pairs(asset("reference")), most)}
    return {
        folder.resolve().name: spread(read_pairs(folder, own_list(folder, "test")), most) for folder in others
    }


def _show(points: Sequence[Point], photos: int) -> None:
    from resatt_studio.simulation.report import summarise

    counts = [one for one in PHOTO_COUNTS if one < photos] + [photos]
    longest = max(point.simulated_s for point in points)
    budgets = [one for one in BUDGETS_S if one <= longest]
    rows = summarise(points, counts, budgets)
    columns = ["Dice after", *(f"{one} photos" for one in counts), *(f"{one:.0f} s" for one in budgets)]
    show_table(None, "Mean and standard deviation over inspectors", columns, [_dice(row) for row in rows])
    names = {
        "tolerance_f1": "F1 at 2 px",
        "centreline_recall": "centre line found",
        "width_error_px": "width error, px",
        "lost_elsewhere": "Dice lost elsewhere",
        "simulated_s": "seconds",
        "strokes": "strokes",
    }
    cells = [(row.recipe, *(_number(row.end[name]) for name in names)) for row in rows]
    show_table(None, "", ["at the end", *names.values()], cells)


def _dice(row: TableRow) -> list[str]:
    spreads = [*row.dice_at_photos.values(), *row.dice_at_seconds.values()]
    return [row.recipe, *(f"{mean:.3f} ±{deviation:.3f}" for mean, deviation in spreads)]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.3f}"
