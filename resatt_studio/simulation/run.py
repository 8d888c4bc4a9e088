"""A whole simulation: every recipe with every seed, each in its own project, judged on the same photos."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from resatt_studio import __version__
from resatt_studio.errors import WeightsError
from resatt_studio.simulation.parallel import spread_over_processes
from resatt_studio.simulation.photo_set import PhotoPair, draw
from resatt_studio.simulation.points import Point, by_session
from resatt_studio.simulation.recipes import Recipe
from resatt_studio.simulation.report import Simulation
from resatt_studio.simulation.resume import code_id
from resatt_studio.simulation.scoring import Scorer
from resatt_studio.simulation.walk import SessionPlan, walk
from resatt_studio.workflow.demo import Painter, replay
from resatt_studio.workflow.jobs import Job, progress
from resatt_studio.workflow.project import bundled_weights, create_project

POOL_FACTOR = 4
"""Photos that are opened for each that will be approved, so that there is something to choose from."""


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What is simulated.

    Attributes:
        recipes: In the order of the table.
        seeds: Number of inspectors, each with photos and chance of its own; every recipe gets the same ones.
        first_seed: Of these inspectors the first.
        session: What holds for every session; its recipe and seed are filled in.
        pool: Photos that an inspector opens, drawn by the seed; 0 for ``POOL_FACTOR`` times the approved
            ones.
        weights: To start from; the shipped ones when None.
        jobs: Sessions at once, each in a process of its own when there are several.
    """

    recipes: Sequence[Recipe]
    seeds: int
    session: SessionPlan
    pool: int = 0
    weights: Path | None = None
    jobs: int = 1
    first_seed: int = 0

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
    known: Simulation | None = None,
) -> Job[Simulation]:
    """Walk every inspector through every recipe.

    Args:
        surface: The photos.
        plan: What is simulated.
        paint: As for :func:`.walk.walk`; with more than one process a function of a module.
        so_far: Told after every session what is known until then, so that a long simulation that is cut off
            leaves something behind.
        known: Sessions that need not be walked again, made with the same settings; see ``resume``.

    Raises:
        PhotoError, MaskError: A photo or mask cannot be read, or they do not fit.
        WeightsError: The starting weights cannot be used.
        LearningError: A process died.
    """
    known = known or Simulation(settings_of(surface, plan))
    sessions = by_session(known.points)
    seeds = range(plan.first_seed, plan.first_seed + plan.seeds)
    wanted = [(recipe, seed) for seed in seeds for recipe in plan.recipes]
    missing = [(recipe, seed) for recipe, seed in wanted if (recipe.name, seed) not in sessions]

    def whole() -> Simulation:
        names = list(known.settings["recipes"])
        order = sorted(sessions, key=lambda one: (one[1], names.index(one[0])))
        return Simulation(known.settings, tuple(point for one in order for point in sessions[one]))

    def keep(session: tuple[Recipe, int], points: tuple[Point, ...]) -> None:
        sessions[session[0].name, session[1]] = list(points)
        so_far(whole())

    work = SessionWork(surface, plan, paint)
    if plan.jobs > 1:
        yield from spread_over_processes(missing, work, plan.jobs, keep, _words)
    else:
        for done, session in enumerate(missing):
            keep(session, (yield from _counted(work(session), done, len(missing), _words(session))))
    yield progress(len(missing), len(missing), "sessions")
    return whole()


class SessionWork:
    """Walks one session; can be sent to another process.

    Args:
        surface, plan, paint: As for :func:`simulate`.
    """

    def __init__(self, surface: Surface, plan: SimulationPlan, paint: Painter) -> None:
        self._surface, self._plan, self._paint = surface, plan, paint

    def __call__(self, session: tuple[Recipe, int]) -> Job[tuple[Point, ...]]:
        """Walk the inspector of a recipe and a seed through a project of its own."""
        recipe, seed = session
        plan, surface = self._plan, self._surface
        pairs = {pair.photo.absolute(): pair for pair in draw(surface.opened, plan.opened, seed)}
        with (
            tempfile.TemporaryDirectory(prefix="resatt-simulation-") as folder,
            create_project(Path(folder) / "session.resatt", plan.weights) as project,
        ):
            own = replace(plan.session, recipe=recipe, seed=seed)
            return (yield from walk(project, pairs, own, self._scorer, self._paint))

    @cached_property
    def _scorer(self) -> Scorer:
        session = self._plan.session
        return Scorer(self._surface.unseen, self._surface.elsewhere, session.device, session.threads)


def _words(session: tuple[Recipe, int]) -> str:
    return f"{session[0].name}, seed {session[1]}"


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


def settings_of(surface: Surface, plan: SimulationPlan) -> dict[str, Any]:
    """What the report says of how it came about; no folder of this machine.

    Raises:
        WeightsError: The starting weights cannot be read.
    """
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
        "noise": asdict(session.noise),
        "device": session.device,
        "threads": session.threads,
        "weights": plan.weights.name if plan.weights is not None else "factory",
        "weights_file": _file_id(plan.weights or bundled_weights("factory")),
        "learning_code": code_id(),
    }


def _file_id(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read: {error}.", "Name a weights file with --weights."
        ) from error
