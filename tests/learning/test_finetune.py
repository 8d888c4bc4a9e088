"""Claims about a whole few-shot run."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from resatt_studio.errors import LearningError
from resatt_studio.inference.segmenter import Segmenter
from resatt_studio.inference.sliding import run_to_end
from resatt_studio.learning.course import Course, restrained, trust
from resatt_studio.learning.exam import Marks
from resatt_studio.learning.finetune import Diverged, fine_tune
from resatt_studio.learning.gate import judge
from resatt_studio.learning.pace import Pace
from resatt_studio.learning.reference import ReferenceSet
from resatt_studio.learning.student import NotFinite, Student
from resatt_studio.models.state import state_of
from resatt_studio.records.correction import Label
from resatt_studio.records.photo import Split
from resatt_studio.records.sample import Sample
from resatt_studio.records.training import FineTunePlan, FineTuneResult, JudgedBy, StepReport
from resatt_studio.records.weights import WeightsFile

PLAN = FineTunePlan(seconds=120, steps=8, crop_px=64, batch=2, learning_rate=2e-3)
Make = Callable[..., Sample]


@pytest.fixture(scope="module")
def samples(make_sample: Make) -> list[Sample]:
    return [make_sample(1), make_sample(2), make_sample(3, Split.VALIDATION)]


@pytest.fixture(scope="module")
def run(tiny_weights: WeightsFile, tiny_reference: ReferenceSet, samples: list[Sample]) -> Callable[..., Any]:
    def start(plan: FineTunePlan = PLAN, given: list[Sample] | None = None, **more: Any) -> Any:
        taught = samples if given is None else given
        more = {"device": "cpu", "precision": "fp32", "threads": 1} | more
        return fine_tune(tiny_weights, taught, plan, more.pop("reference", tiny_reference), **more)

    return start


@dataclass(frozen=True)
class Whole:
    """One run of the plan from beginning to end."""

    reports: list[StepReport]
    result: FineTuneResult


@pytest.fixture(scope="module")
def whole(run: Callable[..., Any]) -> Whole:
    steps, reports = run(), []
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as end:
            return Whole(reports, end.value)


def way(weights: WeightsFile, state: Mapping[str, torch.Tensor]) -> float:
    """Distance of a state from weights."""
    return math.sqrt(sum(float((state[k] - v).double().square().sum()) for k, v in state_of(weights).items()))


def test_a_run_returns_another_network_with_the_same_statistics(
    whole: Whole, tiny_weights: WeightsFile
) -> None:
    result = whole.result
    old, new = state_of(tiny_weights), state_of(result.weights)
    assert result.weights.weights_id != tiny_weights.weights_id
    assert result.weights.config == tiny_weights.config
    assert result.weights.metadata["parent"] == tiny_weights.weights_id
    assert result.steps == 8
    for name, value in old.items():
        if "running" in name or "num_batches" in name:
            assert torch.equal(new[name], value)
    assert not torch.equal(old["head.weight"], new["head.weight"])


def test_the_same_plan_samples_and_seed_give_the_same_weights(run: Any, whole: Whole) -> None:
    first, second = whole.result, run_to_end(run())
    assert first.weights.weights_id == second.weights.weights_id
    assert first.losses == second.losses
    other = run_to_end(run(replace(PLAN, seed=1)))
    assert other.weights.weights_id != first.weights.weights_id


def test_reminders_alone_know_nothing_of_the_corrections(run: Any, samples: list[Sample]) -> None:
    plan = replace(PLAN, replay=1.0)
    painted_over = [replace_labels(sample) for sample in samples]
    assert run_to_end(run(plan)).losses == run_to_end(run(plan, painted_over)).losses


def replace_labels(sample: Sample) -> Sample:
    """The same photo with crack and not crack exchanged."""
    turned = np.where(sample.labels == 1, 2, 1).astype(np.uint8)
    return Sample(
        sample.sample_id,
        sample.photo_id,
        sample.group,
        sample.split,
        sample.pixels,
        turned,
        None,
        sample.fresh,
    )


def test_reports_tell_phases_in_order_and_never_go_back(whole: Whole) -> None:
    reports = whole.reports
    phases = list(dict.fromkeys(report.phase for report in reports))
    assert phases == ["judging before", "learning", "judging after"]
    assert [r.step for r in reports] == sorted(r.step for r in reports)
    assert sum(r.loss is not None for r in reports) == 8
    assert any(r.dice is not None for r in reports)
    assert all(r.steps == 8 for r in reports)


def test_a_click_never_waits_long(run: Any) -> None:
    """Each piece of work of this tiny network takes milliseconds; a whole step would show as a leap."""
    steps = run()
    reports_a_step: dict[int, int] = {}
    for report in steps:
        if report.phase == "learning":
            reports_a_step[report.step] = reports_a_step.get(report.step, 0) + 1
    assert min(reports_a_step[step] for step in range(1, 8)) >= 3


def test_held_back_photos_judge_and_are_never_learned_from(whole: Whole) -> None:
    result = whole.result
    assert result.judged_by is JudgedBy.PHOTOS
    assert result.before is not None and result.before.photos == 1
    assert result.reference_before is not None and result.reference_before.photos == 2
    assert "sample-3" not in result.weights.metadata["samples"]


def test_without_held_back_photos_held_back_parts_judge(run: Any, make_sample: Make) -> None:
    result = run_to_end(run(given=[make_sample(1), make_sample(2)]))
    assert result.judged_by is JudgedBy.PARTS
    assert result.before is not None and result.before.photos == 2


@pytest.mark.parametrize(("keeps_within", "gone"), [(2.0, 1.0), (0.9, 0.6), (0.5, 0.35), (0.1, 0.35)])
def test_a_candidate_that_forgot_is_pulled_back_until_it_did_not(
    run: Any,
    tiny_weights: WeightsFile,
    monkeypatch: pytest.MonkeyPatch,
    keeps_within: float,
    gone: float,
) -> None:
    """Shares of the way from the old weights: what does not forget is kept, or the last that was tried."""
    monkeypatch.setattr(Pace, "check_due", lambda pace, step: False)
    whole = way(tiny_weights, state_of(run_to_end(run()).weights))

    def rank(course: Course, marks: Marks) -> tuple[bool, float]:
        return way(tiny_weights, course.student.candidate_state()) <= keeps_within * whole, 0.5

    monkeypatch.setattr(Course, "_rank", rank)
    assert way(tiny_weights, state_of(run_to_end(run()).weights)) == pytest.approx(gone * whole, rel=0.02)


@pytest.mark.parametrize(
    ("dices", "kept_step"),
    [
        ((0.70, 0.71, 0.72, 0.73), 8),
        ((0.70, 0.73, 0.729, 0.728), 8),
        ((0.70, 0.73, 0.72, 0.71), 4),
        ((0.730, 0.728, 0.726, 0.724), 6),
    ],
    ids=["rises", "wavers", "falls", "creeps down"],
)
def test_a_later_candidate_is_taken_until_it_lost_more_than_chance(
    run: Any, monkeypatch: pytest.MonkeyPatch, dices: tuple[float, ...], kept_step: int
) -> None:
    """Judged at steps 2, 4, 6 and 8."""
    told = iter(dices)
    monkeypatch.setattr(Course, "_rank", lambda course, marks: (True, next(told)))
    assert run_to_end(run()).weights.metadata["step"] == str(kept_step)


def test_too_little_paint_to_hold_back_any_is_told(run: Any, make_sample: Make) -> None:
    dab = np.zeros((64, 64), np.uint8)
    dab[4:8, 4:8] = Label.CRACK
    result = run_to_end(run(given=[make_sample(1, labels=dab)]))
    assert result.judged_by is JudgedBy.LEARNED
    assert not judge(result).promoted


def test_without_a_reference_set_there_is_no_forgetting_to_measure(run: Any) -> None:
    result = run_to_end(run(reference=ReferenceSet()))
    assert result.reference_before is None
    assert result.reference_after is None
    assert result.after is not None


class PiecesClock:
    """Every piece of work takes as long as it says, however fast the machine is."""

    def __init__(self, piece_s: float) -> None:
        self.seconds, self._piece_s = 0.0, piece_s

    def tick(self) -> None:
        """To be called before each piece."""
        self.seconds += self._piece_s


@pytest.fixture
def told_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], PiecesClock]:
    """Runs take the time from the clock that comes back."""

    def tell(piece_s: float) -> PiecesClock:
        clock = PiecesClock(piece_s)
        monkeypatch.setattr("resatt_studio.learning.course.Pace", partial(Pace, clock=lambda: clock.seconds))
        return clock

    return tell


def test_finishing_early_keeps_the_best_within_two_seconds(
    run: Any, told_time: Callable[[float], PiecesClock]
) -> None:
    enough, clock = threading.Event(), told_time(0.4)
    much = ReferenceSet.drawn(range(12), side_px=64)
    plan = replace(PLAN, steps=0, seconds=600)
    steps = run(plan, reference=much, finish_early=enough, should_yield=clock.tick)
    for report in steps:
        if report.step >= 2:
            break
    enough.set()
    asked_at = clock.seconds
    result = run_to_end(steps)
    assert clock.seconds - asked_at <= 2.0
    assert isinstance(result, FineTuneResult)
    assert result.after is not None and result.before is not None
    assert result.steps >= 2


def test_finishing_before_the_first_step_leaves_everything_as_it_is(run: Any) -> None:
    enough = threading.Event()
    enough.set()
    with pytest.raises(LearningError, match="before its first step"):
        run_to_end(run(finish_early=enough))


def test_a_run_cut_off_goes_on_where_it_was(
    run: Any, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.learning.course.POINT_SECONDS", 0.0)
    path = tmp_path / "checkpoint.pt"
    undisturbed = whole.result
    cut_off = run(resume=path)
    for report in cut_off:
        if report.step >= 5:
            break
    cut_off.close()
    assert path.is_file()
    resumed = run(resume=path)
    first_learning = next(report for report in resumed if report.phase == "learning")
    assert first_learning.step >= 4
    result = run_to_end(resumed)
    assert result.weights.weights_id == undisturbed.weights.weights_id
    assert result.losses == undisturbed.losses
    assert not path.exists()


def test_a_point_of_other_samples_is_not_used(
    run: Any, make_sample: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resatt_studio.learning.course.POINT_SECONDS", 0.0)
    path = tmp_path / "checkpoint.pt"
    cut_off = run(resume=path)
    for report in cut_off:
        if report.step >= 4:
            break
    cut_off.close()
    other = run_to_end(run(given=[make_sample(8), make_sample(9, Split.VALIDATION)], resume=path))
    assert len(other.losses) == 8


def fail_at(step: int, error: Exception) -> Callable[..., Any]:
    """``Student.step`` that fails once, at one step."""
    plain = Student.step
    failed = []

    def stumbling(self: Student, batch: Any, rate_factor: float) -> Any:
        if self.steps_done == step and not failed:
            failed.append(step)
            raise error
        return (yield from plain(self, batch, rate_factor))

    return stumbling


def test_a_loss_that_is_no_number_names_the_photo_and_keeps_the_best(
    run: Any, make_sample: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Student, "step", fail_at(5, NotFinite(("sample-1",))))
    named = [make_sample(seed, name=f"wall {seed}.jpg") for seed in (1, 2)]
    with pytest.raises(Diverged, match=r"step 6: the loss on photo wall 1\.jpg is not finite") as raised:
        run_to_end(run(given=[*named, make_sample(3, Split.VALIDATION)]))
    assert raised.value.kept is not None
    assert raised.value.kept.after is not None
    assert "best candidate so far is kept" in raised.value.hint


def test_diverging_before_anything_was_judged_keeps_nothing(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Student, "step", fail_at(0, NotFinite(("sample-2",))))
    with pytest.raises(Diverged) as raised:
        run_to_end(run())
    assert raised.value.kept is None
    assert "weights in use stay" in raised.value.hint


def test_running_out_of_memory_once_costs_no_step_and_is_told_once(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Student, "step", fail_at(3, torch.OutOfMemoryError("out of memory")))
    reports = list(run())
    assert max(report.step for report in reports) == 8
    told = [report.notice for report in reports if report.notice]
    assert len(told) == 1 and told[0].startswith("Memory ran out: learning goes on with ")


def test_memory_that_runs_out_while_judging_on_a_device_is_told_too(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, failed = Segmenter.probability, []

    def stumbling(self: Segmenter, pixels: Any) -> Any:
        if not failed:
            self.batch = 4  # as on a device
            failed.append(True)
            raise torch.OutOfMemoryError("out of memory")
        return plain(self, pixels)

    monkeypatch.setattr(Segmenter, "probability", stumbling)
    told = [report.notice for report in run() if report.notice]
    assert told == ["Memory ran out while predicting: it goes on with 2 tiles at a time."]


def test_photos_that_only_judge_are_nothing_to_learn_from(run: Any, make_sample: Make) -> None:
    with pytest.raises(LearningError, match="the 1 corrected so far are held back"):
        run_to_end(run(given=[make_sample(3, Split.VALIDATION)]))
    with pytest.raises(LearningError, match="no corrected photo"):
        run_to_end(run(given=[]))


def test_photos_nobody_spoke_about_are_nothing_to_learn_from(run: Any, make_sample: Make) -> None:
    with pytest.raises(LearningError, match="nobody said anything"):
        run_to_end(run(given=[make_sample(1, labels=np.zeros((64, 64), np.uint8))]))


def test_a_held_back_photo_nobody_spoke_about_judges_nothing(run: Any, make_sample: Make) -> None:
    silent = make_sample(3, Split.VALIDATION, labels=np.zeros((64, 64), np.uint8))
    result = run_to_end(run(replace(PLAN, steps=2), [make_sample(1), silent]))
    assert result.judged_by is JudgedBy.PARTS
    assert result.before is not None and result.before.photos == 1


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"batch": 0}, {"crop_px": 8}, {"learning_rate": -1.0}])
def test_a_plan_without_meaning_is_refused(run: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(LearningError, match="plan has no meaning"):
        run_to_end(run(replace(PLAN, **wrong)))


def test_the_host_is_asked_before_every_piece_of_work(run: Any) -> None:
    asked = []
    reports = list(run(should_yield=lambda: asked.append(1)))
    assert len(asked) >= len(reports) * 0.6


def test_a_run_ends_within_its_time(run: Any, told_time: Callable[[float], PiecesClock]) -> None:
    clock = told_time(0.05)
    result = run_to_end(run(replace(PLAN, steps=0, seconds=4.0), should_yield=clock.tick))
    assert clock.seconds <= 4.0
    assert result.steps >= 1


def test_one_photo_is_trusted_half_as_much_as_four() -> None:
    plan = FineTunePlan(learning_rate=4e-4, replay=0.25)
    one, two, four, many = (restrained(plan, trust(photos)) for photos in (1, 2, 4, 30))
    assert (one.learning_rate, one.blend, one.replay) == (1e-4, plan.blend / 2, 0.5)
    assert four == many == plan
    assert one.learning_rate < two.learning_rate < plan.learning_rate
    assert one.replay > two.replay > plan.replay
    assert restrained(replace(plan, replay=1.0), trust(1)).replay == 1.0
