"""A whole simulation: every recipe with every seed, each in its own project, judged on the same photos."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from resatt_studio import __version__
from resatt_studio.simulation.photo_set import PhotoPair, draw
from resatt_studio.simulation.points import Point
from resatt_studio.simulation.recipes import Recipe
from resatt_studio.simulation.report import Simulation
from resatt_studio.simulation.scoring import Scorer
from resatt_studio.simulation.walk import SessionPlan, walk
from resatt_studio.workflow.demo import Painter, replay
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.project import create_project

POOL_FACTOR = 4
"""Photos that are opened for each that will be approved, so that there is something to choose from."""


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What is simulated.

    Attributes:
        recipes: In the order of the table.
        seeds: Number of inspectors, each with photos and chance of its own; every recipe gets the same ones.
        session: What holds for every session; its recipe and seed are filled in.
        pool: Photos that an inspector opens, drawn by the seed; 0 for ``POOL_FACTOR`` times the approved
            ones.
        weights: To start from; the shipped ones when None.
    """

    recipes: Sequence[Recipe]
    seeds: int
    session: SessionPlan
    pool: int = 0
    weights: Path | None = None

    @property
    def opened(self) -> int:
        return self.pool or POOL_FACTOR * self.session.photos


@dataclass(frozen=True, eq=False)
class Surface:
    """Photos of one simulation.

    Attributes:
        name: Of the set.
        opened: What inspectors may get.
        unseen: What judges.
        elsewhere: Other sets by name; they show what is forgotten.
    """

    name: str
    opened: Sequence[PhotoPair] = field(repr=False)
    unseen: Sequence[PhotoPair] = field(repr=False)
    elsewhere: Mapping[str, Sequence[PhotoPair]] = field(repr=False)


def simulate(
    surface: Surface,
    plan: SimulationPlan,
    paint: Painter = replay,
    so_far: Callable[[Simulation], None] = lambda _: None,
) -> Job[Simulation]:
    """Walk every inspector through every recipe.

    Args:
        surface: The photos.
        plan: What is simulated.
        paint: As for :func:`.walk.walk`.
        so_far: Told after every session what is known until then, so that a long simulation that is cut off
            leaves something behind.

    Raises:
        PhotoError, MaskError: A photo or mask cannot be read, or they do not fit.
        WeightsError: The starting weights cannot be used.
    """
    scorer = Scorer(surface.unseen, surface.elsewhere, plan.session.device, plan.session.threads)
    settings = _settings(surface, plan)
    points: list[Point] = []
    sessions = [(seed, recipe) for seed in range(plan.seeds) for recipe in plan.recipes]
    for done, (seed, recipe) in enumerate(sessions):
        pairs = {pair.photo.absolute(): pair for pair in draw(surface.opened, plan.opened, seed)}
        session = replace(plan.session, recipe=recipe, seed=seed)
        with (
            tempfile.TemporaryDirectory(prefix="resatt-simulation-") as folder,
            create_project(Path(folder) / "session.resatt", plan.weights) as project,
        ):
            walking = walk(project, pairs, session, scorer, paint)
            words = f"{recipe.name}, seed {seed}"
            points.extend((yield from _counted(walking, done, len(sessions), words)))
        so_far(Simulation(settings, tuple(points)))
    yield progress(len(sessions), len(sessions), "sessions")
    return Simulation(settings, tuple(points))


def _counted(walking: Job[tuple[Point, ...]], done: int, total: int, words: str) -> Job[tuple[Point, ...]]:
    """Step a session; its reports count sessions and say what it is at."""
    try:
        while True:
            report = next(walking)
            yield progress(done, total, "sessions", f"{words}: {report.message}", report.detail)
    except StopIteration as end:
        points: tuple[Point, ...] = end.value
        return points
    finally:
        walking.close()


def _settings(surface: Surface, plan: SimulationPlan) -> dict[str, Any]:
    """What the report says of how it came about; no folder of this machine."""
    session = plan.session
    return {
        "version": __version__,
        "set": surface.name,
        "opened": [pair.photo.stem for pair in surface.opened],
        "unseen": [pair.photo.stem for pair in surface.unseen],
        "elsewhere": {name: [pair.photo.stem for pair in pairs] for name, pairs in surface.elsewhere.items()},
        "recipes": {recipe.name: recipe.source for recipe in plan.recipes},
        "seeds": plan.seeds,
        "photos": session.photos,
        "pool": plan.opened,
        "order": session.order,
        "waits": session.waits,
        "learning": asdict(session.learning),
        "prices": asdict(session.prices) if session.prices is not None else None,
        "times": asdict(session.times),
        "device": session.device,
        "threads": session.threads,
        "weights": plan.weights.name if plan.weights is not None else "factory",
    }
