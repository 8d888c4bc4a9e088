"""One fine-tuning run, from judging before to judging after; ``finetune`` is its face."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from resatt_studio.errors import LearningError
from resatt_studio.inference.device import Threads, choose_compute
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import predict_tiles
from resatt_studio.inference.surface import Answering, answering
from resatt_studio.learning.checkpoint import PointWriter, ResumePoint, read_point
from resatt_studio.learning.comparing import judge_candidate
from resatt_studio.learning.exam import Exam, Marks, question
from resatt_studio.learning.lessons import Lesson, make_lesson
from resatt_studio.learning.pace import Pace
from resatt_studio.learning.patches import SCENE_SHARE, PatchSampler
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.student import Reached, Student, relative_cost
from resatt_studio.learning.support import Window, choose_windows, within_pixels
from resatt_studio.models.calibration import (
    calibration_header,
    calibration_of,
    threshold_header,
    threshold_of,
)
from resatt_studio.models.state import build, pack_weights
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import AnySample
from resatt_studio.records.surface import HomeSurface, KnownSurfaces, Surroundings, known_in
from resatt_studio.records.training import FineTunePlan, FineTuneResult, JudgedBy, StepReport
from resatt_studio.records.weights import WeightsFile

Steps = Generator[StepReport, None, None]

POINT_SECONDS = 10.0
LEARN_PIXELS_A_SECOND = 120_000
JUDGE_PIXELS_A_SECOND = 30_000
"""How many pixels of the default network a plan may predict before learning and at each judging, for every
second of its time; so that 50-megapixel photos do not eat the time meant for learning."""

INHERITED = ("title", "input_range", "data", "surfaces")
"""What a candidate's header takes over from its parent's: how to feed it, on what terms its data came, and
which surfaces it all began with."""

PULL_BACK = (0.6, 0.35)
"""Shares of the plan's blend that are tried in turn when every candidate of a run forgot too much."""

FORGETTING_MARGIN = 0.015
"""A candidate that loses more Dice than this on the reference set is chosen only when there is no other; the
gate refuses at 0.02."""


FULL_TRUST_PHOTOS = 4

LATER_MARGIN = 0.005
"""A later candidate is taken until it has lost this much Dice against the best: what one or two held-back
photos say of smaller differences is chance, and on other photos of the surface longer learning is better."""


@dataclass(frozen=True, eq=False)
class _Best:
    """The best judged candidate so far."""

    step: int
    state: dict[str, Tensor] = field(repr=False)
    marks: Marks = field(repr=False)
    rank: tuple[bool, float]
    peak: float
    blend: float

    def after(self, later: _Best) -> _Best:
        """Which of the two to go on with, knowing the most Dice of those like it."""
        if later.rank[0] != self.rank[0]:
            return later if later.rank[0] else self
        peak = max(self.peak, later.rank[1])
        return replace(later if later.rank[1] >= peak - LATER_MARGIN else self, peak=peak)

    def facts(self) -> str:
        told = {"step": self.step, "rank": self.rank, "peak": self.peak, "blend": self.blend}
        return json.dumps(told | self.marks.as_json())

    @classmethod
    def from_facts(cls, state: dict[str, Tensor], facts: str) -> _Best:
        said = json.loads(facts)
        marks = Marks.from_json(said)
        rank = bool(said["rank"][0]), float(said["rank"][1])
        return cls(said["step"], state, marks, rank, float(said["peak"]), float(said["blend"]))


def trust(photos: int) -> float:
    """How far the corrected photos may speak for their surface, in [0.5, 1]: one half, four wholly. A
    network takes whatever one photo has of its own for the surface's."""
    return min(1.0, 0.5 + (max(photos, 1) - 1) / (2 * (FULL_TRUST_PHOTOS - 1)))


def restrained(plan: FineTunePlan, trust: float) -> FineTunePlan:
    """The plan at so much trust: at 0.5 a quarter of the rate and half of the way, and half of the patches
    remind."""
    reminders = max(plan.replay, plan.replay + (1 - trust) * (0.75 - plan.replay))
    return replace(
        plan, learning_rate=plan.learning_rate * trust**2, blend=plan.blend * trust, replay=reminders
    )


@dataclass(frozen=True, eq=False)
class _Home:
    """Where a candidate answers, and who answers elsewhere.

    Attributes:
        surface: Of the corrected photos.
        known: Surfaces that ``root`` knew.
        root: The weights that all learning in the project began with.
        ready: ``root``, ready to answer.
        neighbours: As in :class:`Surroundings`.
    """

    surface: HomeSurface
    known: KnownSurfaces
    root: WeightsFile
    ready: Segmenter
    neighbours: tuple[UInt8Array, ...]


class Course:
    """One run, from judging before to judging after."""

    def __init__(
        self,
        base: WeightsFile,
        samples: Sequence[AnySample],
        plan: FineTunePlan,
        reference: ReferenceSet,
        *,
        device: str,
        precision: str,
        threads: Threads,
        resume: Path | None,
        around: Surroundings,
        rival: WeightsFile,
        earlier: WeightsFile | None,
        threshold: float | None,
    ) -> None:
        self.threshold = threshold
        taught = {sample.photo_id for sample in samples if sample.split is Split.TRAIN}
        self.trust = trust(len(taught))
        plan = restrained(plan, self.trust)
        self.base, self.plan, self.reference = base, plan, reference
        self.rival = rival
        self.names = {sample.sample_id: sample.name for sample in samples}
        self.samples = [sample for sample in samples if sample.split is Split.TRAIN]
        judging = [sample for sample in samples if sample.split is Split.VALIDATION]
        self.fingerprint = _fingerprint(base, samples, plan, reference, self.rival, earlier)
        self.writer = PointWriter(resume)
        point = read_point(resume, self.fingerprint) if resume is not None else None
        self.point = point
        self.pace = Pace(plan, point.seconds if point else 0.0)
        self.pause: Callable[[], None] = lambda: None
        self.finish_early = threading.Event()

        cost = relative_cost(base.config)
        self.network = build(base)
        self.compute = choose_compute(device, precision)
        self.threads = threads
        self.reached = None if earlier is None else reached_by(earlier, base)
        self.earlier = None if self.reached is None else earlier
        self.student = Student(self.network, plan, self.compute, cost, threads, self.reached)
        self.notices: list[str] = []
        self._untold = 0
        self.student.told = self.writer.told = self._tell
        judge_pixels = JUDGE_PIXELS_A_SECOND * plan.seconds / cost
        held_back = _windows(judging, judge_pixels, 0)
        learn_pixels = LEARN_PIXELS_A_SECOND * plan.seconds / cost
        self.windows = _windows(self.samples, learn_pixels, plan.seed, hold_parts_back=not held_back)
        if not self.windows:
            raise LearningError(
                "nobody said anything about any pixel of the photos to learn from.",
                "Paint what is crack and what is not, and approve the photo.",
            )
        self.judged_by = JudgedBy.PHOTOS
        if not held_back:
            self.judged_by = JudgedBy.PARTS
            held_back = [one for one in within_pixels(self.windows, judge_pixels) if _can_judge(one)]
        if not held_back:
            self.judged_by = JudgedBy.LEARNED
            self.windows = [replace(window, held=None) for window in self.windows]
            held_back = within_pixels(self.windows, judge_pixels)
        self.exam = Exam(held_back, reference)
        known = known_in(base.metadata)
        self.home: _Home | None = None
        if around.home is not None and known is not None:
            root = base.elsewhere or base
            ready = Segmenter(build(root), self.compute, threads)
            self.home = _Home(around.home, known, root, ready, around.neighbours)
        # Going on with the very patches that the run before saw would teach little.
        more = [] if earlier is None else [int(earlier.weights_id[:8], 16)]
        self.chance = np.random.default_rng([plan.seed, *more])
        self.before = Marks({})
        self.best: _Best | None = None
        self.losses: list[tuple[int, float]] = []
        self.dices: list[tuple[int, float]] = []
        self.sampler: PatchSampler | None = None
        self.judging_seconds = 0.0

    # Before: what do the weights know already?

    def judge_before(self) -> Steps:
        """Judge the weights in use and write down what each window has to teach those that learn."""
        segmenter = Segmenter(self.network, self.compute, self.threads)
        segmenter.told = self._tell
        start = self.pace.seconds
        same = self.rival.weights_id == self.base.weights_id
        judged = segmenter if same else Segmenter(build(self.rival), self.compute, self.threads)
        yield from self._sit(answering(judged, self.rival), "judging before")
        self.before = self._marks
        if self.home is not None and same and self.base.elsewhere is None:
            self.exam.remember_elsewhere(self.before)
        judging_seconds = self.pace.seconds - start
        lessons: list[Lesson] = []
        for window in self.windows:
            own = yield from self._predict(segmenter, window)
            lessons.append(make_lesson(window, own, self.plan.weak_weight, self.chance))
        neighbours = self.home.neighbours if self.home is not None else ()
        self.sampler = PatchSampler(
            lessons,
            neighbours or self.reference.scenes(),
            self.plan.replay,
            segmenter.probability,
            self.chance,
            scene_share=self.trust if neighbours else SCENE_SHARE,
        )
        if self.point is not None:
            self._go_on_from(self.point, self.sampler)
        self.judging_seconds = judging_seconds
        self.pace.begin_learning(judging_seconds, self.student.steps_done)

    def _answers(self) -> Answering:
        """The candidate as the app would ask it."""
        candidate = self.student.candidate()
        if self.home is None:
            return Answering(candidate)
        return Answering(candidate, self.home.ready, self.home.surface, self.home.known)

    def _sit(self, answers: Answering, phase: str, stop: Callable[[], bool] = lambda: False) -> Steps:
        sitting = self.exam.sit(answers, stop)
        while True:
            self.pause()
            try:
                next(sitting)
            except StopIteration as done:
                self._marks: Marks = done.value
                return
            yield self._report(phase=phase)

    def _predict(self, segmenter: Segmenter, window: Window) -> Generator[StepReport, None, UInt8Array]:
        steps = predict_tiles(segmenter, window.pixels)
        while True:
            self.pause()
            try:
                next(steps)
            except StopIteration as done:
                probability_8bit: UInt8Array = done.value[0]
                return probability_8bit
            yield self._report(phase="judging before")

    def _go_on_from(self, point: ResumePoint, sampler: PatchSampler) -> None:
        self.student.restore(point.network, point.average, point.optimiser, point.step)
        sampler.rng.bit_generator.state = json.loads(point.chance)
        self.losses, self.dices = list(point.losses), list(point.dices)
        self._tell(f"Learning goes on after step {point.step}, where it was cut off.")
        if point.best_facts:
            self.best = _Best.from_facts(point.best, point.best_facts)

    # Learning

    def learn(self) -> Steps:
        """Step until time, steps or patience end; judge now and then, keep the best."""
        written = self.pace.seconds
        while not self.finish_early.is_set():
            loss = yield from self._step()
            step = self.student.steps_done
            if loss is None:
                yield self._report()
                continue
            self.losses.append((step, loss))
            yield self._report(loss=loss)
            if self.pace.over(step):
                break
            if self.pace.check_due(step):
                yield from self._judge("learning", self.finish_early.is_set)
            if self.pace.seconds - written >= POINT_SECONDS:
                self.writer.write(self._resume_point())
                written = self.pace.seconds

    def _step(self) -> Generator[StepReport, None, float | None]:
        """One optimiser step; None when it was given up, because of memory or because it is time to
        finish."""
        assert self.sampler is not None
        student = self.student
        try:
            batch = self.sampler.draw(self.plan.batch, student.crop_px)
        except (RuntimeError, MemoryError) as error:
            student.make_room(error)
            return None
        yield self._report()
        pieces = student.step(batch, self.pace.rate_factor(student.steps_done))
        while True:
            self.pause()
            try:
                next(pieces)
            except StopIteration as done:
                loss: float = done.value
                return loss
            except (RuntimeError, MemoryError) as error:
                student.make_room(error)
                return None
            yield self._report()
            if self.finish_early.is_set() and student.steps_done:
                return None

    def _judge(self, phase: str, stop: Callable[[], bool]) -> Steps:
        """Judge the candidate as it is now; keep it when it is the best so far."""
        step = self.student.steps_done
        yield from self._sit(self._answers(), phase, stop)
        marks = self._marks
        here = self.exam.scores(marks, here=True)
        whole = len(marks.counts) == len(self.exam.questions)
        if here is None or (self.best is not None and not whole):
            return
        if whole:
            self.dices.append((step, here.dice))
        rank = self._rank(marks)
        candidate = _Best(step, self.student.candidate_state(), marks, rank, rank[1], self.student.blend)
        self.best = self.best.after(candidate) if self.best else candidate
        yield self._report(dice=here.dice, phase=phase)

    def _rank(self, marks: Marks) -> tuple[bool, float]:
        """Larger is better. Corrections that were learned from cannot choose: there the latest is taken."""
        before = self.exam.scores(self.before, here=False, only=marks)
        after = self.exam.scores(marks, here=False)
        keeps = before is None or after is None or before.dice - after.dice <= FORGETTING_MARGIN
        here = self.exam.scores(marks, here=True)
        return keeps, here.dice if here is not None and self.judged_by is not JudgedBy.LEARNED else 0.0

    def _resume_point(self) -> ResumePoint:
        return ResumePoint(
            fingerprint=self.fingerprint,
            seconds=self.pace.seconds,
            chance=json.dumps(self.chance.bit_generator.state),
            losses=self.losses,
            dices=self.dices,
            best=self.best.state if self.best else {},
            best_facts=self.best.facts() if self.best else "",
            **self.student.snapshot(),
        )

    # After

    def judge_after(self) -> Steps:
        """Judge the last candidate, unless it was judged already or the inspector wants to finish now."""
        step = self.student.steps_done
        if not step:
            raise LearningError(
                "learning was stopped before its first step.", "The weights in use stay as they are."
            )
        hurried = self.finish_early.is_set()
        if hurried and self.best is not None:
            return
        if self.best is None or self.best.step != step:
            deadline = self.pace.seconds + 1.0

            def stop() -> bool:
                return self.finish_early.is_set() and self.pace.seconds > deadline

            yield from self._judge("judging after", stop)
        yield from self._pull_back()

    def _pull_back(self) -> Steps:
        """While the best candidate forgot too much, go less far from what it began with, and judge that."""
        for share in PULL_BACK:
            late = self.finish_early.is_set() or self.pace.seconds_left < self.judging_seconds
            if late or self.best is None or self.best.rank[0]:
                return
            self.student.blend = share * self.plan.blend
            yield from self._judge("judging after", self.finish_early.is_set)

    def result(self) -> FineTuneResult:
        """Pack the best candidate; the run is over."""
        result = self.packed()
        if result is None:
            raise LearningError(
                "no candidate could be judged: nothing was said about any pixel of the photos that judge.",
                "Paint a correction on one of them and approve it.",
            )
        self.writer.forget()
        return result

    def packed(self) -> FineTuneResult | None:
        best = self.best
        if best is None:
            return None
        was = calibration_of(self.base.metadata)
        used = calibration_of(self.rival.metadata)
        judged = judge_candidate(
            self.exam,
            self.before,
            best.marks,
            was,
            self.judged_by,
            self.threshold,
            used,
            threshold_of(self.rival.metadata),
        )
        told = self._metadata(best) | calibration_header(judged.calibration)
        # What learned under the inspector's own threshold brings none, in the header or on the shelf: the
        # weights that answer elsewhere would be shifted by it.
        threshold = judged.threshold if self.threshold is None else None
        told |= threshold_header(threshold)
        compared = judged.comparison
        weights = pack_weights(self.base.model, self.base.config, best.state, told)
        return FineTuneResult(
            weights=weights if self.home is None else replace(weights, elsewhere=self.home.root),
            before=compared.before,
            after=compared.after,
            reference_before=compared.reference_before,
            reference_after=compared.reference_after,
            steps=self.student.steps_done,
            seconds=self.pace.seconds,
            losses=tuple(self.losses),
            dices=tuple(self.dices),
            judged_by=self.judged_by,
            pairs=compared.pairs,
            reliability_before=judged.reliability_before,
            reliability_after=judged.reliability_after,
            threshold=None if threshold is None else threshold.value,
            names=self.names,
        )

    def _metadata(self, best: _Best) -> dict[str, str]:
        told = {key: value for key, value in self.base.metadata.items() if key in INHERITED}
        if self.home is not None:
            told.update(home=self.home.surface.to_text(), elsewhere=self.home.root.weights_id)
        if self.earlier is not None:
            told["earlier"] = self.earlier.weights_id
        runs = 1 if self.reached is None else self.reached.runs + 1
        told.update(
            parent=self.base.weights_id,
            step=str(best.step),
            blend=str(best.blend),
            runs=str(runs),
            plan=json.dumps(asdict(self.plan), sort_keys=True),
            samples=json.dumps(sorted(sample.sample_id for sample in self.samples)),
        )
        return told

    def _report(
        self, loss: float | None = None, dice: float | None = None, phase: str = "learning"
    ) -> StepReport:
        step = self.student.steps_done
        steps = self.pace.steps(step)
        seconds, left = self.pace.seconds, self.pace.seconds_left
        words = " ".join(self.notices[self._untold :])
        self._untold = len(self.notices)
        return StepReport(step, steps, loss, dice, seconds, left, phase, words)

    def _tell(self, words: str) -> None:
        """Say something with the next report, once a run; may be called from another thread."""
        if words not in self.notices:
            self.notices.append(words)


def reached_by(candidate: WeightsFile, base: WeightsFile) -> Reached | None:
    """What the runs behind a candidate came to: it goes ``blend`` of the way there from ``base``.

    Args:
        candidate: Made from ``base``.
        base: Of the same network.

    Returns:
        None where the candidate's header does not say how far it went, or after how many runs.
    """
    try:
        blend, runs = float(candidate.metadata["blend"]), int(candidate.metadata["runs"])
    except (KeyError, ValueError):
        return None
    if not 0 < blend <= 1 or runs < 1:
        return None
    began, ended = build(base).state_dict(), build(candidate).state_dict()
    mean = {
        name: torch.lerp(began[name], value, 1 / blend)
        for name, value in ended.items()
        if value.is_floating_point()
    }
    return Reached(mean, runs)


def _windows(
    samples: Sequence[AnySample], pixels: float, seed: int, hold_parts_back: bool = False
) -> list[Window]:
    return within_pixels(choose_windows(samples, seed, hold_parts_back), pixels)


def _can_judge(window: Window) -> bool:
    """Whether a part is held back that says something: crack, for Dice is of crack, and painted pixels, for
    of the rest the old weights' answer would be the truth."""
    if window.held is None or not np.any(window.labels[window.held]):
        return False
    asked = question(window)
    return bool(np.any(asked.truth & asked.known))


def _fingerprint(
    base: WeightsFile,
    samples: Sequence[AnySample],
    plan: FineTunePlan,
    reference: ReferenceSet,
    rival: WeightsFile,
    earlier: WeightsFile | None,
) -> str:
    told = {
        "base": base.weights_id,
        "rival": rival.weights_id,
        "earlier": earlier and earlier.weights_id,
        "plan": asdict(plan),
        "samples": [(sample.sample_id, sample.split.value, sample.fresh) for sample in samples],
        "reference": [tile.name for tile in (*reference.replay, *reference.exam)],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
