"""Claims about asking the other networks: outdated answers are dropped, troubles told, photos come first."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from resatt_studio.app.asking import Asking
from resatt_studio.app.main import settle, wait_for
from resatt_studio.app.other_networks import Told
from resatt_studio.errors import StudioError
from resatt_studio.records.jobs import JobProgress, Urgency
from resatt_studio.workflow.jobs import progress

pytestmark = pytest.mark.gui


class Slow:
    """Networks that answer when they are let; each job says which photo it was asked about."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.started: list[str] = []

    def say(self, word: str, photo: Any) -> Generator[JobProgress, None, Told[Any]]:
        self.started.append(word)
        yield progress(0, 2, "tiles")
        while not self.gate.wait(0.005):
            yield progress(1, 2, "tiles")
        return Told((word, photo.photo_id), "small")


@pytest.fixture
def asking(studio: Any, project_folder: Any) -> Any:
    """(asking, networks, session) with a photo open; the segmenter stays silent."""
    session = studio.parts.session
    session.predictor.predict_shown = lambda project, photo: None
    session.predictor.predict_ahead = lambda project, entries: None
    session.open_project(project_folder)
    assert wait_for(lambda: session.photo is not None, 60)
    networks = Slow()
    made = Asking(session, networks, Urgency.LOOK_SHOWN, session)
    yield made, networks, session
    networks.gate.set()


def ask(asking: Asking, word: str, model: str = "rmt") -> None:
    asking.ask(model, lambda networks, project, photo: networks.say(word, photo))


def test_an_answer_comes_back_and_progress_before_it(asking: Any) -> None:
    made, networks, session = asking
    ask(made, "one")
    assert made.waiting and made.told is None
    assert wait_for(lambda: made.report is not None and made.report.done == 1, 60)
    networks.gate.set()
    assert wait_for(lambda: made.told is not None, 60)
    assert made.told.answer == ("one", session.photo.photo_id)
    assert not made.waiting and made.report is None


def test_only_the_last_of_several_questions_is_answered(asking: Any) -> None:
    made, networks, _ = asking
    for word in ("one", "two", "three"):
        ask(made, word)
    networks.gate.set()
    assert wait_for(lambda: made.told is not None, 60)
    settle(0.1)
    assert made.told.answer[0] == "three"


def test_an_earlier_answer_stays_until_the_next_one_comes(asking: Any) -> None:
    made, networks, _ = asking
    networks.gate.set()
    ask(made, "one")
    assert wait_for(lambda: made.told is not None, 60)
    networks.gate.clear()
    ask(made, "two")
    assert made.waiting and made.told.answer[0] == "one"
    networks.gate.set()
    assert wait_for(lambda: made.told.answer[0] == "two", 60)


def test_an_answer_about_a_photo_that_was_left_is_dropped(asking: Any) -> None:
    made, networks, session = asking
    ask(made, "one")
    assert wait_for(lambda: bool(networks.started), 60)
    session.next_photo()
    assert not made.waiting, "withdrawn at once"
    networks.gate.set()
    assert wait_for(lambda: session.photo is not None and not session.gpu.busy, 60)
    assert made.told is None


def test_an_answer_of_weights_that_are_in_use_no_more_is_dropped_and_told(asking: Any) -> None:
    made, networks, session = asking
    outdated: list[bool] = []
    made.outdated.connect(lambda: outdated.append(True))
    ask(made, "one")
    session._take_state(replace(session.state, in_use=dict(session.state.in_use) | {"revit": "2" * 64}))
    assert made.waiting and not outdated, "another network's weights are no concern of this one"
    session._take_state(replace(session.state, in_use=dict(session.state.in_use) | {"rmt": "1" * 64}))
    assert outdated and not made.waiting
    networks.gate.set()
    assert wait_for(lambda: not session.gpu.busy, 60)
    assert made.told is None


def test_what_the_user_can_mend_is_kept_here_and_a_fault_of_ours_is_told_to_all(asking: Any) -> None:
    made, _, session = asking
    failed: list[Exception] = []
    session.failed.disconnect()
    session.failed.connect(failed.append)

    def refuse(error: Exception) -> Any:
        def job(*_: object) -> Generator[JobProgress, None, None]:
            raise error
            yield

        return job

    made.ask("rmt", refuse(StudioError("No weights.", "Get some.")))
    assert wait_for(lambda: made.trouble is not None, 60)
    assert str(made.trouble) == "No weights. Get some." and failed == []
    made.ask("rmt", refuse(ValueError("a bug")))
    assert made.trouble is None, "asked anew"
    assert wait_for(lambda: bool(failed), 60)
    assert made.trouble is None and not made.waiting


def test_without_a_photo_nothing_is_asked(asking: Any) -> None:
    made, networks, session = asking
    session.leave_photo()
    ask(made, "one")
    assert not made.waiting and networks.started == []


def test_the_cracks_of_the_photo_come_before_its_labels_and_these_before_dehazing() -> None:
    order = [Urgency.PREDICT_SHOWN, Urgency.LOOK_SHOWN, Urgency.DEHAZE_SHOWN, Urgency.PREDICT_AHEAD]
    assert sorted(order) == order and order[-1] < Urgency.FINE_TUNE


def test_a_look_interrupts_dehazing_and_is_not_interrupted_by_it(asking: Any) -> None:
    _, networks, session = asking
    haze = Asking(session, networks, Urgency.DEHAZE_SHOWN, session)
    ask(haze, "haze", "dhformer")
    assert wait_for(lambda: networks.started == ["haze"], 60)
    quick = Slow()
    quick.gate.set()
    look = Asking(session, quick, Urgency.LOOK_SHOWN, session)
    ask(look, "look")
    assert wait_for(lambda: look.told is not None, 60)
    assert haze.waiting
    networks.gate.set()
    assert wait_for(lambda: haze.told is not None, 60)
