"""One table over simulations: ``python benchmarks/simulated_table.py benchmarks/results/*/``.

A folder is what ``resatt-studio simulate --out`` wrote; nothing is walked. A line is a recipe, means are over
inspectors. "Ahead" is the app's Dice less the recipe's after 1, 2, 5 and 10 photos, paired by inspector;
"lost elsewhere" the most Dice that any inspector had lost on any other set at the end. Below the table stands
how long the app takes to be as good as the best baseline ends.

``--together NAME`` takes the folders as one simulation, walked in parts (on two machines, or with a recipe
that changed between them): of each recipe and inspector the first folder that has that session counts. They
must have asked the same of the inspector; where code or device differ, that is said.

``--plots DIR`` draws each simulation's curves to ``DIR/<folder>.png`` (needs matplotlib); ``--without NAME``
leaves a recipe out of them, so that one that fails altogether does not squeeze all others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from resatt_studio.simulation.compare import OURS, Sessions, ahead, by_recipe, changes_elsewhere, sooner
from resatt_studio.simulation.plot import draw_plot
from resatt_studio.simulation.points import at_photos, by_session
from resatt_studio.simulation.promotions import GateRecord, gate_records
from resatt_studio.simulation.report import Simulation, read_json

PHOTOS = (0, 1, 2, 5, 10)
MAY_DIFFER = ("version", "recipes", "seeds", "device", "threads", "learning_code")
"""Settings in which parts of one simulation may differ: who walked it, how and how far."""
HEADS = (
    *("simulation", "recipe", "inspectors", *(f"after {count}" for count in PHOTOS), "app ahead"),
    *("lost elsewhere", "promotions", "worst", "of them lost more than 0.01", "refusals", "without reason"),
)


def rows(name: str, simulation: Simulation) -> Iterator[list[str]]:
    """A line for each recipe of one simulation."""
    recipes = by_recipe(simulation.points)
    gates = {record.recipe: record for record in gate_records(simulation.points)}
    most = max(point.photos for point in simulation.points)
    reached = [count for count in PHOTOS if count <= most]
    for recipe, sessions in recipes.items():
        walks = list(sessions.values())
        means = [f"{fmean(at_photos(walk, count).dice for walk in walks):.3f}" for count in reached]
        means += [""] * (len(PHOTOS) - len(reached))
        others = [] if recipe == OURS or OURS not in recipes else reached[1:]
        differences = [ahead(recipes[OURS], sessions, count) for count in others]
        leads = ", ".join(f"{one.mean:+.3f}" for one in differences if one is not None)
        did = gate_cells(gates.get(recipe))
        yield [name, recipe, str(len(sessions)), *means, leads, f"{most_lost(sessions):.3f}", *did]


def gate_cells(gate: GateRecord | None) -> list[str]:
    """What a gate did; nothing where nothing was learned."""
    if gate is None:
        return ["0", "", "0", "0", "0"]
    worst = "" if gate.worst is None else f"{gate.worst:+.3f}"
    refusals = sum(times for _, times in gate.refusals)
    return [str(len(gate.promotions)), worst, str(gate.lost), str(refusals), str(gate.without_reason)]


def most_lost(sessions: Sessions) -> float:
    """Dice lost at the end on the set, and by the inspector, that lost most."""
    changes = [changes_elsewhere({seed: session}) for seed, session in sessions.items()]
    return max(0.0, *(-one.mean for change in changes for one in change.values()))


def waited(simulation: Simulation) -> str:
    """How long the app takes to be as good as the best baseline ends, in words."""
    found = sooner(simulation.points)
    if found is None:
        return "no baseline beside the app"
    begin = f"{found.baseline} ends best ({found.dice:.3f}), after {found.baseline_s:.0f} s"
    if found.ours_s is None:
        return f"{begin}; the app is never as good"
    return f"{begin}; the app is as good after {found.ours_s:.0f} s ({found.ratio or 0.0:.2f})"


def joined(parts: Mapping[str, Simulation]) -> Simulation:
    """One simulation of several parts, earlier ones first.

    Raises:
        SystemExit: They asked something else of the inspector; says what.
    """
    (first, main), *others = parts.items()
    sessions = by_session(main.points)
    print(f"{first}: {len(sessions)} sessions, {_made(main)}")
    for name, other in others:
        names = dict.fromkeys([*main.settings, *other.settings])
        differ = [one for one in names if main.settings.get(one) != other.settings.get(one)]
        asked = [one for one in differ if one not in MAY_DIFFER]
        if asked:
            raise SystemExit(f"{first} and {name} are no parts of one simulation: {', '.join(asked)} differ.")
        new = {key: walk for key, walk in by_session(other.points).items() if key not in sessions}
        print(f"{name}: {len(new)} sessions, {_made(other)}")
        sessions |= new
    print()
    return Simulation(main.settings, tuple(point for walk in sessions.values() for point in walk))


def _made(simulation: Simulation) -> str:
    said = simulation.settings
    return f"learning code {said['learning_code']}, device {said['device']}"


def plot(path: Path, simulation: Simulation, without: Sequence[str]) -> None:
    """Draw one simulation's curves."""
    points = [point for point in simulation.points if point.recipe not in without]
    said = simulation.settings
    title = f"{said['set']}, {said['learning']['steps']} steps a run"
    draw_plot(path, points, title)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--together", metavar="NAME", help="as one simulation of this name")
    parser.add_argument("--plots", type=Path, metavar="DIR")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="not in the plots")
    asked = parser.parse_args()
    names = [folder.name for folder in asked.folders]
    simulations = {
        folder.name if names.count(folder.name) == 1 else str(folder): read_json(folder / "simulation.json")
        for folder in asked.folders
    }
    if asked.together:
        simulations = {asked.together: joined(simulations)}
    if asked.plots is not None:
        asked.plots.mkdir(parents=True, exist_ok=True)
        for name, simulation in simulations.items():
            plot(asked.plots / f"{name}.png", simulation, asked.without)
    lines = [row for name, simulation in simulations.items() for row in rows(name, simulation)]
    for cells in (HEADS, ["---"] * len(HEADS), *lines):
        print(f"| {' | '.join(cells)} |")
    print()
    for name, simulation in simulations.items():
        print(f"{name}: {waited(simulation)}.")


if __name__ == "__main__":
    main()
