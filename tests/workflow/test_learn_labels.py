"""Claims about class answers in a project: what they teach, which side they stand on, what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resatt_studio.errors import LearningError, WeightsError
from resatt_studio.records.label_learning import LabelPlan
from resatt_studio.records.labels import CrackType
from resatt_studio.records.photo import Split
from resatt_studio.records.project import RunState
from resatt_studio.records.training import FineTunePlan, StepReport
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow.answers import answer_crack_type, answer_state, answered_photos
from resatt_studio.workflow.correct import check_project
from resatt_studio.workflow.finetune import fine_tune_project
from resatt_studio.workflow.jobs import Job, drain
from resatt_studio.workflow.learn_labels import LabelOutcome, learn_project_labels
from resatt_studio.workflow.load import add_photos
from resatt_studio.workflow.project import Project
from resatt_studio.workflow.promote import rollback

KINDS = (CrackType.NO_CRACK, CrackType.TRANSVERSE)
PLAN = LabelPlan("rmt", steps=80, learning_rate=0.1, pull=1e-4, replay=0.05)
PHOTOS = 18
PLAN_OF_MASKS = FineTunePlan(seconds=60, steps=1)


@pytest.fixture(scope="module")
def reference(draw_reference: Callable[[int], Path]) -> Path:
    """Four drawn scenes, to replay and to judge by."""
    return draw_reference(4)


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory, draw_squares: Callable[..., Path]) -> Path:
    """Photos that alternate between a bare surface and one with a broad dark bar."""
    return draw_squares(tmp_path_factory.mktemp("squares"), PHOTOS, 96)


@pytest.fixture
def filled(project: Project, squares: Path, small_weights: Callable[..., Any]) -> Project:
    """The project with those photos and a small RMT in use."""
    drain(add_photos(project, [squares]))
    project.shelf.add(small_weights("rmt"), state=WeightsState.ACTIVE, name="small")
    return project


@pytest.fixture
def answered(filled: Project) -> Project:
    answer(filled, PHOTOS)
    return filled


def answer(project: Project, count: int, first: int = 0) -> None:
    for number, entry in list(enumerate(project.store.photos()))[first : first + count]:
        answer_crack_type(project, entry.photo_id, KINDS[number % 2], "Ada")


def learning(project: Project, reference: Path, plan: LabelPlan = PLAN, **more: Any) -> Job[LabelOutcome]:
    # What four random tiles of a network of noise say is no measure of forgetting.
    return learn_project_labels(
        project, plan, device="cpu", threads=1, reference_folder=reference, author="Ada", **more
    )


@pytest.fixture(autouse=True)
def forgiving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resatt_studio.learning.label_gate.MAX_FORGOTTEN", 1.0)
    monkeypatch.setattr("resatt_studio.learning.label_gate.MAX_SURPRISE", 9.0)


def test_a_better_head_comes_into_use_and_can_be_rolled_back(answered: Project, reference: Path) -> None:
    parent = answered.shelf.active("rmt")
    segmenter = answered.shelf.active()
    outcome = drain(learning(answered, reference))
    active = answered.shelf.active("rmt")
    assert outcome.verdict.promoted and active == outcome.version, outcome.verdict.reason
    assert active.parent == parent.weights_id and active.state is WeightsState.ACTIVE
    assert active.labels == outcome.result.comparison and active.labels.after.photos == PHOTOS // 3
    assert active.reason == outcome.verdict.reason and "held-back photos" in active.reason
    assert answered.shelf.active() == segmenter, "the other network is left alone"
    assert rollback(answered, "rmt").weights_id == parent.weights_id
    assert check_project(answered) == []


def test_what_was_learned_is_in_the_header_and_the_terms_of_the_base_stay(
    answered: Project, reference: Path
) -> None:
    outcome = drain(learning(answered, reference))
    header = answered.shelf.load(outcome.version.weights_id).metadata
    taught = [photo.photo_id for photo in answered_photos(answered) if photo.split is Split.TRAIN]
    assert all(photo_id in header["answers"] for photo_id in taught)
    assert len(taught) == outcome.result.taught == 12


def test_learning_again_starts_before_any_answer_and_finds_nothing_new(
    answered: Project, reference: Path
) -> None:
    first = drain(learning(answered, reference))
    again = drain(learning(answered, reference))
    assert again.version.weights_id == first.version.weights_id
    assert not again.verdict.promoted and "learned already" in again.verdict.reason
    other = drain(learning(answered, reference, replace(PLAN, steps=81)))
    assert other.version.parent == first.version.parent, "not the head that had learned"


def test_a_refused_head_stays_listed_with_its_reason(filled: Project, reference: Path) -> None:
    rng = np.random.default_rng(1)
    for entry in filled.store.photos():
        answer_crack_type(filled, entry.photo_id, list(CrackType)[rng.integers(4)])
    active = filled.shelf.active("rmt")
    outcome = drain(learning(filled, reference))
    assert outcome.version.state is WeightsState.REFUSED and not outcome.verdict.promoted
    assert outcome.version.reason == outcome.verdict.reason
    assert filled.shelf.active("rmt") == active
    (run,) = filled.store.runs()
    assert run.state is RunState.FINISHED and run.reason == outcome.verdict.reason


def test_when_nothing_may_be_promoted_the_candidate_waits(answered: Project, reference: Path) -> None:
    outcome = drain(learning(answered, reference, promote_better=False))
    assert outcome.version.state is WeightsState.CANDIDATE
    assert "would be promoted" in outcome.verdict.reason


def test_other_weights_that_came_into_use_meanwhile_are_left_in_use(
    answered: Project, reference: Path, small_weights: Callable[..., Any]
) -> None:
    job = learning(answered, reference)
    next(job)
    next(job)
    other = answered.shelf.add(small_weights("rmt", 5), state=WeightsState.ACTIVE)
    outcome = drain(job)
    assert "came into use meanwhile" in outcome.verdict.reason
    assert answered.shelf.active("rmt").weights_id == other.weights_id


def test_the_run_its_curve_and_its_answers_are_kept(answered: Project, reference: Path) -> None:
    assert answer_state(answered).fresh("rmt") == PHOTOS
    outcome = drain(learning(answered, reference))
    (run,) = answered.store.runs()
    assert (run.state, run.author, run.model) == (RunState.FINISHED, "Ada", "rmt")
    assert run.weights_id == outcome.version.weights_id
    assert len(run.curve) == PLAN.steps and run.curve[0].loss > run.curve[-1].loss
    state = answer_state(answered)
    assert (state.taught, state.judging, state.enough) == (12, 6, True)
    assert (state.fresh("rmt"), state.fresh("revit")) == (0, PHOTOS)
    changed = answered.store.photos()[0].photo_id
    answer_crack_type(answered, changed, CrackType.BRANCHING)
    assert answer_state(answered).fresh("rmt") == 1


def test_too_few_answers_begin_no_run(filled: Project, reference: Path) -> None:
    answer(filled, 9)
    with pytest.raises(LearningError, match="9 answered photos are too few"):
        drain(learning(filled, reference))
    assert filled.store.runs() == [] and not answer_state(filled).enough


def test_a_cancelled_lesson_leaves_no_candidate(answered: Project, reference: Path) -> None:
    job = learning(answered, reference)
    for report in job:
        if isinstance(report.detail, StepReport) and report.detail.loss is not None:
            break
    job.close()
    (run,) = answered.store.runs()
    assert run.state is RunState.STOPPED
    assert len(answered.shelf.versions("rmt")) == 1


def test_a_lesson_that_a_crash_cut_off_is_closed_by_the_next(answered: Project, reference: Path) -> None:
    base = answered.shelf.active("rmt").weights_id
    answered.store.start_run(base, PLAN)
    segmenting = answered.store.start_run(answered.shelf.active().weights_id, PLAN_OF_MASKS)
    drain(learning(answered, reference))
    states = {run.run_id: run.state for run in answered.store.runs()}
    assert list(states.values()).count(RunState.FAILED) == 1
    assert states[segmenting] is RunState.RUNNING, "the other network's lesson may go on"


def test_a_lesson_of_labels_and_one_of_masks_do_not_disturb_each_other(
    answered: Project, reference: Path
) -> None:
    """Both networks keep their runs in one table."""
    drain(learning(answered, reference))
    with pytest.raises(LearningError, match="nothing to learn from"):
        drain(fine_tune_project(answered, PLAN_OF_MASKS, device="cpu", reference_folder=reference))
    assert answer_state(answered).fresh("rmt") == 0


def test_a_photo_keeps_its_side_whatever_is_answered_later_or_taken_back(filled: Project) -> None:
    answer(filled, 7)
    sides = {photo.photo_id: photo.split for photo in answered_photos(filled)}
    answer_crack_type(filled, filled.store.photos()[1].photo_id, None)
    answer(filled, 11, first=7)
    answer_crack_type(filled, filled.store.photos()[1].photo_id, CrackType.BRANCHING)
    now = {photo.photo_id: photo.split for photo in answered_photos(filled)}
    assert {photo_id: now[photo_id] for photo_id in sides} == sides
    in_order = [now[entry.photo_id] for entry in filled.store.photos()]
    assert all(in_order[i : i + 3].count(Split.VALIDATION) == 1 for i in range(0, PHOTOS, 3))
    assert all(entry.split is None for entry in filled.store.photos()), "masks have a split of their own"


def test_only_label_networks_learn_from_classes(answered: Project, reference: Path) -> None:
    with pytest.raises(WeightsError, match="does not learn from class answers"):
        drain(learning(answered, reference, LabelPlan("r2aunet")))


def test_factory_weights_learn_too_and_stand_on_the_shelf_to_go_back_to(
    filled: Project,
    reference: Path,
    small_weights: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    factory = small_weights("revit")
    path = tmp_path / "revit-factory.safetensors"
    path.write_bytes(factory.data)
    for module in ("learn_labels.factory_path", "promote.bundled_weights"):
        monkeypatch.setattr(f"resatt_studio.workflow.{module}", lambda *_: path)
    answer(filled, PHOTOS)
    outcome = drain(learning(filled, reference, replace(PLAN, model="revit")))
    assert outcome.verdict.promoted, outcome.verdict.reason
    assert outcome.version.parent == factory.weights_id
    assert rollback(filled, "revit").weights_id == factory.weights_id
