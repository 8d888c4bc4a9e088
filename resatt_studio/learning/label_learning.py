"""Answers about whole photos in, a judged head out; the network in front of the head never changes.

An answer is one word for a whole photo, while the network looks at parts of it: it teaches through the rule
that joins the looks (:mod:`.label_joining`), never look by look. Every lesson begins at the head that the
network had before any answer, with all answers that hold now: nothing drifts, however often it learns, and
an answer that was taken back leaves no trace.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor

from resatt_studio.errors import BugError, LearningError, PhotoError, StoreError
from resatt_studio.inference.device import Threads, apply_threads
from resatt_studio.learning.course import INHERITED
from resatt_studio.learning.label_head import HeadStudent, answered, surprise
from resatt_studio.learning.label_joining import Pile, pile_up
from resatt_studio.learning.label_looks import (
    KeptLooks,
    Looker,
    PhotoLooks,
    body_id,
    head_state,
    with_head,
)
from resatt_studio.learning.label_reference import LabelledTile, LabelReference
from resatt_studio.learning.student import NotFinite
from resatt_studio.models.state import pack_weights
from resatt_studio.records.arrays import UInt8Array
from resatt_studio.records.label_learning import (
    LEAST_JUDGES,
    LEAST_TAUGHT,
    AnsweredPhoto,
    LabelPlan,
    LabelResult,
)
from resatt_studio.records.labels import CRACK_TYPES, CrackType
from resatt_studio.records.photo import Split
from resatt_studio.records.training import StepReport
from resatt_studio.records.weights import LabelComparison, LabelScores, WeightsFile

Report = Generator[StepReport, None, None]


@dataclass(frozen=True, eq=False)
class _Seen:
    """Photos or tiles that were looked at, and what they are called."""

    looks: list[PhotoLooks] = field(default_factory=list)
    kinds: list[CrackType] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def add(self, looks: PhotoLooks, kind: CrackType, name: str) -> None:
        self.looks.append(looks)
        self.kinds.append(kind)
        self.names.append(name)

    @property
    def answers(self) -> list[int]:
        return [CRACK_TYPES.index(kind) for kind in self.kinds]


class _Lesson:
    """One run: looks at everything once, teaches the head, judges it beside the one in use."""

    def __init__(
        self, base: WeightsFile, plan: LabelPlan, device: str, threads: Threads, kept: KeptLooks
    ) -> None:
        self._plan = plan
        self._threads = threads
        self._kept = kept
        self._body = body_id(base)
        self._looker = Looker(device, threads)
        self._looker.use(base)
        self._began = time.monotonic()
        self.taught, self.judging = _Seen(), _Seen()
        self.replayed, self.exam = _Seen(), _Seen()
        self.left_out: list[str] = []
        self._called: dict[str, str] = {}
        self.losses: list[tuple[int, float]] = []

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def look_at_photos(
        self, photos: Sequence[AnsweredPhoto], read: Callable[[AnsweredPhoto], UInt8Array]
    ) -> Report:
        for done, photo in enumerate(photos):
            report = self._report(done, len(photos), f"looking at photo {done + 1} of {len(photos)}")
            yield report
            self._called[photo.photo_id] = photo.called
            try:
                looks = yield from self._looks(photo.photo_id, partial(read, photo), report)
            except (PhotoError, StoreError) as error:
                self.left_out.append(str(error))
                continue
            seen = self.taught if photo.split is Split.TRAIN else self.judging
            seen.add(looks, photo.kind, photo.photo_id)

    def look_at_tiles(self, reference: LabelReference) -> Report:
        total = len(reference.replay) + len(reference.exam)
        for tiles, seen in ((reference.replay, self.replayed), (reference.exam, self.exam)):
            for tile in tiles:
                done = len(self.replayed.looks) + len(self.exam.looks)
                report = self._report(done, total, f"looking at reference tile {done + 1} of {total}")
                yield report
                place = f"reference {tile.name}"
                looks = yield from self._looks(place, partial(_pixels_of, tile), report)
                seen.add(looks, tile.kind, tile.name)

    def _looks(
        self, place: str, read: Callable[[], UInt8Array], report: StepReport
    ) -> Generator[StepReport, None, PhotoLooks]:
        found = self._kept.get(place, self._body)
        if found is not None:
            return found
        steps = self._looker.looks(read())
        try:
            while True:
                next(steps)
                yield report
        except StopIteration as end:
            seen: PhotoLooks = end.value
        except LearningError as error:
            raise LearningError(
                f"Photo {self._called.get(place, place)}: {error.message}", error.hint
            ) from error
        finally:
            steps.close()
        self._kept.put(place, self._body, seen)
        return seen

    def teach(self, weight: Tensor, bias: Tensor) -> Generator[StepReport, None, tuple[Tensor, Tensor]]:
        """The head after its lesson.

        Raises:
            LearningError: The loss is not finite.
        """
        replayed = pile_up(self.replayed.looks) if self.replayed.looks else None
        student = HeadStudent(
            weight,
            bias,
            pile_up(self.taught.looks),
            self.taught.answers,
            replayed,
            self._plan,
            [self._called.get(name, name) for name in self.taught.names],
        )
        for step in range(1, self._plan.steps + 1):
            apply_threads(self._threads)
            try:
                loss = student.step()
            except NotFinite as error:
                # Without a name it is no photo's: the head itself went too far.
                where = f" on photo {error}" if error.names else ""
                raise LearningError(
                    f"learning ended at step {step}: the loss{where} is not finite.",
                    "The weights in use stay as they are. Try a lower learning rate.",
                ) from error
            self.losses.append((step, loss))
            yield self._report(step, self._plan.steps, "learning", loss)
        return student.head()

    def _report(self, step: int, steps: int, phase: str, loss: float | None = None) -> StepReport:
        return StepReport(step, steps, loss, None, self.seconds, 0.0, phase)


def learn_labels(
    base: WeightsFile,
    in_use: WeightsFile,
    photos: Sequence[AnsweredPhoto],
    read: Callable[[AnsweredPhoto], UInt8Array],
    plan: LabelPlan,
    reference: LabelReference,
    device: str = "auto",
    *,
    threads: Threads = None,
    kept: KeptLooks | None = None,
) -> Generator[StepReport, None, LabelResult]:
    """Teach a copy of a label network's head what an inspector calls photos.

    Closing the generator stops it and keeps nothing. Between two reports it holds no torch mode and no global
    seed, and it works for about 0.2 s at most on the networks a CPU is meant for.

    Yields:
        Where it is: photo by photo while it looks, then step by step.

    Args:
        base: The network with the head that learning starts from.
        in_use: What the candidate is compared with; ``base``, or the same network with another head.
        photos: Photos with their answers; those of the training side teach, the others judge.
        read: Gives a photo's pixels, H x W x 3 uint8 RGB; asked for one at a time. One that cannot be read is
            left out and told.
        plan: Steps and the recipe's numbers.
        reference: Replayed tiles, and tiles that show forgetting; may be empty.
        device: "auto", "cpu", "cuda" or "mps".
        threads: CPU threads, a function asked before each piece of work, or None for all cores.
        kept: What was looked at before, and will be again.

    Returns:
        The candidate with scores before and after.

    Raises:
        LearningError: Too few photos are answered or can be read, or a number is not finite.
        WeightsError: The weights do not answer with the types of crack.
        OutOfMemory: One look does not fit on the CPU either.
        BugError: ``in_use`` differs from ``base`` in more than its head.
    """
    if in_use.weights_id != base.weights_id and body_id(in_use) != body_id(base):
        raise BugError("the weights in use see photos in another way than those that learning starts from")
    refuse_too_few(photos)
    lesson = _Lesson(base, plan, device, threads, kept or KeptLooks())
    yield from lesson.look_at_photos(photos, read)
    refuse_too_few([*_sides(lesson.taught, Split.TRAIN), *_sides(lesson.judging, Split.VALIDATION)])
    yield from lesson.look_at_tiles(reference)
    learned = yield from lesson.teach(*head_state(base))
    old, new, gains = _compared(lesson.judging, head_state(in_use), learned, plan.slip)
    elsewhere = _compared(lesson.exam, head_state(in_use), learned, plan.slip)
    return LabelResult(
        weights=pack_weights(base.model, base.config, with_head(base, *learned), _told(base, plan, lesson)),
        parent=base.weights_id,
        comparison=LabelComparison(old, new, *elsewhere[:2]),
        gains=gains,
        taught=len(lesson.taught.looks),
        steps=plan.steps,
        seconds=lesson.seconds,
        losses=tuple(lesson.losses),
        left_out=tuple(lesson.left_out),
    )


def refuse_too_few(photos: Sequence[AnsweredPhoto]) -> None:
    """Raise a LearningError that says how many answers are still wanted, when there are too few."""
    taught = sum(photo.split is Split.TRAIN for photo in photos)
    judging = len(photos) - taught
    if taught >= LEAST_TAUGHT and judging >= LEAST_JUDGES:
        return
    raise LearningError(
        f"{len(photos)} answered photos are too few to learn from: {taught} teach and {judging} judge, "
        f"at least {LEAST_TAUGHT} have to teach and {LEAST_JUDGES} to judge.",
        "Call more photos by their class (keys 1 to 4).",
    )


def _pixels_of(tile: LabelledTile) -> UInt8Array:
    return tile.pixels


def _sides(seen: _Seen, split: Split) -> list[AnsweredPhoto]:
    return [AnsweredPhoto(name, "", split, kind) for name, kind in zip(seen.names, seen.kinds, strict=True)]


def _compared(
    seen: _Seen, before: tuple[Tensor, Tensor], after: tuple[Tensor, Tensor], slip: float
) -> tuple[LabelScores, LabelScores, tuple[float, ...]]:
    """Scores of two heads on the same photos, and by how much each photo's surprise fell."""
    if not seen.looks:
        nothing = LabelScores(0, 0, 0.0)
        return nothing, nothing, ()
    pile = pile_up(seen.looks)
    answers = torch.tensor(seen.answers)
    old, olds = _scored(pile, before, answers, slip)
    new, news = _scored(pile, after, answers, slip)
    return old, new, tuple(float(gain) for gain in olds - news)


def _scored(
    pile: Pile, head: tuple[Tensor, Tensor], answers: Tensor, slip: float
) -> tuple[LabelScores, np.ndarray]:
    found = answered(pile, *head)
    surprises = surprise(torch.from_numpy(found), answers, slip).numpy()
    right = int(np.count_nonzero(found.argmax(axis=1) == answers.numpy()))
    return LabelScores(len(found), right, float(surprises.mean())), surprises


def _told(base: WeightsFile, plan: LabelPlan, lesson: _Lesson) -> dict[str, str]:
    """What the candidate's header says beside the base's own terms."""
    told = {key: value for key, value in base.metadata.items() if key in INHERITED}
    answers = {name: kind.value for name, kind in zip(lesson.taught.names, lesson.taught.kinds, strict=True)}
    return told | {
        "parent": base.weights_id,
        "plan": json.dumps(asdict(plan), sort_keys=True),
        "answers": json.dumps(answers, sort_keys=True),
    }
