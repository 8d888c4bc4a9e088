"""Claims about learning in a project: the active weights stay, the gate decides, a crash costs little."""

from __future__ import annotations

import threading
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import pytest

from resatt_studio.errors import LearningError
from resatt_studio.records.photo import Split
from resatt_studio.records.project import RunState
from resatt_studio.records.review import ReviewAct
from resatt_studio.records.training import FineTunePlan, StartFrom, StepReport, Verdict
from resatt_studio.records.weights import WeightsState, WeightsVersion
from resatt_studio.synthesis.scenes import render_scene
from resatt_studio.workflow import finetune
from resatt_studio.workflow.correct import approve, check_project, open_document
from resatt_studio.workflow.finetune import FineTuneOutcome, fine_tune_project
from resatt_studio.workflow.jobs import Job, drain
from resatt_studio.workflow.project import Project

PLAN = FineTunePlan(seconds=60, steps=3, crop_px=64, batch=2)


def learning(project: Project, reference: Path, seed: int = 0, **changes: object) -> Job[FineTuneOutcome]:
    plan = replace(PLAN, seed=seed)
    return fine_tune_project(project, plan, device="cpu", threads=1, reference_folder=reference, **changes)


def verdict_is(monkeypatch: pytest.MonkeyPatch, promoted: bool) -> None:
    monkeypatch.setattr(
        "resatt_studio.learning.gate.judge", lambda result, rules: Verdict(promoted, "as the test wants")
    )


def test_a_better_candidate_becomes_active_and_names_its_parent_and_samples(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, True)
    parent = taught.shelf.active()
    before = taught.shelf.load(parent.weights_id).data
    outcome = drain(learning(taught, reference, author="Ada"))
    active = taught.shelf.active()
    assert outcome.verdict.promoted and active == outcome.version
    assert active.parent == parent.weights_id and active.weights_id != parent.weights_id
    train = {sample.sample_id for sample in taught.store.samples() if sample.split == "train"}
    assert set(active.samples) == train and taught.store.unlearned() == []
    assert taught.shelf.load(parent.weights_id).data == before
    assert taught.shelf.rollback().weights_id == parent.weights_id
    assert check_project(taught) == []


def test_a_worse_candidate_is_refused_and_its_samples_count_as_unlearned(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, False)
    active = taught.shelf.active()
    outcome = drain(learning(taught, reference))
    assert outcome.version.state is WeightsState.REFUSED and outcome.version.reason == "as the test wants"
    assert taught.shelf.active() == active
    assert len(taught.store.unlearned()) == 4


def test_when_nothing_may_be_promoted_the_candidate_waits(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, True)
    active = taught.shelf.active()
    outcome = drain(learning(taught, reference, promote_better=False))
    assert not outcome.verdict.promoted and "would be promoted" in outcome.verdict.reason
    assert outcome.version.state is WeightsState.CANDIDATE and taught.shelf.active() == active


def test_the_run_and_its_curve_are_kept(taught: Project, reference: Path) -> None:
    outcome = drain(learning(taught, reference, author="Ada"))
    (run,) = taught.store.runs()
    assert run.state is RunState.FINISHED and run.author == "Ada"
    assert run.weights_id == outcome.version.weights_id and run.plan == asdict(PLAN)
    learned = [point for point in run.curve if point.loss is not None]
    assert {point.step for point in learned} == {1, 2, 3}
    assert not any(taught.runs_folder.iterdir())


def test_the_json_says_what_the_command_line_promises(taught: Project, reference: Path) -> None:
    outcome = drain(learning(taught, reference))
    said = outcome.as_json()
    assert {"candidate", "promoted", "reason", "before", "after", "seconds"} <= said.keys()
    assert said["candidate"] == outcome.version.weights_id and said["promoted"] is outcome.verdict.promoted
    assert said["judged_by"] == "parts" and said["before"]["photos"] >= 1 and 0 <= said["after"]["dice"] <= 1


def test_closing_the_job_leaves_no_candidate(taught: Project, reference: Path) -> None:
    job = learning(taught, reference)
    for report in job:
        if isinstance(report.detail, StepReport) and report.detail.phase == "learning":
            break
    job.close()
    assert len(taught.shelf.versions()) == 1
    (run,) = taught.store.runs()
    assert run.state is RunState.STOPPED and not any(taught.runs_folder.iterdir())


def test_an_early_end_keeps_a_candidate(taught: Project, reference: Path) -> None:
    event = threading.Event()
    job = fine_tune_project(
        taught,
        replace(PLAN, steps=100_000),
        device="cpu",
        threads=1,
        reference_folder=reference,
        finish_early=event,
    )

    def ask(report: object) -> None:
        if report.detail is not None and report.detail.step >= 2:
            event.set()

    outcome = drain(job, ask)
    assert 2 <= outcome.result.steps < 100_000
    assert len(taught.shelf.versions()) == 2


def test_a_run_that_was_cut_off_is_taken_up_and_another_one_is_closed(
    taught: Project, reference: Path
) -> None:
    store, base = taught.store, taught.shelf.active().weights_id
    learned = [sample.sample_id for sample in store.samples() if sample.split == "train"]
    other = store.start_run(base, replace(PLAN, seed=9), learned)
    same = store.start_run(base, PLAN, learned)
    folder = taught.runs_folder / str(same)
    folder.mkdir()
    (folder / "resume-point").write_bytes(b"cut off while it was written")
    drain(learning(taught, reference))
    runs = {run.run_id: run for run in store.runs()}
    assert runs.keys() == {other, same}
    assert runs[same].state is RunState.FINISHED
    assert runs[other].state is RunState.FAILED and runs[other].reason == "cut off"


def test_an_error_while_learning_ends_the_run_with_its_reason(taught: Project, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(LearningError, match="no reference tiles"):
        drain(learning(taught, tmp_path))
    (run,) = taught.store.runs()
    assert run.state is RunState.FAILED and str(tmp_path) in run.reason


def test_the_best_candidate_of_a_run_that_ran_away_waits_on_the_shelf(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.learning.student import NotFinite, Student

    plain = Student.step

    def stumbling(self: Student, batch: object, rate_factor: float) -> object:
        if self.steps_done == 1:
            raise NotFinite(("a photo",))
        return (yield from plain(self, batch, rate_factor))

    monkeypatch.setattr(Student, "step", stumbling)
    active = taught.shelf.active()
    plan = replace(PLAN, seconds=3000)
    with pytest.raises(LearningError, match="not finite"):
        drain(fine_tune_project(taught, plan, device="cpu", threads=1, reference_folder=reference))
    waiting = [one for one in taught.shelf.versions() if one.state is WeightsState.CANDIDATE]
    assert [one.parent for one in waiting] == [active.weights_id]
    assert taught.shelf.active() == active
    assert taught.store.runs()[0].state is RunState.FAILED


def test_without_samples_there_is_nothing_to_learn_from(project: Project, reference: Path) -> None:
    with pytest.raises(LearningError, match="nothing to learn from"):
        drain(learning(project, reference))
    assert project.store.runs() == []


def test_a_sample_whose_photo_is_lost_is_left_out_and_told(taught: Project, reference: Path) -> None:
    lost = next(sample for sample in taught.store.samples() if sample.split == "train")
    lost.photo_path.unlink()
    outcome = drain(learning(taught, reference))
    (told,) = outcome.left_out
    assert lost.photo_path.name in told
    assert lost.sample_id not in outcome.version.samples


def test_pixels_take_bounded_memory_and_unlearned_samples_come_first(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "PIXEL_MEMORY_BYTES", 2 * 96 * 128 * 5)
    outcome = drain(learning(taught, reference))
    assert len(outcome.left_out) == 2
    fresh = [sample.sample_id for sample in taught.store.samples() if sample.split == "train"]
    assert outcome.version.samples == tuple(fresh[-2:])


def test_what_was_learned_answers_at_home_and_the_first_weights_elsewhere(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.imaging.surface import describe_surface
    from resatt_studio.learning.surfaces import known_surfaces
    from resatt_studio.models.state import load_weights, pack_weights, state_of
    from resatt_studio.records.photo import Photo
    from resatt_studio.workflow.predict import make_engine, predict_pixels

    verdict_is(monkeypatch, True)
    scenes = [render_scene(seed, 128, 128).pixels for seed in range(12)]
    described = [describe_surface(scene) for scene in scenes]
    first = taught.shelf.load(taught.shelf.active().weights_id)
    header = {"surfaces": known_surfaces({"some": described[:6], "more": described[6:]}).to_text()}
    saying = pack_weights(first.model, first.config, {k: 2 * v for k, v in state_of(first).items()}, header)
    base = taught.shelf.add(saying)
    taught.shelf.promote(base.weights_id)

    def mask(version: WeightsVersion, pixels: object) -> bytes:
        engine = make_engine(taught.shelf.load(version.weights_id), "cpu", 1, "folded")
        prediction = drain(predict_pixels(engine, Photo("photo", pixels)))
        return prediction.mask(taught.settings.threshold_with(version)).tobytes()

    outcomes = [drain(learning(taught, reference)), drain(learning(taught, reference))]
    for outcome in outcomes:  # the second learned from the first, and has the same weights elsewhere
        tuned = taught.shelf.load(outcome.version.weights_id)
        assert tuned.metadata["elsewhere"] == base.weights_id
        assert mask(outcome.version, scenes[3]) == mask(base, scenes[3])
        assert load_weights(taught.shelf.path(tuned.weights_id)).elsewhere is None, "a file stands alone"
    photo = cv2.imread(str(taught.store.photos()[0].facts.path))[..., ::-1].copy()
    assert mask(outcomes[0].version, photo) != mask(base, photo)


def test_a_run_begins_with_the_first_weights_and_has_to_beat_those_in_use(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, True)
    first = taught.shelf.active()
    quick = drain(learning(taught, reference))
    assert quick.version.weights_id != first.weights_id
    again = drain(learning(taught, reference, start_from=StartFrom.FIRST))
    assert again.version.parent == first.weights_id
    assert again.result.before == quick.result.after, "both judged on the same photos"
    # the same plan and photos from the same weights: what one run makes another makes
    assert again.version.weights_id == quick.version.weights_id


def earlier_of(project: Project, outcome: FineTuneOutcome) -> str:
    """The run that a candidate goes on from, as its header says."""
    return project.shelf.load(outcome.version.weights_id).metadata.get("earlier", "")


@pytest.mark.parametrize("promoted", [True, False])
def test_a_run_goes_on_from_the_newest_one_whatever_the_gate_said_of_it(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch, promoted: bool
) -> None:
    verdict_is(monkeypatch, promoted)
    first = taught.shelf.active().weights_id
    one, two, three = (drain(learning(taught, reference)) for _ in range(3))
    assert [earlier_of(taught, run) for run in (one, two, three)] == [
        "",
        one.version.weights_id,
        two.version.weights_id,
    ]
    assert {run.version.parent for run in (one, two, three)} == {first}


def test_what_was_corrected_anew_is_unlearned(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, True)
    one = drain(learning(taught, reference))
    taken_back = next(entry for entry in taught.store.samples() if entry.split == "train")
    document = open_document(taught, taken_back.photo_id)
    document.begin("brush", 1, 5.0)
    document.extend([(5.0, 5.0), (50.0, 50.0)])
    document.end()
    approve(taught, document, None)
    document.close()
    two = drain(learning(taught, reference))
    assert earlier_of(taught, two) == "", "the run before learned from labels that do not hold any more"
    assert one.version.samples != two.version.samples
    assert earlier_of(taught, drain(learning(taught, reference))) == two.version.weights_id


def test_what_was_rolled_back_is_not_gone_on_from(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, True)
    one, two = drain(learning(taught, reference)), drain(learning(taught, reference))
    taught.shelf.rollback()
    assert taught.shelf.active().weights_id == one.version.weights_id != two.version.weights_id
    assert earlier_of(taught, drain(learning(taught, reference))) == one.version.weights_id


def test_nor_is_what_went_on_from_it(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, True)
    drain(learning(taught, reference))
    verdict_is(monkeypatch, False)
    refused = drain(learning(taught, reference))
    taught.shelf.rollback()
    anew = drain(learning(taught, reference, seed=1))
    assert earlier_of(taught, anew) == "" != earlier_of(taught, refused)
    assert earlier_of(taught, drain(learning(taught, reference))) == anew.version.weights_id


def test_nor_is_what_went_on_from_weights_that_were_put_aside_for_older_ones(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, True)
    first = taught.shelf.active()
    drain(learning(taught, reference))
    verdict_is(monkeypatch, False)
    drain(learning(taught, reference))
    taught.shelf.promote(first.weights_id)
    assert earlier_of(taught, drain(learning(taught, reference, seed=1))) == ""


def test_what_was_rolled_back_stays_so_when_newer_weights_are_in_use(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, True)
    photo = next(entry for entry in taught.store.samples(Split.TRAIN))
    taught.store.second_reading(photo.photo_id, ReviewAct.SENT_BACK, "look again", "Bo")
    back = drain(learning(taught, reference))
    taught.shelf.rollback()
    taught.store.approve(photo.photo_id, taught.blobs.get_array(photo.labels_blob))
    newer = drain(learning(taught, reference))
    assert earlier_of(taught, newer) == "" and taught.shelf.active().number > back.version.number
    taught.store.second_reading(photo.photo_id, ReviewAct.SENT_BACK, "once more", "Bo")
    assert earlier_of(taught, drain(learning(taught, reference, seed=1))) == ""


def test_photos_that_memory_has_no_room_for_do_not_make_learning_begin_anew(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, False)
    one = drain(learning(taught, reference))
    monkeypatch.setattr(finetune, "PIXEL_MEMORY_BYTES", 2 * 96 * 128 * 5)
    two = drain(learning(taught, reference))
    assert len(two.left_out) == 2 and set(two.version.samples) < set(one.version.samples)
    assert earlier_of(taught, two) == one.version.weights_id
    monkeypatch.undo()
    verdict_is(monkeypatch, False)
    assert earlier_of(taught, drain(learning(taught, reference))) == two.version.weights_id


def test_under_an_own_threshold_weights_are_kept_without_one(taught: Project, reference: Path) -> None:
    usual = drain(learning(taught, reference))
    assert (usual.version.threshold is None) == (
        "threshold" not in taught.shelf.header(usual.version.weights_id)
    )
    taught.settings.threshold = 0.35
    own = drain(learning(taught, reference, seed=1))
    assert own.version.threshold is None and own.result.threshold is None
    assert "threshold" not in taught.shelf.header(own.version.weights_id)


def test_weights_whose_file_is_damaged_are_not_gone_on_from(
    taught: Project, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict_is(monkeypatch, False)
    one, two = drain(learning(taught, reference)), drain(learning(taught, reference))
    path = taught.shelf.path(two.version.weights_id)
    path.write_bytes(path.read_bytes()[:-1])
    assert earlier_of(taught, drain(learning(taught, reference, seed=1))) == one.version.weights_id
