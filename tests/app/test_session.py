"""Claims about the session: outdated answers are dropped, failures are told, closing waits for writing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt

from resatt_studio.app import jobs
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.panels.photo_model import FACTS_ROLE
from resatt_studio.app.predictor import Predictor
from resatt_studio.app.worker import Answers, once
from resatt_studio.errors import StoreError, StudioError
from resatt_studio.records.arrays import read_only
from resatt_studio.records.correction import Label
from resatt_studio.records.geometry import Box
from resatt_studio.records.jobs import Urgency
from resatt_studio.records.photo import ReviewState
from resatt_studio.records.prediction import Prediction, PredictionPart
from resatt_studio.records.weights import WeightsState
from resatt_studio.workflow.jobs import drain, progress
from resatt_studio.workflow.load import Added
from resatt_studio.workflow.project import open_project

pytestmark = pytest.mark.gui


@pytest.fixture
def opened(studio: Any, project_folder: Path) -> Any:
    """The window with a project open; its network never answers, so that tests can answer for it."""
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None, 60)
    return studio


def prediction(
    session: Any, weights_id: str | None = None, photo_id: str | None = None, dehazer_id: str = ""
) -> Prediction:
    height, width = session.photo.pixels.shape[:2]
    values = np.zeros((height, width), np.uint8)
    values[: height // 4] = 200
    return Prediction(
        photo_id or session.photo.photo_id,
        weights_id or session.active.weights_id,
        read_only(values),
        0.1,
        dehazer_id=dehazer_id,
    )


def test_a_prediction_of_the_open_photo_is_shown_and_counted(opened: Any) -> None:
    session = opened.parts.session
    session.predictor.predicted.emit(prediction(session))
    assert wait_for(lambda: session.crack_share is not None, 60)
    assert session.crack_share == pytest.approx(0.25)
    assert opened.window.status.share.text() == "mask 25.0 %"
    assert session.document.weights_id == session.active.weights_id
    session.set_threshold(0.9)
    assert session.crack_share == pytest.approx(0)


@pytest.mark.parametrize("what", ["weights_id", "photo_id"])
def test_a_prediction_by_other_weights_or_of_another_photo_is_dropped(opened: Any, what: str) -> None:
    session = opened.parts.session
    session.predictor.predicted.emit(prediction(session, **{what: "0" * 64}))
    assert wait_for(lambda: not session.files.busy, 60)
    settle(0.05)
    assert session.prediction is None


def test_a_mask_by_dehazing_weights_that_are_out_of_use_is_dropped(
    opened: Any, small_weights: Callable[..., Any]
) -> None:
    session = opened.parts.session
    session.set_photo_input("dehazed")
    session.predictor.predicted.emit(prediction(session, dehazer_id="d" * 64))
    assert wait_for(lambda: session.prediction is not None, 60), "no others are in use"
    asked: list[str] = []
    session.predictor.predict_shown = lambda project, photo: asked.append(photo.photo_id)
    weights = small_weights("dhformer")
    session.project.shelf.add(weights, state=WeightsState.ACTIVE, name="other")
    session.refresh()
    assert wait_for(lambda: session.prediction is None, 60)
    assert asked == [session.photo.photo_id]
    session.predictor.grew.emit(part(session, dehazer_id="d" * 64))
    session.predictor.predicted.emit(prediction(session, dehazer_id="d" * 64))
    assert wait_for(lambda: not session.files.busy, 60)
    settle(0.05)
    assert session.prediction is None and mask_rows(opened) == (False, False)
    session.predictor.predicted.emit(prediction(session, dehazer_id=weights.weights_id))
    assert wait_for(lambda: session.prediction is not None, 60)


def test_a_kept_mask_of_the_former_input_is_not_shown_when_its_photo_comes(opened: Any) -> None:
    session = opened.parts.session
    for entry in session.listed:
        session.project.store.put_prediction(prediction(session, photo_id=entry.photo_id))
    asked: list[str] = []
    session.predictor.predict_shown = lambda project, photo: asked.append(photo.photo_id)
    session.next_photo()
    session.set_photo_input("dehazed")
    assert wait_for(lambda: session.photo is not None and not session.files.busy, 60)
    assert session.prediction is None and asked == [session.photo.photo_id]


def part(
    session: Any, weights_id: str | None = None, photo_id: str | None = None, dehazer_id: str = ""
) -> PredictionPart:
    """The upper half of the open photo, all crack."""
    height, width = session.photo.pixels.shape[:2]
    box = Box(0, 0, height // 2, width)
    values = read_only(np.full((box.height, box.width), 255, np.uint8))
    ids = photo_id or session.photo.photo_id, weights_id or session.active.weights_id
    return PredictionPart(*ids, ((box, values),), dehazer_id)


def mask_rows(opened: Any) -> tuple[bool, bool]:
    """Whether the mask is seen in the upper and in the lower half of the photo."""
    canvas = opened.window.canvas
    canvas.scene.compose()
    inside = canvas.viewport.photo_in_view
    middle = (inside.top + inside.bottom) // 2
    picture = canvas.scene.overlay_picture
    return bool(picture[inside.top : middle - 2].any()), bool(picture[middle + 2 : inside.bottom].any())


def test_what_is_finished_of_a_prediction_is_seen_before_the_rest(opened: Any) -> None:
    session = opened.parts.session
    session.predictor.grew.emit(part(session))
    assert mask_rows(opened) == (True, False)
    session.set_threshold(0.4)
    assert mask_rows(opened) == (True, False), "another threshold leaves it there"
    assert session.prediction is None, "a part is never taken for the whole"
    session.predictor.predicted.emit(prediction(session))
    assert wait_for(lambda: session.prediction is not None, 60)
    session.predictor.grew.emit(part(session))
    assert np.array_equal(opened.window.canvas.scene.probability.values, session.prediction.probability_8bit)


@pytest.mark.parametrize("what", ["weights_id", "photo_id"])
def test_a_part_by_other_weights_or_of_another_photo_is_dropped(opened: Any, what: str) -> None:
    session = opened.parts.session
    session.predictor.grew.emit(part(session, **{what: "0" * 64}))
    assert mask_rows(opened) == (False, False)


def test_a_prediction_that_breaks_off_leaves_no_part_behind(opened: Any) -> None:
    session = opened.parts.session
    session.predictor.grew.emit(part(session))
    session.predictor.broke_off.emit(session.photo.photo_id)
    assert mask_rows(opened) == (False, False)


def test_only_the_last_of_many_quick_steps_is_opened(opened: Any) -> None:
    session = opened.parts.session
    shown: list[str] = []
    session.photo_ready.connect(lambda photo, document: shown.append(photo.photo_id))
    names = [entry.photo_id for entry in session.listed]
    for _ in range(3):
        session.next_photo()
    assert wait_for(lambda: session.document is not None, 60)
    assert wait_for(lambda: not session.files.busy, 60)
    assert session.photo.photo_id == names[3]
    assert shown[-1] == names[3]
    assert session.document.photo_id == names[3]


def test_an_approval_asked_for_just_before_closing_is_kept(opened: Any, project_folder: Path) -> None:
    first = opened.parts.session.entry.photo_id
    opened.parts.session.approve()
    opened.window.close()
    with open_project(project_folder) as project:
        assert project.store.photo(first).state is ReviewState.APPROVED
        assert [sample.photo_id for sample in project.store.samples()] == [first]


def test_a_refused_approval_is_told_and_taken_back(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened.parts.session
    first = session.entry.photo_id

    def refuse(*_: object) -> None:
        raise StoreError("The disk is full.", "Free some space.")

    monkeypatch.setattr(jobs, "approve", refuse)
    session.approve()
    state = {entry.photo_id: entry.state for entry in session.state.entries}
    assert state[first] is ReviewState.APPROVED, "shown at once"
    assert wait_for(lambda: "The disk is full." in opened.window.notice.text, 60)
    assert wait_for(
        lambda: next(e for e in session.state.entries if e.photo_id == first).state is ReviewState.NEW, 60
    )


@pytest.mark.parametrize(("rows", "told"), [(0.4, "is approved."), (0.6, "60% of it labelled crack")])
def test_a_photo_that_is_mostly_crack_is_approved_and_told(opened: Any, rows: float, told: str) -> None:
    session, words = opened.parts.session, []
    session.told.connect(words.append)
    height, width = session.document.height, session.document.width
    labels = np.full((height, width), Label.NOT_CRACK, np.uint8)
    labels[: round(rows * height)] = Label.CRACK
    session.document.apply_labels("mask", Box(0, 0, height, width), labels)
    session.approve()
    assert wait_for(lambda: any(told in said for said in words), 60), words
    assert len(session.project.store.samples()) == 1


def test_a_photo_that_is_gone_is_told_and_leaves_no_empty_waiting(opened: Any) -> None:
    session = opened.parts.session
    gone = session.listed[2]
    kept = gone.facts.path.read_bytes()
    gone.facts.path.unlink()
    session.open_photo(gone.photo_id)
    assert wait_for(lambda: gone.name in opened.window.notice.text, 60)
    assert session.document is None
    assert gone.name in opened.window.canvas._message
    gone.facts.path.write_bytes(kept)
    session.open_photo(gone.photo_id)
    assert wait_for(lambda: session.document is not None, 60), "the card is in again; a click tries again"
    session.open_photo(session.listed[0].photo_id)
    assert wait_for(lambda: session.document is not None, 60)


def test_a_preview_is_kept_for_the_next_visit_once_the_file_was_compared(
    project_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resatt_studio.app import jobs
    from resatt_studio.app.canvas.tile_memory import TileMemory
    from resatt_studio.errors import PhotoChanged
    from resatt_studio.imaging.pyramid_cache import PyramidCache

    monkeypatch.setattr(jobs, "PREVIEW_KEPT_FROM_MP", 0.0)
    cache, memory = PyramidCache(tmp_path / "tiles", 1 << 30), TileMemory(1 << 30)
    with open_project(project_folder) as project:
        sound, changed, other, *_ = project.store.photos()
        changed.facts.path.write_bytes(other.facts.path.read_bytes())
        rest = ("", "", lambda error: None, 1 << 20, memory, cache)
        drain(jobs.open_photo(project, sound, *rest)).document.close()
        with pytest.raises(PhotoChanged):
            drain(jobs.open_photo(project, changed, *rest))
    assert cache.keys(sound.photo_id) == {jobs.PREVIEW}
    assert cache.keys(changed.photo_id) == set()


def test_a_folder_that_is_no_project_is_told_and_the_start_page_stays(studio: Any, tmp_path: Path) -> None:
    errors: list[StudioError] = []
    studio.parts.session.failed.connect(errors.append)
    studio.parts.session.open_project(tmp_path)
    assert wait_for(lambda: bool(errors), 60)
    assert str(tmp_path) in errors[0].message
    assert errors[0].hint
    assert studio.window.welcome.isVisible()


@pytest.mark.parametrize("what", ["missing", "no project", "broken", "taken"])
def test_a_project_that_cannot_be_opened_leaves_the_open_one_as_it_is(
    opened: Any, tmp_path: Path, what: str
) -> None:
    session, errors = opened.parts.session, []
    session.failed.connect(errors.append)
    project, photo = session.project, session.photo
    other = tmp_path / "other.resatt"
    if what != "missing":
        other.mkdir()
        (other / "notes.txt").write_text("no database")
    if what == "broken":
        (other / "project.sqlite3").write_bytes(b"no database either" * 500)
    if what == "taken":
        session.create_project(other, [])
    else:
        session.open_project(other)
    assert wait_for(lambda: bool(errors), 60)
    settle(0.1)
    assert session.project is project and project.is_open
    assert session.photo is photo and session.document is not None
    assert not opened.window.welcome.isVisible()


def test_of_two_projects_asked_for_at_once_the_last_one_is_open_alone(
    studio: Any, project_folder: Path, tmp_path: Path
) -> None:
    session, shown = studio.parts.session, []
    session.project_changed.connect(shown.append)
    made = tmp_path / "second.resatt"
    session.open_project(project_folder)
    assert session.files._runner.wait_idle(30)  # it is there, but the window has not heard of it yet
    session.create_project(made, [])
    assert wait_for(lambda: session.project is not None and session.project.folder == made, 60)
    assert wait_for(lambda: not session.files.busy, 60)
    assert [project.folder for project in shown if project is not None] == [made]
    with open_project(project_folder):  # nobody holds it
        pass


def test_a_project_that_cannot_be_read_is_let_go_of(
    studio: Any, project_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, failed = studio.parts.session, []
    session.failed.connect(failed.append)

    def unreadable(*_: object) -> None:
        raise StoreError("The network drive went away.")

    monkeypatch.setattr(jobs, "read_state", unreadable)
    session.open_project(project_folder)
    assert wait_for(lambda: bool(failed), 60)
    assert session.project is None
    with open_project(project_folder):  # nobody holds it
        pass


def test_every_pixel_is_approved_by_a_mask_that_is_there(opened: Any) -> None:
    session, photo_id = opened.parts.session, opened.parts.session.entry.photo_id
    session.approve_complete()
    assert session.entry.photo_id == photo_id and "mask of the whole photo" in opened.window.notice.text
    session.predictor.predicted.emit(prediction(session))
    assert wait_for(lambda: session.prediction is not None, 60)
    session.approve_complete()
    assert wait_for(lambda: bool(session.project.store.samples()) and not session.files.busy, 60)
    (sample,) = session.project.store.samples()
    assert sample.photo_id == photo_id and sample.complete
    assert session.project.blobs.get_array(sample.labels_blob).all(), "no pixel is unsaid"


def test_what_a_full_disk_holds_up_keeps_the_project_open(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, failed = opened.parts.session, []
    project, write = session.project, session.project.store.write_journal
    session.failed.connect(failed.append)
    is_full = [True]

    def full(*acts: object) -> None:
        if is_full:
            raise StoreError("The disk is full.", "Free some room.")
        write(*acts)

    monkeypatch.setattr(project.store, "write_journal", full)
    session.document.begin("brush", Label.CRACK, 5.0)
    session.document.extend([(20.0, 20.0), (20.0, 60.0)])
    session.document.end()
    painted = session.entry.photo_id
    session.next_photo()  # the strokes of the photo that was left are in memory alone
    assert wait_for(lambda: session.document is not None, 60)
    with pytest.raises(StoreError, match="full"):
        session.flush()
    assert not session.close_project() and session.project is project, "nothing is given up"
    is_full.clear()
    session.flush()
    assert session.close_project() and wait_for(lambda: not session.files.busy, 60)
    with open_project(project.folder) as again:
        assert again.store.photo(painted).edits == 1


def test_photos_are_opened_and_approved_while_others_are_added(
    opened: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, go = opened.parts.session, threading.Event()

    def endless(*_: object) -> Any:
        while not go.is_set():
            yield progress(0, 0)
        return Added((), 0, (), (), ())

    monkeypatch.setattr(jobs, "add", endless)
    session.add([tmp_path])
    session.predictor.predicted.emit(prediction(session))
    first = session.entry.photo_id
    session.approve()
    assert wait_for(lambda: session.document is not None and session.entry.photo_id != first, 60)
    assert wait_for(lambda: len(session.project.store.samples()) == 1, 60)
    assert session.files.busy, "the others are still on their way"
    go.set()
    assert wait_for(lambda: not session.files.busy, 60)


def test_a_stroke_counts_whatever_was_read_before_it(opened: Any) -> None:
    session = opened.parts.session
    stale = session.state
    session.document.begin("brush", Label.CRACK, 5.0)
    session.document.extend([(20.0, 20.0), (20.0, 60.0)])
    session.document.end()
    session.note_edit()
    session._take_state(stale)
    assert session.entry.state is ReviewState.CORRECTING
    assert session.state.entries[0].state is ReviewState.CORRECTING


def test_a_photo_that_was_asked_for_twice_is_opened_once(opened: Any) -> None:
    session = opened.parts.session
    document = session.document
    again = drain(
        jobs.open_photo(
            session.project, session.entry, "", "", lambda error: None, 0, session.memory, session.tile_cache
        )
    )
    assert again.document is document and document._users == 2
    session._show(session.entry, again)
    assert wait_for(lambda: not session.files.busy, 60)
    assert session.document is document and document._users == 1


def test_opening_the_open_project_again_says_so_and_keeps_the_photo(opened: Any) -> None:
    session, document = opened.parts.session, opened.parts.session.document
    session.open_project(session.project.folder)
    assert "open already" in opened.window.notice.text
    settle(0.3)
    assert session.document is document and document is not None


def test_nothing_is_predicted_for_a_project_that_was_closed(studio: Any, project_folder: Path) -> None:
    session, begun = studio.parts.session, []
    session.open_project(project_folder)
    assert wait_for(lambda: session.photo is not None, 60)
    go = threading.Event()
    session.gpu.submit(once(lambda: go.wait(60)), Urgency.DECIDE)  # whatever is asked for now has to wait
    session.predict_all()
    answered = session.gpu._answers
    assert any(answers.done is not None for answers in answered.values())
    for job_id, answers in list(answered.items()):
        if answers.done is not None:
            answered[job_id] = replace(answers, done=begun.append)
    session.close_project()
    go.set()
    assert wait_for(lambda: not session.gpu.busy, 60)
    assert begun == [], "each was cancelled"


def test_of_a_closed_project_only_the_end_of_a_job_and_bugs_are_heard(opened: Any) -> None:
    session, heard, broken = opened.parts.session, [], []
    session.failed.connect(broken.append)
    answers = session.while_open(
        Answers(
            lambda result: heard.append(("done", result)),
            lambda report: heard.append(("progress", report)),
            lambda error: heard.append(("failed", error)),
            lambda: heard.append("ended"),
        )
    )
    full, bug = StoreError("The disk is full.", "Make room."), KeyError("a bug")

    def answer() -> None:
        answers.progress("half")
        answers.done("whole")
        answers.failed(full)
        answers.failed(bug)
        answers.ended()

    answer()
    told = [("progress", "half"), ("done", "whole"), ("failed", full), ("failed", bug), "ended"]
    assert (heard, broken) == (told, [])
    session.close_project()
    assert wait_for(lambda: session.project is None, 60)
    heard.clear()
    answer()
    assert (heard, broken) == (["ended"], [bug])


def test_the_share_of_crack_goes_with_its_photo(opened: Any) -> None:
    session, status = opened.parts.session, opened.window.status
    session.predictor.predicted.emit(prediction(session))
    assert wait_for(lambda: status.share.text() != "", 60)
    session.close_project()
    assert status.share.text() == ""


def test_what_was_searched_for_in_one_project_hides_nothing_of_the_next(
    opened: Any, project_folder: Path, tmp_path: Path
) -> None:
    session, panel = opened.parts.session, opened.window.panel("photosPanel")
    panel.search.setText("wall_3")
    session.set_listing(sort="state")
    assert len(session.listed) == 1
    session.close_project()
    assert panel.search.text() == "" and session.listing.sort == "state", "how one likes lists stays"
    session.open_project(project_folder)
    assert wait_for(lambda: session.document is not None and len(session.listed) == 4, 60)


def test_the_session_walks_the_list_as_it_is_sorted(opened: Any) -> None:
    session = opened.parts.session
    states = [ReviewState.SKIPPED, ReviewState.NEW, ReviewState.APPROVED, ReviewState.NEW]
    entries = [replace(e, state=s) for e, s in zip(session.listed, states, strict=True)]
    session._take_state(replace(session.state, entries=tuple(entries)))
    session.next_unchecked()
    assert session.entry.photo_id == entries[1].photo_id
    session.next_unchecked()
    assert session.entry.photo_id == entries[3].photo_id
    session.previous_unchecked()
    assert session.entry.photo_id == entries[1].photo_id


class _Asked:
    """Stands in for the worker: keeps what was asked, and cancels without saying so at once."""

    def __init__(self) -> None:
        self.answers: list[Answers] = []
        self.cancelled: list[int] = []

    def submit(self, job: Any, urgency: Any, answers: Answers, listed: Any) -> int:
        self.answers.append(answers)
        return len(self.answers)

    def cancel(self, job_id: int) -> None:
        self.cancelled.append(job_id)


def test_a_wish_made_again_outlives_the_end_of_the_one_that_was_dropped(qapp: Any) -> None:
    gpu, entry = _Asked(), SimpleNamespace(photo_id="a" * 64, name="wall.jpg")
    predictor: Any = Predictor(gpu, "cpu", 1)
    predictor.predict_ahead(None, [entry])
    predictor.drop_ahead()
    predictor.predict_ahead(None, [entry])
    gpu.answers[0].ended()  # the worker says only now that the first one is over
    predictor.predict_ahead(None, [entry])
    assert len(gpu.answers) == 2, "it is asked for already"
    predictor.drop_ahead()
    assert gpu.cancelled == [1, 2]
    gpu.answers[1].ended()


@pytest.fixture
def ranked(opened: Any) -> Any:
    """The window with three of four photos predicted, in the order of what to correct next: wall_2, wall_0,
    wall_3, and wall_1, which has no rank."""
    session = opened.parts.session
    for name, rows in (("wall_0.jpg", 20), ("wall_2.jpg", 60), ("wall_3.jpg", 1)):
        photo_id = next(e.photo_id for e in session.state.entries if e.name == name)
        values = np.zeros((96, 128), np.uint8)
        values[:30], values[30 : 30 + rows] = 255, 110
        session.project.store.put_prediction(
            Prediction(photo_id, session.active.weights_id, values, mean_entropy=1 / rows)
        )
    session.set_listing(sort="next")
    assert wait_for(lambda: len(session.state.ranks) == 3, 60)
    return opened


def names(studio: Any) -> list[str]:
    return [entry.name for entry in studio.parts.session.listed]


def test_the_list_says_what_to_correct_next_and_why(ranked: Any) -> None:
    assert names(ranked) == ["wall_2.jpg", "wall_0.jpg", "wall_3.jpg", "wall_1.jpg"]
    assert "1 photo is not predicted yet" in ranked.window.notice.text
    model = ranked.window.panel("photosPanel").model
    tips = [model.data(model.index(row, 0), Qt.ItemDataRole.ToolTipRole) for row in range(4)]
    assert "No. 1 to correct: " in tips[0] and "% of its mask is in doubt" in tips[0]
    assert "Not ranked yet" in tips[3]
    assert model.data(model.index(0, 0), FACTS_ROLE).startswith("no. 1, ")
    ranked.parts.session.set_listing(sort="name")
    assert "to correct" not in model.data(model.index(2, 0), Qt.ItemDataRole.ToolTipRole)


@pytest.mark.parametrize("act", ["approve", "skip"])
def test_after_a_photo_is_done_the_first_of_the_ranking_comes(ranked: Any, act: str) -> None:
    session = ranked.parts.session
    ids = {entry.name: entry.photo_id for entry in session.listed}
    session.open_photo(ids["wall_3.jpg"])
    assert wait_for(lambda: session.document is not None, 60)
    getattr(session, act)()
    assert session.entry.name == "wall_2.jpg"
    assert wait_for(lambda: session.document is not None and len(session.state.ranks) == 2, 60)
    assert names(ranked)[-1] == "wall_3.jpg"
    getattr(session, act)()
    assert session.entry.name == "wall_0.jpg"


def test_another_threshold_ranks_anew(ranked: Any) -> None:
    session = ranked.parts.session
    before = dict(session.state.ranks)
    session.set_threshold(0.3)
    assert wait_for(lambda: session.state.ranks != before and not session.files.busy, 60)


def test_a_project_of_an_older_version_is_counted_behind_the_window(
    studio: Any, project_folder: Path
) -> None:
    from sqlalchemy import update

    from resatt_studio.store import schema

    with open_project(project_folder) as project:
        entry, weights_id = project.store.photos()[0], project.shelf.active().weights_id
        project.store.put_prediction(
            Prediction(entry.photo_id, weights_id, np.zeros((96, 128), np.uint8), 0.1)
        )
        with project.store._database.writing() as connection:
            connection.execute(update(schema.predictions).values(value_counts=None))
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    session.set_listing(sort="next")
    session.open_project(project_folder)
    assert wait_for(lambda: len(session.state.ranks) == 1, 60)
