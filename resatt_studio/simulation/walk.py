"""One session: an inspector walks through a project photo by photo, and the app learns meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resatt_studio.app.listing import Listing, neighbour, unchecked
from resatt_studio.errors import SettingsError
from resatt_studio.records.jobs import Urgency
from resatt_studio.records.photo import PhotoEntry
from resatt_studio.records.prediction import Prediction
from resatt_studio.records.training import FineTunePlan
from resatt_studio.simulation.inspector import Inspector
from resatt_studio.simulation.learners import Learned, learn_in_project
from resatt_studio.simulation.machine import Machine, Prices
from resatt_studio.simulation.mistakes import HandNoise
from resatt_studio.simulation.photo_set import PhotoPair
from resatt_studio.simulation.points import PHOTO_COUNTS, Event, Point, at_photos
from resatt_studio.simulation.recipes import Recipe
from resatt_studio.simulation.scoring import Scorer
from resatt_studio.simulation.timing import TimeModel
from resatt_studio.workflow.correct import approve, open_document
from resatt_studio.workflow.demo import Painter, replay
from resatt_studio.workflow.jobs import Job
from resatt_studio.workflow.load import add_photos, open_photo
from resatt_studio.workflow.next_photos import rank_project
from resatt_studio.workflow.predict import make_engine, predict_photo
from resatt_studio.workflow.project import Project

if TYPE_CHECKING:
    from resatt_studio.inference.engine import Engine

AUTHOR = "simulated inspector"
ORDERS = {
    "uncertain": "the list's most uncertain first; everything is predicted ahead",
    "next": 'the list\'s "what to correct next"; everything is predicted ahead',
    "name": "the list as it is at first, by name",
    "random": "drawn by the seed",
}
"""Orders of photos, and what they are."""


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What holds for one session.

    Attributes:
        recipe: How the app learns.
        seed: Of everything random.
        photos: Approved at most.
        order: One of :data:`ORDERS`.
        waits: Whether the inspector waits for learning before the next photo.
        learning: Seconds or steps of a run, and its patches; the seed is the session's.
        prices: Fixed prices of the machine's work, or None to count the wall clock.
        times: How long the inspector takes.
        noise: How often the inspector is wrong.
        device, threads: Where networks run.
        reference_folder: Of the reference set; the shipped one when None.
    """

    recipe: Recipe
    seed: int = 0
    photos: int = 10
    order: str = "uncertain"
    waits: bool = False
    learning: FineTunePlan = field(default_factory=FineTunePlan)
    prices: Prices | None = None
    times: TimeModel = field(default_factory=TimeModel)
    noise: HandNoise = field(default_factory=HandNoise)
    device: str = "auto"
    threads: int | None = None
    reference_folder: Path | None = None

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise SettingsError(f"order {self.order!r} is unknown.", f"Choose one of {', '.join(ORDERS)}.")


def walk(
    project: Project,
    pairs: Mapping[Path, PhotoPair],
    plan: SessionPlan,
    scorer: Scorer,
    paint: Painter = replay,
) -> Job[tuple[Point, ...]]:
    """Walk a new inspector through photos whose truth only the inspector knows.

    Args:
        project: Open and empty; left with the photos, corrections, samples, runs and versions of the session.
        pairs: The photos to open, by their absolute path.
        plan: Who walks, and how.
        scorer: Judges the weights in use whenever they change; takes no simulated time.
        paint: Paints strokes into a document; the terminal hands in the window's own tools.

    Returns:
        Points in the order of simulated time.

    Raises:
        PhotoError, MaskError: A photo or mask cannot be read, or they do not fit.
    """
    session = _Session(project, pairs, plan, scorer, paint)
    yield from session.begin()
    while (yield from session.next_photo()):
        pass
    yield from session.finish()
    return tuple(session.points)


class _Session:
    """State of one walk; ``now`` is simulated seconds."""

    def __init__(
        self,
        project: Project,
        pairs: Mapping[Path, PhotoPair],
        plan: SessionPlan,
        scorer: Scorer,
        paint: Painter,
    ) -> None:
        self.project, self.pairs, self.plan = project, pairs, plan
        self.scorer = scorer
        self.inspector = Inspector(plan.recipe.hand, plan.noise, plan.times, plan.photos, plan.seed, paint)
        self.machine = Machine(plan.prices)
        self.chance = np.random.default_rng([plan.seed, 2])
        self.points: list[Point] = []
        self.now = self.hand_s = 0.0
        self.photos = self.strokes = self.steps = self.runs = self.wrong_strokes = self.upside_down = 0
        self.fresh = 0  # approved since the last run began
        self.learning: Learned | None = None
        self.shown: str | None = None
        self.engine: Engine
        self.thresholds: dict[str, float] = {}  # that each weights were shown at
        self.threshold: float  # that goes with what the engine holds; learning may have chosen another by now

    def begin(self) -> Job[None]:
        """Open the photos and judge the starting weights."""
        yield from add_photos(self.project, sorted(self.pairs), author=AUTHOR)
        weights = self.project.shelf.load(self.project.shelf.active().weights_id)
        # The way of running a network that can be repeated; "auto" would choose by a race against the clock.
        self.engine = make_engine(weights, self.plan.device, self.plan.threads, "folded")
        self.threshold = self.project.settings.threshold
        yield from self._note(Event.START)
        self.now += yield from self._predict_ahead()
        self.machine.busy_until = self.now

    def finish(self) -> Job[None]:
        """Wait for the run under way, and for one more where photos came after it began."""
        yield from self.wait_for_learning()
        yield from self._learn_if_idle()
        yield from self.wait_for_learning()
        yield from self._judge_elsewhere()

    def _judge_elsewhere(self) -> Job[None]:
        """Judge what was in use at the start, after the numbers of photos of the tables, and at the end."""
        moments = [self.points[0], self.points[-1], *(at_photos(self.points, one) for one in PHOTO_COUNTS)]
        for weights_id in dict.fromkeys(point.weights_id for point in moments):
            weights = self.project.shelf.load(weights_id)
            scores = yield from self.scorer.elsewhere(weights, self.thresholds[weights_id])
            self.points = [
                replace(point, elsewhere=scores) if point.weights_id == weights_id else point
                for point in self.points
            ]

    # -- the inspector --

    def next_photo(self) -> Job[bool]:
        """Correct and approve one photo; False when there is none left to do."""
        entry = self._choose() if self.photos < self.plan.photos else None
        if entry is None:
            return False
        self.shown = entry.photo_id
        prediction = yield from self._shown_prediction(entry)
        document = open_document(self.project, entry.photo_id, AUTHOR)
        try:
            document.weights_id = prediction.weights_id
            pair = self.pairs[entry.facts.path]
            corrected = self.inspector.correct(document, prediction, pair, self.photos, self.threshold)
            approve(self.project, document, prediction, AUTHOR, threshold=self.threshold)
        finally:
            document.close()
        self.now += corrected.seconds
        self.hand_s += corrected.seconds
        self.strokes += corrected.strokes
        self.wrong_strokes += corrected.wrong
        self.upside_down += corrected.upside_down
        yield from self._take_over()
        self.photos += 1
        self.fresh += 1
        yield from self._note(Event.APPROVED)
        yield from self._learn_if_idle()
        if self.plan.waits:
            yield from self.wait_for_learning()
        return True

    def _choose(self) -> PhotoEntry | None:
        """The photo that the app's list puts next, or one drawn from those to review."""
        entries = self.project.store.photos()
        if self.plan.order == "random":
            waiting = [entry for entry in entries if unchecked(entry)]
            return waiting[int(self.chance.integers(len(waiting)))] if waiting else None
        if self.plan.order == "name":
            return neighbour(Listing("name").of(entries), self.shown, +1, unchecked)
        if self.plan.order == "next":
            ranks = {rank.photo_id: rank for rank in rank_project(self.project, entries)}
            return next(iter(Listing("next", "unchecked").of(entries, ranks)), None)
        return next(iter(Listing("uncertainty", "unchecked").of(entries)), None)

    # -- the app's worker --

    def _shown_prediction(self, entry: PhotoEntry) -> Job[Prediction]:
        """The open photo's mask; where it is not known yet, the inspector waits and learning stands still."""
        known = self.project.store.prediction(entry.photo_id, self.engine.weights_id)
        if known is not None:
            return known
        prediction, seconds = yield from self._predicted(entry, Urgency.PREDICT_SHOWN)
        if self.machine.busy_until > self.now:
            self.machine.interrupt(seconds)
        self.now += seconds
        return prediction

    def _predict_ahead(self) -> Job[float]:
        """Predict what is to review, as the window does; returns the seconds it counts."""
        total = 0.0
        if self.photos < self.plan.photos:
            for entry in Listing("name", "unchecked").of(self.project.store.photos()):
                _, seconds = yield from self._predicted(entry, Urgency.PREDICT_AHEAD)
                total += seconds
        return total

    def _predicted(self, entry: PhotoEntry, urgency: Urgency) -> Job[tuple[Prediction, float]]:
        photo = open_photo(self.project, entry.photo_id)
        prediction: Prediction = yield from self.machine.run(
            lambda: predict_photo(self.engine, self.project, photo), urgency
        )
        return prediction, self.machine.price(megapixels=entry.facts.megapixels)

    def _learn_if_idle(self) -> Job[None]:
        """Begin a run when there is something new to learn from and none is under way."""
        recipe = self.plan.recipe
        also_held_back = recipe.plain is not None and recipe.plain.held_back_too
        new = bool(self.fresh) and (also_held_back or bool(self.project.store.unlearned()))
        if not recipe.learns or self.learning is not None or not new:
            return
        self.fresh = 0
        plan = replace(self.plan.learning, seed=self.plan.seed * 1000 + self.runs)
        self.runs += 1
        options: dict[str, Any] = {"device": self.plan.device, "threads": self.plan.threads}
        self.learning = yield from self.machine.run(
            lambda: learn_in_project(
                self.project, recipe, plan, reference_folder=self.plan.reference_folder, **options
            ),
            Urgency.FINE_TUNE,
        )
        assert self.learning is not None
        self.machine.occupy(self.now, self.machine.price(steps=self.learning.steps))

    def wait_for_learning(self) -> Job[None]:
        """Let time pass until the run under way has ended."""
        if self.learning is not None:
            self.now = max(self.now, self.machine.busy_until)
            yield from self._take_over()

    def _take_over(self) -> Job[None]:
        """Take what a run left in use, if its time has passed."""
        if self.learning is None or self.machine.busy_until > self.now:
            return
        learned, self.learning = self.learning, None
        self.steps += learned.steps
        if learned.promoted:
            self.engine.use(self.project.shelf.load(self.project.shelf.active().weights_id))
            self.threshold = self.project.settings.threshold
        yield from self._note(Event.LEARNED, self.machine.busy_until, learned.reason)
        if learned.promoted:
            seconds = yield from self._predict_ahead()
            self.machine.occupy(self.machine.busy_until, seconds)

    def _note(self, event: Event, moment: float | None = None, reason: str = "") -> Job[None]:
        weights = self.project.shelf.load(self.engine.weights_id)
        self.thresholds[weights.weights_id] = self.threshold
        scores = yield from self.scorer.unseen(weights, self.threshold)
        self.points.append(
            Point(
                recipe=self.plan.recipe.name,
                seed=self.plan.seed,
                event=event,
                simulated_s=self.now if moment is None else moment,
                photos=self.photos,
                strokes=self.strokes,
                wrong_strokes=self.wrong_strokes,
                upside_down=self.upside_down,
                weights_id=self.engine.weights_id,
                dice=scores.dice,
                tolerance_f1=scores.tolerance_f1,
                centreline_recall=scores.centreline_recall,
                width_error_px=scores.width_error_px,
                hand_s=self.hand_s,
                machine_s=self.machine.counted_s,
                measured_s=self.machine.measured_s,
                steps=self.steps,
                reason=reason,
            )
        )
