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
    from resatt_studio.simulation.report import Simulation


def simulate(
    photo_set: Annotated[
        Path, typer.Argument(metavar="SET", help="Folder with images/, masks/, train.txt and test.txt.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for simulation.json, .csv, .md and .png.")],
    list_file: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="Stems the inspector may get; default: train.txt."),
    ] = None,
    test_list: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Stems that only judge; default: test.txt.")
    ] = None,
    test_photos: Annotated[
        int, typer.Option(metavar="N", min=0, help="Judge on so many photos of each set; 0 for all.")
    ] = 0,
    unseen_photos: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of SET alone; default: as --test-photos says.")
    ] = 0,
    elsewhere_photos: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of each other set; default: as --test-photos says.")
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
    first_seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Begin with this inspector instead of the first.")
    ] = 0,
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
    wrong_strokes: Annotated[
        float,
        typer.Option(metavar="SHARE", min=0.0, max=1.0, help="So large a share of strokes comes out wrong."),
    ] = 0.0,
    upside_down: Annotated[
        int, typer.Option(metavar="N", min=0, help="So many approved photos are labelled upside down.")
    ] = 0,
    jobs: Annotated[
        int, typer.Option(metavar="N", min=1, help="Sessions at once, each in a process with one thread.")
    ] = 1,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="To start from; default: the factory weights.")
    ] = None,
    plot: Annotated[bool, typer.Option("--plot/--no-plot", help="Draw simulation.png.")] = True,
    device: Device = "auto",
) -> None:
    """Walk simulated inspectors through photos with hidden truth, and compare ways of learning.

    What DIR holds of the same simulation is not walked again.
    """
    from resatt_studio.cli.replay import paint
    from resatt_studio.records.training import FineTunePlan
    from resatt_studio.simulation.machine import Prices
    from resatt_studio.simulation.mistakes import HandNoise
    from resatt_studio.simulation.photo_set import own_list, read_pairs, spread
    from resatt_studio.simulation.plot import draw_plot, require_matplotlib
    from resatt_studio.simulation.recipes import RECIPES, find_recipe
    from resatt_studio.simulation.report import write_csv, write_json
    from resatt_studio.simulation.resume import continued
    from resatt_studio.simulation.run import SimulationPlan, Surface, settings_of
    from resatt_studio.simulation.run import simulate as simulated
    from resatt_studio.simulation.tables import all_tables, write_markdown
    from resatt_studio.simulation.walk import SessionPlan

    settings = chosen_settings()
    if plot:
        require_matplotlib()  # told before hours of work
    recipes = [find_recipe(name) for name in recipe or RECIPES]
    surface = Surface(
        name=photo_set.resolve().name,
        opened=read_pairs(photo_set, list_file or own_list(photo_set, "train")),
        unseen=spread(
            read_pairs(photo_set, test_list or own_list(photo_set, "test")), unseen_photos or test_photos
        ),
        elsewhere=_elsewhere(other or [], elsewhere_photos or test_photos),
    )
    limit_s = seconds if seconds is not None else settings.learn_seconds
    session = SessionPlan(
        recipe=recipes[0],
        photos=photos,
        order=order,
        waits=wait,
        learning=FineTunePlan(seconds=_NO_LIMIT_S if steps else limit_s, steps=steps),
        prices=Prices() if steps else None,
        noise=HandNoise(wrong_strokes, upside_down),
        device=chosen_device(device, settings),
        # Sums depend on the number of threads: one, where the same points are promised whatever --jobs is.
        threads=1 if steps or jobs > 1 else chosen_threads(settings),
    )
    session.noise.turned(photos, seed=0)  # told before any work
    plan = SimulationPlan(recipes, seeds, session, pool, weights, jobs, first_seed)
    known = continued(out / "simulation.json", settings_of(surface, plan))

    def keep(simulation: Simulation) -> None:
        write_json(out / "simulation.json", simulation)
        write_csv(out / "simulation.csv", simulation.points)

    simulation = watch(simulated(surface, plan, paint, keep, known), "Simulating")
    title = f"{surface.name}, inspectors: {len({point.seed for point in simulation.points})}"
    tables = all_tables(simulation.points)
    write_markdown(out / "simulation.md", title, tables)
    if plot:
        draw_plot(out / "simulation.png", simulation.points, title)
    for table in tables:
        if len(table.rows) <= _MOST_ROWS:
            show_table(None, table.title, table.columns, table.rows, table.text_columns)
    say(None, f"{len(simulation.points)} points in {out}; all tables in {out / 'simulation.md'}")


_MOST_ROWS = 20
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
